//! Training of stand-alone quantizers by stochastic optimisation.
//!
//! Under the MSE loss NSVQ's noise drops out: mean((x − x_nsvq)²) = mean((x − q)²), and the gradient with respect to
//! the chosen codewords is 2(q − x)/(N·D). So no noise is drawn and no graph is built; a test ties this closed form to
//! candle's autograd through the NSVQ layer.

mod batches;
mod init;
mod log;
mod optimizer;
mod schedule;
mod settings;
mod step;
#[cfg(test)]
mod tests;
mod train;

pub use batches::Shuffled;
pub use init::{InitError, initial_codebooks, warm_share};
pub(crate) use log::Gathered;
pub use log::{HISTOGRAM_BIN, LogPoint, StageUse};
pub use optimizer::OptimizerState;
pub use schedule::rate;
pub use settings::{KmeansSettings, Optimizer, Replacement, Schedule, Trainer, Training, TrainingSettings};
pub use step::accumulate_gradient;
pub(crate) use step::squared_norm;
pub use train::{Feed, Run, Setup, Stop, Trained, train};
