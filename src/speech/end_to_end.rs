//! Trains the envelope's codebooks for the weighted error of the coded spectrum at the bitrate, instead of the error of
//! the levels. [`OperatingModel`] models the effect of quantizer, arithmetic code and rate loop.

use candle_core::{Device, Tensor, Var};

use super::codec::Analysis;
use super::model::{Model, features};
use super::operating::{OperatingModel, TrainingFrame};
use super::settings::{EndToEndSettings, RATE};
use crate::data::stream::{below, stream};
use crate::quantizer::{Search, Substitute, substitute, training_assigner};
use crate::training::{Gathered, LogPoint, Optimizer, OptimizerState};

/// Frames on which a common step is found.
const SAMPLE: usize = 512;
/// Approximate bits per frame for the step.
const STEP_BITS: f32 = 3.0;
/// Weight of the features' squared error beside the error of the coded spectrum in dB. It constrains levels that affect
/// no bits but only the noise in place of zeros.
const ANCHOR: f32 = 0.02;

/// The training frames.
pub struct EndToEndSet {
    /// |X|, frames × N.
    magnitudes: Vec<f32>,
    /// Levels in dB, frames × D.
    levels: Vec<f32>,
    coefficients: usize,
    bands: usize,
}

impl EndToEndSet {
    /// Computes the set from coefficients, frames × N.
    pub fn new(analysis: &Analysis, coefficients: &[f32]) -> Self {
        Self {
            magnitudes: coefficients.iter().map(|x| x.abs()).collect(),
            levels: analysis.levels(coefficients),
            coefficients: analysis.bands.coefficients(),
            bands: analysis.bands.count(),
        }
    }

    fn count(&self) -> usize {
        self.levels.len() / self.bands
    }
}

/// Scratch and models of a training.
struct Course<'a> {
    analysis: &'a Analysis,
    set: &'a EndToEndSet,
    operating: OperatingModel,
    /// γ.
    weighting: f32,
    /// For each bitrate: the step in dB with which all frames together have this bitrate.
    common: Vec<f32>,
    /// Vectors of N values.
    original: Vec<f32>,
    weights: Vec<f32>,
    decoded: Vec<f32>,
    gradient: Vec<f32>,
}

impl<'a> Course<'a> {
    fn new(model: &Model, analysis: &'a Analysis, set: &'a EndToEndSet, bitrates: &[u32], name: &str) -> Self {
        let n = set.coefficients;
        let row = || vec![0.0; n];
        let mut course = Self {
            analysis,
            set,
            operating: OperatingModel::new(&model.settings),
            weighting: model.settings.weighting as f32,
            common: Vec::new(),
            original: row(),
            weights: row(),
            decoded: row(),
            gradient: row(),
        };
        let mut rng = stream(&format!("{name}/common-step"));
        let sample: Vec<usize> = (0..SAMPLE).map(|_| below(&mut rng, set.count())).collect();
        let side = (model.books.stages() as u32 * model.bits()) as f32 + STEP_BITS;
        for bitrate in bitrates {
            let share = (*bitrate as f32 * n as f32 / RATE as f32 - side).max(1.0);
            let (mut low, mut high) = (-120.0f32, 20.0f32);
            while high - low > 0.05 {
                let middle = (low + high) / 2.0;
                let bits: f32 = sample.iter().map(|frame| course.bits(*frame, middle)).sum();
                if bits > share * SAMPLE as f32 { low = middle } else { high = middle }
            }
            course.common.push(high);
        }
        course
    }

    /// Loads one frame.
    fn turn_to(&mut self, frame: usize) {
        let levels = &self.set.levels[frame * self.set.bands..][..self.set.bands];
        self.analysis.bands.interpolate(levels, &mut self.original);
        for (weight, level) in self.weights.iter_mut().zip(&self.original) {
            *weight = 10f32.powf(-self.weighting * level / 10.0);
        }
    }

    fn frame<'b>(&'b self, frame: usize) -> TrainingFrame<'b> {
        let n = self.set.coefficients;
        TrainingFrame { magnitudes: &self.set.magnitudes[frame * n..][..n], weights: &self.weights }
    }

    /// Bits of a frame with the original envelope.
    fn bits(&mut self, frame: usize, step: f32) -> f32 {
        self.turn_to(frame);
        self.operating.bits(&self.frame(frame), &self.original, step)
    }

    /// The error in dB of a frame with these decoded levels (D), with the bits that the common step of a bitrate gives
    /// it. Writes the gradient for the levels (D) to `out`.
    fn error(&mut self, frame: usize, bitrate: usize, levels: &[f32], out: &mut [f32]) -> f32 {
        let bits = self.bits(frame, self.common[bitrate]);
        if bits < 1.0 {
            out.fill(0.0);
            return 0.0;
        }
        self.analysis.bands.interpolate(levels, &mut self.decoded);
        let mut gradient = std::mem::take(&mut self.gradient);
        let error = self.operating.error(&self.frame(frame), &self.decoded, bits, &mut gradient);
        self.analysis.bands.gather(&gradient, out);
        self.gradient = gradient;
        error
    }
}

/// Why a training ended early.
#[derive(Debug, thiserror::Error)]
pub enum EndToEndError {
    #[error("stopped")]
    Stopped,
    #[error(
        "the loss was {loss} at update {update} of the end-to-end training; a lower `end-to-end.learning-rate` may help"
    )]
    Diverged { update: u64, loss: f64 },
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// Trains the codebooks of `model` further, each frame at one of the bitrates (bit/s). Returns ten log points. Their
/// loss is the weighted error of a frame relative to the weighted frame itself, averaged in dB. `name` names the random
/// streams. `go_on` gets the share that is done, and stops the training if it returns false.
///
/// # Errors
/// [`EndToEndError`].
pub fn train_end_to_end(
    model: &mut Model,
    analysis: &Analysis,
    set: &EndToEndSet,
    settings: &EndToEndSettings,
    (bitrates, beam_width): (&[u32], usize),
    name: &str,
    go_on: &mut dyn FnMut(f64) -> bool,
) -> Result<Vec<LogPoint>, EndToEndError> {
    let mut course = Course::new(model, analysis, set, bitrates, name);
    let (d, stages, batch) = (set.bands, model.books.stages(), settings.batch_size);
    let beam = Some((model.search.unwrap_or(Search::Beam), beam_width));
    let mut assign = training_assigner(model.books.method(), beam, batch);
    let mut optimizer =
        OptimizerState::new(&Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, model.books.values().len());
    let [mut frames, mut noise] = ["frames", "noise"].map(|what| stream(&format!("{name}/end-to-end/{what}")));
    let how = Substitute { estimator: settings.estimator, ..Substitute::default() };
    let shape = (stages, model.books.size(), model.books.width());
    let (mut log, mut gathered) = (Vec::new(), Gathered::new(stages * model.books.size()));
    for update in 0..settings.updates {
        if update % 16 == 0 && !go_on(update as f64 / settings.updates as f64) {
            return Err(EndToEndError::Stopped);
        }
        let chosen: Vec<usize> = (0..batch).map(|_| below(&mut frames, set.count())).collect();
        let levels: Vec<f32> = chosen.iter().flat_map(|f| &set.levels[f * d..][..d]).copied().collect();
        let x = features(&analysis.bands, &model.mean, &levels);
        let mut picks = vec![0; batch * stages];
        assign.prepare(&model.books);
        assign.assign(&model.books, &mut x.clone(), &mut picks);
        let books = Var::from_slice(model.books.values(), shape, &Device::Cpu)?;
        let input = Tensor::from_slice(&x, (batch, d), &Device::Cpu)?;
        let output = substitute(&input, &books, picks.clone(), model.books.method(), &how, &mut noise)?;
        let decoded = output.flatten_all()?.to_vec1::<f32>()?;
        // The gradient for the decoded features. candle propagates it to the codewords.
        let mut gradient = vec![0.0f32; batch * d];
        let mut loss = 0.0;
        let decoded_levels = model.levels(&analysis.bands, &decoded);
        for (i, frame) in chosen.iter().enumerate() {
            let out = &mut gradient[i * d..(i + 1) * d];
            let bitrate = below(&mut frames, bitrates.len());
            loss += f64::from(course.error(*frame, bitrate, &decoded_levels[i * d..(i + 1) * d], out));
            let row = out.iter_mut().zip(analysis.bands.scales()).zip(decoded[i * d..].iter().zip(&x[i * d..]));
            for ((g, scale), (decoded, x)) in row {
                *g = (*g / scale + ANCHOR * 2.0 * (decoded - x)) / batch as f32;
            }
        }
        loss /= batch as f64;
        if !loss.is_finite() || gradient.iter().any(|g| !g.is_finite()) {
            return Err(EndToEndError::Diverged { update: update + 1, loss });
        }
        let cosine = 0.5 + 0.5 * (std::f64::consts::PI * update as f64 / settings.updates as f64).cos();
        let rate = settings.learning_rate * cosine;
        let gradient = Tensor::from_vec(gradient, (batch, d), &Device::Cpu)?;
        let grads = (output * gradient)?.sum_all()?.backward()?;
        if let Some(grad) = grads.get(&books) {
            let mut grad = grad.flatten_all()?.to_vec1::<f32>()?;
            optimizer.step(model.books.values_mut(), &mut grad, rate);
        }
        gathered.add(&picks, loss);
        if (update + 1) % settings.updates.div_ceil(10) == 0 || update + 1 == settings.updates {
            let mut point = gathered.take(update + 1, rate, model.books.size());
            point.loss = 10f64.powf(point.loss / 10.0);
            log.push(point);
        }
    }
    Ok(log)
}
