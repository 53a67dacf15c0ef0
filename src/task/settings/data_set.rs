//! `data.path` and `data.set`: the folder of a panel's data, if there is one.

use std::path::{Path, PathBuf};

use super::error::{Checked, Fault, Span};
use super::layer::Settings;
use super::resolve::Point;
use super::value::Node;
use crate::data::DataChoice;
use crate::data::cache::Places;
use crate::data::catalogue::{DataSet, data_set};
use crate::task::cell::CellSettings;
use crate::task::{DataNotes, Resolver};

pub const PATH: &str = "data.path";
pub const SET: &str = "data.set";

/// A known data set that a spec requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedSet {
    pub set: &'static DataSet,
    /// Its folder. Without it, synthetic data are used instead.
    pub found: Option<PathBuf>,
}

/// A folder of data.
pub struct Source<'a> {
    pub folder: PathBuf,
    /// The known data set that the folder is used as.
    pub set: Option<&'static DataSet>,
    node: &'a Node,
}

impl Source<'_> {
    /// The error if the folder can't be used.
    pub fn fault(&self, error: impl std::fmt::Display, allowed: &str) -> Fault {
        match self.set {
            None => Fault::new(self.node.span, format!("`{PATH}`: {error}")).allowed(allowed),
            Some(set) => {
                let message = format!("`{SET}`: the folder of {} can't be used: {error}", set.name);
                Fault::new(self.node.span, message)
                    .allowed(allowed)
                    .help("repair or remove it, or name another folder with `--data DIR` or `data.path`".to_owned())
            }
        }
    }

    /// The name of the set, else the name that the folder gives.
    pub fn name(&self, of_folder: String) -> String {
        self.set.map_or(of_folder, |set| set.name.to_owned())
    }
}

/// The folder from the settings: `data.path`, or the folder of `data.set` if it is found. `kind` is that of the
/// data.
pub fn source<'a>(settings: &'a Settings, places: &Places, kind: &str) -> Checked<Option<Source<'a>>> {
    if let Some((node, path)) = settings.node(PATH).and_then(|node| Some((node, node.text()?))) {
        settings.depends("data.seed", PATH, false, &format!("synthetic {kind}, without {PATH}"))?;
        return Ok(Some(Source { folder: Path::new(path).into(), set: None, node }));
    }
    let Some(WantedSet { set, found: Some(folder) }) = wanted(settings, places) else { return Ok(None) };
    Ok(settings.node(SET).map(|node| Source { folder, set: Some(set), node }))
}

/// The known set that the settings request. None if they name a folder.
pub fn wanted(settings: &Settings, places: &Places) -> Option<WantedSet> {
    let named = settings.text(SET).filter(|_| settings.node(PATH).is_none());
    let set = named.and_then(data_set)?;
    Some(WantedSet { set, found: places.find(set) })
}

/// A kind of data that a spec takes from a folder or a set, or generates. A spec can give the sizes of its parts.
pub trait SpecData: DataChoice + Clone {
    /// The fields of the sizes.
    const SIZES: &'static [&'static str];
    /// The allowed content of a folder.
    const ALLOWED: &'static str;

    /// The data from a folder.
    ///
    /// # Errors
    /// Why the folder can't be used.
    fn of_folder(source: &Source, sizes: &[Option<u64>]) -> Result<Self, String>;

    fn synthetic(sizes: &[Option<u64>], seed: u64) -> Self;

    /// D of a panel. `opened` has the data of the plan.
    ///
    /// # Errors
    /// D depends on data that can't be opened.
    fn dimension(opened: &mut Opened<Self>, settings: &Settings, places: &Places) -> Checked<usize>;

    /// The settings of a cell on these data.
    ///
    /// # Errors
    /// Settings that exclude each other.
    fn cell(self, settings: &Settings, point: Point) -> Checked<CellSettings>;

    fn notes(&self) -> DataNotes;
}

/// The content of `[data]`: folder, sizes, seed.
type Written = (Option<PathBuf>, Vec<Option<u64>>, u64);

/// The data of a plan, and the resolver of their task. Each file is read once for its digest.
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
        let source = source(settings, places, D::KIND)?;
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
}

impl<D: SpecData> Resolver for Opened<D> {
    fn dimension(&mut self, settings: &Settings, _: Span, places: &Places) -> Checked<usize> {
        D::dimension(self, settings, places)
    }

    fn cell(&mut self, settings: &Settings, point: Point, places: &Places) -> Checked<CellSettings> {
        self.get(settings, places)?.clone().cell(settings, point)
    }

    fn notes(&mut self, settings: &Settings, places: &Places) -> Checked<DataNotes> {
        Ok(self.get(settings, places)?.notes())
    }

    fn own_name(&self) -> Option<String> {
        self.0.iter().find_map(|(_, data)| data.path().is_some().then(|| data.name().to_owned()))
    }
}
