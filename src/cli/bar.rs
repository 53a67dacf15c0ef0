//! The progress of `vqlab run`: live lines on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{output, warn};
use crate::runner::{
    CellAtWork, CellEnd, Overview, Plain, Progress, Sink, Status, cell_text, human_seconds, overview_line,
};

/// A line per running cell, and below them one for the whole, for a terminal. Failures and warnings are printed above.
struct Bars {
    all: MultiProgress,
    whole: ProgressBar,
    /// The lines of running cells, known when the run begins.
    cells: OnceLock<Vec<ProgressBar>>,
}

/// The largest number of lines of running cells. The others are counted in the last line.
const MOST_LINES: usize = 12;
/// Steps of a bar.
const STEPS: f64 = 1000.0;

// Both fit in 80 columns.
const CELL: &str = "  {prefix:42!} {bar:12} {msg}";
const WHOLE: &str = "{bar:16} {msg}";

fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(STEPS as u64), ProgressDrawTarget::hidden());
    shape(&bar, template);
    bar
}

fn shape(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("█▌─"));
    }
}

impl Bars {
    fn new() -> Self {
        Self {
            all: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
            whole: bar(WHOLE),
            cells: OnceLock::new(),
        }
    }

    fn line(&self, text: &str) {
        self.all.suspend(|| warn(text));
    }
}

impl Sink for Bars {
    fn begin(&self, overview: &Overview) {
        self.line(&overview_line(overview));
        if overview.found < overview.total {
            self.all.set_draw_target(ProgressDrawTarget::stderr());
            self.cells.get_or_init(|| (0..overview.jobs.min(MOST_LINES)).map(|_| self.all.add(bar(""))).collect());
            self.all.add(self.whole.clone());
            self.whole.set_message("starting");
            self.whole.enable_steady_tick(Duration::from_millis(500));
        }
    }

    fn cell(&self, cell: &CellEnd, progress: &Progress) {
        if cell.status != Status::Done {
            self.line(&cell_text(cell));
        }
        self.tick(progress);
    }

    fn tick(&self, progress: &Progress) {
        self.whole.set_position((progress.share * STEPS) as u64);
        self.whole.set_message(whole_text(progress));
    }

    fn warn(&self, message: &str) {
        self.line(message);
    }

    fn running(&self, cells: &[CellAtWork]) {
        for (i, line) in self.cells.get().into_iter().flatten().enumerate() {
            shape(line, if i < cells.len() { CELL } else { "" });
            if let Some(cell) = cells.get(i) {
                line.set_prefix(cell.label.clone());
                line.set_position((cell.share * STEPS) as u64);
                line.set_message(format!("{:3.0} % · {} left", 100.0 * cell.share, human_seconds(cell.left)));
            }
        }
    }

    fn end(&self) {
        self.whole.finish_and_clear();
        self.cells.get().into_iter().flatten().for_each(ProgressBar::finish_and_clear);
        let _ = self.all.clear();
    }
}

fn whole_text(progress: &Progress) -> String {
    format!(
        "{}/{} cells · {:.0} % of the work · about {} left",
        progress.done,
        progress.total,
        100.0 * progress.share,
        human_seconds(progress.left),
    )
}

/// Warnings and failed cells alone.
struct Warnings;

impl Sink for Warnings {
    fn cell(&self, cell: &CellEnd, _: &Progress) {
        if cell.status != Status::Done {
            warn(&cell_text(cell));
        }
    }

    fn warn(&self, message: &str) {
        warn(message);
    }
}

/// Live lines if stderr is a terminal, plain lines otherwise, warnings alone with `--quiet`.
pub fn stderr_sink() -> Box<dyn Sink> {
    if output::is_quiet() {
        Box::new(Warnings)
    } else if std::io::stderr().is_terminal() {
        Box::new(Bars::new())
    } else {
        Box::new(Plain::new(std::io::stderr()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_whole_fits_in_80_columns() {
        let progress = Progress { done: 9_999, total: 10_000, running: 64, share: 0.999, left: 100.0 * 86_400.0 };
        let line = format!("{} {}", "█".repeat(16), whole_text(&progress));
        assert!(line.chars().count() <= 80, "{line}");
    }
}
