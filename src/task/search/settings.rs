//! The settings of a search cell: the descriptors, the training of codebooks, and the T of recall@T.

use serde::{Deserialize, Serialize};

use crate::data::descriptors::DescriptorData;
use crate::quantizer::QuantizerSettings;
use crate::search::Norms;
use crate::task::settings::resolve::{Point, ranks, required, training};
use crate::task::settings::{Checked, Settings, quantizer};
use crate::training::Training;

/// Nearest-neighbor search: train on the learn set, encode the base, search for the queries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SearchSettings {
    pub data: DescriptorData,
    pub quantizer: QuantizerSettings,
    pub training: Training,
    pub evaluation: RecallSettings,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecallSettings {
    /// T, ascending.
    pub recall_at: Vec<u32>,
    /// What AVQ and RVQ store of the length of a decoded vector.
    pub norms: Norms,
}

/// The settings of a search cell on the descriptors `data`.
pub fn resolve(settings: &Settings, point: Point, data: DescriptorData) -> Checked<SearchSettings> {
    const RECALL_AT: &str = "evaluation.recall-at";
    let quantizer = quantizer::resolve(settings, point, data.dimension)?;
    let training = training(settings, point, None)?;
    let mut recall_at = ranks(required(settings, RECALL_AT, point.head)?.node);
    recall_at.extend(settings.node("evaluation.also-recall-at").map(ranks).unwrap_or_default());
    // Sorted, so that panels with different parts of one list share their cells.
    recall_at.sort_unstable();
    recall_at.dedup();
    let norms = settings.choice("evaluation.norms")?.unwrap_or(Norms::Exact);
    // The distances of a product quantizer need no norms.
    let norms = if point.method.is_product() { Norms::Omitted } else { norms };
    Ok(SearchSettings { data, quantizer, training, evaluation: RecallSettings { recall_at, norms } })
}
