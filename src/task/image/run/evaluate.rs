//! Measures the reconstructions of a trained network and its codebooks.

use std::collections::BTreeMap;
use std::time::Instant;

use candle_core::Tensor;

use super::{TRAINED, Work, failed};
use crate::data::images::SIDE;
use crate::metric::{image_psnr, image_quality};
use crate::network::{Autoencoder, IMAGE_BYTES, LATENTS, to_blocks, to_pixels};
use crate::picture::{self, STRIP_PICTURES};
use crate::quantizer::{Assign, Codebooks, Search, assigner, repeats_codebook};
use crate::task::TaskError;
use crate::training::squared_norm;

/// The maximum number of measured training images.
pub(super) const MEASURED: u64 = 2_000;

/// Images per chunk.
const CHUNK: usize = 50;

/// Images after encoding and decoding.
#[derive(Default)]
struct Passed {
    quantized: Vec<u8>,
    /// Reconstructions without the quantizer.
    exact: Vec<u8>,
    /// Sum of squares of the quantization error of latent vectors.
    error: f64,
    /// Sums of each coordinate and of its squares.
    sums: Vec<[f64; 2]>,
    vectors: usize,
    /// Vectors with two codewords of one codebook.
    repeated: usize,
    /// Seconds of encoding alone.
    seconds: f64,
}

impl Passed {
    /// Variance of the latent vectors over all coordinates together.
    fn variance(&self) -> f64 {
        let count = self.vectors as f64;
        self.sums.iter().map(|[sum, squares]| squares / count - (sum / count).powi(2)).sum()
    }
}

/// All metrics of test and training images. Also keeps the pictures.
///
/// # Errors
/// [`TaskError`].
pub(super) fn all(
    work: &Work,
    network: &Autoencoder,
    books: &Codebooks,
    timings: &mut BTreeMap<String, f64>,
) -> Result<BTreeMap<String, f64>, TaskError> {
    let (test, training) = (work.images.test(), work.images.training());
    let measured = training.len().min(MEASURED as usize * IMAGE_BYTES);
    let middle = (TRAINED + 1.0) / 2.0;
    let mut metrics = BTreeMap::new();
    for (part, pixels, progress) in
        [("fresh", test, (TRAINED, middle)), ("training", &training[..measured], (middle, 1.0))]
    {
        let passed = pass(work, network, books, pixels, progress)?;
        measure(part, pixels, &passed, (books.dimension(), work.settings.quantizer.search), &mut metrics)?;
        if part == "fresh" {
            timings.insert("encode-us".into(), 1e6 * passed.seconds / passed.vectors.max(1) as f64);
            show(work, pixels, &passed)?;
        }
    }
    Ok(metrics)
}

/// Passes images through encoder, quantizer and decoder.
fn pass(
    work: &Work,
    network: &Autoencoder,
    books: &Codebooks,
    pixels: &[u8],
    (from, to): (f64, f64),
) -> Result<Passed, TaskError> {
    let quantizer = &work.settings.quantizer;
    let beam = quantizer.beam_width.map(|width| (quantizer.search.unwrap_or(Search::Beam), width));
    let mut assign = assigner(quantizer.method, beam);
    assign.prepare(books);
    let mut passed = Passed { sums: vec![[0.0; 2]; books.dimension()], ..Passed::default() };
    for chunk in pixels.chunks(CHUNK * IMAGE_BYTES) {
        work.context.check()?;
        pass_chunk(network, books, assign.as_mut(), chunk, &mut passed).map_err(failed)?;
        (work.context.progress)(from + (to - from) * passed.quantized.len() as f64 / pixels.len() as f64);
    }
    Ok(passed)
}

fn pass_chunk(
    network: &Autoencoder,
    books: &Codebooks,
    assign: &mut dyn Assign,
    chunk: &[u8],
    passed: &mut Passed,
) -> candle_core::Result<()> {
    let latents = network.encode(&to_blocks(chunk)?)?;
    let mut values = latents.flatten_all()?.to_vec1::<f32>()?;
    for vector in values.chunks_exact(books.dimension()) {
        for ([sum, squares], value) in passed.sums.iter_mut().zip(vector) {
            *sum += f64::from(*value);
            *squares += f64::from(*value).powi(2);
        }
    }
    let count = chunk.len() / IMAGE_BYTES * LATENTS;
    let mut indices = vec![0u32; count * books.stages()];
    let since = Instant::now();
    assign.assign(books, &mut values, &mut indices);
    passed.seconds += since.elapsed().as_secs_f64();
    passed.vectors += count;
    passed.repeated += indices.chunks_exact(books.stages()).filter(|p| repeats_codebook(p, books.size())).count();
    passed.error += values.chunks_exact(books.dimension()).map(|e| f64::from(squared_norm(e))).sum::<f64>();
    let error = Tensor::from_vec(values, latents.shape(), latents.device())?;
    passed.quantized.extend(to_pixels(&network.decode(&(&latents - error)?)?)?);
    passed.exact.extend(to_pixels(&network.decode(&latents)?)?);
    Ok(())
}

fn measure(
    part: &str,
    pixels: &[u8],
    passed: &Passed,
    (dimension, search): (usize, Option<Search>),
    metrics: &mut BTreeMap<String, f64>,
) -> Result<(), TaskError> {
    let quality = image_quality(pixels, &passed.quantized, SIDE).map_err(failed)?;
    let exact = image_psnr(pixels, &passed.exact).map_err(failed)?;
    let mse = passed.error / (passed.vectors.max(1) * dimension) as f64;
    let variance = passed.variance() / dimension as f64;
    let values = [
        ("psnr", quality.psnr),
        ("psnr-images", quality.psnr_images),
        ("ssim", quality.ssim),
        ("ssim-uniform", quality.ssim_uniform),
        ("ssim-gray", quality.ssim_gray),
        ("pixel-mse", quality.mse),
        ("psnr-unquantized", exact),
        ("latent-mse", mse),
        ("latent-nmse", mse / variance.max(f64::MIN_POSITIVE)),
    ];
    metrics.extend(values.map(|(name, value)| (format!("{name}-{part}"), value)));
    if search == Some(Search::Released) {
        let share = passed.repeated as f64 / passed.vectors.max(1) as f64;
        metrics.insert(format!("repeated-share-{part}"), share);
    }
    Ok(())
}

/// Keeps the first images as strips; the originals once per data set.
fn show(work: &Work, pixels: &[u8], passed: &Passed) -> Result<(), TaskError> {
    let Some(folder) = work.context.kept.map(|kept| kept.join("pictures")) else { return Ok(()) };
    let shown = pixels.len().min(STRIP_PICTURES as usize * IMAGE_BYTES);
    let originals = folder.join(picture::originals_name(&work.settings.data));
    picture::strip(&pixels[..shown], SIDE, &originals).map_err(failed)?;
    let own = folder.join(format!("{}.png", work.key));
    picture::strip(&passed.quantized[..shown], SIDE, &own).map_err(failed)
}
