//! The folders in which data sets are looked for on this machine. `vqlab data fetch` and `vqlab data import` fill the
//! last of them.

use std::path::{Path, PathBuf};

use super::catalogue::{DataSet, KnownData};

/// The environment variable that names the folder of the data sets.
pub const VARIABLE: &str = "VQLAB_DATA";

/// The folder of the data sets: the value of [`VARIABLE`], else `vqlab` in the user's cache folder. None if the machine
/// has neither.
pub fn folder() -> Option<PathBuf> {
    match std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        Some(value) => Some(value.into()),
        None => dirs::cache_dir().map(|caches| caches.join("vqlab")),
    }
}

/// The path of a known data set below the folder of the data sets.
pub fn place(data: &KnownData) -> Option<PathBuf> {
    Some(folder()?.join(data.place))
}

/// Folders that hold data sets, in search order. The default has no folders. Thus results depend on the machine only
/// where the caller asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(Vec<PathBuf>);

impl Places {
    /// The folder that the user named, if any, and then the folder of the data sets.
    pub fn of_user(first: Option<&Path>) -> Self {
        Self(first.map(Path::to_path_buf).into_iter().chain(folder()).collect())
    }

    /// Exactly these folders.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self(folders)
    }

    /// The set's own folder below one of these folders. One of them may also be the set's folder itself.
    pub fn find(&self, set: &DataSet) -> Option<PathBuf> {
        self.0.iter().find_map(|place| {
            let below = set.folders.iter().map(|name| place.join(name)).find(|folder| folder.is_dir());
            let is_named = |name: &std::ffi::OsStr| set.folders.iter().any(|folder| name == *folder);
            below.or_else(|| (place.is_dir() && place.file_name().is_some_and(is_named)).then(|| place.clone()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catalogue::data_set;

    #[test]
    fn a_set_is_found_below_the_first_folder_that_has_it() {
        let root = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            path
        };
        let cifar10 = data_set("cifar10").unwrap();
        let places = Places::new(vec![root.path().join("mine"), root.path().join("cache")]);
        assert_eq!(places.find(cifar10), None);
        let fetched = make("cache/cifar10");
        assert_eq!(places.find(cifar10), Some(fetched));
        // The name in the publisher's archive.
        let mine = make("mine/cifar-10-batches-bin");
        assert_eq!(places.find(cifar10), Some(mine.clone()));
        assert_eq!(Places::new(vec![mine.clone()]).find(cifar10), Some(mine));
        assert_eq!(Places::default().find(cifar10), None);
        assert_eq!(places.find(data_set("sift1m").unwrap()), None);
    }
}
