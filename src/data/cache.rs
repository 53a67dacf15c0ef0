//! Where published data sets lie on this machine: folders that are looked through for them, the last of which is the one
//! that `vqlab data fetch` and `vqlab data import` fill.

use std::path::{Path, PathBuf};

use super::catalogue::{DataSet, KnownData};

/// The environment variable that names the folder of the data sets.
pub const VARIABLE: &str = "VQLAB_DATA";

/// The folder of the data sets: that of [`VARIABLE`], else `vqlab` in the user's folder for caches. None on a machine that
/// has neither.
pub fn folder() -> Option<PathBuf> {
    match std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        Some(value) => Some(value.into()),
        None => dirs::cache_dir().map(|caches| caches.join("vqlab")),
    }
}

/// Where a known data set has its place in the folder of the data sets.
pub fn place(data: &KnownData) -> Option<PathBuf> {
    Some(folder()?.join(data.place))
}

/// Folders that hold data sets, in the order in which they are looked through. The default one has none, so that only what is
/// asked for depends on the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(Vec<PathBuf>);

impl Places {
    /// A folder named by the user, if there is one, then that of the data sets.
    pub fn of_user(first: Option<&Path>) -> Self {
        Self(first.map(Path::to_path_buf).into_iter().chain(folder()).collect())
    }

    /// These folders.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self(folders)
    }

    /// The set's own folder below one of these; one of them may also be that folder itself.
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
        // As the publisher's archive names it.
        let mine = make("mine/cifar-10-batches-bin");
        assert_eq!(places.find(cifar10), Some(mine.clone()));
        assert_eq!(Places::new(vec![mine.clone()]).find(cifar10), Some(mine));
        assert_eq!(Places::default().find(cifar10), None);
        assert_eq!(places.find(data_set("sift1m").unwrap()), None);
    }
}
