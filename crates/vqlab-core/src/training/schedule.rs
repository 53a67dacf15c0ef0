//! Learning-rate schedules: closed forms of those in torch.optim.lr_scheduler, stepped once per update.

use crate::training::{Schedule, TrainingSettings};

/// The learning rate of update `update` (from 0) of `settings.updates`.
///
/// Cosine and exponential reach their final rate at the last update: CosineAnnealingLR with
/// T_max = updates − 1, ExponentialLR with γ = (final/initial)^(1/(updates − 1)).
pub fn rate(settings: &TrainingSettings, update: u64) -> f64 {
    let initial = settings.learning_rate;
    let share = update as f64 / settings.updates.saturating_sub(1).max(1) as f64;
    match settings.schedule {
        Schedule::Constant => initial,
        Schedule::Cosine { final_rate } => {
            final_rate + (initial - final_rate) * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
        }
        Schedule::Exponential { final_rate } => initial * (final_rate / initial).powf(share),
        Schedule::Step { every, factor } => initial * factor.powi((update / every.max(1)).min(1 << 20) as i32),
    }
}
