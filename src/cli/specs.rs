//! The specs that a command works on, and the folders of their files.

use std::path::{Path, PathBuf};

use clap::Args;

use super::codec::refused;
use super::refuse::{refuse_collisions, refuse_files_of_others};
use super::{CliError, note, warn};
use crate::data::cache::Places;
use crate::data::file::refuse_stream;
use crate::runner::Store;
use crate::spec::{self, LoadOptions, Plan, WantedSet};

/// Options for reading specs, shared by all commands that take specs.
#[derive(Args, Clone, Debug)]
pub struct SpecOptions {
    /// Profile of the specs [default: default]
    #[arg(long, short, value_name = "NAME")]
    pub profile: Option<String>,
    /// Override one field, such as `training.updates=2000` or `sweep.bits=[12,16]`; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Run seeds 1 to N [default: the seeds of the spec]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: Option<u64>,
    /// Folder that holds results/ and reports/
    #[arg(long = "output", short = 'o', visible_alias = "out", value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    #[command(flatten)]
    pub data: DataOptions,
}

/// Where to look for the data sets of the specs.
#[derive(Args, Clone, Debug, Default)]
pub struct DataOptions {
    /// Folder to search first for the data sets of the specs (`data.set`), before the folder of `vqlab data fetch`
    #[arg(long = "data", value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

impl DataOptions {
    /// # Errors
    /// [`CliError::Usage`]: the folder does not exist.
    pub fn places(&self) -> Result<Places, CliError> {
        match self.folder.as_deref().filter(|folder| !folder.is_dir()) {
            Some(folder) => Err(CliError::Usage(format!("--data {}: there is no such folder", folder.display()))),
            None => Ok(Places::of_user(self.folder.as_deref())),
        }
    }
}

/// Prints which data sets were found, and which ones synthetic data replace.
pub fn note_data(plans: &[Plan]) {
    let mut said = Vec::new();
    for plan in plans {
        for WantedSet { set, found } in &plan.data_sets {
            let text = match found {
                Some(folder) => format!("{}: data from {}", set.name, folder.display()),
                None => {
                    format!("{}: not found, synthetic data stand in\nhint: {}", set.name, set.commands().join(" && "))
                }
            };
            if !said.contains(&text) {
                if found.is_some() {
                    note(&text)
                } else {
                    warn(&text)
                }
                said.push(text);
            }
        }
    }
}

impl SpecOptions {
    pub fn folders(&self) -> Folders {
        folders(&self.out)
    }

    /// The same options as words of a command line that works in any folder: paths are absolute.
    ///
    /// # Errors
    /// The folder's name is not Unicode.
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

    /// Reads and checks all specs. The errors of all specs are reported together, before any work.
    ///
    /// # Errors
    /// [`CliError::Usage`]: a spec is wrong, or two specs would write the same files.
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
        refuse_collisions(&plans)?;
        Ok(plans)
    }

    /// As [`Self::load`]. Without specs, loads all specs in experiments/ that have the profile.
    ///
    /// # Errors
    /// As [`Self::load`], and if there is no spec at all.
    pub fn load_or_all(&self, specs: &[PathBuf]) -> Result<Vec<Plan>, CliError> {
        if !specs.is_empty() {
            return self.load(specs);
        }
        let folder = Path::new("experiments");
        let entries = std::fs::read_dir(folder).map_err(|error| {
            CliError::Usage(format!(
                "no spec is given, and the folder experiments/ can't be read: {error}\n\
                 hint: `vqlab specs --copy NAME` writes a spec of the paper"
            ))
        })?;
        let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        found.retain(|path| path.extension().is_some_and(|e| e == "toml") && self.has_profile(path));
        found.sort();
        if found.is_empty() {
            let profile = self.profile.as_deref().unwrap_or("default");
            return Err(CliError::Usage(format!(
                "no spec is given, and no spec in experiments/ has the profile `{profile}`"
            )));
        }
        self.load(&found)
    }

    /// A spec that can't be read counts as having the profile, so that loading it reports the error.
    fn has_profile(&self, path: &Path) -> bool {
        match (&self.profile, spec::profiles(path)) {
            (Some(wanted), Ok(profiles)) => profiles.contains(wanted),
            _ => true,
        }
    }
}

/// The folders below `--output`.
pub fn folders(out: &Path) -> Folders {
    Folders { results: clean(out, "results"), reports: clean(out, "reports") }
}

/// The folders of a run.
#[derive(Clone, Debug)]
pub struct Folders {
    pub results: PathBuf,
    pub reports: PathBuf,
}

impl Folders {
    pub fn cells(&self) -> PathBuf {
        self.results.join("cells")
    }

    /// The folder of Slurm submissions.
    pub fn slurm(&self) -> PathBuf {
        self.results.join("slurm")
    }

    /// The records, for writing.
    ///
    /// # Errors
    /// The folder can't be created.
    pub fn open(&self) -> Result<Store, CliError> {
        Store::open(self.cells()).map_err(|error| CliError::Failed(error.to_string()))
    }

    /// The records, for writing by one of many shards.
    ///
    /// # Errors
    /// The folder can't be created.
    pub fn join(&self) -> Result<Store, CliError> {
        Store::join(self.cells()).map_err(|error| CliError::Failed(error.to_string()))
    }

    /// The records, for reading.
    pub fn store(&self) -> Store {
        Store::at(self.cells())
    }

    /// The folder of a plan's report.
    pub fn report(&self, plan: &Plan) -> PathBuf {
        self.reports.join(&plan.folder)
    }

    /// The folder of a plan's figures. Each experiment has its own, because figures of experiments share names.
    pub fn figures(&self, plan: &Plan) -> PathBuf {
        self.report(plan).join("figures").join(&plan.name)
    }

    /// The folders of a plan's profile.
    pub fn of_plan(&self, plan: &Plan) -> [PathBuf; 2] {
        [self.results.join(&plan.folder), self.report(plan)]
    }

    /// Creates the folders, and tests that they are writable, before hours of work.
    ///
    /// # Errors
    /// A folder can't be created or written to, or other results would be replaced.
    pub fn make(&self, plans: &[Plan]) -> Result<(), CliError> {
        refuse_stream(self.results.parent().unwrap_or(&self.results)).map_err(refused)?;
        refuse_files_of_others(plans, &self.results)?;
        let of_plans = plans.iter().flat_map(|plan| [self.results.join(&plan.folder), self.figures(plan)]);
        for folder in of_plans.chain([self.cells()]) {
            try_folder(&folder)?;
        }
        Ok(())
    }
}

/// # Errors
/// The folder can't be created or written to.
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
/// The path is not Unicode, or the working folder is gone.
pub fn absolute(path: &Path) -> Result<String, CliError> {
    let failed = |reason: String| CliError::Failed(format!("{}: {reason}", path.display()));
    let absolute =
        std::path::absolute(path).map_err(|error| failed(format!("the path can't be made absolute: {error}")))?;
    absolute
        .into_os_string()
        .into_string()
        .map_err(|_| failed("the path is not Unicode; rename it for a job script".into()))
}
