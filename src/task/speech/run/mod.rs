//! Speech coding. The codebooks for the envelopes of a transform codec are trained on log energies and then, if
//! requested, end to end. The test utterances are coded at every bitrate, and the decoded files are scored.
//!
//! Files beside the records' folder: `codebooks/KEY.safetensors`, `codecs/KEY.safetensors` (for `vqlab speech encode`
//! and `decode`), `audio/` with excerpts to listen to, and `shared/` with the scores of Opus.

mod evaluate;
mod opus;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::data::speech::{Speech, Utterance};
use crate::quantizer::{Codebooks, Method};
use crate::speech::{Analysis, EndToEndError, EndToEndSet, Model, features, mean_levels, train_end_to_end};
use crate::task::cell::{Cell, SpeechSettings, Training};
use crate::task::cost::training_cost;
use crate::task::kept::{Finished, Kept};
use crate::task::train::trained;
use crate::task::{Context, Outcome, TaskError};
use crate::training::{Shuffled, Trained};

/// Evenly spaced positions of the frames in the training set. Envelopes depend on the position by chance, so more
/// positions give more envelopes.
const PHASES: usize = 4;

/// Shares of the progress.
const TRAINED: f64 = 0.3;
const END_TO_END: f64 = 0.6;

pub(super) fn run(settings: &SpeechSettings, cell: &Cell, context: &Context) -> Result<Outcome, TaskError> {
    let (seed, key) = (cell.seed, cell.key());
    let speech = Speech::open(&settings.data).map_err(failed)?;
    let work = Work { settings, seed, key: &key, speech: &speech, context, analysis: Analysis::new(&settings.codec) };
    let levels = work.levels(speech.training(), PHASES);
    let mean = mean_levels(&levels, settings.codec.bands);
    let mut metrics = BTreeMap::new();
    let (kept, since) = (Kept::new(context, &key), Instant::now());
    let finished = match kept.load() {
        Some(finished) => finished,
        None => work.train(&kept, &levels, &mean)?,
    };
    let earlier_seconds = finished.earlier_seconds(since);
    let model = work.model(finished.codebooks, mean);
    if let Some(folder) = context.kept {
        let path = folder.join("codecs").join(format!("{key}.safetensors"));
        std::fs::create_dir_all(folder.join("codecs")).map_err(failed)?;
        model.save(&path, settings.training.trainer().name(), &key).map_err(failed)?;
    }
    metrics.insert("envelope-db-training".into(), evaluate::envelope(&work, &model, &levels)?);
    let mut timings = BTreeMap::from([("train-seconds".to_string(), finished.seconds)]);
    let samples = evaluate::all(&work, &model, &mut metrics, &mut timings)?;
    Ok(Outcome { metrics, log: finished.log, samples, timings, earlier_seconds })
}

/// A running cell.
struct Work<'a> {
    settings: &'a SpeechSettings,
    seed: u64,
    key: &'a str,
    speech: &'a Arc<Speech>,
    context: &'a Context<'a>,
    analysis: Analysis,
}

impl Work<'_> {
    /// Levels of all utterances, frames × D, with the frames in `phases` positions.
    fn levels(&self, utterances: &[Utterance], phases: usize) -> Vec<f32> {
        let begins = move |phase: usize| phase * self.settings.codec.advance / phases;
        let of = |samples: &[f32]| self.analysis.levels(&self.analysis.mdct.forward(samples));
        let of_utterance = |utterance: &Utterance| {
            let parts = (0..phases).filter_map(move |phase| utterance.samples.get(begins(phase)..));
            parts.flat_map(of).collect::<Vec<f32>>()
        };
        utterances.iter().flat_map(of_utterance).collect()
    }

    fn model(&self, books: Codebooks, mean: Vec<f32>) -> Model {
        let quantizer = &self.settings.quantizer;
        let beam_width = quantizer.beam();
        Model { settings: self.settings.codec.clone(), books, mean, beam_width, search: quantizer.search }
    }

    fn train(&self, kept: &Kept, levels: &[f32], mean: &[f32]) -> Result<Finished, TaskError> {
        let (settings, since) = (self.settings, Instant::now());
        let vectors = Arc::new(features(&self.analysis.bands, mean, levels));
        // The order depends only on data and seed, so all methods see the same batches.
        let order = format!("order/speech/{}/{}", settings.data.name, self.seed);
        let mut set = Shuffled::new(vectors, settings.codec.bands, &order);
        let end = if settings.end_to_end.is_some() { TRAINED } else { END_TO_END };
        let pair = (&settings.quantizer, &settings.training);
        let (mut trained, earlier) = trained(pair, settings.codec.bands, self.key, &mut set, self.context, (0.0, end))?;
        if settings.end_to_end.is_some() {
            trained = self.train_end_to_end(trained, mean)?;
        }
        let seconds = earlier + since.elapsed().as_secs_f64();
        kept.save(trained, &settings.quantizer, settings.training.trainer(), seconds).map_err(failed)
    }

    fn train_end_to_end(&self, trained: Trained, mean: &[f32]) -> Result<Trained, TaskError> {
        let Some(settings) = &self.settings.end_to_end else { return Ok(trained) };
        let mut model = self.model(trained.codebooks, mean.to_vec());
        let utterances = self.speech.training().iter();
        let coefficients: Vec<f32> = utterances.flat_map(|u| self.analysis.mdct.forward(&u.samples)).collect();
        let set = EndToEndSet::new(&self.analysis, &coefficients);
        let mut log = trained.log;
        let mut go_on = |share: f64| {
            (self.context.progress)(TRAINED + (END_TO_END - TRAINED) * share);
            self.context.check().is_ok()
        };
        let before = match &self.settings.training {
            Training::Nsvq(nsvq) => nsvq.updates,
            Training::Kmeans(_) => 0,
        };
        let quantizer = &self.settings.quantizer;
        let beam_width = quantizer.training_beam();
        let how = (self.settings.evaluation.bitrates.as_slice(), beam_width);
        let points = train_end_to_end(&mut model, &self.analysis, &set, settings, how, self.key, &mut go_on);
        let points = points.map_err(|error| match error {
            EndToEndError::Stop(stop) => stop.into(),
            EndToEndError::Diverged { .. } => TaskError::Diverged(error.to_string()),
            EndToEndError::Candle(error) => failed(error),
        })?;
        log.extend(points.into_iter().map(|mut point| {
            point.update += before;
            point
        }));
        Ok(Trained { codebooks: model.books, log })
    }
}

fn failed(error: impl std::fmt::Display) -> TaskError {
    TaskError::Failed(error.to_string())
}

/// Estimated seconds on one core, correct to a factor of two.
pub(super) fn cost(settings: &SpeechSettings) -> f64 {
    let quantizer = &settings.quantizer;
    let training = training_cost(quantizer, &settings.training, settings.codec.bands) + 0.1;
    let frame = if quantizer.method == Method::Avq { 6e-4 } else { 2.5e-4 };
    let end_to_end =
        settings.end_to_end.as_ref().map_or(0.0, |end| frame * (end.updates * end.batch_size as u64) as f64);
    // PESQ takes most of the evaluation.
    let evaluation = 0.08 * settings.data.test as f64 * settings.evaluation.bitrates.len() as f64;
    training + end_to_end + evaluation
}
