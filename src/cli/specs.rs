//! Which specs a command works on, and where their files lie.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::codec::refused;
use super::{CliError, note};
use crate::data::cache::Places;
use crate::data::file::refuse_stream;
use crate::runner::Store;
use crate::spec::{self, LoadOptions, Plan, WantedSet};

/// How specs are read; shared by all commands that take specs.
#[derive(Args, Clone, Debug)]
pub struct SpecOptions {
    /// Profile of the specs to use; `default` without
    #[arg(long, short, value_name = "NAME")]
    pub profile: Option<String>,
    /// Overrides one field, such as `training.updates=2000` or `sweep.bits=[12,16]`; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Number of seeds, 1 to N, instead of the spec's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: Option<u64>,
    /// Folder that holds results/ and reports/
    #[arg(long = "output", short = 'o', visible_alias = "out", value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    #[command(flatten)]
    pub data: DataOptions,
}

/// Where the data sets that specs ask for are looked for.
#[derive(Args, Clone, Debug, Default)]
pub struct DataOptions {
    /// Folder to look in first for the data sets that the specs ask for (`data.set`): before the folder of `vqlab data
    /// fetch`
    #[arg(long = "data", value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

impl DataOptions {
    /// # Errors
    /// Of use: there is no such folder.
    pub fn places(&self) -> Result<Places, CliError> {
        match self.folder.as_deref().filter(|folder| !folder.is_dir()) {
            Some(folder) => Err(CliError::Usage(format!("--data {}: there is no such folder", folder.display()))),
            None => Ok(Places::of_user(self.folder.as_deref())),
        }
    }
}

/// Says which data sets were found, and which are stood in for.
pub fn note_data(plans: &[Plan]) {
    let mut said = Vec::new();
    for plan in plans {
        for WantedSet { set, found } in &plan.data_sets {
            let text = match found {
                Some(folder) => format!("{}: data from {}", set.name, folder.display()),
                None => format!(
                    "{}: not found, synthetic data stand in. To fetch it: {}",
                    set.name,
                    set.commands().join(" && ")
                ),
            };
            if !said.contains(&text) {
                note(&text);
                said.push(text);
            }
        }
    }
}

impl SpecOptions {
    pub fn folders(&self) -> Folders {
        folders(&self.out)
    }

    /// The same options as words of a command line that is run anywhere: the folder is absolute.
    ///
    /// # Errors
    /// The folder's name is no Unicode.
    pub fn arguments(&self) -> Result<Vec<String>, CliError> {
        let mut words = Vec::new();
        words.extend(self.profile.iter().map(|profile| format!("--profile={profile}")));
        words.extend(self.set.iter().map(|set| format!("--set={set}")));
        words.extend(self.seeds.iter().map(|seeds| format!("--seeds={seeds}")));
        words.push(format!("--output={}", absolute(&self.out)?));
        if let Some(folder) = &self.data.folder {
            words.push(format!("--data={}", absolute(folder)?));
        }
        Ok(words)
    }

    /// Reads and checks all specs; the errors of all of them come together, before any work.
    ///
    /// # Errors
    /// Of use: a spec is wrong, or two of them would write the same files.
    pub fn load(&self, specs: &[PathBuf]) -> Result<Vec<Plan>, CliError> {
        let seeds = self.seeds.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let data = self.data.places()?;
        let options = LoadOptions { profile: self.profile.clone(), set: self.set.clone(), seeds, data };
        let (mut plans, mut errors) = (Vec::new(), Vec::new());
        for path in specs {
            match spec::load(path, &options) {
                Ok(plan) => plans.push(plan),
                Err(error) => errors.push(error.to_string()),
            }
        }
        if !errors.is_empty() {
            return Err(CliError::Usage(errors.join("\n\nerror: ")));
        }
        refuse_reserved_profiles(&plans)?;
        refuse_equal_names(&plans)?;
        Ok(plans)
    }

    /// As [`Self::load`]; without specs, all of experiments/ that have the profile.
    ///
    /// # Errors
    /// Also if there is no spec at all.
    pub fn load_or_all(&self, specs: &[PathBuf]) -> Result<Vec<Plan>, CliError> {
        if !specs.is_empty() {
            return self.load(specs);
        }
        let folder = Path::new("experiments");
        let entries = std::fs::read_dir(folder).map_err(|error| {
            CliError::Usage(format!("no spec given, and the folder experiments/ can't be read here: {error}\nhint: `vqlab specs --copy NAME` writes one of the paper's"))
        })?;
        let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        found.retain(|path| path.extension().is_some_and(|e| e == "toml") && self.has_profile(path));
        found.sort();
        if found.is_empty() {
            let profile = self.profile.as_deref().unwrap_or("default");
            return Err(CliError::Usage(format!(
                "no spec given, and none in experiments/ has the profile `{profile}`"
            )));
        }
        self.load(&found)
    }

    /// A spec that can't be read counts as having it, so that loading it says what is wrong.
    fn has_profile(&self, path: &Path) -> bool {
        match (&self.profile, spec::profiles(path)) {
            (Some(wanted), Ok(profiles)) => profiles.contains(wanted),
            _ => true,
        }
    }
}

/// Those below `--output`.
pub fn folders(out: &Path) -> Folders {
    Folders { results: clean(out, "results"), reports: clean(out, "reports") }
}

/// Where the files of a run lie.
#[derive(Clone, Debug)]
pub struct Folders {
    pub results: PathBuf,
    pub reports: PathBuf,
}

impl Folders {
    pub fn cells(&self) -> PathBuf {
        self.results.join("cells")
    }

    /// What was submitted to Slurm.
    pub fn slurm(&self) -> PathBuf {
        self.results.join("slurm")
    }

    /// The records, for writing.
    ///
    /// # Errors
    /// The folder can't be made.
    pub fn open(&self) -> Result<Store, CliError> {
        Store::open(self.cells()).map_err(|error| CliError::Failed(error.to_string()))
    }

    /// The records, for one of many shards to write.
    ///
    /// # Errors
    /// The folder can't be made.
    pub fn join(&self) -> Result<Store, CliError> {
        Store::join(self.cells()).map_err(|error| CliError::Failed(error.to_string()))
    }

    /// The records, for reading.
    pub fn store(&self) -> Store {
        Store::at(self.cells())
    }

    /// Where the report of a plan goes.
    pub fn report(&self, plan: &Plan) -> PathBuf {
        self.reports.join(&plan.folder)
    }

    /// Where the figures of a plan go: a folder for each experiment, because most experiments have figures of one name.
    pub fn figures(&self, plan: &Plan) -> PathBuf {
        self.report(plan).join("figures").join(&plan.name)
    }

    /// What belongs to the profile of a plan.
    pub fn of_plan(&self, plan: &Plan) -> [PathBuf; 2] {
        [self.results.join(&plan.folder), self.report(plan)]
    }

    /// # Errors
    /// A folder can't be made or written to: better known before hours of work than after.
    pub fn make(&self, plans: &[Plan]) -> Result<(), CliError> {
        refuse_stream(self.results.parent().unwrap_or(&self.results)).map_err(refused)?;
        let of_plans = plans.iter().flat_map(|plan| [self.results.join(&plan.folder), self.figures(plan)]);
        for folder in of_plans.chain([self.cells()]) {
            try_folder(&folder)?;
        }
        Ok(())
    }
}

/// # Errors
/// A folder can't be made or written to.
pub fn try_folder(folder: &Path) -> Result<(), CliError> {
    crate::temporary::try_folder(folder).map_err(|(action, error)| {
        CliError::Failed(format!("cannot {action} the folder {}: {error}", folder.display()))
    })
}

/// Messages read `results/…`, not `./results/…`.
fn clean(out: &Path, name: &str) -> PathBuf {
    if out == Path::new(".") { PathBuf::from(name) } else { out.join(name) }
}

/// # Errors
/// The path is no Unicode, or the working folder is gone.
pub fn absolute(path: &Path) -> Result<String, CliError> {
    let failed = |reason: String| CliError::Failed(format!("{}: {reason}", path.display()));
    let absolute =
        std::path::absolute(path).map_err(|error| failed(format!("the path can't be made absolute: {error}")))?;
    absolute
        .into_os_string()
        .into_string()
        .map_err(|_| failed("the path is no Unicode; rename it for a job script".into()))
}

/// These folders of results/ and reports/ hold something else.
fn refuse_reserved_profiles(plans: &[Plan]) -> Result<(), CliError> {
    match plans.iter().find(|plan| {
        matches!(
            plan.folder.as_str(),
            "audio"
                | "cells"
                | "published"
                | "codebooks"
                | "shared"
                | "pictures"
                | "networks"
                | "checkpoints"
                | "slurm"
        )
    }) {
        None => Ok(()),
        Some(plan) => Err(CliError::Usage(format!(
            "{}: a profile can't be named `{}`, because the folder results/{1} holds something else; rename it",
            plan.source.display(),
            plan.profile
        ))),
    }
}

fn refuse_equal_names(plans: &[Plan]) -> Result<(), CliError> {
    let mut seen = HashSet::new();
    match plans.iter().find(|plan| !seen.insert(&plan.name)) {
        None => Ok(()),
        Some(plan) => Err(CliError::Usage(format!(
            "{}: another spec of this command is also named `{}`, and would write the same files; \
             give each its own [experiment] name",
            plan.source.display(),
            plan.name
        ))),
    }
}
