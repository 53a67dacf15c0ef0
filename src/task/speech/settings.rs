//! The settings of a speech cell: the codec, the training of the codebooks for its envelopes, and the bitrates.

use serde::{Deserialize, Serialize};

use crate::data::speech::SpeechData;
use crate::quantizer::{Estimator, QuantizerSettings};
use crate::speech::{CodecSettings, EndToEndSettings};
use crate::task::settings::resolve::{Point, TRAINER, ranks, required, training};
use crate::task::settings::{Checked, Fault, Node, Settings, quantizer};
use crate::training::{Trainer, Training};

const BITRATES: &str = "evaluation.bitrates";
const UPDATES: &str = "end-to-end.updates";
/// Default learning rate and frames per batch.
const LEARNING_RATE: f64 = 1e-2;
const BATCH: u64 = 256;

/// Speech coding: a quantizer for the spectral envelopes of a transform codec.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SpeechSettings {
    pub data: SpeechData,
    pub codec: CodecSettings,
    pub quantizer: QuantizerSettings,
    /// Training of the codebooks on the log energies of envelopes.
    pub training: Training,
    /// The following training for the error of the decoded signal. None = no such training.
    pub end_to_end: Option<EndToEndSettings>,
    pub evaluation: SpeechEvaluation,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SpeechEvaluation {
    /// Bit/s, ascending.
    pub bitrates: Vec<u32>,
    /// Whether Opus codes the same utterances at the same bitrates, if its tools are installed.
    pub opus: bool,
}

/// D, the number of bands of the envelope.
pub fn dimension(settings: &Settings) -> usize {
    codec(settings).bands
}

fn codec(settings: &Settings) -> CodecSettings {
    let default = CodecSettings::default();
    let whole = |path: &str, default: usize| settings.whole(path).map_or(default, |value| value as usize);
    let number = |path: &str, default: f64| settings.number(path).unwrap_or(default);
    CodecSettings {
        advance: whole("codec.advance", default.advance),
        bands: whole("codec.bands", default.bands),
        weighting: number("codec.weighting", default.weighting),
        rounding: number("codec.rounding", default.rounding),
        noise_filling: number("codec.noise-filling", default.noise_filling),
        reservoir: whole("codec.reservoir", default.reservoir as usize) as u32,
    }
}

/// The settings of a speech cell on the utterances `data`.
pub fn resolve(settings: &Settings, point: Point, data: SpeechData) -> Checked<SpeechSettings> {
    let codec = codec(settings);
    if let Some(node) = settings.node("codec.advance").filter(|_| !codec.advance.is_multiple_of(2)) {
        return Err(node.cannot_be("codec.advance").allowed("even numbers, 320 to 512"));
    }
    const SEARCH: &str = "quantizer.search";
    if let Some(node) = settings.node(SEARCH).filter(|node| node.text() == Some("released")) {
        return Err(node
            .cannot_be(SEARCH)
            .allowed("\"beam\", \"ordered\": the released search may use a codebook twice, which no file can hold"));
    }
    let end_to_end = end_to_end(settings, point)?;
    let quantizer = quantizer::resolve(settings, point, codec.bands)?;
    let training = training(settings, point, None)?;
    let mut bitrates = ranks(required(settings, BITRATES, point.head)?.node);
    bitrates.extend(settings.node("evaluation.also-bitrates").map(ranks).unwrap_or_default());
    // Sorted, so that panels with different parts of one list share their cells.
    bitrates.sort_unstable();
    bitrates.dedup();
    let evaluation = SpeechEvaluation { bitrates, opus: settings.flag("evaluation.opus").unwrap_or(true) };
    Ok(SpeechSettings { data, codec, quantizer, training, end_to_end, evaluation })
}

fn end_to_end(settings: &Settings, point: Point) -> Checked<Option<EndToEndSettings>> {
    let updates = settings.whole(UPDATES).unwrap_or(0);
    for path in ["end-to-end.learning-rate", "end-to-end.batch-size", "end-to-end.estimator"] {
        settings.depends(path, UPDATES, updates > 0, "end-to-end.updates = 1 or more")?;
    }
    if updates == 0 {
        return Ok(None);
    }
    let is_trained_apart = point.trainer(settings) == Trainer::Kmeans;
    if is_trained_apart || !point.method.has_nsvq() {
        return Err(apart(settings, point));
    }
    let named = |estimator: &Estimator| Some(estimator.name()) == settings.text("end-to-end.estimator");
    Ok(Some(EndToEndSettings {
        updates,
        learning_rate: settings.number("end-to-end.learning-rate").unwrap_or(LEARNING_RATE),
        batch_size: settings.whole("end-to-end.batch-size").unwrap_or(BATCH) as usize,
        estimator: Estimator::ALL.into_iter().find(named).unwrap_or(Estimator::Nsvq),
    }))
}

/// The error for codebooks without a gradient, which keep the result of k-means.
fn apart(settings: &Settings, point: Point) -> Fault {
    let (span, label) = match point.trainer {
        Some(_) => (point.name, format!("the baseline {}", point.method.label())),
        None => (
            settings.node(TRAINER).map_or(point.name, |node: &Node| node.span),
            format!("{} with training.trainer = \"kmeans\"", point.method.label()),
        ),
    };
    Fault::new(span, format!("{label} can't be trained end to end")).allowed(format!("{UPDATES} = 0")).help(
        "set it to 0 in a [variant.NAME] of its own, or leave the baselines out: k-means has no \
         gradient of the decoded signal",
    )
}
