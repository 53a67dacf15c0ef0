//! Early stopping: codebooks are measured during training on vectors that they are not trained on, and the best ones
//! are kept.

use crate::quantizer::kernels::squared_error;
use crate::quantizer::{Assign, Codebooks, residuals};

/// When an error has converged: the least error of `window` checks is below that of the `window` checks before them by
/// less than the share `nothing`.
#[derive(Clone, Copy)]
pub(super) struct Fall {
    pub window: usize,
    pub nothing: f64,
}

impl Default for Fall {
    fn default() -> Self {
        Self { window: 4, nothing: 2e-4 }
    }
}

/// Checks a training on validation vectors. Without validation vectors it measures nothing and stops nothing.
#[derive(Default)]
pub struct Watch {
    /// n × D.
    validation: Vec<f32>,
    /// Iterations, and the mean squared error per coordinate at that point, of trainers that improve all codebooks
    /// together.
    pub curve: Vec<(u64, f64)>,
    /// Whether a training ended because the error no longer fell.
    pub converged: bool,
    /// The iterations and the start that led to the kept codebooks.
    pub kept: Kept,
    /// The result of an earlier training, to be repeated.
    found: Kept,
}

/// The settings of a training that were the best on its validation vectors.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Iterations of each stage (PVQ, RVQ), or of all codebooks together.
    pub iterations: Vec<usize>,
    /// The best of the starts that a trainer tried.
    pub start: Option<usize>,
    /// The codebooks, where training on more vectors can continue from them.
    pub books: Option<Codebooks>,
}

impl Watch {
    /// For validation vectors (n × D) of the dimension of the training.
    pub fn new(validation: Vec<f32>) -> Self {
        Self { validation, ..Self::default() }
    }

    /// Changes the validation vectors, and the unit of the measured errors.
    pub(super) fn scale(&mut self, vectors: impl Fn(&[f32]) -> Vec<f32>, unit: f64) {
        self.validation = vectors(&self.validation);
        self.curve.iter_mut().for_each(|(_, error)| *error *= unit);
    }

    /// Measures nothing. The stages of PVQ and RVQ use the iterations that were found; other trainers use only the
    /// start that was found.
    pub fn again(found: Kept) -> Self {
        Self { found, ..Self::default() }
    }

    /// Iterations of a stage, where they differ from those of the settings.
    pub(super) fn iterations(&self, stage: usize) -> Option<usize> {
        self.found.iterations.get(stage).copied()
    }

    /// Whether this start must be tried.
    pub(super) fn tries(&self, start: usize) -> bool {
        self.found.start.is_none_or(|found| found == start)
    }

    /// The only start that must be tried; None = all.
    pub(super) fn tried(&self) -> Option<usize> {
        self.found.start
    }

    /// The codebooks to continue from, where they have the shape of `books`.
    pub(super) fn found_books(&self, books: &Codebooks) -> Option<Codebooks> {
        let shape = |books: &Codebooks| (books.method(), books.dimension(), books.stages(), books.size());
        self.found.books.clone().filter(|found| shape(found) == shape(books))
    }

    /// Forgets codebooks in other coordinates than those of the caller.
    pub(super) fn forget_books(&mut self) {
        (self.found.books, self.kept.books) = (None, None);
    }

    pub(super) fn validation(&self) -> &[f32] {
        &self.validation
    }

    /// Records the error of codebooks that all change together.
    pub(super) fn note(&mut self, best: &mut Best, books: &Codebooks, search: &mut dyn Assign) {
        if let Some(error) = mean_error(books, search, &self.validation) {
            self.curve.push((self.curve.len() as u64 + 1, error));
            if best.look(error, books) {
                self.kept.iterations = vec![best.errors.len()];
            }
            self.converged |= best.converged();
        }
    }
}

impl Fall {
    fn is_over(self, errors: &[f64]) -> bool {
        let Self { window, nothing } = self;
        let least = |errors: &[f64]| errors.iter().copied().fold(f64::INFINITY, f64::min);
        let Some(rest) = errors.len().checked_sub(window).filter(|rest| *rest >= window) else { return false };
        least(&errors[rest..]) >= least(&errors[rest - window..rest]) * (1.0 - nothing)
    }
}

/// The measured codebooks with the lowest error.
#[derive(Default)]
pub(super) struct Best {
    errors: Vec<f64>,
    books: Option<(f64, Codebooks)>,
    fall: Fall,
}

impl Best {
    /// Converges by this rule.
    pub fn until(fall: Fall) -> Self {
        Self { fall, ..Self::default() }
    }

    /// Records an error; true where it is the lowest so far.
    pub fn look(&mut self, error: f64, books: &Codebooks) -> bool {
        self.errors.push(error);
        let better = self.books.as_ref().is_none_or(|best| error < best.0);
        if better {
            self.books = Some((error, books.clone()));
        }
        better
    }

    pub fn converged(&self) -> bool {
        self.fall.is_over(&self.errors)
    }

    /// The best codebooks; `last` where nothing was measured.
    pub fn or(self, last: Codebooks) -> Codebooks {
        self.books.map_or(last, |best| best.1)
    }
}

/// Whether the least of the last `window` errors is hardly below the least of the `window` before them.
pub fn has_converged(errors: &[f64], window: usize) -> bool {
    Fall { window, ..Fall::default() }.is_over(errors)
}

/// Mean squared error per coordinate of `vectors` (n × D); None without vectors.
pub(super) fn mean_error(books: &Codebooks, search: &mut dyn Assign, vectors: &[f32]) -> Option<f64> {
    if vectors.len() < books.dimension() {
        return None;
    }
    let (residual, _) = residuals(books, search, vectors);
    Some(squared_error(&residual) / residual.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_converged_when_a_window_brought_nothing() {
        assert!(!has_converged(&[5.0, 4.0, 3.0], 2));
        assert!(!has_converged(&[5.0, 4.0, 4.1, 3.9], 2));
        assert!(has_converged(&[5.0, 4.0, 4.1, 4.0], 2));
        assert!(has_converged(&[5.0, 4.0, 4.1, 3.9995], 2));
        // An error of 0 can't fall.
        assert!(has_converged(&[0.0; 4], 2));
    }
}
