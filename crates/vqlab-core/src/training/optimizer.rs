//! Adam and SGD as PyTorch defines them, dense over all codewords: the moments of codewords that a batch did not choose
//! decay and still move these codewords.

use crate::quantizer::kernels;
use crate::training::Optimizer;

/// An optimizer with its moments.
pub struct OptimizerState {
    optimizer: Optimizer,
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
}

impl OptimizerState {
    /// A new state for `parameters` parameters.
    pub fn new(optimizer: &Optimizer, parameters: usize) -> Self {
        let second = if matches!(optimizer, Optimizer::Adam { .. }) { parameters } else { 0 };
        Self { optimizer: optimizer.clone(), first: vec![0.0; parameters], second: vec![0.0; second], steps: 0 }
    }

    /// First and second moments (SGD: velocity, and none) and the number of updates done, for a checkpoint.
    pub fn moments(&self) -> ([&[f32]; 2], i32) {
        ([&self.first, &self.second], self.steps)
    }

    /// Restores the result of [`OptimizerState::moments`]. Returns false and changes nothing where the lengths differ.
    pub fn restore(&mut self, [first, second]: [Vec<f32>; 2], steps: i32) -> bool {
        let fits = first.len() == self.first.len() && second.len() == self.second.len();
        if fits {
            (self.first, self.second, self.steps) = (first, second, steps);
        }
        fits
    }

    /// One update of all parameters, which also clears the gradient.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &mut [f32], rate: f64) {
        self.steps = self.steps.saturating_add(1);
        match self.optimizer {
            Optimizer::Adam { beta1, beta2, epsilon } => {
                let step_size = rate / (1.0 - beta1.powi(self.steps));
                let correction = (1.0 - beta2.powi(self.steps)).sqrt();
                kernels::adam(
                    parameters,
                    gradient,
                    &mut self.first,
                    &mut self.second,
                    ((1.0 - beta1) as f32, beta2 as f32, (1.0 - beta2) as f32),
                    (step_size as f32, correction as f32),
                    epsilon as f32,
                );
            }
            Optimizer::Sgd { momentum } => {
                for ((p, g), buffer) in parameters.iter_mut().zip(gradient).zip(&mut self.first) {
                    *buffer = momentum as f32 * *buffer + *g;
                    *p -= rate as f32 * *buffer;
                    *g = 0.0;
                }
            }
        }
    }
}
