//! A folder with tiny specs, and the program run in it.

#![allow(dead_code)]

pub mod mock;
pub mod vectors;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Small enough to train in milliseconds, with all methods, two data sets and the published-style names.
pub const TINY: &str = r#"
[experiment]
name = "tiny"
title = "A tiny toy experiment"
task = "toy"

[sweep]
methods = ["avq", "rvq", "pvq"]
bits = [4, 8]
stages = [2]
seeds = 2

[data]
dimension = 8
vectors = 2000

[variant.mixed]
data.distribution = "low-rank-mixture"
data.rank = 2
data.variance = 16.0

[variant.plain]
data.distribution = "uniform-integers"
data.variance = 140.0

[quantizer]
beam-width = 4

[training]
learning-rate = 0.1
batch-size = 64
updates = 200

[training.replacement]
every = 50

[evaluation]
vectors = 2000
primary = "training"

[output.results]
mixed = "Tiny/mixed.json"
plain = "Tiny/plain.json"
"#;

/// The cells of [`TINY`]: 2 data sets, 3 methods, 2 bitrates, 2 seeds.
pub const TINY_CELLS: usize = 24;

pub struct Env {
    folder: tempfile::TempDir,
}

impl Env {
    /// With `tiny.toml` and a `complexity.toml` that needs no training.
    pub fn new() -> Self {
        let env = Self { folder: tempfile::tempdir().unwrap() };
        env.write("tiny.toml", TINY);
        env.write(
            "complexity.toml",
            r#"
[experiment]
name = "operations"
title = "Operation counts"
task = "complexity"

[sweep]
methods = ["avq", "rvq", "pvq"]
bits = [12, 16]
stages = [4]

[data]
dimension = 64

[quantizer]
beam-width = 16

[output.results]
operations = "Operations/operations.json"
"#,
        );
        env
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The program, to be run in this folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vqlab"));
        // Data sets of this machine are of no account.
        command.args(args).current_dir(self.folder.path()).env("VQLAB_DATA", self.path("data-sets"));
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        Run::from(self.command(args).output().unwrap())
    }

    /// Path below `out` → bytes of every Results file (records, provenance and times apart).
    pub fn results(&self, out: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let root = self.path(out).join("results");
        let mut files = BTreeMap::new();
        for path in files_below(&root) {
            let below = path.strip_prefix(&root).unwrap().to_path_buf();
            let kept = ["cells", "codebooks", "shared"].iter().any(|folder| below.starts_with(folder));
            if !kept && !below.components().any(|c| c.as_os_str() == "provenance") {
                files.insert(below, std::fs::read(&path).unwrap());
            }
        }
        files
    }

    /// Files of killed processes: temporary ones and locks.
    pub fn leftovers(&self, out: &str) -> Vec<PathBuf> {
        let left = |path: &PathBuf| path.extension().is_some_and(|e| e == "tmp" || e == "lock");
        files_below(&self.path(out)).into_iter().filter(left).collect()
    }
}

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// How the program ended and what it said.
#[derive(Debug)]
pub struct Run {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Run {
    #[track_caller]
    pub fn ends_with(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        // How the crate tempfile tells of its files.
        assert!(!self.stderr.contains(" at path "), "a temporary file is named: {self:#?}");
        self
    }

    /// On stderr.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "`{text}` is not on stderr: {self:#?}");
        self
    }

    /// On stdout.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "`{text}` is not on stdout: {self:#?}");
        self
    }

    /// Cells that this run computed: their progress lines.
    pub fn computed(&self) -> usize {
        self.stderr.lines().filter(|line| line.starts_with('[')).count()
    }
}
