//! `vqlab submit`: hands the missing cells to Slurm.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::outcome::failed;
use super::specs::{Folders, SpecOptions, absolute};
use super::survey::Survey;
use super::{CliError, note, print};
use crate::runner::{Options, human_seconds};
use crate::slurm::{self, Deal, Folder, Job, JobScripts, Request, Resources, SlurmError, Submission, quoted};
use crate::spec::Plan;

const EXAMPLES: &str = "\
Examples:
  vqlab submit experiments/toy.toml --profile paper --dry-run
  vqlab submit experiments/toy.toml --profile paper --array-size 64 --partition main --time 4:00:00

Submits a job array that computes the cells without a record, dear ones spread
evenly over its tasks, and a job after it that writes results, figures and
report. Scripts and logs are in results/slurm/N. `vqlab status` shows Slurm's
states; the same command again submits what is missing then. More of sbatch is
asked for by its own variables, such as SBATCH_ACCOUNT. See docs/slurm.md.";

/// Submits the cells that have no record yet to Slurm, as a job array, and a job that gathers the results.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct SubmitArgs {
    /// Experiment files
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
    #[command(flatten)]
    options: SpecOptions,
    /// Slurm's partition; its default without
    #[arg(long, value_name = "NAME", value_parser = parse_word)]
    partition: Option<String>,
    /// Time limit of a task, as Slurm writes it (90, 4:00:00, 1-12); its default without
    #[arg(long, value_name = "TIME", value_parser = parse_word)]
    time: Option<String>,
    /// Cores of a task, each with a cell of its own
    #[arg(long, value_name = "N", default_value = "1", value_parser = super::run::parse_jobs)]
    cpus: usize,
    /// Memory of a task, as Slurm writes it (2G); its default without
    #[arg(long, value_name = "SIZE", value_parser = parse_word)]
    memory: Option<String>,
    /// Tasks of the array, at most; fewer where fewer cells are missing
    #[arg(long, value_name = "N", default_value = "16", value_parser = super::run::parse_jobs)]
    array_size: usize,
    /// Prints the job scripts, and neither writes nor submits anything
    #[arg(long)]
    dry_run: bool,
}

/// # Errors
/// Of use: a spec is wrong. Failed: sbatch is missing or refuses, or a file can't be written.
pub fn run(args: SubmitArgs) -> Result<(), CliError> {
    let plans = args.options.load(&args.specs)?;
    let folders = args.options.folders();
    let missing = missing(&plans, &folders, args.dry_run)?;
    if missing.cells.is_empty() {
        note(&format!("nothing to submit: {}", missing.others()));
        return Ok(());
    }
    let deal = Deal::new(missing.cells.clone(), args.array_size.min(missing.cells.len().div_ceil(args.cpus)));
    let arguments = arguments(&args)?;
    // Paths that no job script can hold are refused before anything is written.
    let preview = scripts(&args, &plans, &arguments, &deal, &Folder::next(&folders.slurm()))?;
    if args.dry_run {
        print(&format!("{}\n{}", preview.array.text, preview.gather.text))?;
        note(&format!("would submit {}", missing.described(&deal)));
        return Ok(());
    }
    folders.make(&plans)?;
    let folder = Folder::make(&folders.slurm()).map_err(failed)?;
    let scripts = scripts(&args, &plans, &arguments, &deal, &folder)?;
    folder.write(&deal, &scripts).map_err(failed)?;
    let [array, gather] = submit(&folder, &scripts, arguments, deal.shards.len())?.map(|job| job.number);
    print(&format!("job {array}: {}\njob {gather}: gathers the results after it\n", missing.described(&deal)))?;
    note(&format!("scripts and logs are in {}; `vqlab status` shows how far it is", folder.path().display()));
    Ok(())
}

/// Submits both jobs; the record is on disk as soon as there is a job, or may be one.
fn submit(folder: &Folder, scripts: &JobScripts, arguments: Vec<String>, tasks: usize) -> Result<[Job; 2], CliError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut submission = Submission::new(arguments, now);
    let array = slurm::submit(&scripts.array, &folder.array_script(), None).map_err(|error| match error {
        SlurmError::Unclear { .. } => unclear(&error, folder, scripts, &submission),
        _ => {
            folder.remove();
            let hint = hint(&error, tasks);
            failed(format!("{error}{hint}"))
        }
    })?;
    warn(&array);
    submission.array_job = Some(array.number.clone());
    let number = &array.number;
    let queued = format!("job {number} is in the queue and will compute the cells (`scancel {number}` takes it back)");
    folder.record(&submission).map_err(|error| {
        failed(format!("{error}\n{queued}, but no job gathers the results and `vqlab status` doesn't know of it"))
    })?;
    let gather = slurm::submit(&scripts.gather, &folder.gather_script(), Some(&array)).map_err(|error| {
        let missing = match error {
            SlurmError::Unclear { .. } => {
                "whether a job gathers the results, `squeue --me` tells; if none does, submit it"
            }
            _ => "but no job gathers the results; submit it",
        };
        let by_hand = by_hand(folder, scripts, number);
        failed(format!("{error}\n{queued}, {missing}: {by_hand}\nor gather afterwards: vqlab run … --gather"))
    })?;
    warn(&gather);
    submission.gather_job = Some(gather.number.clone());
    folder.record(&submission).map_err(|error| {
        failed(format!("{error}\n{queued}, and job {} gathers the results after it", gather.number))
    })?;
    Ok([array, gather])
}

/// sbatch's warnings, of jobs that it took.
fn warn(job: &Job) {
    if !job.said.is_empty() {
        note(&format!("sbatch, of job {}: {}", job.number, job.said));
    }
}

/// Keeps the folder of a submission of which a job may be in the queue, and says what to do.
fn unclear(error: &SlurmError, folder: &Folder, scripts: &JobScripts, submission: &Submission) -> CliError {
    let record = match folder.record(submission) {
        Ok(()) => String::new(),
        Err(error) => format!("\n{error}"),
    };
    failed(format!(
        "{error}{record}\n{} is kept. Look for the job with `squeue --me`. If it is there, write its number into {}, as \
         \"array-job\": \"NUMBER\", and submit the job that gathers: {}\nIf it isn't, remove that folder and submit again.",
        folder.path().display(),
        folder.record_file().display(),
        by_hand(folder, scripts, "NUMBER")
    ))
}

/// The command that submits the gathering job.
fn by_hand(folder: &Folder, scripts: &JobScripts, array: &str) -> String {
    let path = folder.gather_script().display().to_string();
    let words = scripts.gather.options.iter().chain([&path]).map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    format!("sbatch --dependency=afterany:{array} {words}")
}

/// What to try where sbatch refused an array of so many tasks.
fn hint(error: &SlurmError, tasks: usize) -> String {
    let SlurmError::Refused { said, .. } = error else { return String::new() };
    if said.contains("Invalid job array specification") {
        return match slurm::largest_array() {
            Some(most) if most < tasks => {
                format!(
                    "\nhint: the array has {tasks} tasks, this cluster allows {most} (MaxArraySize): --array-size {most}"
                )
            }
            _ => format!(
                "\nhint: the array has {tasks} tasks, maybe more than the cluster allows (MaxArraySize in `scontrol show \
                 config`); use a smaller --array-size"
            ),
        };
    }
    if said.contains("submit limit") {
        return format!("\nhint: the array has {tasks} tasks; use a smaller --array-size, --time or --memory");
    }
    String::new()
}

/// The cells to submit, and how many are left out.
struct Missing {
    /// Key and estimated seconds.
    cells: Vec<(String, f64)>,
    done: usize,
    queued: usize,
}

impl Missing {
    fn others(&self) -> String {
        let queued = if self.queued > 0 { format!(", {} in the queue", self.queued) } else { String::new() };
        format!("{} cells done{queued}", self.done)
    }

    fn described(&self, deal: &Deal) -> String {
        let seconds: HashMap<&str, f64> = self.cells.iter().map(|(key, seconds)| (key.as_str(), *seconds)).collect();
        let of_shard = |keys: &Vec<String>| keys.iter().map(|key| seconds[key.as_str()]).sum::<f64>();
        let longest = deal.shards.iter().map(of_shard).fold(0.0, f64::max);
        format!(
            "{} cells on {} tasks, about {} of work, {} on the longest task ({})",
            self.cells.len(),
            deal.shards.len(),
            human_seconds(seconds.values().sum()),
            human_seconds(longest),
            self.others()
        )
    }
}

/// Leaves out what is done, and what tasks of earlier submissions that are still in the queue will do.
fn missing(plans: &[Plan], folders: &Folders, dry_run: bool) -> Result<Missing, CliError> {
    let survey = Survey::new(plans, &folders.store(), &Options::default());
    let queue = match slurm::queue(&folders.slurm()) {
        Ok(queue) => queue,
        // To look at scripts no Slurm is needed.
        Err(error @ SlurmError::Start { .. }) if dry_run => {
            note(&format!("what is in the queue is not known: {error}"));
            Vec::new()
        }
        Err(error) => return Err(failed(error)),
    };
    for folder in slurm::unnumbered(&folders.slurm()).map_err(failed)? {
        let (path, file) = (folder.path().display(), folder.record_file());
        note(&format!(
            "{path} was submitted, but sbatch gave no job number. If `squeue --me` shows its job, write the number into {} as \
             \"array-job\", else remove the folder",
            file.display()
        ));
    }
    let in_queue = slurm::cells_in_queue(&queue);
    let mut missing = Missing { cells: Vec::new(), done: 0, queued: 0 };
    for entry in &survey.entries {
        let key = entry.cell.key();
        if entry.state.is_settled() {
            missing.done += 1;
        } else if in_queue.contains_key(key.as_str()) {
            missing.queued += 1;
        } else {
            missing.cells.push((key, survey.seconds(entry)));
        }
    }
    Ok(missing)
}

/// What follows `vqlab run` in the jobs.
fn arguments(args: &SubmitArgs) -> Result<Vec<String>, CliError> {
    let mut words = args.specs.iter().map(|spec| absolute(spec)).collect::<Result<Vec<_>, _>>()?;
    words.extend(args.options.arguments()?);
    Ok(words)
}

fn scripts(
    args: &SubmitArgs,
    plans: &[Plan],
    arguments: &[String],
    deal: &Deal,
    folder: &Folder,
) -> Result<JobScripts, CliError> {
    let program =
        std::env::current_exe().map_err(|error| failed(format!("this program's path is not known: {error}")))?;
    let log_folder = absolute(folder.path())?;
    if log_folder.contains('\\') {
        return Err(failed(format!(
            "{log_folder}: Slurm removes backslashes from the names of log files, and starts no job then; choose another \
             folder with --out"
        )));
    }
    let (name, more) = (plans.first().map_or("", |plan| &plan.name), if plans.len() > 1 { "-and-more" } else { "" });
    let resources = Resources {
        partition: args.partition.clone(),
        time: args.time.clone(),
        memory: args.memory.clone(),
        cpus: args.cpus,
    };
    Ok(JobScripts::new(&Request {
        name: &format!("vqlab-{name}{more}"),
        program: &absolute(&program)?,
        working_folder: &absolute(".".as_ref())?,
        arguments,
        resources: &resources,
        tasks: deal.shards.len(),
        folder: &log_folder,
    }))
}

/// A value for an #SBATCH line, where a blank would begin something else.
fn parse_word(text: &str) -> Result<String, String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.:,".contains(c);
    if !text.is_empty() && text.chars().all(is_allowed) {
        return Ok(text.to_owned());
    }
    Err("allowed are letters, digits and `_-.:,`".into())
}
