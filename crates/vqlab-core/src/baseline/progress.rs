//! The progress of the work, reported to a callback that may stop it.

use std::time::Instant;

use super::Error;

/// A share of the work. The caller's `go_on` is called with the share of all work that is done; false stops the work.
pub struct Progress<'a> {
    go_on: &'a mut dyn FnMut(f64) -> bool,
    from: f64,
    share: f64,
    /// The time at which this part should end.
    deadline: Option<Instant>,
}

impl<'a> Progress<'a> {
    /// The progress of all the work.
    pub fn new(go_on: &'a mut dyn FnMut(f64) -> bool) -> Self {
        Self { go_on, from: 0.0, share: 1.0, deadline: None }
    }

    /// As [`Progress::new`], with a deadline after which iterations are skipped. When a part begins, it gets a part of
    /// the remaining time in proportion to its share of the work.
    pub fn until(deadline: Option<Instant>, go_on: &'a mut dyn FnMut(f64) -> bool) -> Self {
        Self { deadline, ..Self::new(go_on) }
    }

    /// Whether the time for this part is used up, so that it should end with its present result.
    pub fn late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The part that begins at `from` and takes `share` of this one.
    pub fn part(&mut self, from: f64, share: f64) -> Progress<'_> {
        let deadline = self.deadline.map(|deadline| {
            let now = Instant::now();
            let part = (share / (1.0 - from).max(share)).min(1.0);
            now + deadline.saturating_duration_since(now).mul_f64(part)
        });
        Progress { go_on: &mut *self.go_on, from: self.from + self.share * from, share: self.share * share, deadline }
    }

    /// The `index`-th of `count` equal parts.
    pub fn step(&mut self, index: usize, count: usize) -> Progress<'_> {
        self.part(index as f64 / count as f64, 1.0 / count as f64)
    }

    /// Reports the share of this part that is done.
    ///
    /// # Errors
    /// [`Error::Stopped`] where the work must stop.
    pub fn done(&mut self, share: f64) -> Result<(), Error> {
        if (self.go_on)(self.from + self.share * share) { Ok(()) } else { Err(Error::Stopped) }
    }
}
