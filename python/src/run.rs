//! Runs work without the GIL. While it runs, the calling thread waits for it, looks for signals such as Ctrl-C several
//! times a second, and reports the progress.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;

use vqlab_core::quantizer::Method;

use crate::errors::runtime;
use crate::register;

/// Time between two looks for signals.
const LOOK: Duration = Duration::from_millis(50);

/// How long an interrupted call waits for the end of its work, which then ends by itself.
const GRACE: Duration = Duration::from_millis(400);

/// Connects running work with the thread that waits for it.
#[derive(Default)]
pub struct Control {
    pub stop: AtomicBool,
    /// The share of the work that is done, as bits of an f64.
    share: AtomicU64,
    text: Mutex<String>,
    /// Whether callbacks of Python take part, whose exceptions end the work.
    callbacks: bool,
}

impl Control {
    /// For work with these methods.
    pub fn of(methods: &[Method]) -> Self {
        let callbacks = register::has_callbacks(methods);
        if callbacks {
            drop(register::failure());
        }
        Self { callbacks, ..Self::default() }
    }

    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub fn done(&self, share: f64) {
        self.share.store(share.to_bits(), Ordering::Relaxed);
    }

    pub fn say(&self, text: String) {
        *self.text.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    /// Reports the progress to a Python callable, then looks for signals and failed callbacks.
    fn look(&self, py: Python, progress: Option<&Py<PyAny>>) -> PyResult<()> {
        py.check_signals()?;
        if let Some(error) = self.failure() {
            return Err(error);
        }
        let Some(progress) = progress else { return Ok(()) };
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner).clone();
        progress.call1(py, (f64::from_bits(self.share.load(Ordering::Relaxed)), text)).map(drop)
    }

    fn failure(&self) -> Option<PyErr> {
        if self.callbacks { register::failure() } else { None }
    }

    /// The result of work, unless a callback failed.
    fn finished<T>(&self, result: std::thread::Result<T>) -> PyResult<T> {
        match self.failure() {
            Some(error) => Err(error),
            None => result.map_err(panicked),
        }
    }

    /// Waits for the end of the work. The error is that of a look; the work is then told to stop.
    fn wait(&self, end: &Receiver<()>, progress: Option<&Py<PyAny>>) -> PyResult<()> {
        while let Err(RecvTimeoutError::Timeout) = end.recv_timeout(LOOK) {
            let looked = Python::try_attach(|py| self.look(py, progress)).unwrap_or(Ok(()));
            if looked.is_err() {
                self.stop.store(true, Ordering::Relaxed);
                return looked;
            }
        }
        Ok(())
    }
}

/// Runs work that is done at once, on the calling thread.
pub fn quick<T: Send>(py: Python, control: &Control, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    let result = py.detach(|| catch_unwind(AssertUnwindSafe(work)));
    control.finished(result)
}

/// Runs work on borrowed data. An interrupted call returns when the work has seen the stop flag.
pub fn borrowed<T: Send>(
    py: Python,
    control: &Control,
    progress: Option<&Py<PyAny>>,
    work: impl FnOnce() -> T + Send,
) -> PyResult<T> {
    let (sender, end) = sync_channel(1);
    let work = move || {
        let result = catch_unwind(AssertUnwindSafe(work));
        // Nobody waits any more after an interrupt.
        let _ = sender.send(());
        result
    };
    let (result, waited) = py.detach(move || {
        std::thread::scope(|scope| {
            let worker = std::thread::Builder::new().name("vqlab".into()).spawn_scoped(scope, work);
            let worker = worker.map_err(|error| runtime(format!("cannot start a thread: {error}")))?;
            let waited = control.wait(&end, progress);
            Ok::<_, PyErr>((worker.join(), waited))
        })
    })?;
    waited?;
    control.finished(result.and_then(|result| result))
}

/// Runs work on data of its own. An interrupted call returns at once; the work ends at its next look at the stop flag.
pub fn owned<T: Send + 'static>(
    py: Python,
    control: &Arc<Control>,
    progress: Option<&Py<PyAny>>,
    work: impl FnOnce(&Control) -> T + Send + 'static,
) -> PyResult<T> {
    let (sender, end) = sync_channel(1);
    let shared = control.clone();
    let work = move || {
        let result = catch_unwind(AssertUnwindSafe(|| work(&shared)));
        let _ = sender.send(());
        result
    };
    let (worker, waited) = py.detach(move || {
        let worker = std::thread::Builder::new().name("vqlab".into()).spawn(work);
        let worker = worker.map_err(|error| runtime(format!("cannot start a thread: {error}")))?;
        let waited = control.wait(&end, progress);
        if waited.is_err() {
            let _ = end.recv_timeout(GRACE);
        }
        Ok::<_, PyErr>((worker, waited))
    })?;
    waited?;
    control.finished(py.detach(|| worker.join()).and_then(|result| result))
}

/// A panic is a fault of this program; Python sees an error that says so.
fn panicked(panic: Box<dyn Any + Send>) -> PyErr {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    runtime(format!("internal error of vqlab: {}; please report it", text.unwrap_or("unknown")))
}
