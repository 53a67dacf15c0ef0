//! What was run, on which data and how; the verdict on each panel; the anomalies of the published numbers.

use super::document::{Document, Inline, Text, text};
use super::format::{enumerate, significant, whole};
use super::{ReportInput, panel_name};
use crate::compare::statistics::FEW_RUNS;
use crate::compare::{PanelComparison, Verdict};
use crate::metric::{self, Over};
use crate::runner::Status;
use crate::spec::{
    CellSettings, Contender, DescriptorData, Distribution, Init, Margin, Method, Norms, Optimizer, Panel, PanelAxis,
    QuantizerSettings, Schedule, Search, SearchSettings, ToyData, ToySettings, Trainer, Training, TrainingSettings,
    Vectors,
};

pub(super) const VERDICTS: [Verdict; 6] = [
    Verdict::Reproduced,
    Verdict::Better,
    Verdict::Inconclusive,
    Verdict::Worse,
    Verdict::Missing,
    Verdict::NotComparable,
];

pub(super) fn what_was_run(input: &ReportInput, document: &mut Document) {
    let plan = input.plan;
    document.section("What was run");
    if !plan.description.is_empty() {
        document.paragraph(plan.description.clone());
    }
    let mut methods: Vec<&str> = Vec::new();
    for name in plan.contenders.iter().map(|c| c.method.label()) {
        if !methods.contains(&name) {
            methods.push(name);
        }
    }
    document.paragraph(format!(
        "Vector quantization (VQ) replaces a vector by the index (code) of a stored vector (codeword), so that few \
         bits describe it. The methods here, {}, combine codewords of several stages. Additive VQ (AVQ) sums codewords \
         that are chosen together. Residual VQ (RVQ) sums codewords that are chosen one after the other. Product VQ \
         (PVQ) quantizes parts of the vector separately.{}",
        enumerate(&methods),
        beyond_the_paper(&plan.contenders)
    ));
    let mut items = vec![counts(input), text(format!("Seeds: {}.", seeds(&plan.seeds)))];
    for panel in &plan.panels {
        items.push(vec![Inline::Strong(panel_name(panel)), Inline::Plain(format!(": {}.", data_of(panel)))]);
    }
    document.list(items);
    training(input, document);
}

fn counts(input: &ReportInput) -> Text {
    let cells = input.plan.cells();
    let status = |wanted: Status| {
        cells.iter().filter(|c| input.records.get(&c.key()).is_some_and(|r| r.status == wanted)).count()
    };
    let (done, bad) = (status(Status::Done), status(Status::Diverged) + status(Status::Failed));
    let missing = cells.len() - done - bad;
    vec![
        Inline::Plain("Profile ".into()),
        Inline::Code(input.plan.profile.clone()),
        Inline::Plain(format!(
            ": {done} of {} cells (one point with one seed each) are done, {bad} failed, {missing} are missing.",
            cells.len()
        )),
    ]
}

fn seeds(seeds: &[u64]) -> String {
    match seeds {
        [first, .., last] if *last == first + seeds.len() as u64 - 1 => format!("{first} to {last}"),
        _ => enumerate(seeds),
    }
}

fn data_of(panel: &Panel) -> String {
    let cells = panel.points.iter().flat_map(|p| &p.cells);
    let mut kinds: Vec<String> = Vec::new();
    for cell in cells {
        let kind = match &cell.settings {
            CellSettings::Toy(toy) => toy_in_words(&toy.data),
            CellSettings::Search(search) => descriptors_in_words(&search.data),
            CellSettings::Image(image) => super::image::data_in_words(image),
            CellSettings::Speech(speech) => super::speech::data_in_words(speech),
            CellSettings::Complexity(c) => {
                format!(
                    "operation counts for encoding one vector of dimension {} with {} stages",
                    c.dimension, c.stages
                )
            }
            CellSettings::Custom(custom) => format!("data of the task \"{}\"", custom.task),
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.join("; ")
}

/// Describes the methods that the paper does not have.
fn beyond_the_paper(contenders: &[Contender]) -> String {
    let has = |method: Method| contenders.iter().any(|c| c.method == method);
    let mut text = String::new();
    if has(Method::Opq) {
        text.push_str(" Optimized PQ (OPQ) is product VQ after a learned rotation.");
    }
    if has(Method::Lsq) {
        text.push_str(" Local-search quantization (LSQ) also sums codewords. It improves one codeword at a time.");
    }
    if contenders.iter().any(|c| c.trainer == Trainer::Kmeans) {
        text.push_str(
            " Baselines are trained by k-means (PVQ, RVQ) or alternating optimization: AVQ alternates between beam \
             search and least squares.",
        );
    }
    text
}

pub(super) fn descriptors_in_words(data: &DescriptorData) -> String {
    let what = match data.digest.is_some() {
        true => data.name.clone(),
        false => format!("{} (made by this program, not real ones; seed {})", data.name, data.seed.unwrap_or(1)),
    };
    format!(
        "{what}: {} training vectors, {} base vectors, {} queries, dimension {}",
        whole(data.learn),
        whole(data.base),
        whole(data.queries),
        data.dimension
    )
}

pub(super) fn toy_in_words(data: &ToyData) -> String {
    let vectors = match data.vectors {
        Vectors::Fixed(n) => format!("a fixed set of {} vectors", whole(n)),
        Vectors::Stream => "an endless stream of new vectors".into(),
    };
    let rank = data.rank.unwrap_or(data.dimension);
    let law = match data.distribution {
        Distribution::Uniform => "independent uniform coordinates".to_string(),
        Distribution::UniformIntegers => "independent coordinates, each a uniform integer".into(),
        Distribution::Normal => "independent normal coordinates".into(),
        Distribution::Laplace => "independent Laplace coordinates".into(),
        Distribution::Ar1 => format!("first-order autoregression with coefficient {}", data.correlation.unwrap_or(0.0)),
        Distribution::LowRankMixture => format!("{rank} uniform sources mixed by one fixed random matrix"),
        Distribution::ChainedMaps => {
            format!("uniform sources squeezed through {rank} dimensions by two fixed random matrices")
        }
    };
    let mixing = data.mixing_seed.map(|seed| format!(" (seed of the matrix: {seed})")).unwrap_or_default();
    format!(
        "{vectors} of dimension {}: {law}{mixing}, variance {} per coordinate",
        data.dimension,
        significant(data.variance)
    )
}

/// The values that a setting takes over all cells, in order of appearance.
fn distinct<'a, S, T: PartialEq>(settings: &[&'a S], value: impl Fn(&'a S) -> T) -> Vec<T> {
    let mut found = Vec::new();
    for setting in settings {
        let value = value(setting);
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

fn training(input: &ReportInput, document: &mut Document) {
    let cells = input.plan.cells();
    let iterations = cells.iter().filter_map(|c| match c.settings.training()? {
        Training::Kmeans(kmeans) => Some(kmeans.kmeans_iterations),
        Training::Nsvq(_) => None,
    });
    if let Some(most) = iterations.max() {
        document.paragraph(format!("Baselines: up to {most} iterations of k-means or alternating optimization."));
    }
    let nsvq = |is_joint: bool| -> (Vec<&QuantizerSettings>, Vec<&TrainingSettings>) {
        let own = cells.iter().filter(|c| c.settings.is_joint() == is_joint);
        own.filter_map(|c| Some((c.settings.quantizer()?, c.settings.training()?.nsvq()?))).unzip()
    };
    let (together, alone) = (nsvq(true), nsvq(false));
    for ((quantizers, settings), what, unit) in
        [(&together, "Training of network and codebooks", "images"), (&alone, "Training", "vectors")]
    {
        if !settings.is_empty() {
            stochastic((what, unit), quantizers, settings, document);
        }
    }
    let toy: Vec<&ToySettings> =
        cells.iter().filter_map(|c| if let CellSettings::Toy(toy) = &c.settings { Some(toy) } else { None }).collect();
    if !toy.is_empty() {
        document.paragraph(measurement(&toy));
    }
    let search = cells.iter().find_map(|c| if let CellSettings::Search(s) = &c.settings { Some(s) } else { None });
    if let Some(search) = search {
        document.paragraph(how_searched(search));
    }
    for (quantizers, what) in [(&together.0, "Codebooks in the network start"), (&alone.0, "Codebooks start")] {
        if !quantizers.is_empty() {
            starts(what, quantizers, document);
        }
    }
}

fn how_searched(search: &SearchSettings) -> String {
    let norms = match search.evaluation.norms {
        Norms::Exact => "stored exactly (32 bits per vector beside the code)",
        Norms::Byte => "stored in one byte (8 bits per vector beside the code)",
        Norms::Omitted => "not stored",
    };
    format!(
        "Search: asymmetric distances (ADC) with look-up tables, from the unquantized query to the codes of the base. \
         For AVQ, RVQ and LSQ, the squared norm of every decoded vector is {norms}. PVQ and OPQ need no norms. Recall \
         is relative to the exact nearest neighbor by Euclidean distance."
    )
}

/// The settings of stochastic optimization.
fn stochastic(
    (what, unit): (&str, &str),
    quantizers: &[&QuantizerSettings],
    settings: &[&TrainingSettings],
    document: &mut Document,
) {
    let optimizers = distinct(settings, |s| match s.optimizer {
        Optimizer::Adam { .. } => "Adam",
        Optimizer::Sgd { .. } => "SGD",
    });
    let rates = distinct(settings, |s| rate(s.learning_rate, &s.schedule));
    let mut batches = distinct(settings, |s| s.batch_size);
    batches.sort_unstable();
    let mut updates = distinct(settings, |s| s.updates);
    updates.sort_unstable();
    let updates: Vec<String> = updates.into_iter().map(whole).collect();
    document.paragraph(format!(
        "{what}: {} at learning rate {}, batches of {} {unit}, {} updates.{}",
        optimizers.join(" or "),
        rates.join(" or "),
        enumerate(&batches),
        enumerate(&updates),
        beams(quantizers)
    ));
}

/// The number of vectors on which the errors are measured.
fn measurement(settings: &[&ToySettings]) -> String {
    let training = distinct(settings, |s| match (s.evaluation.training_vectors, s.data.vectors) {
        (Some(n), Vectors::Fixed(all)) if n < all => format!("the first {} training vectors", whole(n)),
        (_, Vectors::Fixed(_)) => "all training vectors".into(),
        (n, Vectors::Stream) => format!("the first {} vectors of the stream", whole(n.unwrap_or(s.evaluation.vectors))),
    });
    let fresh = distinct(settings, |s| whole(s.evaluation.vectors));
    format!(
        "Measurement: the training set error is over {}, the test error over {} test vectors.",
        training.join(" or "),
        fresh.join(" or ")
    )
}

fn rate(start: f64, schedule: &Schedule) -> String {
    match schedule {
        Schedule::Constant => format!("{start}"),
        Schedule::Cosine { final_rate } => format!("{start} falling to {final_rate} along a cosine"),
        Schedule::Exponential { final_rate } => format!("{start} falling exponentially to {final_rate}"),
        Schedule::Step { every, factor } => format!("{start}, multiplied by {factor} every {} updates", whole(*every)),
    }
}

fn beams(quantizers: &[&QuantizerSettings]) -> String {
    let kinds = distinct(quantizers, |q| {
        let (train, test) = (q.training_beam_width?, q.beam_width?);
        let search = match q.search? {
            Search::Beam => "the beam search with the true residual",
            Search::Ordered => "the beam search over the codebooks in the given order",
            Search::Released => "the search of the authors' released code",
        };
        Some(format!("{search} (beam {train} in training, {test} in evaluation)"))
    });
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    if kinds.is_empty() { String::new() } else { format!(" AVQ encodes with {}.", kinds.join(" or ")) }
}

/// Describes the starts of the codebooks. Reports must state warm starts.
fn starts(what: &str, quantizers: &[&QuantizerSettings], document: &mut Document) {
    let starts = distinct(quantizers, |q| {
        let from = match q.init {
            Init::Uniform => "Uniform(−1/K, 1/K), as in the paper",
            Init::Normal => "N(0, 1/K²)",
            Init::Data => "random training vectors",
            Init::Kmeans => "k-means on a sample",
            Init::Pvq => "a trained PVQ (a warm start)",
            Init::Rvq => "a trained RVQ (a warm start)",
        };
        (q.method, from)
    });
    let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
    for (method, from) in starts {
        match kinds.iter_mut().find(|(kind, _)| *kind == from) {
            Some((_, methods)) => methods.push(method.label()),
            None => kinds.push((from, vec![method.label()])),
        }
    }
    let parts: Vec<String> =
        kinds.iter().map(|(from, methods)| format!("{} from {from}", enumerate(methods))).collect();
    document.paragraph(format!("{what}: {}.", parts.join("; ")));
}

pub(super) fn verdicts(input: &ReportInput, document: &mut Document) {
    if input.comparisons.is_empty() {
        return;
    }
    document.section("How the verdicts are made");
    let measured = input.plan.task.words(input.plan.primary).verdicts;
    document.paragraph(format!(
        "{measured}A point is reproduced if two one-sided tests show that its mean is within the margin of the \
         published mean. It is better or worse if its mean is beyond the margin, and inconclusive if the {} are too \
         few to decide. The verdict on a figure is the worst verdict on its points.{}",
        runs(input),
        spread(input)
    ));
    document.list(input.comparisons.iter().map(|c| verdict_line(input, c)).collect());
}

/// What the verdicts count: `seeds`, or `utterances`.
fn runs(input: &ReportInput) -> &'static str {
    let metric = input.plan.panels.first().and_then(|panel| metric::find(&panel.metric));
    metric.map_or(Over::Seeds, |row| row.over).name()
}

/// The origin of the spread of points with few runs.
fn spread(input: &ReportInput) -> String {
    let judged = input.comparisons.iter().filter(|comparison| comparison.axis == PanelAxis::Bits);
    let runs = judged.flat_map(|comparison| &comparison.points).filter_map(|point| point.ours).map(|ours| ours.n);
    match runs.min() {
        Some(n) if n < FEW_RUNS && input.plan.task.trains() => format!(
            " A point with fewer than {FEW_RUNS} seeds takes its spread from its method, pooled over the point and the \
             two bitrates on each side, because two seeds of one point say little about the spread. In simulations, a \
             point at the edge of the margin is then reproduced in some 5 % of all cases, and a point equal to the \
             published one always."
        ),
        _ => String::new(),
    }
}

fn verdict_line(input: &ReportInput, comparison: &PanelComparison) -> Text {
    let panel = input.plan.panels.iter().find(|p| p.name == comparison.panel);
    let name = panel.map_or_else(|| comparison.panel.clone(), panel_name);
    if let Some(reason) = &comparison.not_comparable {
        let rest =
            format!(": not comparable ({reason}). The differences are for orientation. The claims are still checked.");
        return vec![Inline::Strong(name), Inline::Plain(rest)];
    }
    let count = |v: &Verdict| comparison.points.iter().filter(|p| p.verdict == *v).count();
    let counts = VERDICTS.iter().filter(|v| count(v) > 0).map(|v| format!("{} {}", count(v), v.name()));
    let counts = counts.collect::<Vec<_>>().join(", ");
    let largest = comparison
        .points
        .iter()
        .filter_map(|p| p.difference)
        .map(f64::abs)
        .fold(None, |m: Option<f64>, d| Some(m.map_or(d, |m| m.max(d))));
    let largest = largest.zip(panel).map(|(d, panel)| match panel.comparison.margin {
        Margin::Relative(_) => format!("; largest difference {:.2} %", 100.0 * d),
        Margin::Decibel(_) => format!("; largest difference {d:.2} dB"),
        Margin::Score(_) => format!("; largest difference {d:.3} MOS"),
    });
    let largest = largest.unwrap_or_default();
    let points = comparison.points.len();
    vec![
        Inline::Strong(name),
        Inline::Plain(": ".into()),
        Inline::Strong(comparison.verdict.name().into()),
        Inline::Plain(format!(" ({counts} of {points} points{largest}).")),
    ]
}

pub(super) fn anomalies(input: &ReportInput, document: &mut Document) {
    let mut found: Vec<(&str, Vec<String>)> = Vec::new();
    for comparison in input.comparisons {
        for anomaly in &comparison.anomalies {
            match found.iter_mut().find(|(known, _)| known == anomaly) {
                Some((_, panels)) => panels.push(comparison.panel.clone()),
                None => found.push((anomaly, vec![comparison.panel.clone()])),
            }
        }
    }
    if found.is_empty() {
        return;
    }
    document.section("Anomalies of the published data");
    document.paragraph("Properties of the published numbers that affect the comparison.");
    let item = |(anomaly, panels): (&str, Vec<String>)| {
        vec![Inline::Strong(enumerate(&panels)), Inline::Plain(format!(": {anomaly}"))]
    };
    document.list(found.into_iter().map(item).collect());
}
