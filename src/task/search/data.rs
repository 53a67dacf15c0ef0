//! `[data]` of a search experiment: synthetic descriptors, or a folder of the user.

use super::settings;
use crate::data::cache::Places;
use crate::data::descriptors::DescriptorData;
use crate::number::whole;
use crate::task::DataNotes;
use crate::task::cell::CellSettings;
use crate::task::settings::data_set::{Opened, Source, SpecData};
use crate::task::settings::{Checked, Point, Settings};

/// Default sizes of the synthetic set.
const LEARN: u64 = 20_000;
const BASE: u64 = 20_000;
const QUERIES: u64 = 1_000;

impl SpecData for DescriptorData {
    const SIZES: &'static [&'static str] = &["data.learn", "data.base", "data.queries"];
    const ALLOWED: &'static str = "a folder in the layout of SIFT1M: NAME_learn, NAME_base and NAME_query (.fvecs, \
                         .bvecs or .npy), and NAME_groundtruth.ivecs if there is one";

    fn of_folder(source: &Source, sizes: &[Option<u64>]) -> Result<Self, String> {
        let sizes = [sizes[0], sizes[1], sizes[2]];
        let data = DescriptorData::folder(&source.folder, sizes).map_err(|error| error.to_string())?;
        Ok(DescriptorData { name: source.name(data.name), ..data })
    }

    fn synthetic(sizes: &[Option<u64>], seed: u64) -> Self {
        let size = |i: usize, default| sizes[i].unwrap_or(default);
        DescriptorData::synthetic(size(0, LEARN), size(1, BASE), size(2, QUERIES), seed)
    }

    fn dimension(opened: &mut Opened<Self>, settings: &Settings, places: &Places) -> Checked<usize> {
        Ok(opened.get(settings, places)?.dimension)
    }

    fn cell(self, settings: &Settings, point: Point) -> Checked<CellSettings> {
        settings::resolve(settings, point, self).map(CellSettings::Search)
    }

    fn notes(&self) -> DataNotes {
        DataNotes {
            not_comparable: not_comparable(self),
            synthetic: self.digest.is_none().then(|| self.name.clone()),
            ..DataNotes::default()
        }
    }
}

/// Why numbers on these data can't be compared with the published ones. None for SIFT1M with the published sizes.
pub fn not_comparable(data: &DescriptorData) -> Option<String> {
    let is_sift1m = data.digest.is_some()
        && data.name.to_lowercase().contains("sift")
        && (data.dimension, data.learn, data.base, data.queries) == (128, 100_000, 1_000_000, 10_000);
    (!is_sift1m).then(|| {
        format!(
            "the vectors are not SIFT1M but {}: {} learn, {} base and {} query vectors",
            data.name,
            whole(data.learn),
            whole(data.base),
            whole(data.queries)
        )
    })
}
