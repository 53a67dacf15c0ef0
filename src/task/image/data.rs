//! `[data]` of an image experiment: synthetic images, or a folder of the user.

use super::settings;
use crate::data::cache::Places;
use crate::data::images::ImageData;
use crate::number::whole;
use crate::task::DataNotes;
use crate::task::cell::CellSettings;
use crate::task::settings::data_set::{Opened, Source, SpecData};
use crate::task::settings::{Checked, Point, Settings};

/// Default sizes of the synthetic set.
const TRAINING: u64 = 10_000;
const TEST: u64 = 1_000;

impl SpecData for ImageData {
    const SIZES: &'static [&'static str] = &["data.images", "data.test-images"];
    const ALLOWED: &'static str = "a folder with the binary files of CIFAR-10 (data_batch_1.bin and so on, \
                         test_batch.bin), or with PNG images in the folders train and test";

    fn of_folder(source: &Source, sizes: &[Option<u64>]) -> Result<Self, String> {
        let data = ImageData::folder(&source.folder, [sizes[0], sizes[1]]).map_err(|error| error.to_string())?;
        Ok(ImageData { name: source.name(data.name), ..data })
    }

    fn synthetic(sizes: &[Option<u64>], seed: u64) -> Self {
        ImageData::synthetic(sizes[0].unwrap_or(TRAINING), sizes[1].unwrap_or(TEST), seed)
    }

    fn dimension(_: &mut Opened<Self>, settings: &Settings, _: &Places) -> Checked<usize> {
        Ok(settings::dimension(settings))
    }

    fn cell(self, settings: &Settings, point: Point) -> Checked<CellSettings> {
        settings::resolve(settings, point, self).map(CellSettings::Image)
    }

    fn notes(&self) -> DataNotes {
        DataNotes {
            not_comparable: not_comparable(self),
            synthetic: self.digest.is_none().then(|| self.name.clone()),
            ..DataNotes::default()
        }
    }
}

/// Why numbers on these data can't be compared with the published ones. None for CIFAR-10 or a part of it: the quality
/// of test images depends on their content, and little on their number.
pub fn not_comparable(data: &ImageData) -> Option<String> {
    let name = data.name.to_lowercase().replace(['-', '_'], "");
    // CIFAR-100 has other images.
    let is_named = name.strip_prefix("cifar10").is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_cifar10 = data.digest.is_some() && is_named;
    (!is_cifar10).then(|| {
        format!(
            "the images are not CIFAR-10 but {}: {} training and {} test images",
            data.name,
            whole(data.training),
            whole(data.test)
        )
    })
}
