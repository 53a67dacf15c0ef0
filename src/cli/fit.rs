//! `vqlab fit`: vectors → codebooks.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use super::codec::{open_vectors, refused, wrote};
use super::complexity::parse_method;
use super::meter::ShareMeter;
use super::outcome::failed;
use super::run::parse_jobs;
use super::stop::stop_flag;
use super::{CliError, note, print};
use crate::data::file::Output;
use crate::fit::{Ended, FitError, FitSettings, Fitted, Sampled, check_memory, fit, import, memory, parts, sample};
use crate::memory::{available, human};
use crate::number::short;
use crate::quantizer::{Codebooks, Method, Provenance, to_bytes};
use crate::runner::human_seconds;
use crate::training::Trainer;

const EXAMPLES: &str = "\
Examples:
  vqlab fit learn.fvecs --method rvq --stages 8 --bits 8 -o books.safetensors --budget 2m
  vqlab fit learn.csv --method avq --stages 4 --bits 6 -o avq.safetensors --trainer nsvq
  vqlab fit --import codebooks.npy --method pvq -o books.safetensors

FILE.safetensors:NAME selects one of several tensors. encode, decode and search use
the codebook file. The errors are per coordinate, with the search that encode uses. In
dB they are relative to the variance of the data. The same command gives the same
bytes. With --budget and without --updates, the result depends on the speed of the
machine. An imported npy array is M × K × D, for PVQ M × K × D/M.";

/// Trains codebooks on the vectors of a file.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct FitArgs {
    /// Vectors: .npy, .fvecs, .bvecs, .ivecs, .fbin, .u8bin, .i8bin, .ibin, .idx3-ubyte (or .gz of it), .csv or .safetensors
    #[arg(value_name = "DATA", required_unless_present = "import")]
    data: Option<PathBuf>,
    /// Import the codebooks of another program (.npy) instead of training
    #[arg(long, value_name = "NPY", conflicts_with_all = ["data", "stages", "bits", "trainer", "budget", "updates"])]
    import: Option<PathBuf>,
    /// avq, rvq, pvq, opq or lsq
    #[arg(long, value_name = "METHOD", value_parser = parse_method)]
    method: Method,
    /// Number of stages (codebooks), M
    #[arg(long, value_name = "M", required_unless_present = "import")]
    stages: Option<usize>,
    /// Bits per stage: each codebook has 2^B codewords
    #[arg(long, value_name = "B", required_unless_present = "import")]
    bits: Option<u32>,
    /// Output codebook file, .safetensors
    #[arg(long, short, value_name = "CODEBOOKS")]
    output: PathBuf,
    /// kmeans: k-means, for all methods; nsvq: stochastic optimization from there on, for AVQ, RVQ and PVQ [default:
    /// kmeans]
    #[arg(long, value_enum)]
    trainer: Option<TrainerName>,
    /// Beam width of AVQ's beam search [default: 16]
    #[arg(long, value_name = "W")]
    beam_width: Option<usize>,
    /// Beam width of AVQ's beam search in training [default: 4]
    #[arg(long, value_name = "W")]
    training_beam_width: Option<usize>,
    /// Largest number of vectors to use, chosen at random
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    sample: usize,
    /// Share of these vectors that is kept for validation. 0 trains on all vectors, without early stopping
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    validation: f64,
    /// Train again on all vectors, with the number of iterations that validation found [default: with kmeans]
    #[arg(long, overrides_with = "no_refit")]
    refit: bool,
    /// Keep the validated codebooks [default: with nsvq]
    #[arg(long, overrides_with = "refit")]
    no_refit: bool,
    /// Time limit for the training: 90s, 5m, 2h
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    budget: Option<Duration>,
    /// Updates (nsvq) or iterations (kmeans) [default: depends on the data and the method]
    #[arg(long, value_name = "N")]
    updates: Option<u64>,
    /// Seed of the random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads; the result is the same for any number [default: all cores]
    #[arg(long, short, value_name = "N", value_parser = parse_jobs)]
    jobs: Option<usize>,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TrainerName {
    Kmeans,
    Nsvq,
}

/// A time such as `90s`, `5m`, `2h`; bare numbers are seconds.
pub fn parse_time(text: &str) -> Result<Duration, String> {
    let units = [("s", 1.0), ("m", 60.0), ("h", 3600.0), ("", 1.0)];
    let parse = |(unit, seconds): &(&str, f64)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * seconds);
    let seconds = units.iter().find_map(parse).filter(|seconds| (0.1..=1e7).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or("allowed are times of at least 0.1s, such as 90s, 5m or 2h".into())
}

/// # Errors
/// [`CliError::Usage`]: options that don't fit together, too few vectors, or an existing output. [`CliError::Failed`]:
/// NaN in the data, a full disk, or Ctrl-C.
pub fn run(args: FitArgs) -> Result<(), CliError> {
    Output::new(&args.output).check_place().map_err(refused)?;
    if !args.output.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors")) {
        let path = args.output.display();
        return Err(CliError::Usage(format!("{path}: the name of a codebook file must end in .safetensors")));
    }
    match (&args.import, &args.data, args.stages, args.bits) {
        (Some(path), ..) => run_import(&args, path),
        (None, Some(data), Some(stages), Some(bits)) => run_fit(&args, data, settings(&args, stages, bits)),
        // clap asks for all of them.
        _ => Err(CliError::Usage("DATA, --stages and --bits are needed".into())),
    }
}

fn settings(args: &FitArgs, stages: usize, bits: u32) -> FitSettings {
    let default = FitSettings::new(args.method, stages, bits);
    FitSettings {
        trainer: match args.trainer {
            Some(TrainerName::Nsvq) => Trainer::Nsvq,
            Some(TrainerName::Kmeans) | None => Trainer::Kmeans,
        },
        beam_width: args.beam_width.unwrap_or(default.beam_width),
        training_beam_width: args.training_beam_width.unwrap_or(default.training_beam_width),
        budget: args.budget,
        updates: args.updates,
        refit: args.refit || !args.no_refit && !matches!(args.trainer, Some(TrainerName::Nsvq)),
        seed: args.seed,
        ..default
    }
}

fn run_fit(args: &FitArgs, data: &Path, settings: FitSettings) -> Result<(), CliError> {
    if let Some(jobs) = args.jobs {
        // The process has no other work for these threads.
        rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global().map_err(failed)?;
    }
    let file = open_vectors(data)?;
    settings.check(file.dimension()).map_err(refused)?;
    let mut output = output(args, file.path()).begin().map_err(refused)?;
    let counts = parts(file.len(), args.sample, args.validation).map_err(exit)?;
    check_memory(&settings, counts, file.dimension(), 0, available()).map_err(exit)?;
    let since = Instant::now();
    let sampled = sample(&file, args.sample, args.validation, settings.seed).map_err(exit)?;
    let Sampled { training, validation, dimension, of } = &sampled;
    note(&format!(
        "{of} vectors of dimension {dimension}: {} to train on, {} to validate, read in {}; about {} of memory",
        counts[0],
        counts[1],
        human_seconds(since.elapsed().as_secs_f64()),
        human(memory(&settings, counts, *dimension))
    ));
    let stop = stop_flag("stopping; nothing will be written. Press Ctrl-C again to abort at once")?;
    let meter = ShareMeter::new();
    let mut go_on = |done: f64| {
        meter.show(done);
        !stop.load(Ordering::Relaxed)
    };
    let fitted = fit(training, validation, *dimension, &settings, &mut go_on);
    meter.end();
    let fitted = fitted.map_err(exit)?;
    let provenance = Provenance {
        beam_width: settings.beam_width,
        trainer: settings.trainer.name().into(),
        provenance: format!("fit to {} with seed {}", data.display(), settings.seed),
    };
    output.write(&to_bytes(&fitted.codebooks, &provenance).map_err(failed)?).map_err(failed)?;
    output.commit().map_err(failed)?;
    wrote(&args.output);
    let text = if args.json { json(args, &settings, *of, counts, &fitted) } else { lines(&settings, &fitted) };
    print(&format!("{text}\n"))
}

fn output(args: &FitArgs, input: &Path) -> Output {
    Output::new(&args.output).force(args.force).made_from(&[input])
}

/// Exit status 2 for errors that no training could avoid, 1 for all others.
fn exit(error: FitError) -> CliError {
    match error {
        FitError::File(_) | FitError::Stopped | FitError::Diverged(_) | FitError::Kmeans(_) => failed(error),
        error => refused(error),
    }
}

/// An error relative to the variance, in dB. `None` if the variance or the error is 0.
fn decibels(mse: f64, variance: f64) -> Option<f64> {
    Some(10.0 * (mse / variance).log10()).filter(|db| db.is_finite())
}

fn lines(settings: &FitSettings, fitted: &Fitted) -> String {
    let row = |name: &str, mse: f64| {
        let share = decibels(mse, fitted.variance).map_or(String::new(), |db| format!(", {db:.2} dB of the variance"));
        format!("{name} MSE {}{share}", short(mse))
    };
    let (method, stages, size) = (settings.method.label(), settings.stages, settings.codebook_size());
    let updates = fitted.curve.last().map_or(0, |point| point.0);
    let unit = match (settings.trainer, fitted.ended) {
        (Trainer::Nsvq, _) => "updates",
        (Trainer::Kmeans, Ended::Budget) => "iterations at most",
        (Trainer::Kmeans, _) => "iterations",
    };
    let ended = match fitted.ended {
        Ended::Converged => "the error no longer fell",
        Ended::Budget => "the time budget ended",
        Ended::Updates => "all are done",
    };
    format!(
        "{method} of {stages} × {size} in {} ({updates} {unit}; {ended})\n{}\n{}",
        human_seconds(fitted.seconds),
        row("training", fitted.training_mse),
        match fitted.validation_mse {
            None => "no validation vectors: the error on other vectors is unknown".into(),
            Some(mse) if fitted.refitted => {
                let validation = row("validation", mse);
                format!("{validation}, before the final training on all vectors ({updates} {unit})")
            }
            Some(mse) => row("validation", mse),
        }
    )
}

fn json(
    args: &FitArgs,
    settings: &FitSettings,
    of: u64,
    [training, validation]: [usize; 2],
    fitted: &Fitted,
) -> String {
    let value = serde_json::json!({
        "output": args.output.display().to_string(),
        "method": settings.method.label().to_lowercase(),
        "dimension": fitted.codebooks.dimension(),
        "stages": settings.stages,
        "bits_per_stage": settings.bits_per_stage,
        "trainer": settings.trainer.name(),
        "beam_width": settings.beam_width,
        "search": fitted.search,
        "seed": settings.seed,
        "vectors": of,
        "training_vectors": training,
        "validation_vectors": validation,
        "variance": fitted.variance,
        "training_mse": fitted.training_mse,
        "validation_mse": fitted.validation_mse,
        "training_db": decibels(fitted.training_mse, fitted.variance),
        "validation_db": fitted.validation_mse.and_then(|mse| decibels(mse, fitted.variance)),
        "refitted": fitted.refitted,
        "updates": fitted.curve.last().map(|point| point.0),
        "ended": fitted.ended.name(),
        "seconds": fitted.seconds,
        "curve": fitted.curve,
    });
    format!("{value:#}")
}

fn run_import(args: &FitArgs, path: &Path) -> Result<(), CliError> {
    let books = import(path, args.method).map_err(refused)?;
    let mut output = output(args, path).begin().map_err(refused)?;
    let beam_width = beam_width(args, &books)?;
    let provenance = Provenance { beam_width, trainer: "import".into(), provenance: path.display().to_string() };
    output.write(&to_bytes(&books, &provenance).map_err(failed)?).map_err(failed)?;
    output.commit().map_err(failed)?;
    wrote(&args.output);
    let (method, dimension, stages, size) = (books.method().label(), books.dimension(), books.stages(), books.size());
    let text = if args.json {
        let method = method.to_lowercase();
        let output = args.output.display().to_string();
        let value = serde_json::json!({
            "output": output, "method": method, "dimension": dimension, "stages": stages, "codebook_size": size,
        });
        format!("{value:#}")
    } else {
        format!("{method} of {stages} × {size} for vectors of dimension {dimension}")
    };
    print(&format!("{text}\n"))
}

fn beam_width(args: &FitArgs, books: &Codebooks) -> Result<usize, CliError> {
    let most = books.method().max_beam(books.stages(), books.size());
    let found = args.beam_width.unwrap_or(most.min(16));
    let error = FitError::Beam { method: books.method(), found, most };
    if (1..=most).contains(&found) { Ok(found) } else { Err(refused(error)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        let seconds = |text| parse_time(text).map(|time| time.as_secs_f64());
        assert_eq!(
            [seconds("90s"), seconds("5m"), seconds("2h"), seconds("1.5")].map(Result::unwrap),
            [90.0, 300.0, 7200.0, 1.5]
        );
        for wrong in ["", "m", "5d", "-1s", "0", "NaN", "inf", "1e99h"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
