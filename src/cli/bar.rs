//! The progress bar of `vqlab run`.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::runner::{CellEnd, Overview, Plain, Progress, Sink, Status, cell_text, human_seconds, overview_line};

/// One bar for all cells, for a terminal. Failures and warnings are printed above it.
pub struct Bar {
    bar: ProgressBar,
    jobs: Mutex<usize>,
}

impl Bar {
    const STEPS: u64 = 1000;

    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(Self::STEPS), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
            bar.set_style(style);
        }
        Self { bar, jobs: Mutex::new(1) }
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{text}");
        });
    }
}

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}

impl Sink for Bar {
    fn begin(&self, overview: &Overview) {
        self.line(&overview_line(overview));
        if let Ok(mut jobs) = self.jobs.lock() {
            *jobs = overview.jobs;
        }
        if overview.found < overview.total {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.set_message("starting");
            self.bar.enable_steady_tick(Duration::from_millis(500));
        }
    }

    fn cell(&self, cell: &CellEnd, progress: &Progress) {
        if cell.status != Status::Done {
            self.line(&cell_text(cell));
        }
        self.tick(progress);
    }

    fn tick(&self, progress: &Progress) {
        let jobs = self.jobs.lock().map_or(1, |jobs| *jobs);
        self.bar.set_position((progress.share * Self::STEPS as f64) as u64);
        self.bar.set_message(format!(
            "{}/{} cells · {:.0} % of the work · about {} left · {jobs} {}",
            progress.done,
            progress.total,
            100.0 * progress.share,
            human_seconds(progress.left),
            if jobs == 1 { "job" } else { "jobs" },
        ));
    }

    fn warn(&self, message: &str) {
        self.line(message);
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// A bar if stderr is a terminal, plain lines otherwise.
pub fn stderr_sink() -> Box<dyn Sink> {
    if std::io::stderr().is_terminal() { Box::new(Bar::new()) } else { Box::new(Plain::new(std::io::stderr())) }
}
