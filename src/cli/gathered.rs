//! The state of plans that other processes have computed: the records, and the cells without numbers.

use std::collections::HashSet;

use super::CliError;
use super::outcome::Records;
use crate::runner::{Loaded, Options, Status, Store};
use crate::spec::Plan;

/// The largest number of cells that a message names.
const NAMED: usize = 20;

pub struct Gathered {
    pub records: Records,
    total: usize,
    /// Why cells have no numbers, as `LABEL: reason`, in plan order.
    without: Vec<String>,
}

impl Gathered {
    pub fn new(plans: &[Plan], store: &Store, options: &Options) -> Self {
        let mut gathered = Self { records: Records::new(), total: 0, without: Vec::new() };
        let mut seen = HashSet::new();
        for cell in plans.iter().flat_map(Plan::cells).filter(|cell| seen.insert(cell.key())) {
            gathered.total += 1;
            let reason = match store.load(&cell) {
                Loaded::Found(record) => {
                    let lacks =
                        options.missing_metric(&record).map(|metric| format!("the record lacks the metric {metric}"));
                    let reason = record.reason.clone().filter(|_| record.status != Status::Done).or(lacks);
                    gathered.records.insert(record.key.clone(), *record);
                    reason
                }
                Loaded::Absent if store.is_running(&cell) => Some("being computed".into()),
                Loaded::Absent => Some("not computed".into()),
                Loaded::Unusable(reason) | Loaded::Newer(reason) => Some(reason),
            };
            gathered.without.extend(reason.map(|reason| format!("{}: {reason}", cell.label())));
        }
        gathered
    }

    /// # Errors
    /// Cells without numbers. The message names them.
    pub fn missing(&self) -> Result<(), CliError> {
        if self.without.is_empty() {
            return Ok(());
        }
        let (count, total) = (self.without.len(), self.total);
        let mut list = self.without.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("\n  ");
        if count > NAMED {
            list.push_str(&format!("\n  and {} more", count - NAMED));
        }
        Err(CliError::Failed(format!(
            "{count} of {total} cells have no numbers, and are missing in the results:\n  {list}\n\
             hint: the same command without --gather computes them; `vqlab submit` hands them to Slurm"
        )))
    }
}
