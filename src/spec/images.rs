//! `[data]` of an image experiment: synthetic images, or a folder of the user's own.

use std::path::PathBuf;

use super::cell::ImageData;
use super::data_set::source;
use super::error::Checked;
use super::layer::Settings;
use crate::data::cache::Places;

/// Sizes of the synthetic set where none are given.
const TRAINING: u64 = 10_000;
const TEST: u64 = 1_000;

/// What [data] says: folder, images, test-images, seed.
type Written = (Option<PathBuf>, [Option<u64>; 2], u64);

/// The image sets of a plan; files are read through once each, for their digest.
#[derive(Default)]
pub(super) struct ImageSets(Vec<(Written, ImageData)>);

impl ImageSets {
    /// The set that these settings name.
    pub fn get(&mut self, settings: &Settings, places: &Places) -> Checked<&ImageData> {
        let limits = ["data.images", "data.test-images"].map(|path| settings.whole(path));
        let source = source(settings, places, "synthetic images")?;
        let folder = source.as_ref().map(|source| source.folder.clone());
        let written: Written = (folder, limits, settings.whole("data.seed").unwrap_or(1));
        if let Some(known) = self.0.iter().position(|(known, _)| *known == written) {
            return Ok(&self.0[known].1);
        }
        let data = match source {
            Some(source) => {
                let data = ImageData::folder(&source.folder, limits).map_err(|error| {
                    source.fault(
                        error,
                        "a folder with the binary files of CIFAR-10 (data_batch_1.bin and so on, test_batch.bin), or with \
                         PNG images in the folders train and test",
                    )
                })?;
                ImageData { name: source.name(data.name), ..data }
            }
            None => ImageData::synthetic(limits[0].unwrap_or(TRAINING), limits[1].unwrap_or(TEST), written.2),
        };
        self.0.push((written, data));
        Ok(&self.0[self.0.len() - 1].1)
    }

    /// The name of the user's own data, if any are used: results on them get a folder of their own.
    pub fn own_name(&self) -> Option<String> {
        self.0.iter().find_map(|(_, data)| data.digest.is_some().then(|| data.name.clone()))
    }
}

/// Why numbers on these data can't stand against the published ones; none for CIFAR-10, or a part of it: the quality of
/// test images depends on what they show, and little on their number.
pub(super) fn not_comparable(data: &ImageData) -> Option<String> {
    let is_cifar10 = data.digest.is_some() && data.name.to_lowercase().contains("cifar");
    (!is_cifar10).then(|| {
        format!(
            "the images are not CIFAR-10 but {}: {} to train on, {} to test on",
            data.name, data.training, data.test
        )
    })
}
