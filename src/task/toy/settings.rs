//! The settings of a toy cell: the distribution of its vectors, and the number of measured vectors.

use serde::{Deserialize, Serialize};

use crate::data::{Distribution, ToyData, Vectors};
use crate::quantizer::QuantizerSettings;
use crate::task::settings::resolve::{Point, dimension, required, training};
use crate::task::settings::{Checked, Fault, Node, Settings, Span, quantizer};
use crate::training::Training;

/// Default variance of a coordinate of toy data.
const VARIANCE: f64 = 1.0;
/// Default number of training vectors, as in the paper.
const VECTORS: u64 = 500_000;
/// Default number of test vectors, 2^18 as in the reference.
const EVALUATION_VECTORS: u64 = 262_144;
const OTHER_SEARCH: &str = "evaluation.other-search-vectors";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EvaluationSettings {
    /// Number of test vectors.
    pub vectors: u64,
    /// This many training vectors are also encoded with the other AVQ search, with the same codebooks; 0 = none.
    pub other_search_vectors: u64,
    /// The training set error is measured on this many training vectors, the first ones. None = on all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_vectors: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ToySettings {
    pub data: ToyData,
    pub quantizer: QuantizerSettings,
    pub training: Training,
    pub evaluation: EvaluationSettings,
}

/// The settings of a toy cell.
pub fn resolve(settings: &Settings, point: Point) -> Checked<ToySettings> {
    let data = data(settings, point.head)?;
    let quantizer = quantizer::resolve(settings, point, data.dimension)?;
    let training = training(settings, point, Some(data.variance.sqrt()))?;
    match (data.vectors, &training) {
        (Vectors::Fixed(vectors), Training::Nsvq(nsvq)) => check_enough(settings, point, vectors, nsvq.batch_size)?,
        (Vectors::Stream, Training::Kmeans(_)) => {
            let span = settings.node("data.vectors").map_or(point.name, |node| node.span);
            return Err(Fault::new(span, "k-means needs a fixed training set, not a stream")
                .allowed("data.vectors = a number of vectors"));
        }
        _ => {}
    }
    let evaluation = evaluation(settings, point, data.vectors)?;
    Ok(ToySettings { data, quantizer, training, evaluation })
}

/// The number of training vectors.
pub fn vectors(settings: &Settings) -> Vectors {
    match settings.node("data.vectors") {
        Some(node) => node.whole().map_or(Vectors::Stream, Vectors::Fixed),
        None => Vectors::Fixed(VECTORS),
    }
}

fn data(settings: &Settings, head: Span) -> Checked<ToyData> {
    const DISTRIBUTION: &str = "data.distribution";
    let chosen = required(settings, DISTRIBUTION, head)?.node;
    let distribution: Distribution = chosen.choice(DISTRIBUTION)?;
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
        // Other distributions ignore it, so that one --set can seed the mixtures of an experiment with several
        // distributions.
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

/// The exact variance h(h+1)/3 of integers −h..h.
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
    // "All" has only one representation, so that equal work has an equal key.
    let subset = training_subset(settings, vectors, "evaluation.training-vectors")?;
    let training_vectors = subset.filter(|n| *n != all);
    let other = training_subset(settings, vectors, OTHER_SEARCH)?.unwrap_or(0);
    let has_other = point.method.has_beam() && other > 0;
    if has_other {
        // One of the two searches is the released one, for every `quantizer.search`.
        quantizer::check_released(settings, OTHER_SEARCH, point)?;
    }
    Ok(EvaluationSettings { vectors: fresh, other_search_vectors: if has_other { other } else { 0 }, training_vectors })
}

/// A number of training vectors, at most their total number.
fn training_subset(settings: &Settings, vectors: Vectors, field: &str) -> Checked<Option<u64>> {
    let count = settings.whole(field);
    match (vectors, settings.node(field), count) {
        (Vectors::Fixed(most), Some(node), Some(count)) if count > most => {
            let message = format!("`{field}` is {count}, but there are only {most} training vectors");
            Err(Fault::new(node.span, message).allowed(format!("0 to {most}")))
        }
        _ => Ok(count),
    }
}
