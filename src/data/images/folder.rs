//! Folders of images.

use std::path::{Path, PathBuf};

use super::{ImageData, ImageKind, Part, cifar, kind, picture};
use crate::data::choice::DataChoice;
use crate::data::error::DataError;
use crate::data::folder::{by_number, holds, name_of, names};
use crate::data::parts::{digest, items};

/// The accepted content of a folder.
const ACCEPTED: &str = "the binary files of CIFAR-10 (data_batch*.bin and test_batch*.bin), or PNG images of 32 × 32 \
                        pixels or more in train/ and test/, or two or more in the folder itself, of which every tenth \
                        is for the test";

/// One of this many pictures is for the test.
const EVERY: usize = 10;

/// The files of a set, sorted within each part, in the order of [`Part::ALL`].
#[derive(Debug)]
pub enum Layout {
    Cifar([Vec<PathBuf>; 2]),
    Pictures([Vec<PathBuf>; 2]),
}

impl Layout {
    /// Finds the files of the only set in a folder.
    ///
    /// # Errors
    /// [`DataError::Folder`] with the found and the accepted files; [`FileError::Read`](crate::data::file::FileError).
    pub fn find(folder: &Path) -> Result<Self, DataError> {
        let names = names(folder)?;
        let refused = |reason: String| Err(no_set(folder, reason));
        let batches = |prefix: &str| sorted(&names, folder, |name| name.starts_with(prefix) && name.ends_with(".bin"));
        let batches = [batches("data_batch"), batches("test_batch")];
        let pictures = sorted(&names, folder, is_picture);
        let below = ["train", "test"].map(|name| folder.join(name)).map(|below| below.is_dir().then_some(below));
        let holds = || holds(&names);
        let has_batches = batches.iter().any(|files| !files.is_empty());
        match (has_batches, !pictures.is_empty(), below) {
            (true, true, _) => refused("it holds both binary files and PNG images; move one kind elsewhere".into()),
            (true, false, _) => match batches.each_ref().map(Vec::is_empty) {
                [false, false] => Ok(Self::Cifar(batches)),
                [_, true] => refused(format!("test_batch.bin is missing, it holds {}", holds())),
                [true, _] => refused(format!("data_batch_1.bin is missing, it holds {}", holds())),
            },
            (false, true, [None, None]) if pictures.len() == 1 => refused(
                "it holds a single PNG image, and tiles of one picture are too similar to be used for both training \
                 and test; add other images"
                    .into(),
            ),
            (false, true, [None, None]) => Ok(Self::Pictures(split(pictures))),
            (false, true, _) => refused("it holds PNG images beside train/ or test/; move them there".into()),
            (false, false, [Some(training), Some(test)]) => {
                Ok(Self::Pictures([in_folder(&training)?, in_folder(&test)?]))
            }
            (false, false, [Some(_), None]) => refused("it holds train/, but test/ is missing".into()),
            (false, false, [None, Some(_)]) => refused("it holds test/, but train/ is missing".into()),
            (false, false, [None, None]) => refused(format!("it holds {}", holds())),
        }
    }

    /// The number of images in each part.
    ///
    /// # Errors
    /// Files that are truncated or can't be read.
    pub fn counts(&self) -> Result<[u64; 2], DataError> {
        let mut counts = [0; 2];
        let (Self::Cifar(parts) | Self::Pictures(parts)) = self;
        for (count, files) in counts.iter_mut().zip(parts) {
            for file in files {
                *count += match self {
                    Self::Cifar(_) => cifar::count(file)?,
                    Self::Pictures(_) => picture::count(file)?,
                };
            }
        }
        Ok(counts)
    }

    /// Reads the first images of a part until `out` (n × 32 × 32 × 3) is full.
    ///
    /// # Errors
    /// Files that are damaged or can't be read.
    pub fn read(&self, part: Part, out: &mut [u8]) -> Result<(), DataError> {
        match self {
            Self::Cifar(parts) => Ok(cifar::read(&parts[part as usize], out)?),
            Self::Pictures(parts) => picture::read(part, &parts[part as usize], out),
        }
    }
}

fn no_set(folder: &Path, reason: String) -> DataError {
    DataError::Folder { path: folder.into(), reason, accepted: ACCEPTED }
}

fn is_picture(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png"))
}

/// The PNG images of a subfolder, at least one.
fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let names = names(folder)?;
    let pictures = sorted(&names, folder, is_picture);
    if pictures.is_empty() {
        return Err(no_set(folder, format!("it has no PNG image, it holds {}", holds(&names))));
    }
    Ok(pictures)
}

/// Takes the first of every ten pictures for the test, with all its tiles, because the tiles of one picture are
/// similar.
fn split(pictures: Vec<PathBuf>) -> [Vec<PathBuf>; 2] {
    let mut parts = [Vec::new(), Vec::new()];
    for (i, picture) in pictures.into_iter().enumerate() {
        let part = if i % EVERY == 0 { Part::Test } else { Part::Training };
        parts[part as usize].push(picture);
    }
    parts
}

/// The files whose names are wanted, sorted.
fn sorted(names: &[String], folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut names: Vec<&String> = names.iter().filter(|name| wanted(name)).collect();
    names.sort_by(|a, b| by_number(a, b));
    names.into_iter().map(|name| folder.join(name)).collect()
}

impl ImageData {
    /// Opens a folder, and reads all used images once to compute the digest. The folder holds one of these:
    /// - the binary files of CIFAR-10: any number of `data_batch*.bin` and of `test_batch*.bin`, sorted by name,
    ///   numbers by their value;
    /// - PNG images, cut into adjacent tiles of 32 × 32 pixels from the top left corner on. Pixels that remain at the
    ///   right and at the bottom are dropped. The images are in `train/` and `test/`. Without these folders they are in
    ///   the folder itself, and the first, the eleventh and so on are for the test. Gray, palette and 16-bit images
    ///   become 8-bit RGB (16-bit values keep the upper eight bits). Transparent pixels are drawn over white. Gamma and
    ///   color profiles are ignored. The tiles of a part are shuffled in a fixed order, so that the first tiles are a
    ///   mixture of all pictures.
    ///
    /// `limits` (training, test) keeps only the first images of a part; None keeps all.
    ///
    /// # Errors
    /// [`DataError::Folder`]; files that are truncated or damaged; limits above the number of images.
    pub fn folder(path: &Path, limits: [Option<u64>; 2]) -> Result<Self, DataError> {
        let layout = Layout::find(path)?;
        let mut counts = layout.counts()?;
        for ((part, count), limit) in Part::ALL.into_iter().zip(&mut counts).zip(limits) {
            let most = *count;
            *count = limit.unwrap_or(most);
            DataError::check_count(items::<ImageKind>(part), *count, most)?;
        }
        let name = name_of(path)?.unwrap_or("images".into());
        let mut data = Self::of_folder(path, name, counts);
        data.check_counts()?;
        data.digest = Some(digest::<ImageKind>(&kind::read(&data, &layout)?));
        Ok(data)
    }
}
