//! The settings of a spec: one row a field, with its path, what it may hold and where it may stand. Checks of a single
//! value live here; those that need several values are made where cells are resolved.

use super::error::{Checked, Fault, closest, quoted};
use super::plan::TaskKind;
use super::value::{Node, Value};
use crate::quantizer::Method;

/// What a field may hold.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Choice(&'static [&'static str]),
    Flag,
    Text,
    TextList,
    /// Names of panels.
    Names,
    /// A whole number within the bounds, both included.
    Whole(i64, i64),
    /// A finite number that passes the test, and the test in words.
    Number(fn(f64) -> bool, &'static str),
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
    /// A list of them, without repetition.
    MethodList,
    /// A method, or with its trainer `rvq:kmeans` or `rvq:nsvq`.
    NamedMethod,
    /// A list of them, without repetition.
    NamedMethods,
    /// A number of seeds or a list of seeds.
    Seeds,
}

/// A setting, and where it may stand besides the base, variants, profiles and `--set`.
pub(super) struct Field {
    /// Dotted, as in `training.learning-rate`.
    pub path: &'static str,
    pub kind: Kind,
    /// The tasks in which it has a meaning.
    pub tasks: &'static [TaskKind],
    /// Under `[sweep]`, as an axis.
    pub axis: bool,
    /// In an `[[override]]`, for single points.
    pub point: bool,
}

const ESTIMATORS: &[&str] = &["nsvq", "ste", "rotation", "diveq"];
pub(super) const FIGURES: &[&str] = &["1", "1a", "1b", "2a", "2b", "3", "4a", "4b", "4c", "5", "6a", "6b"];
/// The largest T of a recall@T.
pub(super) const MOST_RANK: i64 = 1_000_000;
/// More seeds, vectors or updates than any machine gets through are typing errors.
const MOST: i64 = 1_000_000_000_000;
/// Vectors of a fixed training set: their order alone takes 4 bytes each, and the order's numbers have 32 bits.
const MOST_VECTORS: i64 = 1_000_000_000;
/// Images are kept in memory, 3 KiB each.
const MOST_IMAGES: i64 = crate::data::images::MOST as i64;
/// What a panel of images may show.
pub(super) const IMAGE_METRICS: &[&str] = &["psnr", "ssim", "psnr-images", "ssim-uniform", "pixel-mse", "latent-nmse"];

/// What a panel of speech may show.
pub(super) const SPEECH_METRICS: &[&str] = &["pesq", "psnr-perceptual"];
/// Bit/s of coded speech: below, the envelope alone takes all; above, nothing is left to hear.
const BITRATES: Kind = Kind::WholeList(6_000, MOST_BITRATE);
pub(super) const MOST_BITRATE: i64 = 64_000;
/// Utterances are kept in memory, some MB each.
const MOST_UTTERANCES: i64 = crate::data::speech::MOST as i64;

const ALL: &[TaskKind] = &[TaskKind::Toy, TaskKind::Search, TaskKind::Image, TaskKind::Speech, TaskKind::Complexity];
const TRAINED: &[TaskKind] = &[TaskKind::Toy, TaskKind::Search, TaskKind::Image, TaskKind::Speech];
const TOY: &[TaskKind] = &[TaskKind::Toy];
const SEARCH: &[TaskKind] = &[TaskKind::Search];
const IMAGE: &[TaskKind] = &[TaskKind::Image];
const SPEECH: &[TaskKind] = &[TaskKind::Speech];
/// Those that take files of the user's.
const FILES: &[TaskKind] = &[TaskKind::Search, TaskKind::Image, TaskKind::Speech];

/// A field of a cell: everywhere but in complexity experiments.
const fn cell(path: &'static str, kind: Kind) -> Field {
    Field { path, kind, tasks: TRAINED, axis: true, point: true }
}

/// A field of a whole panel or plan.
const fn panel(path: &'static str, kind: Kind) -> Field {
    Field { path, kind, tasks: ALL, axis: false, point: false }
}

impl Field {
    const fn only(self, tasks: &'static [TaskKind]) -> Field {
        Field { tasks, ..self }
    }
}

const POSITIVE: Kind = Kind::Number(|x| x > 0.0, "a number above 0");
const BELOW_ONE: Kind = Kind::Number(|x| (0.0..1.0).contains(&x), "a number from 0 to below 1");
const SHARE: Kind = Kind::Number(|x| (0.0..=1.0).contains(&x), "a number from 0 to 1");
const COUNT: Kind = Kind::Whole(1, MOST);

pub(super) const FIELDS: &[Field] = &[
    panel("sweep.methods", Kind::MethodList),
    panel("sweep.baselines", Kind::MethodList).only(TRAINED),
    panel("sweep.bits", Kind::WholeList(1, 256)),
    panel("sweep.bits-per-stage", Kind::WholeList(1, 16)),
    panel("sweep.stages", Kind::WholeList(1, 16)),
    Field { tasks: TRAINED, point: true, ..panel("sweep.seeds", Kind::Seeds) },
    cell(
        "data.distribution",
        Kind::Choice(&["uniform", "uniform-integers", "normal", "laplace", "ar1", "low-rank-mixture", "chained-maps"]),
    )
    .only(TOY),
    Field {
        tasks: &[TaskKind::Toy, TaskKind::Complexity],
        point: false,
        ..cell("data.dimension", Kind::Whole(1, 65_536))
    },
    cell("data.rank", Kind::Whole(1, 65_536)).only(TOY),
    cell("data.correlation", Kind::Number(|x| -1.0 < x && x < 1.0, "a number between -1 and 1, both excluded"))
        .only(TOY),
    cell("data.variance", POSITIVE).only(TOY),
    cell("data.vectors", Kind::Vectors).only(TOY),
    cell("data.mixing-seed", Kind::Whole(0, i64::MAX)).only(TOY),
    Field { point: false, ..cell("data.path", Kind::Text).only(FILES) },
    Field { point: false, ..cell("data.set", Kind::Choice(&["sift1m", "siftsmall"])).only(SEARCH) },
    Field { point: false, ..cell("data.set", Kind::Choice(&["cifar10"])).only(IMAGE) },
    Field { point: false, ..cell("data.set", Kind::Choice(&["librispeech"])).only(SPEECH) },
    Field { point: false, ..cell("data.learn", Kind::Whole(1, MOST_VECTORS)).only(SEARCH) },
    Field { point: false, ..cell("data.base", Kind::Whole(1, MOST_VECTORS)).only(SEARCH) },
    Field { point: false, ..cell("data.queries", Kind::Whole(1, MOST_VECTORS)).only(SEARCH) },
    Field { point: false, ..cell("data.images", Kind::Whole(1, MOST_IMAGES)).only(IMAGE) },
    Field { point: false, ..cell("data.test-images", Kind::Whole(1, MOST_IMAGES)).only(IMAGE) },
    Field { point: false, ..cell("data.utterances", Kind::Whole(1, MOST_UTTERANCES)).only(SPEECH) },
    Field { point: false, ..cell("data.test-utterances", Kind::Whole(1, MOST_UTTERANCES)).only(SPEECH) },
    panel("data.attribution", Kind::Text).only(SPEECH),
    Field { point: false, ..cell("data.seed", Kind::Whole(0, i64::MAX)).only(FILES) },
    cell("network.width", Kind::Whole(1, 4096)).only(IMAGE),
    cell("network.blocks", Kind::Whole(0, 64)).only(IMAGE),
    Field { point: false, ..cell("network.latent-dimension", Kind::Whole(1, 4096)).only(IMAGE) },
    cell("network.updates", Kind::Whole(0, MOST)).only(IMAGE),
    cell("network.learning-rate", POSITIVE).only(IMAGE),
    cell("network.batch-size", Kind::Whole(1, 65_536)).only(IMAGE),
    Field { point: false, ..cell("network.frozen", Kind::Flag).only(IMAGE) },
    cell("codec.advance", Kind::Whole(320, 512)).only(SPEECH),
    Field { point: false, ..cell("codec.bands", Kind::Whole(4, 64)).only(SPEECH) },
    cell("codec.weighting", SHARE).only(SPEECH),
    cell("codec.rounding", Kind::Number(|x| (0.0..=0.5).contains(&x), "a number from 0 to 0.5")).only(SPEECH),
    cell("codec.noise-filling", SHARE).only(SPEECH),
    cell("codec.reservoir", Kind::Whole(0, 5_000)).only(SPEECH),
    Field { tasks: ALL, ..cell("quantizer.beam-width", Kind::Beam) },
    cell("quantizer.training-beam-width", Kind::Beam),
    cell("quantizer.search", Kind::Choice(&["beam", "ordered", "released"])),
    cell("quantizer.init", Kind::Choice(&["uniform", "normal", "data", "kmeans", "pvq", "rvq"])),
    cell("quantizer.init-updates", COUNT),
    cell("quantizer.init-learning-rate", POSITIVE),
    Field {
        tasks: &[TaskKind::Toy, TaskKind::Search, TaskKind::Speech],
        ..cell("quantizer.estimator", Kind::Choice(&["nsvq"]))
    },
    cell("quantizer.estimator", Kind::Choice(ESTIMATORS)).only(IMAGE),
    cell("quantizer.commitment", Kind::Number(|x| x >= 0.0, "a number, 0 or more")).only(IMAGE),
    cell("quantizer.noise", Kind::Choice(&["vector", "stage"])).only(IMAGE),
    cell("training.trainer", Kind::Choice(&["nsvq", "kmeans"])),
    cell("training.iterations", COUNT),
    cell("training.optimizer", Kind::Choice(&["adam", "sgd"])),
    cell("training.beta1", BELOW_ONE),
    cell("training.beta2", BELOW_ONE),
    cell("training.epsilon", POSITIVE),
    cell("training.momentum", BELOW_ONE),
    cell("training.learning-rate", POSITIVE),
    cell("training.schedule", Kind::Choice(&["constant", "cosine", "exponential", "step"])),
    cell("training.final-rate", POSITIVE),
    cell("training.step-every", COUNT),
    cell("training.step-factor", Kind::Number(|x| x > 0.0 && x <= 1.0, "a number above 0, up to 1")),
    cell("training.batch-size", Kind::Whole(1, 1_048_576)),
    cell("training.updates", COUNT),
    cell("training.exact-updates", Kind::Whole(0, MOST)).only(IMAGE),
    cell("training.log-every", COUNT),
    cell("training.replacement.enabled", Kind::Flag),
    cell("training.replacement.every", COUNT),
    cell("training.replacement.threshold", Kind::Number(|x| (0.0..=1.0).contains(&x), "a number from 0 to 1")),
    cell("training.replacement.stop-before-end", Kind::Whole(0, MOST)),
    cell("end-to-end.updates", Kind::Whole(0, MOST)).only(SPEECH),
    cell("end-to-end.learning-rate", POSITIVE).only(SPEECH),
    cell("end-to-end.batch-size", Kind::Whole(1, 65_536)).only(SPEECH),
    cell("end-to-end.estimator", Kind::Choice(ESTIMATORS)).only(SPEECH),
    cell("evaluation.vectors", COUNT).only(TOY),
    cell("evaluation.training-vectors", COUNT).only(TOY),
    panel("evaluation.metrics", Kind::ChoiceList(&["mse"])).only(TOY),
    panel("evaluation.metric", Kind::Choice(IMAGE_METRICS)).only(IMAGE),
    panel("evaluation.metric", Kind::Choice(SPEECH_METRICS)).only(SPEECH),
    panel("evaluation.bitrates", BITRATES).only(SPEECH),
    panel("evaluation.also-bitrates", BITRATES).only(SPEECH),
    Field { point: false, ..cell("evaluation.opus", Kind::Flag).only(SPEECH) },
    panel("evaluation.primary", Kind::Choice(&["training", "fresh"])).only(&[TaskKind::Toy, TaskKind::Image]),
    cell("evaluation.other-search-vectors", Kind::Whole(0, MOST)).only(TOY),
    panel("evaluation.recall-at", Kind::WholeList(1, MOST_RANK)).only(SEARCH),
    panel("evaluation.also-recall-at", Kind::WholeList(1, MOST_RANK)).only(SEARCH),
    Field { point: false, ..cell("evaluation.norms", Kind::Choice(&["exact", "byte", "omitted"])).only(SEARCH) },
    Field {
        point: true,
        ..panel("comparison.margin", Kind::Number(|x| x > 0.0 && x < 1.0, "a number between 0 and 1: 0.005 is 0.5 %"))
    },
    Field {
        tasks: &[TaskKind::Image, TaskKind::Speech],
        point: true,
        ..panel("comparison.margin-db", Kind::Number(|x| x > 0.0 && x < 10.0, "a number of dB between 0 and 10"))
    },
    Field {
        tasks: SPEECH,
        point: true,
        ..panel("comparison.margin-pesq", Kind::Number(|x| x > 0.0 && x < 4.0, "a number of points between 0 and 4"))
    },
    panel("comparison.comparable", Kind::Flag),
    panel("comparison.reason", Kind::Text),
    panel("comparison.anomalies", Kind::TextList),
];

/// The row of a path: that of the task, where tasks have rows of their own.
pub(super) fn find(path: &str, task: TaskKind) -> Option<&'static Field> {
    let rows = || FIELDS.iter().filter(|field| field.path == path);
    rows().find(|field| field.tasks.contains(&task)).or(rows().next())
}

/// Whether some task has a field of this path.
pub(super) fn is_known(path: &str) -> bool {
    FIELDS.iter().any(|field| field.path == path)
}

impl Kind {
    /// What is allowed, in words.
    fn allowed(self) -> String {
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

    /// Checks one value, alone.
    pub fn check(self, name: &str, node: &Node) -> Checked<()> {
        let fits = match self {
            Kind::Choice(names) => node.text().is_some_and(|text| names.contains(&text)),
            Kind::Flag => node.flag().is_some(),
            Kind::Text => node.text().is_some(),
            Kind::TextList => node.list().is_some_and(|items| items.iter().all(|item| item.text().is_some())),
            Kind::Names => return check_list(Kind::Text, self, name, node),
            Kind::Whole(low, high) => is_within(node, low, high),
            Kind::Number(test, _) => node.number().is_some_and(|x| x.is_finite() && test(x)),
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
                "only codebooks inside a network, task \"image\", or trained end to end (end-to-end.estimator) need another one: \
                 alone they get the exact gradient",
            ),
            (_, Some(meant)) => fault.help(format!("did you mean \"{meant}\"?")),
            _ => fault,
        })
    }
}

/// Checks a list of `item`s: not empty, nothing twice.
pub(super) fn check_items(item: Kind, name: &str, items: &[Node]) -> Checked<()> {
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
pub(super) fn beam_limit(text: &str) -> Option<usize> {
    let inner = text.trim().strip_prefix("min(")?.strip_suffix(')')?;
    let (k, limit) = inner.split_once(',')?;
    if k.trim() != "K" {
        return None;
    }
    limit.trim().parse().ok().filter(|limit| *limit >= 1)
}
