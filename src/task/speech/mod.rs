//! Speech coding: a quantizer for the spectral envelopes of a transform codec, scored on the decoded files.

pub mod data;
mod run;
pub mod settings;

use super::cell::{Cell, CellSettings, SpeechData};
use super::panel::{AxisField, PanelAxis, Primary};
use super::settings::data_set::Opened;
use super::settings::field::{DATA_PATH, DATA_SEED, ESTIMATORS, MARGIN_DB, MOST, POSITIVE, SHARE, cell, panel};
use super::settings::{Checked, Field, Kind, Point, Settings, Span};
use super::{Codebooks, Context, DataNotes, Outcome, Resolver, Task, TaskError, Wanted, Words, foreign};
use crate::data::cache::Places;

/// Utterances, and the quality of coded speech.
pub struct Speech;

/// Metrics that a panel can show.
const METRICS: &[&str] = &["pesq", "psnr-perceptual"];

const MOST_BITRATE: i64 = 64_000;
/// Bitrates of coded speech in bit/s. Below them, the envelope alone takes all bits. Above them, no difference is
/// audible.
const BITRATES: Kind = Kind::WholeList(6_000, MOST_BITRATE);

/// Utterances are kept in memory, a few MB each.
const MOST_UTTERANCES: i64 = crate::data::speech::MOST as i64;

const FIELDS: &[Field] = &[
    DATA_PATH,
    cell("data.set", Kind::Choice(&["librispeech"]))
        .about("Known data set, used if it is found (`vqlab data fetch`).")
        .of_panel(),
    cell("data.utterances", Kind::Whole(1, MOST_UTTERANCES))
        .about("Utterances to train on; default: all; 2,000 of LibriSpeech, 60 of synthetic data.")
        .of_panel(),
    cell("data.test-utterances", Kind::Whole(1, MOST_UTTERANCES))
        .about("Utterances to test on; default: all; 300 of LibriSpeech, 12 of synthetic data.")
        .of_panel(),
    panel("data.attribution", Kind::Text).about("Source of the data, as named in reports."),
    DATA_SEED,
    cell("codec.advance", Kind::Whole(320, 512))
        .about("Samples from one frame to the next, an even number; default: 320."),
    cell("codec.bands", Kind::Whole(4, 64)).about("Mel bands of the envelope: D; default: 24.").of_panel(),
    cell("codec.weighting", SHARE).about("The coding noise follows the envelope to this power; default: 0.4."),
    cell("codec.rounding", Kind::Number(|x| (0.0..=0.5).contains(&x), "a number from 0 to 0.5"))
        .about("Added to a magnitude, in steps, before it is cut to a whole number; default: 0.35."),
    cell("codec.noise-filling", SHARE)
        .about("Level of the noise in place of zeros, relative to their expected magnitude; default: 0.5."),
    cell("codec.reservoir", Kind::Whole(0, 5_000))
        .about("Milliseconds' worth of bits that frames may spend above or below their share; default: 500."),
    cell("end-to-end.updates", Kind::Whole(0, MOST))
        .about("Updates of the codebooks by the error of the decoded signal, after training on envelopes; default: 0."),
    cell("end-to-end.learning-rate", POSITIVE).about("Learning rate; default: 0.01."),
    cell("end-to-end.batch-size", Kind::Whole(1, 65_536)).about("Frames per update; default: 256."),
    cell("end-to-end.estimator", Kind::Choice(ESTIMATORS)).about("Gradient estimator; default: nsvq."),
    panel("evaluation.metric", Kind::Choice(METRICS)).about("Metric of the panel; default: the first."),
    panel("evaluation.bitrates", BITRATES).about("Bitrates of the coded speech. Figures over bits show the first one."),
    panel("evaluation.also-bitrates", BITRATES).about("Further bitrates, recorded but not shown in figures."),
    cell("evaluation.opus", Kind::Flag)
        .about("Code the same utterances with Opus if its tools are installed; default: true.")
        .of_panel(),
    MARGIN_DB,
    panel("comparison.margin-pesq", Kind::Number(|x| x > 0.0 && x < 4.0, "a number of points between 0 and 4"))
        .about("Equivalence margin in points of PESQ; default: 0.2 (0.1 with 300 utterances or more).")
        .of_points(),
];

const AXIS: AxisField = AxisField {
    path: "evaluation.bitrates",
    unit: "bit/s",
    axis: PanelAxis::Bitrate,
    bounds: (["min-bitrate", "max-bitrate"], MOST_BITRATE),
    ending: "at-",
};

impl Task for Speech {
    fn name(&self) -> &'static str {
        "speech"
    }

    fn purpose(&self) -> &'static str {
        "takes utterances from a folder, or synthetic ones, and measures their quality after coding"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn wanted(&self, _: &Settings) -> Vec<Wanted> {
        vec![("evaluation.bitrates", "[8_000, 13_200, 24_400]")]
    }

    fn resolver(&self) -> Box<dyn Resolver> {
        Box::new(Sets::default())
    }

    fn metric(&self, settings: &Settings) -> String {
        settings.text("evaluation.metric").unwrap_or(METRICS[0]).into()
    }

    fn axis(&self) -> Option<&'static AxisField> {
        Some(&AXIS)
    }

    fn primary(&self, _: &Settings, _: Span, _: bool) -> Checked<Primary> {
        Ok(Primary::Fresh)
    }

    fn measured_on(&self, _: Primary) -> Option<&'static str> {
        Some("held-out test utterances")
    }

    fn codebooks(&self) -> Option<Codebooks> {
        Some(Codebooks { folder: "codecs", ending: "codec", if_asked: false })
    }

    fn words(&self, _: Primary) -> Words {
        Words {
            points: "The quality of decoded speech by each panel's metric, at each target bitrate. Ours is the mean \
                 over the n test utterances (and the seeds) with the range that holds the middle 95 % of the \
                 utterances.",
            difference: "The difference is ours against the published mean, in points of the score for PESQ and in dB \
                 for perceptual SNR, with its 95 % interval (Welch, over utterances).",
            verdicts: "The published numbers are compared with the mean over the test utterances, which training has \
                 not heard. Spread and standard errors are over utterances. The paper does not state the number of its \
                 test utterances; the number of ours is assumed. Differences of PESQ are in points of its score (MOS), \
                 differences of perceptual SNR in dB. "
                .into(),
            ..Words::default()
        }
    }

    fn run(&self, cell: &Cell, context: &Context) -> Result<Outcome, TaskError> {
        let CellSettings::Speech(settings) = &cell.settings else { return Err(foreign(cell)) };
        run::run(settings, cell, context)
    }

    fn cost(&self, cell: &Cell) -> f64 {
        if let CellSettings::Speech(settings) = &cell.settings { run::cost(settings) } else { 0.0 }
    }
}

#[derive(Default)]
struct Sets(Opened<SpeechData>);

impl Resolver for Sets {
    fn dimension(&mut self, settings: &Settings, _: Span, _: &Places) -> Checked<usize> {
        Ok(settings::dimension(settings))
    }

    fn cell(&mut self, settings: &Settings, point: Point, places: &Places) -> Checked<CellSettings> {
        let data = self.0.get(settings, places)?.clone();
        settings::resolve(settings, point, data).map(CellSettings::Speech)
    }

    fn notes(&mut self, settings: &Settings, places: &Places) -> Checked<DataNotes> {
        let data = self.0.get(settings, places)?;
        Ok(DataNotes {
            not_comparable: data::not_comparable(data),
            remark: data::remark(data),
            synthetic: data.digest.is_none().then(|| data.name.clone()),
            items: data.test,
        })
    }

    fn own_name(&self) -> Option<String> {
        self.0.own_name()
    }
}
