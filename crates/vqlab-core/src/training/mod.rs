//! Training of stand-alone quantizers by stochastic optimization.
//!
//! Under the MSE loss, NSVQ's noise cancels: mean((x − x_nsvq)²) = mean((x − q)²), and the gradient with respect to the
//! chosen codewords is 2(q − x)/(N·D). The training therefore draws no noise and builds no graph. A test compares this
//! closed form with candle's autograd through the NSVQ layer.
//!
//! ```
//! use vqlab_core::data::stream::stream;
//! use vqlab_core::quantizer::{Init, Method, QuantizerSettings};
//! use vqlab_core::training::{Feed, Optimizer, Schedule, Setup, TrainingSettings, initial_codebooks, train};
//!
//! // 500 vectors of 4 coordinates, one after the other.
//! let vectors: Vec<f32> = (0..2000).map(|i| (i * i % 97) as f32 / 97.0).collect();
//! let quantizer = QuantizerSettings {
//!     method: Method::Rvq,
//!     stages: 2,
//!     bits_per_stage: 3,
//!     beam_width: None,
//!     training_beam_width: None,
//!     search: None,
//!     init: Init::Data,
//!     init_updates: None,
//!     init_learning_rate: None,
//! };
//! let training = TrainingSettings {
//!     optimizer: Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
//!     learning_rate: 0.01,
//!     schedule: Schedule::Constant,
//!     batch_size: 50,
//!     updates: 400,
//!     log_every: 100,
//!     replacement: None,
//! };
//! // Batches are taken in turn.
//! let mut numbers = vectors.iter().cycle();
//! let mut next_batch = |batch: &mut [f32]| batch.iter_mut().zip(&mut numbers).for_each(|(b, v)| *b = *v);
//! let mut go_on = |_done: f64| true;
//! let mut feed = Feed { next_batch: &mut next_batch, go_on: &mut go_on, checkpoint: None };
//! let books = initial_codebooks(&quantizer, &training, 4, "an example", &mut feed)?;
//! let setup = Setup { quantizer: &quantizer, training: &training, rng: stream("an example") };
//! let trained = train(books, setup, &mut feed)?;
//! assert!(trained.log[3].loss < trained.log[0].loss);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batches;
mod checkpoint;
mod init;
mod log;
mod optimizer;
mod progress;
mod schedule;
mod settings;
mod step;
#[cfg(test)]
mod tests;
mod train;

pub use batches::Shuffled;
pub use checkpoint::Checkpoint;
pub use init::{InitError, initial_codebooks, warm_share};
pub use log::Gathered;
pub use log::{HISTOGRAM_BIN, LogPoint, StageUse};
pub use optimizer::OptimizerState;
pub use progress::{Progress, Stop, Update, Updates, run};
pub use schedule::rate;
pub use settings::{KmeansSettings, Optimizer, Replacement, Schedule, Trainer, Training, TrainingSettings};
pub use step::accumulate_gradient;
pub use step::squared_norm;
pub use train::{Feed, Run, Setup, Trained, train};
