//! What was run, on which data and how; the verdict on each panel; the anomalies of the published numbers.

use super::document::{Document, Inline, Text, text};
use super::format::{enumerate, whole};
use super::{ReportInput, panel_name};
use crate::compare::PanelComparison;
use crate::compare::statistics::FEW_RUNS;
use crate::metric::{self, Over};
use crate::runner::Status;
use crate::spec::{
    Contender, Init, Margin, Method, Optimizer, Panel, PanelAxis, QuantizerSettings, Schedule, Search, Trainer,
    Training, TrainingSettings,
};
use crate::task::Task;

pub(super) fn what_was_run(input: &ReportInput, document: &mut Document) {
    let plan = input.plan;
    document.reference("What was run");
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
        items.push(vec![Inline::Strong(panel_name(panel)), Inline::Plain(format!(": {}.", data_of(plan.task, panel)))]);
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

fn data_of(task: &dyn Task, panel: &Panel) -> String {
    let cells = panel.points.iter().flat_map(|p| &p.cells);
    let mut kinds: Vec<String> = Vec::new();
    for kind in cells.map(|cell| task.setting_in_words(&cell.settings)) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.join("; ")
}

/// Describes the methods that the paper does not have.
fn beyond_the_paper(contenders: &[Contender]) -> String {
    let mut text = String::new();
    for method in Method::known().into_iter().filter(|method| contenders.iter().any(|c| c.method == *method)) {
        if let Some(about) = method.definition().about {
            text.push_str(&format!(" {about}"));
        }
    }
    if contenders.iter().any(|c| c.trainer == Trainer::Kmeans) {
        text.push_str(
            " Baselines are trained by k-means (PVQ, RVQ) or alternating optimization: AVQ alternates between beam \
             search and least squares.",
        );
    }
    text
}

/// The values that a setting takes over all cells, in order of appearance.
pub(crate) fn distinct<'a, S, T: PartialEq>(settings: &[&'a S], value: impl Fn(&'a S) -> T) -> Vec<T> {
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
    if let Some(measurement) = input.plan.task.measurement_in_words(input.plan) {
        document.paragraph(measurement);
    }
    for (quantizers, what) in [(&together.0, "Codebooks in the network start"), (&alone.0, "Codebooks start")] {
        if !quantizers.is_empty() {
            starts(what, quantizers, document);
        }
    }
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
    document.reference("How the verdicts are made");
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
    let counts: Vec<String> = comparison.counts().iter().map(|(v, n)| format!("{n} {}", v.name())).collect();
    let counts = counts.join(", ");
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
    let points = comparison.judged().count();
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
    document.reference("Anomalies of the published data");
    document.paragraph("Properties of the published numbers that affect the comparison.");
    let item = |(anomaly, panels): (&str, Vec<String>)| {
        vec![Inline::Strong(enumerate(&panels)), Inline::Plain(format!(": {anomaly}"))]
    };
    document.list(found.into_iter().map(item).collect());
}
