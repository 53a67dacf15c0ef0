//! The options of a run.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Record, Shard, Status};
use crate::spec::Cell;

/// The options of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads, one per cell; at least 1.
    pub jobs: usize,
    /// Compute finished cells again.
    pub force: bool,
    /// Compute only this part of the cells.
    pub shard: Option<Shard>,
    /// Keys of the cells that keep their codebooks although their task does not.
    pub codebooks: HashSet<String>,
    /// Where a cell belongs, by key, if progress should say so: its panels, and its experiment if there are several.
    pub places: HashMap<String, String>,
    /// The metrics that a cell's record must have, by key. An earlier version of this program may not have known one.
    pub metrics: HashMap<String, BTreeSet<String>>,
}

impl Options {
    /// The cell in progress lines: `uncorrelated: RVQ 12 bits seed 1 (1a2b3c4d)`.
    pub fn label(&self, cell: &Cell) -> String {
        match self.places.get(&cell.key()) {
            Some(place) => format!("{place}: {}", cell.label()),
            None => cell.label(),
        }
    }

    /// Whether a record stays as it is. Failed cells are tried again.
    pub fn keeps(&self, record: &Record) -> bool {
        !self.force && record.status != Status::Failed && self.missing_metric(record).is_none()
    }

    /// A metric that the record of a done cell should have and does not. The cell is then measured again, with the
    /// codebooks that it kept.
    pub fn missing_metric(&self, record: &Record) -> Option<&str> {
        let wanted = self.metrics.get(&record.key).filter(|_| record.is_done())?;
        wanted.iter().find(|metric| !record.metrics.contains_key(*metric)).map(String::as_str)
    }
}

impl Default for Options {
    fn default() -> Self {
        let jobs = std::thread::available_parallelism().map_or(1, |n| n.get());
        Self {
            jobs,
            force: false,
            shard: None,
            codebooks: HashSet::new(),
            places: HashMap::new(),
            metrics: HashMap::new(),
        }
    }
}
