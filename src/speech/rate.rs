//! The rate loop chooses the step of each frame, so that the file has the allowed number of bits.
//!
//! All frames share one step, found for the whole file, as far as the reservoir allows. The reservoir limits how far
//! the bits spent so far may differ from the frames' share. Without a reservoir, every frame keeps to its own share. A
//! signal that is too loud for the coarsest step (full-scale noise at a low bitrate) is limited to lower frequencies.

use super::magnitudes::{COST_UNIT, Magnitudes};
use super::steps::{LAST_STEP, StepModels, decibel};

/// A frame as the encoder sees it.
pub struct Frame {
    /// For each coefficient: its magnitude, divided by the decoded envelope to the power γ.
    pub weighted: Vec<f32>,
    /// Its decoded level in dB, times 1 − γ.
    pub levels: Vec<f32>,
    /// Bits other than those for the coefficients and the step.
    pub fixed: u32,
}

/// The choice for one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    pub step: u32,
    /// The number of coded coefficients, the lowest ones. The others become 0.
    pub kept: usize,
}

impl Frame {
    /// The cost of its coefficients with this step, in 1/[`COST_UNIT`] bit.
    pub fn cost(&self, magnitudes: &Magnitudes, step: u32) -> u32 {
        let decibel = decibel(step);
        let inverse = libm::exp10f(-decibel / 20.0);
        let mut sum = 0u32;
        for (value, level) in self.weighted.iter().zip(&self.levels) {
            if let Some(class) = magnitudes.class(level - decibel) {
                sum += class.cost(magnitudes.quantize(value * inverse));
            }
        }
        sum
    }

    /// The number of coefficients that the frame can keep with this step for at most `most`, and their cost. The number
    /// is 0 if even zeros cost more.
    fn limit(&self, magnitudes: &Magnitudes, step: u32, most: i64) -> (usize, u32) {
        let decibel = decibel(step);
        let inverse = libm::exp10f(-decibel / 20.0);
        let costs = |(value, level): (&f32, &f32)| match magnitudes.class(level - decibel) {
            Some(class) => (class.cost(0), class.cost(magnitudes.quantize(value * inverse))),
            None => (0, 0),
        };
        let costs: Vec<(u32, u32)> = self.weighted.iter().zip(&self.levels).map(costs).collect();
        let mut sum: u32 = costs.iter().map(|(zero, _)| zero).sum();
        for (kept, (zero, whole)) in costs.iter().enumerate() {
            let more = sum - zero + whole;
            if i64::from(more) > most {
                return (kept, sum);
            }
            sum = more;
        }
        (costs.len(), sum)
    }
}

/// Costs of frames by step, computed on demand.
struct Costs<'a> {
    frames: &'a [Frame],
    magnitudes: &'a Magnitudes,
    known: Vec<u32>,
}

const UNKNOWN: u32 = u32::MAX;

impl Costs<'_> {
    fn get(&mut self, frame: usize, step: u32) -> u32 {
        let at = frame * (LAST_STEP as usize + 1) + step as usize;
        if self.known[at] == UNKNOWN {
            let frame = &self.frames[frame];
            self.known[at] = frame.cost(self.magnitudes, step) + frame.fixed * COST_UNIT;
        }
        self.known[at]
    }

    /// The finest step of a frame that costs at most `most`, or else the coarsest step.
    fn finest(&mut self, frame: usize, models: &StepModels, most: i64) -> u32 {
        let (mut low, mut high) = (0, LAST_STEP);
        while low < high {
            let middle = (low + high) / 2;
            if i64::from(self.get(frame, middle) + models.cost(middle)) <= most {
                high = middle
            } else {
                low = middle + 1
            }
        }
        low
    }
}

/// The choices for all frames. Together they cost at most `bits` (unless they cost more with all coefficients 0), and
/// as near to `bits` as the resolution of the steps allows. The bits spent so far never differ from the share by more
/// than `reservoir` bits, as far as the coarsest step allows.
pub fn choices(frames: &[Frame], magnitudes: &Magnitudes, bits: u64, reservoir: u64) -> Vec<Choice> {
    let known = vec![UNKNOWN; frames.len() * (LAST_STEP as usize + 1)];
    let mut costs = Costs { frames, magnitudes, known };
    // In 32nds of a step. Between two steps, frames alternate.
    let (mut low, mut high) = (0, if reservoir == 0 { 0 } else { LAST_STEP * TURNS });
    let most = bits * u64::from(COST_UNIT);
    while low < high {
        let middle = (low + high) / 2;
        let (_, cost) = pass(&mut costs, middle, bits, reservoir);
        if cost <= most { high = middle } else { low = middle + 1 }
    }
    let (steps, cost) = pass(&mut costs, low, bits, reservoir);
    if cost > most {
        return limited(&mut costs, bits);
    }
    let whole = |(step, frame): (u32, &Frame)| Choice { step, kept: frame.weighted.len() };
    steps.into_iter().zip(frames).map(whole).collect()
}

/// The choices for a signal that takes too many bits even with the coarsest steps. Each frame gets its share and the
/// unused bits of the frames before it, and keeps as many coefficients as these bits allow.
fn limited(costs: &mut Costs, bits: u64) -> Vec<Choice> {
    let mut models = StepModels::new();
    let (mut spent, mut choices) = (0u64, Vec::with_capacity(costs.frames.len()));
    for (at, frame) in costs.frames.iter().enumerate() {
        let most = due(bits, at, costs.frames.len()) - spent as i64;
        let step = costs.finest(at, &models, most);
        let beside = frame.fixed * COST_UNIT + models.cost(step);
        let (kept, cost) = frame.limit(costs.magnitudes, step, most - i64::from(beside));
        spent += u64::from(beside + cost);
        models.follow(step);
        choices.push(Choice { step, kept });
    }
    choices
}

/// The share of the frames up to this one, in 1/[`COST_UNIT`] bit.
fn due(bits: u64, frame: usize, frames: usize) -> i64 {
    (bits * u64::from(COST_UNIT)) as i64 * (frame as i64 + 1) / frames as i64
}

const TURNS: u32 = 32;

/// The steps and their cost, with a common step for all frames as far as the reservoir allows.
fn pass(costs: &mut Costs, common: u32, bits: u64, reservoir: u64) -> (Vec<u32>, u64) {
    let mut models = StepModels::new();
    let mut spent = 0u64;
    let mut steps = Vec::with_capacity(costs.frames.len());
    for frame in 0..costs.frames.len() {
        let due = due(bits, frame, costs.frames.len());
        let room = (reservoir * u64::from(COST_UNIT)) as i64;
        // Frames alternate in an order that is even at every length.
        let turn = (frame as u32).wrapping_mul(13) % TURNS;
        let wished = ((common + turn) / TURNS).min(LAST_STEP);
        let most = due + room - spent as i64;
        let least = due - room - spent as i64;
        let finest = costs.finest(frame, &models, most);
        // The finest step that spends too little is one above the coarsest step that does not.
        let coarsest = costs.finest(frame, &models, least.max(0)).max(finest);
        let step = wished.clamp(finest, coarsest);
        spent += u64::from(costs.get(frame, step) + models.cost(step));
        models.follow(step);
        steps.push(step);
    }
    (steps, spent)
}
