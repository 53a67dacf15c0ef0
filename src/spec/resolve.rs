//! Merged settings → the settings of a cell: defaults filled in, values normalized to those that have a meaning for
//! the method, and the checks that need several values at once.

use super::cell::{
    ComplexitySettings, DescriptorData, Distribution, EvaluationSettings, Method, Norms, RecallSettings,
    SearchSettings, ToyData, ToySettings, Trainer, Training, Vectors,
};
use super::error::{Checked, Fault, Span};
use super::layer::{Entry, Settings};
use super::quantizer;
use super::training;
use super::value::Node;

/// Variance of a coordinate of toy data where none is given.
const VARIANCE: f64 = 1.0;
/// Training vectors where none are given, the paper's.
const VECTORS: u64 = 500_000;
/// Fresh vectors of the evaluation where none are given, 2^18 as in the reference.
const EVALUATION_VECTORS: u64 = 262_144;
const OTHER_SEARCH: &str = "evaluation.other-search-vectors";

/// One point of a curve: the method and the shape of its codebooks.
#[derive(Clone, Copy)]
pub(super) struct Point<'a> {
    pub method: Method,
    /// Where the method's name stands.
    pub name: Span,
    /// Given for a baseline; None = that of [training].
    pub trainer: Option<Trainer>,
    /// M.
    pub stages: usize,
    /// b.
    pub bits_per_stage: u32,
    /// The bits as written, to point at.
    pub bits: &'a Node,
    /// Where to point when a field is missing.
    pub head: Span,
}

pub(super) const TRAINER: &str = "training.trainer";

impl Point<'_> {
    /// A baseline's, else that of [training].
    pub fn trainer(self, settings: &Settings) -> Trainer {
        self.trainer.unwrap_or(match settings.text(TRAINER) {
            Some("kmeans") => Trainer::Kmeans,
            _ => Trainer::Nsvq,
        })
    }

    /// K.
    pub fn codebook_size(self) -> usize {
        1 << self.bits_per_stage
    }

    /// M·K.
    pub fn codewords(self) -> usize {
        self.stages * self.codebook_size()
    }

    pub fn total_bits(self) -> u32 {
        self.stages as u32 * self.bits_per_stage
    }

    pub fn label(self) -> String {
        format!(
            "{} at {} bits (M = {}, K = {})",
            self.method.label(),
            self.total_bits(),
            self.stages,
            self.codebook_size()
        )
    }
}

/// The settings of a toy cell.
pub(super) fn toy(settings: &Settings, point: Point) -> Checked<ToySettings> {
    let data = data(settings, point.head)?;
    let quantizer = quantizer::resolve(settings, point, data.dimension)?;
    let training = training(settings, point, Some(data.variance.sqrt()))?;
    match (data.vectors, &training) {
        (Vectors::Fixed(vectors), Training::Nsvq(nsvq)) => check_enough(settings, point, vectors, nsvq.batch_size)?,
        (Vectors::Stream, Training::Kmeans(_)) => {
            let span = settings.node("data.vectors").map_or(point.name, |node| node.span);
            return Err(Fault::new(span, "k-means needs a training set to go through again and again, not a stream")
                .allowed("data.vectors = a number of vectors"));
        }
        _ => {}
    }
    let evaluation = evaluation(settings, point, data.vectors)?;
    Ok(ToySettings { data, quantizer, training, evaluation })
}

/// The settings of a search cell on the descriptors `data`.
pub(super) fn search(settings: &Settings, point: Point, data: DescriptorData) -> Checked<SearchSettings> {
    const RECALL_AT: &str = "evaluation.recall-at";
    let quantizer = quantizer::resolve(settings, point, data.dimension)?;
    let training = training(settings, point, None)?;
    let mut recall_at = ranks(required(settings, RECALL_AT, point.head)?.node);
    recall_at.extend(settings.node("evaluation.also-recall-at").map(ranks).unwrap_or_default());
    // In one order, so that panels that show different parts of one list share their cells.
    recall_at.sort_unstable();
    recall_at.dedup();
    let norms = match (point.method.is_product(), settings.text("evaluation.norms")) {
        // The distances of a product need none.
        (true, _) | (_, Some("omitted")) => Norms::Omitted,
        (_, Some("byte")) => Norms::Byte,
        _ => Norms::Exact,
    };
    Ok(SearchSettings { data, quantizer, training, evaluation: RecallSettings { recall_at, norms } })
}

/// The numbers of a list.
pub(super) fn ranks(node: &Node) -> Vec<u32> {
    let numbers = node.list().unwrap_or_default().iter().filter_map(Node::whole);
    numbers.filter_map(|n| u32::try_from(n).ok()).collect()
}

/// The trainer of a point with its settings; `deviation` is that of a coordinate of the data, where it is known.
pub(super) fn training(settings: &Settings, point: Point, deviation: Option<f64>) -> Checked<Training> {
    let trainer = point.trainer(settings);
    if point.trainer.is_none() {
        let is_nsvq = trainer == Trainer::Nsvq;
        for path in ["training.learning-rate", "training.updates"] {
            settings.depends(path, TRAINER, is_nsvq, "training.trainer = \"nsvq\"")?;
        }
    }
    if trainer == Trainer::Kmeans {
        return Ok(Training::Kmeans(training::kmeans(settings)));
    }
    if !point.method.has_nsvq() {
        let label = point.method.label();
        return Err(Fault::new(point.name, format!("{label} has no stochastic training"))
            .allowed("\"avq\", \"rvq\", \"pvq\"")
            .help(format!(
                "list \"{}\" in sweep.baselines, or set training.trainer = \"kmeans\"",
                label.to_lowercase()
            )));
    }
    Ok(Training::Nsvq(training::resolve(settings, point.head, deviation)?))
}

/// The settings of a complexity cell.
pub(super) fn complexity(settings: &Settings, point: Point) -> Checked<ComplexitySettings> {
    let Point { method, stages, bits_per_stage, .. } = point;
    let dimension = dimension(settings, point.head)?;
    let why = format!("{} cuts each vector into M equal parts", method.label());
    check_dimension(settings, point, dimension, method.is_product(), &why)?;
    if method == Method::Lsq {
        return Err(Fault::new(point.name, "LSQ has no published operation count")
            .allowed("\"avq\", \"rvq\", \"pvq\", \"opq\""));
    }
    let is_avq = method == Method::Avq;
    if !is_avq && stages == 1 {
        let span = settings.node("sweep.stages").map_or(point.head, |node| node.span);
        let message = format!("the published model counts no distance of {} with one stage", method.label());
        return Err(Fault::new(span, message).allowed("2 stages or more for RVQ and PVQ; 1 for AVQ alone"));
    }
    let beam_width = if is_avq {
        Some(quantizer::beam(settings, "quantizer.beam-width", quantizer::BEAM_WIDTH, point)?)
    } else {
        None
    };
    Ok(ComplexitySettings { method, dimension, stages, bits_per_stage, beam_width })
}

/// D.
pub(super) fn dimension(settings: &Settings, head: Span) -> Checked<usize> {
    Ok(required(settings, "data.dimension", head)?.node.whole().unwrap_or_default() as usize)
}

/// The entry at `path`.
pub(super) fn required<'a>(settings: &Settings<'a>, path: &str, head: Span) -> Checked<Entry<'a>> {
    settings.get(path).ok_or_else(|| {
        let section = path.split('.').next().unwrap_or(path);
        Fault::new(head, format!("`{path}` is missing")).help(format!("give it in [{section}]"))
    })
}

/// How many training vectors there are.
pub(super) fn vectors(settings: &Settings) -> Vectors {
    match settings.node("data.vectors") {
        Some(node) => node.whole().map_or(Vectors::Stream, Vectors::Fixed),
        None => Vectors::Fixed(VECTORS),
    }
}

fn data(settings: &Settings, head: Span) -> Checked<ToyData> {
    const DISTRIBUTION: &str = "data.distribution";
    let chosen = required(settings, DISTRIBUTION, head)?.node;
    let distribution = match chosen.text() {
        Some("uniform") => Distribution::Uniform,
        Some("uniform-integers") => Distribution::UniformIntegers,
        Some("normal") => Distribution::Normal,
        Some("laplace") => Distribution::Laplace,
        Some("ar1") => Distribution::Ar1,
        Some("low-rank-mixture") => Distribution::LowRankMixture,
        _ => Distribution::ChainedMaps,
    };
    let dimension = dimension(settings, head)?;
    let is_low_rank = matches!(distribution, Distribution::LowRankMixture | Distribution::ChainedMaps);
    let is_ar1 = distribution == Distribution::Ar1;
    settings.depends("data.rank", DISTRIBUTION, is_low_rank, "\"low-rank-mixture\" and \"chained-maps\"")?;
    settings.depends("data.correlation", DISTRIBUTION, is_ar1, "\"ar1\"")?;
    let needs = |path: &str| {
        settings.node(path).ok_or_else(|| {
            let field = path.trim_start_matches("data.");
            Fault::new(chosen.span, format!("the distribution {chosen} needs `{path}`"))
                .help(format!("add {field} to the same table"))
        })
    };
    let rank = if is_low_rank { Some(rank(needs("data.rank")?, dimension)?) } else { None };
    let correlation = if is_ar1 { needs("data.correlation")?.number() } else { None };
    let variance = settings.node("data.variance");
    let value = variance.and_then(Node::number).unwrap_or(VARIANCE);
    Ok(ToyData {
        distribution,
        dimension,
        rank,
        correlation,
        variance: match (distribution, variance) {
            (Distribution::UniformIntegers, Some(variance)) => integer_variance(variance)?,
            _ => value,
        },
        vectors: vectors(settings),
        // Without effect elsewhere, so that one --set can seed the mixtures of an experiment that has other laws too.
        mixing_seed: is_low_rank.then(|| settings.whole("data.mixing-seed").unwrap_or(1)),
    })
}

fn rank(node: &Node, dimension: usize) -> Checked<usize> {
    match node.whole() {
        Some(rank) if rank as usize <= dimension => Ok(rank as usize),
        _ => Err(node
            .cannot_be("data.rank")
            .allowed(format!("a whole number, 1 to data.dimension, which is {dimension}"))),
    }
}

/// The variance h(h+1)/3 of integers −h..h, exactly.
fn integer_variance(node: &Node) -> Checked<f64> {
    let variance = node.number().unwrap_or_default();
    let of = |h: f64| h * (h + 1.0) / 3.0;
    let below = (((1.0 + 12.0 * variance).sqrt() - 1.0) / 2.0).floor();
    let close = [below, below + 1.0].into_iter().find(|&h| h >= 1.0 && (of(h) - variance).abs() <= 1e-9 * variance);
    if let Some(h) = close {
        return Ok(of(h));
    }
    let nearest: Vec<String> =
        [below, below + 1.0].into_iter().filter(|h| *h >= 1.0).map(|h| format!("{} (h = {h})", of(h))).collect();
    Err(node
        .cannot_be("data.variance")
        .allowed(format!("h(h+1)/3 for integers -h to h; the nearest: {}", nearest.join(", ")))
        .help("distribution = \"uniform\" takes any variance"))
}

pub(super) fn check_dimension(
    settings: &Settings,
    point: Point,
    dimension: usize,
    is_cut: bool,
    why: &str,
) -> Checked<()> {
    let stages = point.stages;
    if !is_cut || dimension.is_multiple_of(stages) {
        return Ok(());
    }
    let written =
        ["data.dimension", "network.latent-dimension", "codec.bands"].into_iter().find_map(|path| settings.node(path));
    let span = written.map_or(point.head, |node| node.span);
    let below = dimension / stages * stages;
    let nearest: Vec<String> = [below, below + stages].iter().filter(|d| **d > 0).map(usize::to_string).collect();
    let message = format!(
        "D = {dimension} can't be divided by M = {stages} (D/M = {:.3}): {why}",
        dimension as f64 / stages as f64
    );
    Err(Fault::new(span, message).allowed(format!("multiples of {stages}; the nearest: {}", nearest.join(", "))))
}

/// A fixed training set must fill one batch and one codebook.
fn check_enough(settings: &Settings, point: Point, vectors: u64, batch: usize) -> Checked<()> {
    let span = |other: Option<&Node>| settings.node("data.vectors").or(other).map_or(point.head, |node| node.span);
    if vectors < batch as u64 {
        let span = span(settings.node("training.batch-size"));
        return Err(Fault::new(span, format!("{vectors} training vectors are fewer than one batch of {batch}"))
            .allowed(format!("data.vectors = {batch} or more, or training.batch-size = {vectors} or less")));
    }
    let size = point.codebook_size();
    if vectors < size as u64 {
        let message = format!(
            "{vectors} training vectors are fewer than the {size} codewords of a codebook of {}",
            point.label()
        );
        return Err(Fault::new(span(Some(point.bits)), message).allowed(format!("data.vectors = {size} or more")));
    }
    Ok(())
}

fn evaluation(settings: &Settings, point: Point, vectors: Vectors) -> Checked<EvaluationSettings> {
    let fresh = settings.whole("evaluation.vectors").unwrap_or(EVALUATION_VECTORS);
    let all = if let Vectors::Fixed(n) = vectors { n } else { fresh };
    // "All" has one spelling, so that equal work has an equal key.
    let subset = training_subset(settings, vectors, "evaluation.training-vectors")?;
    let training_vectors = subset.filter(|n| *n != all);
    let other = training_subset(settings, vectors, OTHER_SEARCH)?.unwrap_or(0);
    let has_other = point.method == Method::Avq && other > 0;
    if has_other {
        // One of the two searches is the released one, whichever `quantizer.search` is.
        quantizer::check_released(settings, OTHER_SEARCH, point)?;
    }
    Ok(EvaluationSettings { vectors: fresh, other_search_vectors: if has_other { other } else { 0 }, training_vectors })
}

/// A number of training vectors, of which there are only so many.
fn training_subset(settings: &Settings, vectors: Vectors, field: &str) -> Checked<Option<u64>> {
    let count = settings.whole(field);
    match (vectors, settings.node(field), count) {
        (Vectors::Fixed(most), Some(node), Some(count)) if count > most => {
            let message = format!("`{field}` is {count}, of only {most} training vectors");
            Err(Fault::new(node.span, message).allowed(format!("0 to {most}")))
        }
        _ => Ok(count),
    }
}
