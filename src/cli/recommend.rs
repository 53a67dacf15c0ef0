//! `vqlab recommend`: recommends a method for the vectors of a file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::codec::{open_vectors, refused};
use super::fit::parse_time;
use super::outcome::failed;
use super::run::parse_jobs;
use super::specs::try_folder;
use super::stop::stop_flag;
use super::{CliError, note, print};
use crate::data::file::Output;
use crate::data::folder;
use crate::figure::{Format, draw_recommendation};
use crate::fit::FitError;
use crate::memory::human;
use crate::recommend::{
    Candidate, Choice, Limits, RECALL_AT, RecommendError, Recommendation, Request, Step, Watch, check, memory,
    recommend,
};
use crate::report::{Asked, recommendation_text, write_recommendation};
use crate::runner::{Options, human_seconds};

const EXAMPLES: &str = "\
Examples:
  vqlab recommend base.fvecs --bits 64 --budget 20s
  vqlab recommend base.fvecs --bits 32 --queries queries.fvecs --max-wmops 0.5 -o which
  vqlab recommend base.npy --bits 16,32 --max-codebook-bytes 200000 --budget 20s --json

recommend fits AVQ, RVQ, PVQ, OPQ and LSQ to a sample, in the shapes that divide the
bits, and measures them on held-out vectors. Among the quantizers within the limits it
chooses the one with the lowest error. If several can't be distinguished, it chooses
the cheapest. The output has the choice, three alternatives with what they cost or
save, and the `vqlab fit` command that trains the choice in full.";

/// Recommends a method and shape for the vectors of a file, with the reason
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct RecommendArgs {
    /// Vectors: .npy, .fvecs, .bvecs, .ivecs, .fbin, .u8bin, .i8bin, .ibin, .idx3-ubyte (or .gz of it), .csv or .safetensors
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Bits of a whole code; several values with commas
    #[arg(long, value_name = "B", required = true, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    bits: Vec<u32>,
    /// Queries for which recall is measured (the first 1000)
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,
    /// Limit for the operations of encoding one vector (WMOPS, all stages counted)
    #[arg(long, value_name = "W", value_parser = positive)]
    max_wmops: Option<f64>,
    /// Limit for the milliseconds of encoding one vector on one thread
    #[arg(long, value_name = "T", value_parser = positive)]
    max_ms_per_vector: Option<f64>,
    /// Limit for the bytes of the codebooks
    #[arg(long, value_name = "N")]
    max_codebook_bytes: Option<usize>,
    /// Largest number of vectors to use, chosen at random
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    sample: usize,
    /// Time limit for everything: 90s, 4m, 1h
    #[arg(long, value_name = "TIME", default_value = "4m", value_parser = parse_time)]
    budget: Duration,
    /// Threads, one fit each [default: all cores]
    #[arg(long, short, value_name = "N", value_parser = parse_jobs)]
    jobs: Option<usize>,
    /// Seed of the sample and the fits
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Folder for report.html and pareto.png [default: no files]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Replace an existing report
    #[arg(long)]
    force: bool,
    /// Also print the table of all quantizers and the long reason
    #[arg(long, conflicts_with = "json")]
    verbose: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value.is_finite() => Ok(value),
        _ => Err("allowed are numbers above 0".into()),
    }
}

/// # Errors
/// [`CliError::Usage`]: options that don't fit together, or an existing report. [`CliError::Failed`]: no quantizer
/// within the limits (after the answer), bad data, or Ctrl-C.
pub fn run(args: RecommendArgs) -> Result<(), CliError> {
    let file = open_vectors(&args.data)?;
    let queries = args.queries.as_deref().map(open_vectors).transpose()?;
    if let Some(dir) = &args.output {
        prepare(dir, args.force)?;
    }
    let mut bits = args.bits.clone();
    let mut seen = std::collections::BTreeSet::new();
    bits.retain(|b| seen.insert(*b));
    let request = Request {
        bits,
        limits: Limits {
            wmops: args.max_wmops,
            ms_per_vector: args.max_ms_per_vector,
            codebook_bytes: args.max_codebook_bytes,
        },
        sample: args.sample,
        budget: args.budget,
        updates: None,
        jobs: args.jobs.unwrap_or(Options::default().jobs),
        seed: args.seed,
    };
    check(&file, queries.as_ref(), &request).map_err(refused)?;
    note(&format!(
        "{} of {} vectors of dimension {}: about {} of memory, about {} of time",
        file.len().min(args.sample),
        file.len(),
        file.dimension(),
        human(memory(&file, &request).map_err(refused)?),
        human_seconds(args.budget.as_secs_f64()),
    ));
    let stop = stop_flag("stopping; nothing will be written. Press Ctrl-C again to abort at once")?;
    let progress = |step: &Step| {
        note(&format!("{} of {}: {} · {} left", step.done, step.total, step.text, human_seconds(step.left)));
    };
    let found = recommend(&file, queries.as_ref(), &request, &Watch { stop: &stop, progress: &progress });
    let found = found.map_err(|error| match error {
        RecommendError::TooFew { .. }
        | RecommendError::Memory { .. }
        | RecommendError::Fit(FitError::TooFew { .. }) => refused(error),
        error => failed(error),
    })?;
    let asked = Asked { data: &args.data, budget: args.budget };
    let mut drawn = None;
    if let Some(dir) = &args.output {
        let figures = draw_recommendation(&found, dir, &[Format::Png]).map_err(failed)?;
        let report = write_recommendation(&found, &asked, &figures, dir).map_err(failed)?;
        note(&format!("wrote {}", report.display()));
        drawn = Some(report);
    }
    print(&match args.json {
        true => json(&found, drawn.as_deref()),
        false => recommendation_text(&found, &asked, args.verbose),
    })?;
    match found.choices.iter().find(|choice| choice.chosen.is_none()) {
        // The answer states the reason.
        Some(choice) => Err(CliError::Failed(format!("no choice for {} bits per vector", choice.bits))),
        None => Ok(()),
    }
}

/// Creates the folder and tests that it is writable. Refuses a folder that holds a report.
fn prepare(dir: &Path, force: bool) -> Result<(), CliError> {
    folder::check(dir, true).map_err(refused)?;
    for name in ["report.html", "pareto.png"] {
        Output::new(&dir.join(name)).force(force).check().map_err(refused)?;
    }
    try_folder(dir)
}

/// The choice of the first bitrate at the top level, all choices in `choices`.
fn json(found: &Recommendation, report: Option<&Path>) -> String {
    let choices: Vec<Value> = found.choices.iter().map(|choice| chosen(found, choice)).collect();
    let mut value = choices.first().cloned().unwrap_or_default();
    value["choices"] = Value::Array(choices);
    value["candidates"] =
        found.candidates.iter().enumerate().map(|(place, c)| candidate(found, place, c)).collect::<Vec<_>>().into();
    value["left_out"] = found
        .left_out
        .iter()
        .map(|l| json!({ "shape": l.shape.label(), "reason": l.reason }))
        .collect::<Vec<_>>()
        .into();
    value["vectors"] = found.of.into();
    value["dimension"] = found.dimension.into();
    value["training_vectors"] = found.training.into();
    value["held_out_vectors"] = found.held_out.into();
    value["variance"] = found.variance.into();
    value["spectral_flatness"] = json!(found.flatness);
    value["seconds"] = found.seconds.into();
    value["report"] = json!(report.map(|path| path.display().to_string()));
    format!("{value:#}\n")
}

fn chosen(found: &Recommendation, choice: &Choice) -> Value {
    let chosen = choice.chosen.map(|place| &found.candidates[place]);
    let references = found.references.iter().find(|r| r.bits == choice.bits);
    json!({
        "bits": choice.bits,
        "method": chosen.map(|c| c.shape.method.label().to_lowercase()),
        "stages": chosen.map(|c| c.shape.stages),
        "bits_per_stage": chosen.map(|c| c.shape.bits_per_stage),
        "beam_width": chosen.map(|c| c.beam_width),
        "mse": chosen.map(|c| c.mse.mean),
        "standard_error": chosen.map(|c| c.mse.standard_error),
        "reason": found.reason(choice),
        "gaussian_bound": references.map(|r| r.gaussian),
        "white_bound": references.map(|r| r.white),
        "scalar_mse": references.map(|r| r.scalar),
        "scalar_mse_principal_axes": references.map(|r| r.scalar_along_axes),
    })
}

fn candidate(found: &Recommendation, place: usize, c: &Candidate) -> Value {
    let choice = found.choices.iter().find(|choice| choice.bits == c.shape.bits());
    let recall = |all: &Vec<crate::recommend::Estimate>| -> serde_json::Map<String, Value> {
        RECALL_AT.iter().zip(all).map(|(t, r)| (t.to_string(), r.mean.into())).collect()
    };
    json!({
        "bits": c.shape.bits(),
        "method": c.shape.method.label().to_lowercase(),
        "stages": c.shape.stages,
        "bits_per_stage": c.shape.bits_per_stage,
        "beam_width": c.beam_width,
        "trainer": c.shape.trainer().name(),
        "search": c.search,
        "mse": c.mse.mean,
        "standard_error": c.mse.standard_error,
        "recall": c.recall.as_ref().map(recall),
        "wmops": c.wmops,
        "wmops_published": c.wmops_published,
        "wmops_lookup": c.wmops_lookup,
        "ms_per_vector": c.ms_per_vector,
        "codebook_bytes": c.codebook_bytes,
        "fit_seconds": c.fit_seconds,
        "fit_ended": format!("{:?}", c.ended).to_lowercase(),
        "allowed": c.allowed,
        "front": { "wmops": c.front.wmops, "ms_per_vector": c.front.ms, "codebook_bytes": c.front.bytes },
        "equal_to_best": choice.is_some_and(|choice| choice.equal.contains(&place)),
        "chosen": choice.is_some_and(|choice| choice.chosen == Some(place)),
    })
}
