//! The settings of a spec. There is one row per field, with its path, its allowed values and its allowed tables. Checks
//! of a single value are here. Checks that need several values run where cells are resolved.

use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::ops::RangeBounds;

use super::error::{Checked, Fault, closest, quoted};
use super::value::{Node, Value};
use crate::quantizer::Method;
use crate::task::Task;

/// The allowed values of a field.
#[derive(Clone, Copy)]
pub enum Kind {
    Choice(&'static [&'static str]),
    Flag,
    Text,
    TextList,
    /// Names of panels.
    Names,
    /// A whole number within the bounds, both included.
    Whole(i64, i64),
    /// A finite number within the bounds. The text describes them.
    Number(Bounds, &'static str),
    /// A whole number from 1 or `min(K, N)`.
    Beam,
    /// A whole number from 1 to [`MOST_VECTORS`] or `"stream"`.
    Vectors,
    /// A list of whole numbers within the bounds, without repetition.
    WholeList(i64, i64),
    /// A list of choices, without repetition.
    ChoiceList(&'static [&'static str]),
    /// The name of a known method, registered ones included.
    Method,
    /// A list of methods, without repetition.
    MethodList,
    /// A method, optionally with its trainer: `rvq:kmeans` or `rvq:nsvq`.
    NamedMethod,
    /// A list of such methods, without repetition.
    NamedMethods,
    /// A number of seeds or a list of seeds.
    Seeds,
}

/// The lower and the upper bound of a number.
pub type Bounds = (Bound<f64>, Bound<f64>);

/// A setting, with the tables that allow it in addition to the base, variants, profiles and `--set`.
pub struct Field {
    /// The dotted path, such as `training.learning-rate`.
    pub path: &'static str,
    pub kind: Kind,
    /// Its meaning and its default, one sentence each, for the reference.
    pub about: &'static str,
    /// For common fields: whether tasks that train nothing have it, too.
    pub untrained: bool,
    /// Allowed under `[sweep]`, as an axis.
    pub axis: bool,
    /// Allowed in an `[[override]]`, for single points.
    pub point: bool,
}

/// Gradient estimators for codebooks inside a network.
pub const ESTIMATORS: &[&str] = &["nsvq", "ste", "rotation", "diveq"];
pub const FIGURES: &[&str] = &["1", "1a", "1b", "2a", "2b", "3", "4a", "4b", "4c", "5", "6a", "6b"];
/// A larger number of seeds, vectors or updates is a typing error, because no machine can process it.
pub const MOST: i64 = 1_000_000_000_000;
/// Maximum number of vectors in a fixed training set. Their order takes 4 bytes per vector, and its numbers have 32
/// bits.
pub const MOST_VECTORS: i64 = 1_000_000_000;

/// A field of a cell.
pub const fn cell(path: &'static str, kind: Kind) -> Field {
    Field { path, kind, about: "", untrained: false, axis: true, point: true }
}

/// A field of a whole panel or plan.
pub const fn panel(path: &'static str, kind: Kind) -> Field {
    Field { path, kind, about: "", untrained: true, axis: false, point: false }
}

impl Field {
    /// Sets the meaning and the default.
    pub const fn about(self, about: &'static str) -> Field {
        Field { about, ..self }
    }

    /// Forbids the field in an `[[override]]`, because it holds for a whole panel.
    pub const fn of_panel(self) -> Field {
        Field { point: false, ..self }
    }

    /// Allows the field in an `[[override]]`.
    pub const fn of_points(self) -> Field {
        Field { point: true, ..self }
    }

    /// Allows the field in tasks that train nothing.
    const fn also_untrained(self) -> Field {
        Field { untrained: true, ..self }
    }

    /// Forbids the field in tasks that train nothing.
    const fn trained(self) -> Field {
        Field { untrained: false, ..self }
    }
}

pub const POSITIVE: Kind = Kind::Number((Excluded(0.0), Unbounded), "a number above 0");
pub const BELOW_ONE: Kind = Kind::Number((Included(0.0), Excluded(1.0)), "a number from 0 to below 1");
pub const SHARE: Kind = Kind::Number((Included(0.0), Included(1.0)), "a number from 0 to 1");
pub const COUNT: Kind = Kind::Whole(1, MOST);

/// The fields of every task. Fields of single tasks are in [`Task::fields`].
pub const COMMON: &[Field] = &[
    panel("sweep.methods", Kind::MethodList).about("Methods, trained by NSVQ unless `training.trainer` says otherwise."),
    panel("sweep.baselines", Kind::MethodList).about("Methods trained by k-means (alternating optimization), in addition to `sweep.methods`.").trained(),
    panel("sweep.bits", Kind::WholeList(1, 256)).about("Total bits of a code, M·b."),
    panel("sweep.bits-per-stage", Kind::WholeList(1, 16)).about("Bits per stage b, instead of the total; K = 2^b."),
    panel("sweep.stages", Kind::WholeList(1, 16)).about("Numbers of stages (codebooks) M; several of them make an axis."),
    panel("sweep.seeds", Kind::Seeds).about("Number of seeds (10 means 1 to 10), or a list of seeds; default: 10.").trained().of_points(),
    cell("quantizer.beam-width", Kind::Beam).about("AVQ: tuples that the encoder search keeps; default: 16.").also_untrained(),
    cell("quantizer.training-beam-width", Kind::Beam).about("AVQ: beam width in training; default: `quantizer.beam-width`."),
    cell("quantizer.search", Kind::Choice(&["beam", "ordered", "released"])).about("AVQ: encoder search. `beam` tries the codebooks in any order, `ordered` in their order; `released` is the search of the authors' code, with its defects; default: beam."),
    cell("quantizer.init", Kind::Choice(&["uniform", "normal", "data", "kmeans", "pvq", "rvq"])).about("Start of the codebooks: `uniform` within ±1/K as in the reference code, `normal`, `data` (training vectors), `kmeans`, or a `pvq` or `rvq` trained before; default: uniform; kmeans inside a network."),
    cell("quantizer.init-updates", COUNT).about("Updates of the quantizer that `init` = pvq or rvq trains first."),
    cell("quantizer.init-learning-rate", POSITIVE).about("Learning rate of that quantizer; default: `training.learning-rate`."),
    cell("quantizer.estimator", Kind::Choice(&["nsvq"])).about("Gradient estimator; codebooks that are trained alone always get the exact gradient; default: nsvq."),
    cell("training.trainer", Kind::Choice(&["nsvq", "kmeans"])).about("Trainer of `sweep.methods`: stochastic optimization (NSVQ), or k-means (alternating optimization); default: nsvq."),
    cell("training.iterations", COUNT).about("Iterations of k-means; default: 25."),
    cell("training.optimizer", Kind::Choice(&["adam", "sgd"])).about("Optimizer; default: adam."),
    cell("training.beta1", BELOW_ONE).about("Adam; default: 0.9."),
    cell("training.beta2", BELOW_ONE).about("Adam; default: 0.999."),
    cell("training.epsilon", POSITIVE).about("Adam; default: 1e-8."),
    cell("training.momentum", BELOW_ONE).about("SGD; default: 0."),
    cell("training.learning-rate", POSITIVE).about("Initial learning rate; default for toy data with Adam: 0.1 standard deviations of a coordinate."),
    cell("training.schedule", Kind::Choice(&["constant", "cosine", "exponential", "step"])).about("Schedule of the learning rate; default: exponential."),
    cell("training.final-rate", POSITIVE).about("Learning rate at the end of `cosine` and `exponential`; default: a hundredth of the first."),
    cell("training.step-every", COUNT).about("Updates between two steps of the schedule `step`."),
    cell("training.step-factor", Kind::Number((Excluded(0.0), Included(1.0)), "a number above 0, up to 1")).about("Factor of the learning rate at each step of the schedule `step`."),
    cell("training.batch-size", Kind::Whole(1, 1_048_576)).about("Vectors per update (images where a network is trained with the codebooks); default: 256 vectors or 32 images."),
    cell("training.updates", COUNT).about("Updates; default for toy data: 10,000."),
    cell("training.log-every", COUNT).about("Updates between two points of the training log; default: a twentieth of all."),
    cell("training.replacement.enabled", Kind::Flag).about("Whether rarely used codewords are replaced; default: true."),
    cell("training.replacement.every", COUNT).about("Updates between two replacements; default: 200."),
    cell("training.replacement.threshold", SHARE).about("Codewords that are used in a smaller share of the batches are replaced; default: 0.01."),
    cell("training.replacement.stop-before-end", Kind::Whole(0, MOST)).about("Updates without replacement at the end; default: a tenth of all."),
    panel("comparison.margin", Kind::Number((Excluded(0.0), Excluded(1.0)), "a number between 0 and 1: 0.005 is 0.5 %")).about("Equivalence margin relative to the published mean; default: 0.005.")
        .of_points(),
    panel("comparison.comparable", Kind::Flag).about("Whether the settings aim at the published numbers; default: true."),
    panel("comparison.reason", Kind::Text).about("Reason for `comparable` = false."),
    panel("comparison.anomalies", Kind::TextList).about("Known anomalies of the published data; the report lists them."),
];

/// Rows that several tasks have: a folder of the user, the seed of synthetic data, a margin in dB.
pub const DATA_PATH: Field = cell("data.path", Kind::Text).about("Folder of your own data.").of_panel();
pub const DATA_SEED: Field =
    cell("data.seed", Kind::Whole(0, i64::MAX)).about("Seed of synthetic data; default: 1.").of_panel();
pub const MARGIN_DB: Field =
    panel("comparison.margin-db", Kind::Number((Excluded(0.0), Excluded(10.0)), "a number of dB between 0 and 10"))
        .about(
            "Equivalence margin in dB; default: 0.25, and 1.5 for perceptual SNR (0.75 with 300 utterances or more).",
        )
        .of_points();
pub const PRIMARY: Field = panel("evaluation.primary", Kind::Choice(&["training", "fresh"]))
    .about("Measurement under the published names: on the training set, or on the held-out test set.");

/// The rows of a task: its common rows, then its own rows.
pub fn rows(task: &dyn Task) -> impl Iterator<Item = &'static Field> {
    let (own, trains) = (task.fields(), task.trains());
    let has =
        move |field: &&'static Field| (trains || field.untrained) && !own.iter().any(|other| other.path == field.path);
    COMMON.iter().filter(has).chain(own)
}

/// The row of a path in a task.
pub fn find(path: &str, task: &dyn Task) -> Option<&'static Field> {
    rows(task).find(|field| field.path == path)
}

/// All rows of all tasks.
fn everywhere() -> impl Iterator<Item = &'static Field> {
    COMMON.iter().chain(crate::task::all().into_iter().flat_map(Task::fields))
}

/// The row of a path in any task.
pub fn find_anywhere(path: &str) -> Option<&'static Field> {
    everywhere().find(|field| field.path == path)
}

/// Whether `path` is a table of settings in some task, such as `training.replacement`.
pub fn is_section(path: &str) -> bool {
    everywhere().any(|field| field.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

impl Kind {
    /// A text with the allowed values.
    pub fn allowed(self) -> String {
        match self {
            Kind::Choice(names) => quoted(names.iter().copied()),
            Kind::Flag => "true, false".to_owned(),
            Kind::Text => "a text in quotes".to_owned(),
            Kind::TextList => "a list of texts in quotes".to_owned(),
            Kind::Names => "a list of names in quotes, not empty".to_owned(),
            Kind::Whole(low, high) => whole_numbers(low, high),
            Kind::Number(_, words) => words.to_owned(),
            Kind::Beam => "a whole number, 1 or more, or \"min(K, N)\" with a whole number N".to_owned(),
            Kind::Vectors => format!(
                "a whole number, 1 to {MOST_VECTORS} (a fixed set keeps an order of its vectors in memory), or \"stream\" for endless new vectors"
            ),
            Kind::WholeList(low, high) => format!("a list, not empty, each {}", whole_numbers(low, high)),
            Kind::ChoiceList(names) => format!("a list, not empty, out of {}", quoted(names.iter().copied())),
            Kind::Method => quoted(Method::names().iter().map(String::as_str)),
            Kind::MethodList => format!("a list, not empty, out of {}", Kind::Method.allowed()),
            Kind::NamedMethod => {
                format!("{}, or one with its trainer, as \"rvq:kmeans\" or \"rvq:nsvq\"", Kind::Method.allowed())
            }
            Kind::NamedMethods => format!("a list, not empty, out of {}", Kind::NamedMethod.allowed()),
            Kind::Seeds => {
                "a number of seeds, 1 or more (10 means 1 to 10), or a list of seeds such as [1, 5]".to_owned()
            }
        }
    }

    /// Checks a single value.
    pub fn check(self, name: &str, node: &Node) -> Checked<()> {
        let fits = match self {
            Kind::Choice(names) => node.text().is_some_and(|text| names.contains(&text)),
            Kind::Flag => node.flag().is_some(),
            Kind::Text => node.text().is_some(),
            Kind::TextList => node.list().is_some_and(|items| items.iter().all(|item| item.text().is_some())),
            Kind::Names => return check_list(Kind::Text, self, name, node),
            Kind::Whole(low, high) => is_within(node, low, high),
            Kind::Number(bounds, _) => node.number().is_some_and(|x| x.is_finite() && bounds.contains(&x)),
            Kind::Beam => is_within(node, 1, MOST) || node.text().is_some_and(|text| beam_limit(text).is_some()),
            Kind::Vectors => is_within(node, 1, MOST_VECTORS) || node.text() == Some("stream"),
            Kind::WholeList(low, high) => return check_list(Kind::Whole(low, high), self, name, node),
            Kind::ChoiceList(names) => return check_list(Kind::Choice(names), self, name, node),
            Kind::Method => {
                node.text().is_some_and(|text| Method::names().iter().any(|name| name.eq_ignore_ascii_case(text)))
            }
            Kind::MethodList => return check_list(Kind::Method, self, name, node),
            Kind::NamedMethods => return check_list(Kind::NamedMethod, self, name, node),
            Kind::NamedMethod => node.text().is_some_and(|text| {
                let (method, trainer) = text.split_once(':').unwrap_or((text, "nsvq"));
                ["nsvq", "kmeans"].contains(&trainer)
                    && Method::names().iter().any(|name| name.eq_ignore_ascii_case(method))
            }),
            Kind::Seeds if node.list().is_some() => return check_list(Kind::Whole(0, i64::MAX), self, name, node),
            Kind::Seeds => is_within(node, 1, MOST),
        };
        if fits {
            return Ok(());
        }
        let fault = node.cannot_be(name).allowed(self.allowed());
        let methods = Method::names();
        let meant = match (self, node.text()) {
            (Kind::Choice(names), Some(text)) => closest(text, names.iter().copied()),
            (Kind::Method | Kind::NamedMethod, Some(text)) => closest(text, methods.iter().map(String::as_str)),
            _ => None,
        };
        Err(match (name, meant) {
            ("quantizer.estimator", _) if matches!(self, Kind::Choice([_])) => fault.help(
                "only codebooks inside a network, task \"image\", or trained end to end (end-to-end.estimator) need \
                 another one: alone they get the exact gradient",
            ),
            (_, Some(meant)) => fault.help(format!("did you mean \"{meant}\"?")),
            _ => fault,
        })
    }
}

/// Checks a list of `item`s. It must not be empty, and nothing may be in it twice.
pub fn check_items(item: Kind, name: &str, items: &[Node]) -> Checked<()> {
    for (i, node) in items.iter().enumerate() {
        item.check(name, node)?;
        if items[..i].iter().any(|earlier| earlier.to_string() == node.to_string()) {
            return Err(Fault::new(node.span, format!("`{name}` has {node} twice")).help("remove one of them"));
        }
    }
    Ok(())
}

fn check_list(item: Kind, list: Kind, name: &str, node: &Node) -> Checked<()> {
    match node.list() {
        Some(items) if !items.is_empty() => check_items(item, name, items),
        _ => Err(node.cannot_be(name).allowed(list.allowed())),
    }
}

fn is_within(node: &Node, low: i64, high: i64) -> bool {
    matches!(node.value, Value::Whole(whole) if (low..=high).contains(&whole))
}

fn whole_numbers(low: i64, high: i64) -> String {
    if high >= MOST { format!("a whole number, {low} or more") } else { format!("a whole number, {low} to {high}") }
}

/// N of `min(K, N)`.
pub fn beam_limit(text: &str) -> Option<usize> {
    let inner = text.trim().strip_prefix("min(")?.strip_suffix(')')?;
    let (k, limit) = inner.split_once(',')?;
    if k.trim() != "K" {
        return None;
    }
    limit.trim().parse().ok().filter(|limit| *limit >= 1)
}
