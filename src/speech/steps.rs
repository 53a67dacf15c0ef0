//! The quantizer's step of a frame: one of 128, three quarters of a dB apart. It is written as the change from the
//! frame before, with a code that adapts to the size of recent changes.

use constriction::stream::model::DefaultContiguousCategoricalEntropyModel as Model;

use super::magnitudes::{COST_UNIT, counts};

pub const STEP_BITS: u32 = 7;
/// Steps are numbered from 0 to this one.
pub const LAST_STEP: u32 = (1 << STEP_BITS) - 1;
/// dB from one step to the next, and dB of the first step. Full scale is 0 dB.
const SPACING: f32 = 0.75;
const FIRST: f32 = -90.0;

/// Changes up to this size have symbols. For larger ones the step itself follows.
const FARTHEST: u32 = 12;
pub const ESCAPE_STEP: u32 = 2 * FARTHEST + 1;

/// Mean sizes of changes for which there is a code.
const MEANS: [f64; 6] = [0.15, 0.4, 0.8, 1.5, 2.8, 5.0];
/// The mean is tracked in 256ths.
const UNIT: u32 = 256;

/// dB of a step.
pub fn decibel(step: u32) -> f32 {
    FIRST + SPACING * step as f32
}

/// The codes of changes, with their state.
#[derive(Clone)]
pub struct StepModels {
    models: std::sync::Arc<[(Model, Vec<u32>)]>,
    before: u32,
    mean: u32,
}

impl StepModels {
    pub fn new() -> Self {
        let models = MEANS.map(|mean| {
            // A two-sided geometric distribution with this mean size.
            let ratio = (libm::sqrt(1.0 + mean * mean) - 1.0) / mean;
            let size = |symbol: u32| symbol.div_ceil(2);
            let law = (0..=ESCAPE_STEP).map(|symbol| libm::pow(ratio, f64::from(size(symbol)))).collect::<Vec<_>>();
            let counts = counts(&law);
            let bits = |count: &u32| 24.0 - libm::log2(f64::from(*count));
            let costs = counts.iter().map(|c| libm::round(f64::from(COST_UNIT) * bits(c)) as u32).collect();
            // As in magnitudes.rs: these counts are never 0 and have the right sum.
            (Model::from_nonzero_fixed_point_probabilities(&counts, false).unwrap_or_else(|()| unreachable!()), costs)
        });
        Self { models: models.into(), before: LAST_STEP / 2, mean: 4 * UNIT }
    }

    fn current(&self) -> &(Model, Vec<u32>) {
        let mean = f64::from(self.mean) / f64::from(UNIT);
        &self.models[MEANS.iter().filter(|m| **m * 1.4 < mean).count().min(MEANS.len() - 1)]
    }

    pub fn model(&self) -> &Model {
        &self.current().0
    }

    /// 0 for no change, 1 for one step up, 2 for one step down, and so on.
    pub fn symbol(&self, step: u32) -> u32 {
        let size = step.abs_diff(self.before);
        if size > FARTHEST { ESCAPE_STEP } else { (2 * size).saturating_sub(u32::from(step > self.before)) }
    }

    /// The step that a symbol leads to.
    pub fn step(&self, symbol: u32) -> Option<u32> {
        let size = symbol.div_ceil(2);
        let step = if symbol % 2 == 1 { self.before + size } else { self.before.checked_sub(size)? };
        (step <= LAST_STEP).then_some(step)
    }

    /// The cost of writing this step, in 1/[`COST_UNIT`] bit.
    pub fn cost(&self, step: u32) -> u32 {
        let symbol = self.symbol(step).min(ESCAPE_STEP);
        self.current().1[symbol as usize] + if symbol == ESCAPE_STEP { STEP_BITS * COST_UNIT } else { 0 }
    }

    /// Records that this step was written.
    pub fn follow(&mut self, step: u32) {
        self.mean = (7 * self.mean + UNIT * step.abs_diff(self.before)) / 8;
        self.before = step;
    }
}
