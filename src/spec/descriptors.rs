//! `[data]` of a search experiment: synthetic descriptors, or a folder of the user's own.

use std::path::PathBuf;

use super::cell::DescriptorData;
use super::data_set::source;
use super::error::Checked;
use super::layer::Settings;
use crate::data::cache::Places;

/// Sizes of the synthetic set where none are given.
const LEARN: u64 = 20_000;
const BASE: u64 = 20_000;
const QUERIES: u64 = 1_000;

/// What [data] says: folder, learn, base, queries, seed.
type Written = (Option<PathBuf>, [Option<u64>; 3], u64);

/// The data sets of a plan; files are read through once each, for their digest.
#[derive(Default)]
pub(super) struct DataSets(Vec<(Written, DescriptorData)>);

impl DataSets {
    /// The set that these settings name.
    pub fn get(&mut self, settings: &Settings, places: &Places) -> Checked<&DescriptorData> {
        let limits = ["data.learn", "data.base", "data.queries"].map(|path| settings.whole(path));
        let source = source(settings, places, "synthetic descriptors")?;
        let folder = source.as_ref().map(|source| source.folder.clone());
        let written: Written = (folder, limits, settings.whole("data.seed").unwrap_or(1));
        if let Some(known) = self.0.iter().position(|(known, _)| *known == written) {
            return Ok(&self.0[known].1);
        }
        let data = match source {
            Some(source) => {
                let data = DescriptorData::folder(&source.folder, limits).map_err(|error| {
                    source.fault(
                        error,
                        "a folder in the layout of SIFT1M: NAME_learn, NAME_base and NAME_query (.fvecs, .bvecs or .npy), \
                         and NAME_groundtruth.ivecs if there is one",
                    )
                })?;
                DescriptorData { name: source.name(data.name), ..data }
            }
            None => DescriptorData::synthetic(
                limits[0].unwrap_or(LEARN),
                limits[1].unwrap_or(BASE),
                limits[2].unwrap_or(QUERIES),
                written.2,
            ),
        };
        self.0.push((written, data));
        Ok(&self.0[self.0.len() - 1].1)
    }

    /// The name of the user's own data, if any are used: results on them get a folder of their own.
    pub fn own_name(&self) -> Option<String> {
        let own = |(_, data): &(Written, DescriptorData)| data.digest.is_some().then(|| data.name.clone());
        self.0.iter().find_map(own)
    }
}

/// Why numbers on these data can't stand against the published ones; none for SIFT1M, which has the published sizes.
pub(super) fn not_comparable(data: &DescriptorData) -> Option<String> {
    let is_sift1m = data.digest.is_some()
        && data.name.to_lowercase().contains("sift")
        && (data.dimension, data.learn, data.base, data.queries) == (128, 100_000, 1_000_000, 10_000);
    (!is_sift1m).then(|| {
        format!(
            "the vectors are not SIFT1M but {}: {} learn, {} base and {} query vectors",
            data.name, data.learn, data.base, data.queries
        )
    })
}
