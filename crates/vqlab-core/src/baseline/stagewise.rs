//! k-means stage by stage: product quantizers (Jégou, Douze, Schmid, PAMI 2011) and residual quantizers (Chen, Guan,
//! Wang, Sensors 2010), whose later stages quantize the residuals of the earlier stages.

use rand_chacha::ChaCha8Rng;

use super::kmeans::{Points, kmeans_counted};
use super::team::Team;
use super::{Error, Progress, Watch};
use crate::quantizer::{Assign, Codebooks, Greedy, Method, TrainRequest};

/// The trainer of PVQ and RVQ; `watch` also records the iterations of each stage.
pub fn train(request: &TrainRequest, progress: &mut Progress, watch: &mut Watch) -> Result<Codebooks, Error> {
    fill(request.zeros()?, request.vectors, request.iterations, &mut request.stream(), progress, watch)
}

/// Codebooks of the shape of `books`.
pub fn fill(
    mut books: Codebooks,
    vectors: &[f32],
    iterations: usize,
    rng: &mut ChaCha8Rng,
    progress: &mut Progress,
    watch: &mut Watch,
) -> Result<Codebooks, Error> {
    let mut validation = Validation { residual: watch.validation().to_vec(), stage: 0, shape: books.clone() };
    let size = books.size();
    stage_by_stage(&mut books, &mut vectors.to_vec(), progress, &mut |points, progress| {
        let iterations = watch.iterations(validation.stage).unwrap_or(iterations);
        let (words, kept) = kmeans_counted(points, size, iterations, rng, progress, &validation.points())?;
        watch.kept.iterations.push(kept);
        validation.pass(&words)?;
        Ok(words)
    })?;
    Ok(books)
}

/// The residuals of the validation vectors after the stages so far.
struct Validation {
    /// n × D; may be empty.
    residual: Vec<f32>,
    stage: usize,
    shape: Codebooks,
}

impl Validation {
    /// n × width.
    fn points(&self) -> Vec<f32> {
        let span = self.shape.span(self.stage);
        self.residual.chunks_exact(self.shape.dimension()).flat_map(|x| &x[span.clone()]).copied().collect()
    }

    /// Subtracts the codewords of a stage, for the next stage.
    fn pass(&mut self, words: &[f32]) -> Result<(), Error> {
        self.stage += 1;
        if self.residual.is_empty() || self.shape.method().is_product() {
            return Ok(());
        }
        let dimension = self.shape.dimension();
        let single = Codebooks::new(Method::Rvq, dimension, 1, self.shape.size(), words.to_vec())?;
        let mut greedy = Greedy::default();
        greedy.prepare(&single);
        let mut indices = vec![0; self.residual.len() / dimension];
        greedy.assign(&single, &mut self.residual, &mut indices);
        Ok(())
    }
}

/// Returns the codewords of a stage, K × width.
pub type Codewords<'a> = dyn FnMut(&Points, &mut Progress) -> Result<Vec<f32>, Error> + 'a;

/// Fills the codebooks one after the other. `codewords` returns the codewords of a stage (K × width) for the residuals
/// of the stages before it; for PVQ and OPQ each stage has its own coordinates. `residual` (n × D) holds the vectors
/// and is scratch memory.
///
/// # Errors
/// Vectors that do not form whole rows, or no vectors; errors of `codewords`.
pub fn stage_by_stage(
    books: &mut Codebooks,
    residual: &mut [f32],
    progress: &mut Progress,
    codewords: &mut Codewords,
) -> Result<(), Error> {
    let (dimension, stages, length) = (books.dimension(), books.stages(), books.size() * books.width());
    let mut own = Vec::new();
    for stage in 0..stages {
        let mut progress = progress.step(stage, stages);
        let points = Points::new(residual, dimension, books.span(stage))?.contiguous(&mut own);
        let words = codewords(&points, &mut progress)?;
        books.values_mut()[stage * length..(stage + 1) * length].copy_from_slice(&words);
        if stage + 1 < stages && !books.method().is_product() {
            let single = Codebooks::new(Method::Rvq, dimension, 1, books.size(), words)?;
            subtract_nearest(&single, residual, &mut progress)?;
        }
    }
    Ok(())
}

/// Replaces the vectors by the residuals of the nearest codewords of one stage.
fn subtract_nearest(single: &Codebooks, residual: &mut [f32], progress: &mut Progress) -> Result<(), Error> {
    let dimension = single.dimension();
    let mut team = Team::new(Greedy::default);
    team.each(|greedy| greedy.prepare(single));
    let (part, pulse) = team.rows(single.values().len());
    for pulse in residual.chunks_mut(pulse.saturating_mul(dimension)) {
        progress.done(1.0)?;
        team.share(pulse.chunks_mut(part * dimension), |greedy, x| {
            greedy.assign(single, x, &mut vec![0; x.len() / dimension]);
        });
    }
    Ok(())
}
