//! Codes the test utterances at every bitrate, and scores the decoded files.

use std::collections::BTreeMap;
use std::time::Instant;

use super::opus;
use super::{END_TO_END, Work, failed};
use crate::data::speech::{RATE, write_wav};
use crate::metric::{perceptual_snr, pesq};
use crate::quantizer::assigner;
use crate::speech::{Codec, EXCERPTS, Model, excerpt, excerpt_name, original_name};
use crate::task::TaskError;

/// Values of single utterances, by metric.
pub(super) type Samples = BTreeMap<String, Vec<f64>>;

/// Adds all metrics of a trained model to `metrics`, and returns the values of single utterances.
pub(super) fn all(
    work: &Work,
    model: &Model,
    metrics: &mut BTreeMap<String, f64>,
    timings: &mut BTreeMap<String, f64>,
) -> Result<Samples, TaskError> {
    let levels = work.levels(work.speech.test(), 1);
    metrics.insert("envelope-db".into(), envelope(work, model, &levels)?);
    let codec = Codec::new(model);
    let mut samples = Samples::new();
    let mut clock = Clock::default();
    let bitrates = &work.settings.evaluation.bitrates;
    for (i, bitrate) in bitrates.iter().enumerate() {
        let scores = at_bitrate(work, &codec, *bitrate, &mut clock)?;
        add(metrics, &mut samples, "", *bitrate, scores);
        if let Some(scores) = opus::scores(work, *bitrate)? {
            add(metrics, &mut samples, "-opus", *bitrate, scores);
        }
        (work.context.progress)(END_TO_END + (1.0 - END_TO_END) * (i + 1) as f64 / bitrates.len() as f64);
    }
    timings.insert("encode-times-real-time".into(), clock.spoken / clock.encoding.max(1e-9));
    timings.insert("decode-times-real-time".into(), clock.spoken / clock.decoding.max(1e-9));
    timings.insert("codec-times-real-time".into(), clock.spoken / (clock.encoding + clock.decoding).max(1e-9));
    Ok(samples)
}

/// Times in seconds.
#[derive(Default)]
struct Clock {
    spoken: f64,
    encoding: f64,
    decoding: f64,
}

/// Measurements of utterances at one bitrate.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Scores {
    pub pesq: Vec<f64>,
    pub snr: Vec<f64>,
    /// Bits of each file.
    pub bits: Vec<f64>,
    /// Seconds of each utterance.
    pub seconds: Vec<f64>,
}

impl Scores {
    /// Scores one coded utterance.
    pub fn add(&mut self, name: &str, samples: &[f32], decoded: &[f32], bits: u64) -> Result<(), TaskError> {
        let failed = |error: crate::metric::SpeechQualityError| failed(format!("{name}: {error}"));
        self.pesq.push(pesq(samples, decoded).map_err(failed)?);
        self.snr.push(perceptual_snr(samples, decoded).map_err(failed)?);
        self.bits.push(bits as f64);
        self.seconds.push(samples.len() as f64 / f64::from(RATE));
        Ok(())
    }
}

fn add(metrics: &mut BTreeMap<String, f64>, samples: &mut Samples, of: &str, bitrate: u32, scores: Scores) {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let bitrates = scores.bits.iter().zip(&scores.seconds).map(|(bits, seconds)| bits / seconds).collect();
    // The rate of all utterances together.
    let rate = mean(&scores.bits) / mean(&scores.seconds);
    metrics.insert(format!("pesq{of}@{bitrate}"), mean(&scores.pesq));
    metrics.insert(format!("psnr-perceptual{of}@{bitrate}"), mean(&scores.snr));
    metrics.insert(format!("bitrate{of}@{bitrate}"), rate);
    samples.insert(format!("pesq{of}@{bitrate}"), scores.pesq);
    samples.insert(format!("psnr-perceptual{of}@{bitrate}"), scores.snr);
    samples.insert(format!("bitrate{of}@{bitrate}"), bitrates);
}

fn at_bitrate(work: &Work, codec: &Codec, bitrate: u32, clock: &mut Clock) -> Result<Scores, TaskError> {
    let mut scores = Scores::default();
    for (i, utterance) in work.speech.test().iter().enumerate() {
        work.context.check()?;
        let named = |error: crate::speech::StreamError| failed(format!("{}: {error}", utterance.name));
        let since = Instant::now();
        let coded = codec.encode(&utterance.samples, bitrate).map_err(named)?;
        clock.encoding += since.elapsed().as_secs_f64();
        let since = Instant::now();
        let decoded = codec.decode(&coded.bytes).map_err(named)?;
        clock.decoding += since.elapsed().as_secs_f64();
        clock.spoken += utterance.samples.len() as f64 / f64::from(RATE);
        if decoded != coded.samples {
            return Err(failed(format!(
                "{} at {bitrate} bit/s: the file does not decode to the encoder's reconstruction",
                utterance.name
            )));
        }
        scores.add(&utterance.name, &utterance.samples, &decoded, 8 * coded.bytes.len() as u64)?;
        if i < EXCERPTS {
            keep(work, &excerpt_name(work.key, bitrate, i), &decoded)?;
            keep(work, &original_name(&work.settings.data, i), &utterance.samples)?;
        }
    }
    Ok(scores)
}

/// Keeps an excerpt to listen to.
pub(super) fn keep(work: &Work, name: &str, samples: &[f32]) -> Result<(), TaskError> {
    match work.context.kept {
        Some(folder) => write_wav(&folder.join("audio").join(name), excerpt(samples)).map_err(failed),
        None => Ok(()),
    }
}

/// The RMS error of decoded levels (frames × D) in dB.
pub(super) fn envelope(work: &Work, model: &Model, levels: &[f32]) -> Result<f64, TaskError> {
    let books = &model.books;
    let mut residual = model.features(&work.analysis.bands, levels);
    let mut assign = assigner(books.method(), model.beam());
    assign.prepare(books);
    let mut indices = vec![0; residual.len() / books.dimension() * books.stages()];
    let block = 4096;
    let rows = residual.chunks_mut(block * books.dimension()).zip(indices.chunks_mut(block * books.stages()));
    for (residual, indices) in rows {
        work.context.check()?;
        assign.assign(books, residual, indices);
    }
    let scales = work.analysis.bands.scales().iter().cycle();
    let squares: f64 = residual.iter().zip(scales).map(|(r, scale)| f64::from(r / scale).powi(2)).sum();
    Ok((squares / residual.len().max(1) as f64).sqrt())
}
