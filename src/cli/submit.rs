//! `vqlab submit`: submits the missing cells to Slurm.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::outcome::failed;
use super::specs::{Folders, SpecOptions, absolute};
use super::survey::{Survey, for_plans};
use super::{CliError, note, print, warn};
use crate::runner::human_seconds;
use crate::slurm::{self, Deal, Folder, Job, JobScripts, Request, Resources, SlurmError, Submission, quoted};
use crate::spec::Plan;

const EXAMPLES: &str = "\
Examples:
  vqlab submit experiments/toy.toml --profile paper --dry-run
  vqlab submit experiments/toy.toml --profile paper --array-size 64 --partition main --time 4:00:00

Submits a job array that computes the cells without a record, and a second job that
writes results, figures and report afterwards. Expensive cells are spread evenly
across tasks. Scripts and logs are in results/slurm/N. `vqlab status` shows the states
of the jobs. The same command submits the cells that are still missing. Other options
of sbatch are set by its own variables, such as SBATCH_ACCOUNT. See docs/slurm.md.";

/// Submits the cells without a record to Slurm: a job array, and a job that gathers the results.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct SubmitArgs {
    /// Experiment files
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
    #[command(flatten)]
    options: SpecOptions,
    /// Partition [default: Slurm's]
    #[arg(long, value_name = "NAME", value_parser = parse_word)]
    partition: Option<String>,
    /// Time limit of a task in Slurm's notation: 90, 4:00:00, 1-12 [default: Slurm's]
    #[arg(long, value_name = "TIME", value_parser = parse_word)]
    time: Option<String>,
    /// Cores per task; each core computes one cell at a time
    #[arg(long, value_name = "N", default_value = "1", value_parser = super::run::parse_jobs)]
    cpus: usize,
    /// Memory per task in Slurm's notation: 2G [default: Slurm's]
    #[arg(long, value_name = "SIZE", value_parser = parse_word)]
    memory: Option<String>,
    /// Largest number of tasks in the array; fewer if fewer cells are missing
    #[arg(long, value_name = "N", default_value = "16", value_parser = super::run::parse_jobs)]
    array_size: usize,
    /// Print the job scripts; write and submit nothing
    #[arg(long)]
    dry_run: bool,
}

/// # Errors
/// [`CliError::Usage`]: a spec is wrong. [`CliError::Failed`]: sbatch is missing or refuses the job, or a file can't be
/// written.
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
    // Paths that a job script can't contain are refused before anything is written.
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
    note(&format!("scripts and logs are in {}; `vqlab status` shows the progress", folder.path().display()));
    Ok(())
}

/// Submits both jobs. The record is on disk as soon as a job exists or may exist.
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
    tell_warnings(&array);
    submission.array_job = Some(array.number.clone());
    let number = &array.number;
    let queued = format!("job {number} is in the queue and will compute the cells (`scancel {number}` cancels it)");
    folder.record(&submission).map_err(|error| {
        failed(format!("{error}\n{queued}, but no job gathers the results and `vqlab status` doesn't know of it"))
    })?;
    let gather = slurm::submit(&scripts.gather, &folder.gather_script(), Some(&array)).map_err(|error| {
        let missing = match error {
            SlurmError::Unclear { .. } => {
                "and a job that gathers the results may exist: `squeue --me` shows it; if it is missing, submit it"
            }
            _ => "but no job gathers the results; submit it",
        };
        let by_hand = by_hand(folder, scripts, number);
        failed(format!("{error}\n{queued}, {missing}: {by_hand}\nor gather afterwards: vqlab run … --gather"))
    })?;
    tell_warnings(&gather);
    submission.gather_job = Some(gather.number.clone());
    folder.record(&submission).map_err(|error| {
        failed(format!("{error}\n{queued}, and job {} gathers the results after it", gather.number))
    })?;
    Ok([array, gather])
}

/// Prints sbatch's warnings about an accepted job.
fn tell_warnings(job: &Job) {
    if !job.said.is_empty() {
        warn(&format!("sbatch, of job {}: {}", job.number, job.said));
    }
}

/// Keeps the folder of a submission whose job may be in the queue, and tells the user what to do.
fn unclear(error: &SlurmError, folder: &Folder, scripts: &JobScripts, submission: &Submission) -> CliError {
    let record = match folder.record(submission) {
        Ok(()) => String::new(),
        Err(error) => format!("\n{error}"),
    };
    failed(format!(
        "{error}{record}\n{} is kept. Look for the job with `squeue --me`. If the job exists, write its number into \
         {}, as \"array-job\": \"NUMBER\", and submit the job that gathers the results: {}\nIf it does not exist, \
         remove that folder and submit again.",
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

/// A hint for an array that sbatch refused.
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
                "\nhint: the array has {tasks} tasks, possibly more than the cluster allows (MaxArraySize in `scontrol \
                 show config`); use a smaller --array-size"
            ),
        };
    }
    if said.contains("submit limit") {
        return format!("\nhint: the array has {tasks} tasks; use a smaller --array-size, --time or --memory");
    }
    String::new()
}

/// The cells to submit, and the numbers of excluded cells.
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

/// Excludes done cells, and cells of earlier submissions whose tasks are still in the queue.
fn missing(plans: &[Plan], folders: &Folders, dry_run: bool) -> Result<Missing, CliError> {
    let survey = Survey::new(plans, &folders.store(), &for_plans(plans));
    let queue = match slurm::queue(&folders.slurm()) {
        Ok(queue) => queue,
        // A dry run works without Slurm.
        Err(error @ SlurmError::Start { .. }) if dry_run => {
            warn(&format!("the state of the queue is unknown: {error}"));
            Vec::new()
        }
        Err(error) => return Err(failed(error)),
    };
    for folder in slurm::unnumbered(&folders.slurm()).map_err(failed)? {
        let (path, file) = (folder.path().display(), folder.record_file());
        warn(&format!(
            "{path} was submitted, but sbatch gave no job number\nhint: if `squeue --me` shows its job, write the \
             number into {} as \"array-job\"; otherwise remove the folder",
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

/// The arguments of `vqlab run` in the jobs.
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
        std::env::current_exe().map_err(|error| failed(format!("the path of this program is unknown: {error}")))?;
    let log_folder = absolute(folder.path())?;
    if log_folder.contains('\\') {
        return Err(failed(format!(
            "{log_folder}: Slurm removes backslashes from the names of log files, and then starts no job; choose \
             another folder with --out"
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

/// A value for an #SBATCH line, in which a blank would end the value.
fn parse_word(text: &str) -> Result<String, String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.:,".contains(c);
    if !text.is_empty() && text.chars().all(is_allowed) {
        return Ok(text.to_owned());
    }
    Err("allowed are letters, digits and `_-.:,`".into())
}
