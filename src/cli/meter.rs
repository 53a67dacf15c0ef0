//! Progress of the work on a file: a bar if stderr is a terminal, otherwise a plain line every ten seconds.

use std::cell::Cell;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::note;
use super::output::is_quiet;
use crate::runner::human_seconds;

/// Time between two plain lines.
const PLAIN: Duration = Duration::from_secs(10);
/// Time between two updates of the bar.
const LOOKS: Duration = Duration::from_millis(200);

/// Shows the number of finished vectors, the rate and the time left.
pub struct Meter {
    bar: Option<ProgressBar>,
    total: usize,
    clock: Mutex<Option<Clock>>,
}

/// Starts when the first chunk is done. Work before that, such as checking the data, is not part of the rate.
struct Clock {
    begin: Instant,
    /// Vectors done at `begin`.
    first: usize,
    shown: Instant,
}

impl Meter {
    pub fn new(total: usize) -> Self {
        Self { bar: bar(total as u64), total, clock: Mutex::new(None) }
    }

    /// May be called at any time, from any thread.
    pub fn show(&self, done: usize) {
        let pause = if self.bar.is_some() { LOOKS } else { PLAIN };
        // If the lock is taken, its holder updates the display.
        let Ok(mut clock) = self.clock.try_lock() else { return };
        let now = Instant::now();
        let Clock { begin, first, shown } = clock.get_or_insert(Clock { begin: now, first: done, shown: now });
        if shown.elapsed() < pause {
            return;
        }
        *shown = now;
        let rate = done.saturating_sub(*first) as f64 / begin.elapsed().as_secs_f64().max(1e-9);
        let text = line(done, self.total, rate);
        match &self.bar {
            Some(bar) => {
                bar.set_position(done as u64);
                bar.set_message(text);
            }
            None => note(&text),
        }
    }

    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar if stderr is a terminal and `--quiet` was not given.
fn bar(total: u64) -> Option<ProgressBar> {
    (std::io::stderr().is_terminal() && !is_quiet()).then(|| {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:16} {msg}") {
            bar.set_style(style);
        }
        bar
    })
}

/// Shows the finished share of the work and the time left.
pub struct ShareMeter {
    bar: Option<ProgressBar>,
    begin: Instant,
    shown: Cell<Instant>,
}

/// Length of a bar.
const WHOLE: f64 = 1000.0;

impl ShareMeter {
    pub fn new() -> Self {
        let now = Instant::now();
        Self { bar: bar(WHOLE as u64), begin: now, shown: Cell::new(now) }
    }

    /// May be called at any time.
    pub fn show(&self, share: f64) {
        if self.shown.get().elapsed() < if self.bar.is_some() { LOOKS } else { PLAIN } {
            return;
        }
        self.shown.set(Instant::now());
        let text = share_line(share, self.begin.elapsed().as_secs_f64());
        match &self.bar {
            Some(bar) => {
                bar.set_position((WHOLE * share) as u64);
                bar.set_message(text);
            }
            None => note(&text),
        }
    }

    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn share_line(share: f64, elapsed: f64) -> String {
    let percent = 100.0 * share;
    if share < 0.01 {
        return format!("{percent:.0} % done");
    }
    format!("{percent:.0} % done, about {} left", human_seconds(elapsed * (1.0 - share) / share))
}

fn line(done: usize, total: usize, rate: f64) -> String {
    let left = human_seconds((total - done.min(total)) as f64 / rate.max(1e-9));
    format!("{done} of {total} vectors · {} · about {left} left", human_rate(rate))
}

/// `81300 vectors/s`.
pub fn human_rate(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.1} vectors/s") } else { format!("{rate:.0} vectors/s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_says_the_time_left() {
        assert_eq!(share_line(0.25, 10.0), "25 % done, about 30.0 s left");
        assert_eq!(share_line(0.0, 10.0), "0 % done");
    }

    #[test]
    fn a_line_says_rate_and_time_left() {
        assert_eq!(line(2000, 10_000, 500.0), "2000 of 10000 vectors · 500 vectors/s · about 16.0 s left");
        assert_eq!(line(10, 10, 10.0), "10 of 10 vectors · 10.0 vectors/s · about 0.00 s left");
    }
}
