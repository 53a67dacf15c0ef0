//! Trains the envelope's codebooks for the weighted error of the coded spectrum at the bitrate, instead of the error of
//! the levels. [`OperatingModel`] models the effect of quantizer, arithmetic code and rate loop.

use candle_core::{Device, Tensor, Var};
use rand_chacha::ChaCha8Rng;

use super::codec::Analysis;
use super::model::{Model, features};
use super::operating::{OperatingModel, TrainingFrame};
use super::settings::{EndToEndSettings, RATE};
use crate::data::stream::{below, stream};
use crate::quantizer::{Assign, Search, Substitute, substitute, training_assigner};
use crate::training::{self, Gathered, LogPoint, Optimizer, OptimizerState, Stop, Updates};

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
    #[error(transparent)]
    Stop(#[from] Stop),
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
    let course = Course::new(model, analysis, set, bitrates, name);
    let beam = Some((model.search.unwrap_or(Search::Beam), beam_width));
    let [frames, noise] = ["frames", "noise"].map(|what| stream(&format!("{name}/end-to-end/{what}")));
    let mut training = EndToEnd {
        assign: training_assigner(model.books.method(), beam, settings.batch_size),
        optimizer: OptimizerState::new(
            &Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
            model.books.values().len(),
        ),
        gathered: Gathered::new(model.books.stages() * model.books.size()),
        model,
        course,
        settings,
        frames,
        noise,
        done: 0,
        log: Vec::new(),
    };
    training::run(&mut training, settings.updates, go_on)?;
    Ok(training.log)
}

/// A training in progress.
struct EndToEnd<'a> {
    model: &'a mut Model,
    course: Course<'a>,
    settings: &'a EndToEndSettings,
    assign: Box<dyn Assign>,
    optimizer: OptimizerState,
    /// Random numbers of the frames with their bitrates, and of the substitution.
    frames: ChaCha8Rng,
    noise: ChaCha8Rng,
    done: u64,
    gathered: Gathered,
    log: Vec<LogPoint>,
}

impl Updates for EndToEnd<'_> {
    type Error = EndToEndError;
    const PAUSE: u64 = 16;

    fn done(&self) -> u64 {
        self.done
    }

    fn update(&mut self) -> Result<(), EndToEndError> {
        let (set, batch) = (self.course.set, self.settings.batch_size);
        let (d, stages) = (set.bands, self.model.books.stages());
        let chosen: Vec<usize> = (0..batch).map(|_| below(&mut self.frames, set.count())).collect();
        let levels: Vec<f32> = chosen.iter().flat_map(|f| &set.levels[f * d..][..d]).copied().collect();
        let x = features(&self.course.analysis.bands, &self.model.mean, &levels);
        let books = &self.model.books;
        let mut indices = vec![0; batch * stages];
        self.assign.prepare(books);
        self.assign.assign(books, &mut x.clone(), &mut indices);
        let codewords = Var::from_slice(books.values(), (stages, books.size(), books.width()), &Device::Cpu)?;
        let input = Tensor::from_slice(&x, (batch, d), &Device::Cpu)?;
        let how = Substitute { estimator: self.settings.estimator, ..Substitute::default() };
        let output = substitute(&input, &codewords, indices.clone(), books.method(), &how, &mut self.noise)?;
        let decoded = output.flatten_all()?.to_vec1::<f32>()?;
        let (loss, gradient) = self.gradient(&chosen, &x, &decoded);
        if !loss.is_finite() || gradient.iter().any(|g| !g.is_finite()) {
            return Err(EndToEndError::Diverged { update: self.done + 1, loss });
        }
        let rate = self.rate();
        // The gradient for the decoded features. candle propagates it to the codewords.
        let gradient = Tensor::from_vec(gradient, (batch, d), &Device::Cpu)?;
        let grads = (output * gradient)?.sum_all()?.backward()?;
        if let Some(grad) = grads.get(&codewords) {
            let mut grad = grad.flatten_all()?.to_vec1::<f32>()?;
            self.optimizer.step(self.model.books.values_mut(), &mut grad, rate);
        }
        self.record(&indices, loss, rate);
        Ok(())
    }

    /// No checkpoint: this training takes a minute.
    fn keep(&mut self, _ends: bool) -> Result<(), EndToEndError> {
        Ok(())
    }
}

impl EndToEnd<'_> {
    /// The loss and its gradient for the decoded features (batch × D) of the frames `chosen`, whose features are `x`.
    fn gradient(&mut self, chosen: &[usize], x: &[f32], decoded: &[f32]) -> (f64, Vec<f32>) {
        let (d, batch) = (self.course.set.bands, chosen.len());
        let bands = &self.course.analysis.bands;
        let mut gradient = vec![0.0f32; batch * d];
        let mut loss = 0.0;
        let levels = self.model.levels(bands, decoded);
        for (i, frame) in chosen.iter().enumerate() {
            let out = &mut gradient[i * d..(i + 1) * d];
            let bitrate = below(&mut self.frames, self.course.common.len());
            loss += f64::from(self.course.error(*frame, bitrate, &levels[i * d..(i + 1) * d], out));
            let row = out.iter_mut().zip(bands.scales()).zip(decoded[i * d..].iter().zip(&x[i * d..]));
            for ((g, scale), (decoded, x)) in row {
                *g = (*g / scale + ANCHOR * 2.0 * (decoded - x)) / batch as f32;
            }
        }
        (loss / batch as f64, gradient)
    }

    fn rate(&self) -> f64 {
        let cosine = 0.5 + 0.5 * (std::f64::consts::PI * self.done as f64 / self.settings.updates as f64).cos();
        self.settings.learning_rate * cosine
    }

    fn record(&mut self, indices: &[u32], loss: f64, rate: f64) {
        self.gathered.add(indices, loss);
        self.done += 1;
        let updates = self.settings.updates;
        if self.done.is_multiple_of(updates.div_ceil(10)) || self.done == updates {
            let mut point = self.gathered.take(self.done, rate, self.model.books.size());
            point.loss = 10f64.powf(point.loss / 10.0);
            self.log.push(point);
        }
    }
}
