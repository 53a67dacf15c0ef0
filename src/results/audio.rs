//! The excerpts that the cells of a speech experiment leave beside the records, kept with the results of a profile, so that
//! these suffice for the report.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::file::ResultsError;
use super::pictures::keep;
use crate::runner::{Record, Status};
use crate::spec::{Cell, CellSettings, Panel, PanelAxis, Plan, PlannedPoint, SpeechSettings};
use crate::speech::{EXCERPTS, excerpt_name, opus_name, original_name};

/// `results_root`/PROFILE/audio/NAME: WAV files of originals, and of what the codecs leave of them.
pub fn audio_folder(plan: &Plan, results_root: &Path) -> PathBuf {
    results_root.join(&plan.folder).join("audio").join(&plan.name)
}

/// What is to be heard of one panel.
#[derive(Clone, Debug)]
pub struct Audible<'a> {
    pub settings: &'a SpeechSettings,
    /// Of each point that the panel's statements about methods speak of the first finished cell, in the panel's order.
    pub cells: Vec<(&'a PlannedPoint, &'a Cell)>,
    /// Bit/s, ascending.
    pub bitrates: Vec<u32>,
}

impl Audible<'_> {
    /// The names of all files, those of Opus among them.
    pub fn names(&self) -> Vec<String> {
        let data = &self.settings.data;
        let mut names: Vec<String> = (0..EXCERPTS).map(|i| original_name(data, i)).collect();
        for bitrate in &self.bitrates {
            for i in 0..EXCERPTS {
                names.extend(self.cells.iter().map(|(_, cell)| excerpt_name(&cell.key(), *bitrate, i)));
                names.push(opus_name(data, *bitrate, i));
            }
        }
        names
    }
}

/// What is to be heard of a panel; `None` where no cell of speech is done.
pub fn audible<'a>(panel: &'a Panel, records: &HashMap<String, Record>) -> Option<Audible<'a>> {
    let CellSettings::Speech(settings) = panel.settings()? else { return None };
    let is_done = |cell: &&Cell| records.get(&cell.key()).is_some_and(|record| record.status == Status::Done);
    let points = panel.points.iter().filter(|point| point.contender.trainer == panel.trainer());
    let cells: Vec<_> = points.filter_map(|point| Some((point, point.cells.iter().find(is_done)?))).collect();
    let bitrates = match &panel.axis {
        PanelAxis::Bitrate(bitrates) => bitrates.clone(),
        PanelAxis::Bits | PanelAxis::Rank(_) => panel.measured_at.clone(),
    };
    (!cells.is_empty()).then_some(Audible { settings, cells, bitrates })
}

/// Copies the excerpts that are to be heard to [`audio_folder`] and gives the paths of the copies. Those that are not at hand
/// stay as they were kept before.
///
/// # Errors
/// File system errors.
pub fn keep_audio(
    plan: &Plan,
    records: &HashMap<String, Record>,
    results_root: &Path,
) -> Result<Vec<PathBuf>, ResultsError> {
    let panels = plan.panels.iter().filter_map(|panel| audible(panel, records));
    let names = panels.flat_map(|audible| audible.names()).collect();
    keep(names, &results_root.join("audio"), &audio_folder(plan, results_root))
}
