//! The records on disk: `KEY.json` in one folder. Everything that is read is checked. Everything that is written needs
//! a claim on the cell, so that processes that share the folder never compute a cell twice.
//!
//! A claim is an advisory lock of the operating system on `KEY.lock`. It ends with its process, even if the process is
//! killed. A shared folder must therefore support such locks. Local disks do; NFS and Lustre do if they are mounted
//! with locks.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{LogPoint, RECORD_FORMAT, RECORD_VERSION, Record, Status};
use crate::spec::Cell;

/// Why records can't be kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot {action} {}: {source}", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    /// The folder is not made again. Records below the mount point of a lost disk would be hidden once the disk is
    /// back.
    #[error("the folder {} is gone: removed, renamed or unmounted during the run", .0.display())]
    Gone(PathBuf),
    #[error("cannot write the record {}: its lock file was removed, and another process has claimed the cell", .0.display())]
    LostClaim(PathBuf),
    /// See [`Loaded::Newer`]. The record is kept, because no other program could compute it again.
    #[error(
        "{0}; it is not overwritten: use that version, move the file away, or write to another folder with --output"
    )]
    Newer(String),
}

/// The content of the folder for a cell.
#[derive(Debug)]
pub enum Loaded {
    /// A checked record of this cell. Its status may be failed or diverged.
    Found(Box<Record>),
    Absent,
    /// A file that is not a complete record of this cell: its path and the error.
    Unusable(String),
    /// A record of a later version of this program: its path and the version.
    Newer(String),
}

/// A folder of records.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// A folder for reading; it need not exist.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// A folder for writing. It is made if necessary, and files that killed processes left behind are removed.
    ///
    /// # Errors
    /// The folder can't be made, read or written.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let store = Self::join(folder)?;
        store.sweep()?;
        Ok(store)
    }

    /// As [`Self::open`], for one of many processes. It does not remove files of killed processes. They do no harm, and
    /// a file server would have little else to do if thousands of processes tried each other's locks.
    ///
    /// # Errors
    /// The folder can't be made.
    pub fn join(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let store = Self::at(folder);
        fs::create_dir_all(&store.folder).map_err(failed("make the folder", &store.folder))?;
        Ok(store)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads and checks the record of a cell.
    pub fn load(&self, cell: &Cell) -> Loaded {
        let key = cell.key();
        let path = self.path(&key, "json");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Loaded::Absent,
            Err(error) => return Loaded::Unusable(format!("{}: {error}", path.display())),
        };
        match check(&bytes, cell, &key) {
            Ok(record) => Loaded::Found(Box::new(record)),
            Err(reason) => match newer_version(&bytes) {
                None => Loaded::Unusable(format!("{}: {reason}", path.display())),
                Some(version) => Loaded::Newer(format!(
                    "{}: written by a later vqlab ({RECORD_FORMAT} {version}, this one reads {RECORD_VERSION})",
                    path.display()
                )),
            },
        }
    }

    /// Whether some process computes this cell now.
    pub fn is_running(&self, cell: &Cell) -> bool {
        let Ok(lock) = File::open(self.path(&cell.key(), "lock")) else { return false };
        matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Claims a cell for this process. `None` while another process holds it. Check for its record again afterwards.
    ///
    /// # Errors
    /// The lock file can't be made, or the file system has no locks.
    pub fn claim(&self, cell: &Cell) -> Result<Option<Claim<'_>>, StoreError> {
        self.claim_key(cell.key())
    }

    /// Waits for exclusive access to something other than a cell, such as the Results files.
    ///
    /// # Errors
    /// As [`Self::claim`].
    pub fn wait_for(&self, name: &str) -> Result<Claim<'_>, StoreError> {
        loop {
            if let Some(claim) = self.claim_key(name.to_string())? {
                return Ok(claim);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn claim_key(&self, key: String) -> Result<Option<Claim<'_>>, StoreError> {
        let path = self.path(&key, "lock");
        loop {
            let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
            let lock = options.open(&path).map_err(|error| self.failed("make the lock file", &path, error))?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
            }
            // The last holder may have removed the file between our opening and locking it. Such a lock guards nothing.
            if is_file_at(&lock, &path) {
                return Ok(Some(Claim { store: self, key, lock }));
            }
        }
    }

    /// Removes temporary and lock files of killed processes. Files in use are locked and stay.
    fn sweep(&self) -> Result<(), StoreError> {
        for entry in fs::read_dir(&self.folder).map_err(failed("read the folder", &self.folder))? {
            let path = entry.map_err(failed("read the folder", &self.folder))?.path();
            let leftover = path.extension().is_some_and(|e| e == "tmp" || e == "lock");
            let Some(key) = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| leftover) else { continue };
            if let Some(claim) = self.claim_key(key.to_string())? {
                claim.discard_temporary();
            }
        }
        // Cells also leave files beside the folder of records: codebooks, networks, shared files.
        let beside = self.folder.parent().and_then(|parent| fs::read_dir(parent).ok());
        for folder in beside.into_iter().flatten().flatten().map(|entry| entry.path()) {
            crate::temporary::sweep(&folder);
        }
        Ok(())
    }

    fn path(&self, key: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{key}.{ending}"))
    }

    /// Reports a missing folder as the cause of a missing file.
    fn failed(&self, action: &'static str, path: &Path, source: io::Error) -> StoreError {
        if source.kind() == io::ErrorKind::NotFound && !self.folder.exists() {
            return StoreError::Gone(self.folder.clone());
        }
        failed(action, path)(source)
    }
}

/// The right to compute one cell and to write its record. It ends when dropped.
#[derive(Debug)]
pub struct Claim<'a> {
    store: &'a Store,
    key: String,
    lock: File,
}

impl Claim<'_> {
    /// Writes the record of the claimed cell. After any crash, the record is complete or absent.
    ///
    /// # Errors
    /// The record belongs to another cell, its folder is gone, its lock has another holder, or it could not be written.
    /// An older record then still exists.
    pub fn write(&self, record: &Record) -> Result<(), StoreError> {
        let temporary = self.store.path(&self.key, "tmp");
        let target = self.store.path(&self.key, "json");
        if self.store.folder.exists() && !self.holds() {
            let again = self.store.claim_key(self.key.clone())?;
            return again.ok_or(StoreError::LostClaim(target))?.write(record);
        }
        let written = self.write_through(record, &temporary, &target);
        if written.is_err() {
            self.discard_temporary();
        }
        written.map_err(|error| self.store.failed("write the record", &target, error))
    }

    /// Whether the lock is still the file that other processes would find.
    fn holds(&self) -> bool {
        is_file_at(&self.lock, &self.store.path(&self.key, "lock"))
    }

    fn write_through(&self, record: &Record, temporary: &Path, target: &Path) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(record)?;
        bytes.push(b'\n');
        check(&bytes, &record.cell, &self.key).map_err(io::Error::other)?;
        let mut file = File::create(temporary)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(temporary, target)?;
        sync_folder(&self.store.folder)
    }

    /// Only the holder of the claim writes this file, so no one else needs it.
    fn discard_temporary(&self) {
        let _ = fs::remove_file(self.store.path(&self.key, "tmp"));
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        // The file is removed while it is still locked. A process that has opened it meanwhile sees that it is gone and
        // makes a new one. A file that is not ours guards the claim of another process.
        if cfg!(unix) && self.holds() {
            let _ = fs::remove_file(self.store.path(&self.key, "lock"));
        }
        let _ = self.lock.unlock();
    }
}

/// # Errors
/// Why these bytes are not a complete record of this cell.
fn check(bytes: &[u8], cell: &Cell, key: &str) -> Result<Record, String> {
    let record = parse_record(bytes)?;
    if record.key != key || record.cell != *cell {
        return Err(format!("it holds another cell ({}), not the one in its name", record.cell.label()));
    }
    Ok(record)
}

/// Parses a record from the bytes of its file, and checks that it is complete and consistent.
///
/// # Errors
/// Why it is not a record.
pub fn parse_record(bytes: &[u8]) -> Result<Record, String> {
    if bytes.last() != Some(&b'\n') {
        return Err("truncated (a record ends with a line feed)".into());
    }
    let record: Record = serde_json::from_slice(bytes).map_err(|e| format!("not a record: {e}"))?;
    if record.format != RECORD_FORMAT || record.version != RECORD_VERSION {
        let found = format!("{} {}", record.format, record.version);
        return Err(format!("of format {found:?}, this program reads {RECORD_FORMAT} {RECORD_VERSION}"));
    }
    if record.cell.key() != record.key {
        return Err(format!("its key does not match its cell ({}); it was edited", record.cell.label()));
    }
    match record.status {
        Status::Done if record.metrics.is_empty() => Err("done, but without metrics".into()),
        Status::Failed | Status::Diverged if record.reason.is_none() => Err("failed, but without a reason".into()),
        _ => first_infinite(&record.metrics, &record.samples, &record.log).map_or(Ok(record), Err),
    }
}

/// The version of a complete record that is later than ours, whatever else it holds.
fn newer_version(bytes: &[u8]) -> Option<u32> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let head: Head = serde_json::from_slice(bytes).ok()?;
    (head.format == RECORD_FORMAT && head.version > RECORD_VERSION).then_some(head.version)
}

/// The first number that is not finite, if any: JSON can't hold it.
pub(super) fn first_infinite(
    metrics: &BTreeMap<String, f64>,
    samples: &BTreeMap<String, Vec<f64>>,
    log: &[LogPoint],
) -> Option<String> {
    let finite = |point: &&LogPoint| {
        let of_stages = point.stages.iter().flat_map(|stage| [stage.perplexity, stage.used_share]);
        of_stages.chain([point.loss, point.learning_rate]).all(f64::is_finite)
    };
    let of_samples = samples.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let metric = metrics.iter().chain(of_samples).find(|(_, value)| !value.is_finite());
    let point = log.iter().find(|point| !finite(point));
    metric.map(|(name, value)| format!("{name} is {value}, not a finite number")).or_else(|| {
        point.map(|point| format!("the training log at update {} holds a number that is not finite", point.update))
    })
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::File { action, path, source }
}

#[cfg(unix)]
fn is_file_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// On other systems, lock files are never removed.
#[cfg(not(unix))]
fn is_file_at(_file: &File, _path: &Path) -> bool {
    true
}

/// A rename is durable only after its folder is synced.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
