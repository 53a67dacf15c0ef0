//! Resolves `[training]` to [`TrainingSettings`]: defaults as in PyTorch and in the paper's recipe, effective values
//! only.

use serde::Deserialize;

use super::error::{Checked, Fault, Span};
use super::layer::Settings;
use super::resolve::required;
use crate::task::cell::{KmeansSettings, Optimizer, Replacement, Schedule, TrainingSettings};

const OPTIMIZER: &str = "training.optimizer";
const SCHEDULE: &str = "training.schedule";
const ENABLED: &str = "training.replacement.enabled";

/// Default number of iterations of k-means, as in FAISS.
const ITERATIONS: u64 = 25;

/// The settings of k-means.
pub fn kmeans(settings: &Settings) -> KmeansSettings {
    KmeansSettings { kmeans_iterations: settings.whole("training.iterations").unwrap_or(ITERATIONS) }
}

/// Default learning rate of Adam, in standard deviations of a coordinate. A step of Adam has the size of the rate, so
/// the best rate scales with the data. It was chosen from .003 to .1 on Laplacian data in 48 dimensions.
const RELATIVE_RATE: f64 = 0.1;
/// Default number of updates of toy trainings.
const UPDATES: u64 = 10_000;

/// The settings of stochastic training. `deviation` is the standard deviation of a coordinate of the data, if known.
pub fn resolve(settings: &Settings, head: Span, deviation: Option<f64>) -> Checked<TrainingSettings> {
    const RATE: &str = "training.learning-rate";
    let learning_rate = match (settings.number(RATE), deviation.filter(|_| settings.text(OPTIMIZER) != Some("sgd"))) {
        (Some(rate), _) => rate,
        (None, Some(deviation)) => RELATIVE_RATE * deviation,
        (None, None) => required(settings, RATE, head)?.node.number().unwrap_or_default(),
    };
    let updates = match (settings.whole("training.updates"), deviation) {
        (Some(updates), _) => updates,
        (None, Some(_)) => UPDATES,
        (None, None) => required(settings, "training.updates", head)?.node.whole().unwrap_or_default(),
    };
    let log_every = at_most(settings, "training.log-every", updates, (updates / 20).max(1))?;
    Ok(TrainingSettings {
        optimizer: optimizer(settings)?,
        learning_rate,
        schedule: schedule(settings, learning_rate)?,
        batch_size: settings.whole("training.batch-size").unwrap_or(256) as usize,
        updates,
        log_every,
        replacement: replacement(settings, updates)?,
    })
}

fn optimizer(settings: &Settings) -> Checked<Optimizer> {
    let is_sgd = settings.text(OPTIMIZER) == Some("sgd");
    for path in ["training.beta1", "training.beta2", "training.epsilon"] {
        settings.depends(path, OPTIMIZER, !is_sgd, "training.optimizer = \"adam\"")?;
    }
    settings.depends("training.momentum", OPTIMIZER, is_sgd, "training.optimizer = \"sgd\"")?;
    let number = |path: &str, default: f64| settings.number(path).unwrap_or(default);
    Ok(if is_sgd {
        Optimizer::Sgd { momentum: number("training.momentum", 0.0) }
    } else {
        Optimizer::Adam {
            beta1: number("training.beta1", 0.9),
            beta2: number("training.beta2", 0.999),
            epsilon: number("training.epsilon", 1e-8),
        }
    })
}

/// The choices of `training.schedule`.
#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Course {
    Constant,
    Step,
    Cosine,
    #[default]
    Exponential,
}

fn schedule(settings: &Settings, learning_rate: f64) -> Checked<Schedule> {
    let course: Course = settings.choice(SCHEDULE)?.unwrap_or_default();
    let falls = matches!(course, Course::Cosine | Course::Exponential);
    settings.depends("training.final-rate", SCHEDULE, falls, "training.schedule = \"cosine\" or \"exponential\"")?;
    for path in ["training.step-every", "training.step-factor"] {
        settings.depends(path, SCHEDULE, course == Course::Step, "training.schedule = \"step\"")?;
    }
    match course {
        Course::Constant => Ok(Schedule::Constant),
        Course::Step => step(settings),
        Course::Cosine => Ok(Schedule::Cosine { final_rate: final_rate(settings, learning_rate)? }),
        Course::Exponential => Ok(Schedule::Exponential { final_rate: final_rate(settings, learning_rate)? }),
    }
}

fn step(settings: &Settings) -> Checked<Schedule> {
    match (settings.whole("training.step-every"), settings.number("training.step-factor"), settings.node(SCHEDULE)) {
        (Some(every), Some(factor), _) => Ok(Schedule::Step { every, factor }),
        (_, _, node) => {
            let span = node.map(|node| node.span).unwrap_or_default();
            Err(Fault::new(span, "the schedule \"step\" needs `training.step-every` and `training.step-factor`")
                .allowed("step-every = UPDATES and step-factor = a number above 0, up to 1"))
        }
    }
}

fn final_rate(settings: &Settings, learning_rate: f64) -> Checked<f64> {
    match settings.node("training.final-rate") {
        None => Ok(learning_rate / 100.0),
        Some(node) => match node.number() {
            Some(rate) if rate <= learning_rate => Ok(rate),
            _ => Err(node
                .cannot_be("training.final-rate")
                .allowed(format!("a number above 0, up to training.learning-rate, which is {learning_rate}"))),
        },
    }
}

fn replacement(settings: &Settings, updates: u64) -> Checked<Option<Replacement>> {
    let is_enabled = settings.flag(ENABLED).unwrap_or(true);
    const STOP: &str = "training.replacement.stop-before-end";
    for path in ["training.replacement.every", "training.replacement.threshold", STOP] {
        settings.depends(path, ENABLED, is_enabled, "training.replacement.enabled = true")?;
    }
    if !is_enabled {
        return Ok(None);
    }
    Ok(Some(Replacement {
        every: settings.whole("training.replacement.every").unwrap_or(200),
        threshold: settings.number("training.replacement.threshold").unwrap_or(0.01),
        stop_before_end: at_most(settings, STOP, updates, updates / 10)?,
    }))
}

/// A number of updates, at most the total number.
pub fn at_most(settings: &Settings, path: &str, updates: u64, default: u64) -> Checked<u64> {
    match settings.node(path) {
        None => Ok(default),
        Some(node) => match node.whole() {
            Some(value) if value <= updates => Ok(value),
            _ => Err(node.cannot_be(path).allowed(format!("up to training.updates, which is {updates}"))),
        },
    }
}
