//! Speech coding: a quantizer for the spectral envelopes of a transform codec, scored on the decoded files.

pub mod beside;
pub mod data;
mod figures;
mod run;
mod sections;
pub mod settings;

use std::ops::Bound::{Excluded, Included};

use super::cell::{Cell, CellSettings, SpeechData, SpeechSettings};
use super::panel::{AxisField, PanelAxis, Primary};
use super::settings::data_set::Opened;
use super::settings::field::{DATA_PATH, DATA_SEED, ESTIMATORS, MARGIN_DB, MOST, POSITIVE, SHARE, cell, panel};
use super::settings::{Checked, Field, Kind, Settings, Span};
use super::{Codebooks, Context, Outcome, Resolver, Task, TaskError, Wanted, foreign};
use crate::data::DataChoice;
use crate::speech::{EXCERPTS, excerpt_name, opus_name, original_name};

/// Utterances, and the quality of coded speech.
pub struct Speech;

/// Metrics that a panel can show.
const METRICS: &[&str] = &["pesq", "psnr-perceptual"];

const MOST_BITRATE: i64 = 64_000;
/// Bitrates of coded speech in bit/s. Below them, the envelope alone takes all bits. Above them, no difference is
/// audible.
const BITRATES: Kind = Kind::WholeList(6_000, MOST_BITRATE);

/// Utterances are kept in memory, a few MB each.
const MOST_UTTERANCES: i64 = <SpeechData as DataChoice>::MOST as i64;

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
    cell("codec.rounding", Kind::Number((Included(0.0), Included(0.5)), "a number from 0 to 0.5"))
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
    panel("comparison.margin-pesq", Kind::Number((Excluded(0.0), Excluded(4.0)), "a number of points between 0 and 4"))
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

    fn starter(&self) -> &'static [Wanted] {
        &[
            ("sweep.methods", r#"["avq", "rvq", "pvq"]"#),
            ("sweep.stages", "[4]"),
            ("sweep.bits", "[16]"),
            ("sweep.seeds", "1"),
            ("data.utterances", "6"),
            ("data.test-utterances", "2"),
            ("quantizer.beam-width", "4"),
            ("training.learning-rate", "0.1"),
            ("training.updates", "500"),
            ("evaluation.bitrates", "[8_000, 16_400]"),
        ]
    }

    fn resolver(&self) -> Box<dyn Resolver> {
        Box::new(Opened::<SpeechData>::default())
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

    fn files_folder(&self) -> Option<&'static str> {
        Some("audio")
    }

    /// WAV files of the originals and of the decoded speech, with Opus.
    fn files(&self, cell: &Cell, bitrates: &[u32]) -> Vec<String> {
        let CellSettings::Speech(SpeechSettings { data, .. }) = &cell.settings else { return Vec::new() };
        let of_excerpt = |i: usize| {
            let coded = bitrates
                .iter()
                .flat_map(move |bitrate| [excerpt_name(&cell.key(), *bitrate, i), opus_name(data, *bitrate, i)]);
            std::iter::once(original_name(data, i)).chain(coded)
        };
        (0..EXCERPTS).flat_map(of_excerpt).collect()
    }

    fn run(&self, cell: &Cell, context: &Context) -> Result<Outcome, TaskError> {
        let CellSettings::Speech(settings) = &cell.settings else { return Err(foreign(cell)) };
        run::run(settings, cell, context)
    }

    fn cost(&self, cell: &Cell) -> f64 {
        if let CellSettings::Speech(settings) = &cell.settings { run::cost(settings) } else { 0.0 }
    }
}
