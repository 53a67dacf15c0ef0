//! Joint training of an autoencoder and the quantizer between encoder and decoder, update by update. Without a
//! quantizer, it trains the autoencoder alone.
//!
//! The loss is the mean squared error of the image divided by the variance of images, so 1 means "no better than gray".
//! Network and codebooks have separate optimizers. All random numbers come from streams named by the update. A training
//! that resumes from a checkpoint is therefore bit-identical to an uninterrupted one.

use candle_core::{Result, Tensor, Var, backprop::GradStore};

use super::model::Autoencoder;
use super::settings::JointSettings;
use crate::data::stream::stream;
use crate::quantizer::{Assign, Codebooks, QuantizerSettings, Search, Substitute, substitute, training_assigner};
use crate::training::{LogPoint, OptimizerState, Progress, TrainingSettings, Update, rate};

/// A network in training, with or without a quantizer.
pub struct Trainer {
    /// The name of the random streams.
    pub(super) name: String,
    pub network: Autoencoder,
    pub(super) parameters: Parameters,
    pub quantizer: Option<Layer>,
    pub(super) plan: TrainerPlan,
    pub(super) progress: Progress,
    /// Seconds of the updates by the caller's clock, over all attempts. They are kept in checkpoints and have no
    /// effect.
    pub seconds: f64,
}

/// The fixed settings of a training.
#[derive(Clone, Debug)]
pub struct TrainerPlan {
    /// Updates, schedule and log. Its learning rate is for the codebooks.
    pub training: TrainingSettings,
    /// Initial learning rate of the network.
    pub learning_rate: f64,
    /// Variance of the numbers of images.
    pub variance: f64,
}

/// The quantizer of a network in training.
pub struct Layer {
    pub books: Codebooks,
    pub(super) optimizer: OptimizerState,
    assign: Box<dyn Assign>,
    how: Substitute,
    exact_updates: u64,
}

/// The parameters of a network as one row of numbers, with their optimizer.
pub(super) struct Parameters {
    vars: Vec<Var>,
    pub values: Vec<f32>,
    gradient: Vec<f32>,
    pub optimizer: OptimizerState,
}

impl Layer {
    /// A quantizer with these settings, starting from `books`, for batches of `batch` vectors.
    pub fn new(
        books: Codebooks,
        settings: &QuantizerSettings,
        joint: &JointSettings,
        training: &TrainingSettings,
        batch: usize,
    ) -> Self {
        let width = settings.training_beam();
        let beam = Some((settings.search.unwrap_or(Search::Beam), width));
        Self {
            optimizer: OptimizerState::new(&training.optimizer, books.values().len()),
            assign: training_assigner(settings.method, beam, batch),
            how: Substitute {
                estimator: joint.estimator,
                commitment: joint.commitment.unwrap_or(0.0),
                noise: joint.noise,
            },
            exact_updates: joint.exact_updates,
            books,
        }
    }
}

impl Parameters {
    fn new(network: &Autoencoder, training: &TrainingSettings) -> Result<Self> {
        let vars: Vec<Var> = network.parameters().into_iter().map(|(_, var)| var).collect();
        let mut values = Vec::new();
        for var in &vars {
            values.extend(var.flatten_all()?.to_vec1::<f32>()?);
        }
        let optimizer = OptimizerState::new(&training.optimizer, values.len());
        Ok(Self { vars, gradient: vec![0.0; values.len()], values, optimizer })
    }

    /// Does one update. Parameters without a gradient stay unchanged.
    fn step(&mut self, gradients: &GradStore, rate: f64) -> Result<()> {
        let (mut at, mut resting) = (0, Vec::new());
        for var in &self.vars {
            let range = at..at + var.elem_count();
            at = range.end;
            match gradients.get(var) {
                Some(gradient) => self.gradient[range].copy_from_slice(&gradient.flatten_all()?.to_vec1::<f32>()?),
                // The optimizer's moments would change them.
                None => resting.push((range.start, self.values[range].to_vec())),
            }
        }
        self.optimizer.step(&mut self.values, &mut self.gradient, rate);
        for (start, values) in resting {
            self.values[start..start + values.len()].copy_from_slice(&values);
        }
        self.write()
    }

    /// Copies the values to the network.
    pub fn write(&self) -> Result<()> {
        let mut at = 0;
        for var in &self.vars {
            let values = &self.values[at..at + var.elem_count()];
            var.set(&Tensor::from_slice(values, var.shape(), var.device())?)?;
            at += values.len();
        }
        Ok(())
    }
}

impl Trainer {
    /// # Errors
    /// Candle's errors.
    pub fn new(network: Autoencoder, quantizer: Option<Layer>, plan: TrainerPlan, name: &str) -> Result<Self> {
        let codewords = quantizer.as_ref().map_or(0, |layer| layer.books.stages() * layer.books.size());
        Ok(Self {
            name: name.to_owned(),
            parameters: Parameters::new(&network, &plan.training)?,
            network,
            quantizer,
            plan,
            progress: Progress::new(codewords),
            seconds: 0.0,
        })
    }

    /// The number of updates done.
    pub fn done(&self) -> u64 {
        self.progress.done()
    }

    /// The number of updates that are planned.
    pub fn updates(&self) -> u64 {
        self.plan.training.updates
    }

    pub fn log(&self) -> &[LogPoint] {
        self.progress.log()
    }

    /// Does one update on blocks of images, n × 8 × 8 × 48 (f32). Returns the loss before the update.
    ///
    /// # Errors
    /// Candle's errors; blocks of another shape.
    pub fn step(&mut self, blocks: &Tensor) -> Result<f64> {
        let latents = self.network.encode(blocks)?;
        let done = self.done();
        let (decoded, words, indices) = match &mut self.quantizer {
            None => (latents, None, Vec::new()),
            Some(layer) => {
                let is_exact = done + layer.exact_updates >= self.plan.training.updates;
                layer.quantize(&latents, is_exact, &format!("{}/noise/{done}", self.name))?
            }
        };
        let error = (self.network.decode(&decoded)? - blocks)?;
        let loss = (error.sqr()?.mean_all()? / self.plan.variance)?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        let gradients = loss.backward()?;
        let learning_rate = rate(&self.plan.training, done);
        let share = learning_rate / self.plan.training.learning_rate;
        self.parameters.step(&gradients, self.plan.learning_rate * share)?;
        if let (Some(layer), Some(words)) = (&mut self.quantizer, words) {
            layer.step(&words, &gradients, learning_rate)?;
        }
        let mut rng = stream(&format!("{}/replacement/{}", self.name, done + 1));
        // Fixed codebooks are not replaced.
        let fixed = self.quantizer.as_ref().map_or(0, |layer| layer.exact_updates);
        let books = self.quantizer.as_mut().map(|layer| (&mut layer.books, &mut rng));
        let update = Update { indices: &indices, loss: value, learning_rate };
        self.progress.record(update, &self.plan.training, fixed, books);
        Ok(value)
    }
}

impl Layer {
    /// The input of the decoder, the codebooks as a variable (None if they are frozen), and the codeword indices.
    fn quantize(&mut self, latents: &Tensor, is_exact: bool, noise: &str) -> Result<(Tensor, Option<Var>, Vec<u32>)> {
        let books = &self.books;
        let mut residual = latents.flatten_all()?.to_vec1::<f32>()?;
        let mut indices = vec![0u32; latents.dim(0)? * books.stages()];
        self.assign.prepare(books);
        self.assign.assign(books, &mut residual, &mut indices);
        if is_exact {
            let residual = Tensor::from_vec(residual, latents.shape(), latents.device())?;
            return Ok(((latents.detach() - residual)?, None, indices));
        }
        let shape = (books.stages(), books.size(), books.width());
        let words = Var::from_slice(books.values(), shape, latents.device())?;
        let out = substitute(latents, &words, indices.clone(), books.method(), &self.how, &mut stream(noise))?;
        Ok((out, Some(words), indices))
    }

    fn step(&mut self, words: &Var, gradients: &GradStore, rate: f64) -> Result<()> {
        if let Some(gradient) = gradients.get(words) {
            let mut gradient = gradient.flatten_all()?.to_vec1::<f32>()?;
            self.optimizer.step(self.books.values_mut(), &mut gradient, rate);
        }
        Ok(())
    }
}
