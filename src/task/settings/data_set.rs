//! `data.path` and `data.set`: which folder the data of a panel come from, if from any.

use std::path::{Path, PathBuf};

use super::error::{Checked, Fault};
use super::layer::Settings;
use super::value::Node;
use crate::data::cache::Places;
use crate::data::catalogue::{DataSet, data_set};

pub const PATH: &str = "data.path";
pub const SET: &str = "data.set";

/// A known data set that a spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedSet {
    pub set: &'static DataSet,
    /// Its folder; without, synthetic data stand in.
    pub found: Option<PathBuf>,
}

/// A folder of data.
pub struct Source<'a> {
    pub folder: PathBuf,
    /// The known data set that it is taken for.
    pub set: Option<&'static DataSet>,
    node: &'a Node,
}

impl Source<'_> {
    /// Why the folder is not taken.
    pub fn fault(&self, error: impl std::fmt::Display, allowed: &str) -> Fault {
        match self.set {
            None => Fault::new(self.node.span, format!("`{PATH}`: {error}")).allowed(allowed),
            Some(set) => {
                let message = format!("`{SET}`: {} was looked for and {error}", set.name);
                Fault::new(self.node.span, message)
                    .allowed(allowed)
                    .help("mend or remove the folder, or name another one by `--data DIR` or `data.path`".to_owned())
            }
        }
    }

    /// The name of the set, or that which the folder gives.
    pub fn name(&self, of_folder: String) -> String {
        self.set.map_or(of_folder, |set| set.name.to_owned())
    }
}

/// The folder that settings lead to: `data.path`, or that of `data.set` where it is found. `synthetic` names what has a seed.
pub fn source<'a>(settings: &'a Settings, places: &Places, synthetic: &str) -> Checked<Option<Source<'a>>> {
    if let Some((node, path)) = settings.node(PATH).and_then(|node| Some((node, node.text()?))) {
        settings.depends("data.seed", PATH, false, &format!("{synthetic}, without {PATH}"))?;
        return Ok(Some(Source { folder: Path::new(path).into(), set: None, node }));
    }
    let Some(WantedSet { set, found: Some(folder) }) = wanted(settings, places) else { return Ok(None) };
    Ok(settings.node(SET).map(|node| Source { folder, set: Some(set), node }))
}

/// The known set that settings ask for; none where they name a folder.
pub fn wanted(settings: &Settings, places: &Places) -> Option<WantedSet> {
    let named = settings.text(SET).filter(|_| settings.node(PATH).is_none());
    let set = named.and_then(data_set)?;
    Some(WantedSet { set, found: places.find(set) })
}

/// A kind of data that specs name by folder or set, or have made: its parts have sizes that a spec may give.
pub trait SpecData: Sized {
    /// The fields of the sizes.
    const SIZES: &'static [&'static str];
    /// What is made where there is no folder, as errors call it.
    const SYNTHETIC: &'static str;
    /// What a folder may hold.
    const ALLOWED: &'static str;

    /// That of a folder.
    ///
    /// # Errors
    /// Why the folder can't be taken.
    fn of_folder(source: &Source, sizes: &[Option<u64>]) -> Result<Self, String>;

    fn synthetic(sizes: &[Option<u64>], seed: u64) -> Self;

    fn name(&self) -> &str;

    /// Whether it is from a folder.
    fn is_own(&self) -> bool;
}

/// What `[data]` says: folder, sizes, seed.
type Written = (Option<PathBuf>, Vec<Option<u64>>, u64);

/// The data of a plan; files are read through once each, for their digest.
pub struct Opened<D>(Vec<(Written, D)>);

impl<D> Default for Opened<D> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<D: SpecData> Opened<D> {
    /// The data that these settings name.
    pub fn get(&mut self, settings: &Settings, places: &Places) -> Checked<&D> {
        let sizes: Vec<Option<u64>> = D::SIZES.iter().map(|path| settings.whole(path)).collect();
        let source = source(settings, places, D::SYNTHETIC)?;
        let folder = source.as_ref().map(|source| source.folder.clone());
        let written: Written = (folder, sizes, settings.whole("data.seed").unwrap_or(1));
        if let Some(known) = self.0.iter().position(|(known, _)| *known == written) {
            return Ok(&self.0[known].1);
        }
        let data = match source {
            Some(source) => D::of_folder(&source, &written.1).map_err(|error| source.fault(error, D::ALLOWED))?,
            None => D::synthetic(&written.1, written.2),
        };
        self.0.push((written, data));
        Ok(&self.0[self.0.len() - 1].1)
    }

    /// The name of the user's own data, if any are used: results on them get a folder of their own.
    pub fn own_name(&self) -> Option<String> {
        self.0.iter().find_map(|(_, data)| data.is_own().then(|| data.name().to_owned()))
    }
}
