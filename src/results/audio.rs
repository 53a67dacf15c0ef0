//! Speech excerpts. The cells of a speech experiment write them beside the records. They are copied to the results of
//! the profile, so that the report needs no other files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::file::ResultsError;
use super::pictures::keep;
use crate::runner::Record;
use crate::spec::{Cell, CellSettings, Panel, PanelAxis, Plan, PlannedPoint, SpeechSettings};
use crate::speech::{EXCERPTS, excerpt_name, opus_name, original_name};

/// `results_root`/PROFILE/audio/NAME: WAV files of the originals and of the decoded speech.
pub fn audio_folder(plan: &Plan, results_root: &Path) -> PathBuf {
    results_root.join(&plan.folder).join("audio").join(&plan.name)
}

/// The excerpts of one panel.
#[derive(Clone, Debug)]
pub struct Audible<'a> {
    pub settings: &'a SpeechSettings,
    /// The first finished cell of each point of the panel's trainer, in the panel's order.
    pub cells: Vec<(&'a PlannedPoint, &'a Cell)>,
    /// In bit/s, ascending.
    pub bitrates: Vec<u32>,
}

impl Audible<'_> {
    /// The names of all files, including the Opus excerpts.
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

/// The excerpts of a panel. `None` if no speech cell is done.
pub fn audible<'a>(panel: &'a Panel, records: &HashMap<String, Record>) -> Option<Audible<'a>> {
    let CellSettings::Speech(settings) = panel.settings()? else { return None };
    let is_done = |cell: &&Cell| records.get(&cell.key()).is_some_and(Record::is_done);
    let points = panel.points.iter().filter(|point| point.contender.trainer == panel.trainer());
    let cells: Vec<_> = points.filter_map(|point| Some((point, point.cells.iter().find(is_done)?))).collect();
    let bitrates = match &panel.axis {
        PanelAxis::Bitrate(bitrates) => bitrates.clone(),
        PanelAxis::Bits | PanelAxis::Rank(_) => panel.measured_at.clone(),
    };
    (!cells.is_empty()).then_some(Audible { settings, cells, bitrates })
}

/// Copies the excerpts to [`audio_folder`] and returns the paths of the copies. Copies of missing excerpts stay
/// unchanged.
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
