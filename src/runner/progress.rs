//! The progress of a run, behind a small trait. The runner knows no terminal.

use std::io::Write;
use std::sync::Mutex;

use super::{Status, human_seconds};

/// The work of a run, reported once at the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overview {
    pub total: usize,
    /// Cells that already had a record.
    pub found: usize,
    pub jobs: usize,
    /// Estimated time in seconds.
    pub seconds: f64,
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Cells with a record, including those found at the start.
    pub done: usize,
    pub total: usize,
    pub running: usize,
    /// Share of this run's estimated work that is done, including the work of running cells, 0..1.
    pub share: f64,
    /// Estimated seconds until the end.
    pub left: f64,
}

/// The end of one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellEnd<'a> {
    pub label: &'a str,
    pub status: Status,
    pub reason: Option<&'a str>,
    pub seconds: f64,
}

/// A running cell.
#[derive(Clone, Debug, PartialEq)]
pub struct CellAtWork {
    pub label: String,
    /// Share of its work that is done, 0..1.
    pub share: f64,
    /// Estimated seconds until its end.
    pub left: f64,
}

/// Receives the events of a run, from any thread.
pub trait Sink: Sync {
    fn begin(&self, _overview: &Overview) {}
    fn cell(&self, _cell: &CellEnd, _progress: &Progress) {}
    /// Called repeatedly while cells run.
    fn tick(&self, _progress: &Progress) {}
    /// The running cells, in the order of their start. Called with each tick.
    fn running(&self, _cells: &[CellAtWork]) {}
    /// A message for the user, for instance about a record that is not trusted or a wait for another process.
    fn warn(&self, _message: &str) {}
    fn end(&self) {}
}

/// Ignores all events.
pub struct Quiet;

impl Sink for Quiet {}

/// Writes one line per finished cell.
pub struct Plain<W> {
    out: Mutex<W>,
}

impl<W: Write + Send> Plain<W> {
    pub fn new(out: W) -> Self {
        Self { out: Mutex::new(out) }
    }

    /// A closed pipe must not stop the run.
    fn line(&self, text: &str) {
        if let Ok(mut out) = self.out.lock() {
            let _ = writeln!(out, "{text}");
        }
    }
}

impl<W: Write + Send> Sink for Plain<W> {
    fn begin(&self, overview: &Overview) {
        self.line(&overview_line(overview));
    }

    fn cell(&self, cell: &CellEnd, progress: &Progress) {
        let rest = if progress.done < progress.total {
            format!(" · about {} left", human_seconds(progress.left))
        } else {
            String::new()
        };
        self.line(&format!("[{}/{}] {}{rest}", progress.done, progress.total, cell_text(cell)));
    }

    fn warn(&self, message: &str) {
        self.line(message);
    }
}

/// The work of a run in one line.
pub fn overview_line(overview: &Overview) -> String {
    let Overview { total, found, jobs, seconds } = *overview;
    if found == total {
        return format!("{total} of {total} cells have a record, nothing to compute");
    }
    let left = human_seconds(seconds);
    format!("{found} of {total} cells have a record, {} to compute with --jobs {jobs}: about {left}", total - found)
}

/// The end of a cell in one line.
pub fn cell_text(cell: &CellEnd) -> String {
    let seconds = human_seconds(cell.seconds);
    let reason = cell.reason.unwrap_or("no reason given");
    match cell.status {
        Status::Done => format!("{} {seconds}", cell.label),
        Status::Failed => format!("{} failed after {seconds}: {reason}", cell.label),
        Status::Diverged => format!("{} diverged after {seconds}: {reason}", cell.label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_lines_are_one_per_cell() {
        let mut out = Vec::new();
        let plain = Plain::new(&mut out);
        plain.begin(&Overview { total: 48, found: 2, jobs: 2, seconds: 300.0 });
        let cell =
            CellEnd { label: "AVQ 40 bits seed 2 (1a2b3c4d)", status: Status::Done, reason: None, seconds: 12.3 };
        plain.cell(&cell, &Progress { done: 3, total: 48, running: 2, share: 0.1, left: 240.0 });
        let cell = CellEnd { status: Status::Diverged, reason: Some("loss is NaN"), ..cell };
        plain.cell(&cell, &Progress { done: 48, total: 48, running: 0, share: 1.0, left: 0.0 });
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        2 of 48 cells have a record, 46 to compute with --jobs 2: about 5 min
        [3/48] AVQ 40 bits seed 2 (1a2b3c4d) 12.3 s · about 4 min left
        [48/48] AVQ 40 bits seed 2 (1a2b3c4d) diverged after 12.3 s: loss is NaN
        ");
    }
}
