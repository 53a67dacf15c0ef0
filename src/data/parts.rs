//! Data with a training and a test part, chosen and opened: what images and speech share.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Part;
use super::choice::{DataChoice, Make, Origin, Run};
use super::error::DataError;
use super::folder::{Made, NewFolder, hex};

/// A kind of data with two parts. Implemented by markers without values.
pub trait Kind: Debug + Sized + 'static {
    /// The elements of a part: utterances, or the bytes of the images.
    type Element: Debug + Send + Sync;

    /// See [`DataChoice`].
    const KIND: &'static str;
    /// The items in messages, as in "training utterances".
    const ITEMS: &'static str;
    const SYNTHETIC: &'static str;
    const MOST: u64;

    /// Reads the items of a folder, as many as `choice` says.
    ///
    /// # Errors
    /// Files that are damaged or hold fewer items.
    fn read(choice: &Choice<Self>, folder: &Path) -> Result<[Vec<Self::Element>; 2], DataError>;

    /// Generates synthetic items.
    ///
    /// # Errors
    /// Too little memory; no threads.
    fn generate(choice: &Choice<Self>, seed: u64) -> Result<[Vec<Self::Element>; 2], DataError>;

    /// Adds the items of a part to a digest, after their number.
    fn hash(items: &[Self::Element], hash: &mut Sha256);

    /// See [`Make::fill`].
    ///
    /// # Errors
    /// Files that can't be written.
    fn fill(choice: &Choice<Self>, seed: u64, folder: &NewFolder, run: &Run) -> Result<Made, DataError>;

    /// The sets of this kind that are in use in this process.
    fn in_use() -> &'static InUse<Self>;
}

/// The choice of data of a kind, as plain data. It is part of a cell's identity.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", bound = "")]
pub struct Choice<K: Kind> {
    /// [`Kind::SYNTHETIC`], the name of the data set, or the name of the folder.
    pub name: String,
    /// Number of items in each part.
    pub training: u64,
    pub test: u64,
    /// Only for files: SHA-256 of the used items (training, test; see [`Kind::hash`]). It does not depend on the file
    /// format.
    pub digest: Option<String>,
    /// Only for synthetic sets.
    pub seed: Option<u64>,
    /// The folder of the files; not part of the identity.
    #[serde(skip)]
    pub path: Option<PathBuf>,
    #[serde(skip)]
    pub kind: PhantomData<K>,
}

impl<K: Kind> Clone for Choice<K> {
    fn clone(&self) -> Self {
        let (name, digest, path) = (self.name.clone(), self.digest.clone(), self.path.clone());
        Self { name, digest, path, ..*self }
    }
}

impl<K: Kind> PartialEq for Choice<K> {
    /// Compares the data, not their folders.
    fn eq(&self, other: &Self) -> bool {
        let Self { name, training, test, digest, seed, path: _, kind: _ } = self;
        (name, training, test, digest, seed) == (&other.name, &other.training, &other.test, &other.digest, &other.seed)
    }
}

impl<K: Kind> Choice<K> {
    /// Synthetic data: the first items of endless sets that depend on the seed only.
    pub fn synthetic(training: u64, test: u64, seed: u64) -> Self {
        let name = K::SYNTHETIC.into();
        Self { name, training, test, digest: None, seed: Some(seed), path: None, kind: PhantomData }
    }

    /// The choice of these counts from a folder, without a digest.
    pub(super) fn of_folder(path: &Path, name: String, [training, test]: [u64; 2]) -> Self {
        Self { name, training, test, digest: None, seed: None, path: Some(path.into()), kind: PhantomData }
    }

    /// The number of items in a part.
    pub fn count(&self, part: Part) -> u64 {
        match part {
            Part::Training => self.training,
            Part::Test => self.test,
        }
    }
}

/// The items of a part in messages, as in "training images".
pub(super) fn items<K: Kind>(part: Part) -> String {
    format!("{part} {}", K::ITEMS)
}

impl<K: Kind> DataChoice for Choice<K> {
    const KIND: &'static str = K::KIND;
    const SYNTHETIC: &'static str = K::SYNTHETIC;
    const MOST: u64 = K::MOST;

    fn name(&self) -> &str {
        &self.name
    }

    fn counts(&self) -> Vec<(String, u64)> {
        Part::ALL.map(|part| (items::<K>(part), self.count(part))).into()
    }

    fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn seed(&self) -> Option<u64> {
        self.seed
    }
}

impl<K: Kind> Make for Choice<K> {
    fn fill(&self, seed: u64, folder: &NewFolder, run: &Run) -> Result<Made, DataError> {
        K::fill(self, seed, folder, run)
    }
}

/// An opened set. All its items are in memory.
#[derive(Debug)]
pub struct Opened<K: Kind> {
    choice: Choice<K>,
    /// In the order of [`Part::ALL`].
    parts: [Vec<K::Element>; 2],
}

/// Opened sets with their identities.
pub type InUse<K> = Mutex<Vec<(String, Weak<Opened<K>>)>>;

impl<K: Kind> Opened<K> {
    /// Reads files, or generates synthetic data on all cores. Callers in one process share the items of the same data
    /// while one of them holds them.
    ///
    /// # Errors
    /// Damaged files, too few items; [`DataError::Choice`] if choice and files disagree, for instance because the files
    /// have changed.
    pub fn open(choice: &Choice<K>) -> Result<Arc<Self>, DataError> {
        let identity = serde_json::json!([choice, choice.path]).to_string();
        // A panic elsewhere can't damage the list.
        let mut in_use = K::in_use().lock().unwrap_or_else(PoisonError::into_inner);
        in_use.retain(|(_, set)| set.strong_count() > 0);
        let found = in_use.iter().find(|(name, _)| *name == identity);
        if let Some(set) = found.and_then(|(_, set)| set.upgrade()) {
            return Ok(set);
        }
        let set = Arc::new(Self { choice: choice.clone(), parts: Self::parts(choice)? });
        in_use.push((identity, Arc::downgrade(&set)));
        Ok(set)
    }

    fn parts(choice: &Choice<K>) -> Result<[Vec<K::Element>; 2], DataError> {
        let path = match choice.origin()? {
            Origin::Seed(seed) => return K::generate(choice, seed),
            Origin::Folder(path) => path,
        };
        let parts = K::read(choice, path)?;
        if choice.digest.as_ref().is_some_and(|expected| *expected != digest::<K>(&parts)) {
            let (path, kind) = (path.display(), K::KIND);
            let reason =
                format!("{path}: the files of the {kind} have changed and don't match the settings; start again");
            return Err(DataError::Choice(reason));
        }
        Ok(parts)
    }

    pub fn data(&self) -> &Choice<K> {
        &self.choice
    }

    /// The items of the training part.
    pub fn training(&self) -> &[K::Element] {
        &self.parts[Part::Training as usize]
    }

    /// The items of the test part, which no training sees.
    pub fn test(&self) -> &[K::Element] {
        &self.parts[Part::Test as usize]
    }
}

/// See [`Choice::digest`].
pub(super) fn digest<K: Kind>(parts: &[Vec<K::Element>; 2]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|items| K::hash(items, &mut hash));
    hex(&hash.finalize())
}
