//! `data.path` and `data.set`: which folder the data of a panel come from, if from any.

use std::path::{Path, PathBuf};

use super::error::{Checked, Fault};
use super::layer::Settings;
use super::value::Node;
use crate::data::cache::Places;
use crate::data::catalogue::{DataSet, data_set};

pub(super) const PATH: &str = "data.path";
pub(super) const SET: &str = "data.set";

/// A known data set that a spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedSet {
    pub set: &'static DataSet,
    /// Its folder; without, synthetic data stand in.
    pub found: Option<PathBuf>,
}

/// A folder of data.
pub(super) struct Source<'a> {
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
pub(super) fn source<'a>(settings: &'a Settings, places: &Places, synthetic: &str) -> Checked<Option<Source<'a>>> {
    if let Some((node, path)) = settings.node(PATH).and_then(|node| Some((node, node.text()?))) {
        settings.depends("data.seed", PATH, false, &format!("{synthetic}, without {PATH}"))?;
        return Ok(Some(Source { folder: Path::new(path).into(), set: None, node }));
    }
    let Some(WantedSet { set, found: Some(folder) }) = wanted(settings, places) else { return Ok(None) };
    Ok(settings.node(SET).map(|node| Source { folder, set: Some(set), node }))
}

/// The known set that settings ask for; none where they name a folder.
pub(super) fn wanted(settings: &Settings, places: &Places) -> Option<WantedSet> {
    let named = settings.text(SET).filter(|_| settings.node(PATH).is_none());
    let set = named.and_then(data_set)?;
    Some(WantedSet { set, found: places.find(set) })
}
