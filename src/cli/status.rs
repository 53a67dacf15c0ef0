//! `vqlab status`: the numbers of done, running, failed and open cells, and the states of Slurm jobs.

use std::collections::HashMap;
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use super::queue::Queue;
use super::specs::{Folders, SpecOptions};
use super::stop::stop_flag;
use super::survey::{Entry, Survey, for_plans};
use super::{CliError, print};
use crate::runner::{Options, human_seconds};
use crate::spec::Plan;

/// Shows which cells are done, running, failed and open, the estimated time left, and the states of Slurm jobs.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vqlab status experiments/toy.toml --profile paper\n  vqlab status experiments/*.toml --json\n  vqlab \
                  status experiments/toy.toml --watch --interval 10"
)]
pub struct StatusArgs {
    /// Experiment files
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
    #[command(flatten)]
    options: SpecOptions,
    /// Threads for the estimated time [default: all cores]
    #[arg(long, short, value_name = "N", value_parser = super::run::parse_jobs)]
    jobs: Option<usize>,
    /// Print JSON, with every cell
    #[arg(long)]
    json: bool,
    /// Print the state again and again until all cells are done, or until Ctrl-C
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    /// Time between two states
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = parse_interval)]
    interval: Duration,
}

/// # Errors
/// [`CliError::Usage`]: a spec is wrong.
pub fn run(args: StatusArgs) -> Result<(), CliError> {
    let plans = args.options.load(&args.specs)?;
    let jobs = args.jobs.unwrap_or(Options::default().jobs);
    let folders = args.options.folders();
    if args.watch {
        return watch(&plans, &folders, jobs, args.interval);
    }
    let survey = Survey::new(&plans, &folders.store(), &for_plans(&plans));
    let queue = Queue::new(&folders, &survey);
    if args.json {
        let in_queue = queue.cells();
        let experiments: Vec<Value> = (0..plans.len()).map(|i| as_json(&plans, i, &survey, jobs, &in_queue)).collect();
        let all = json!({ "jobs": jobs, "experiments": experiments, "slurm": queue.as_json() });
        return print(&format!("{all:#}\n"));
    }
    print(&in_words(&plans, &survey, &queue, jobs))
}

fn in_words(plans: &[Plan], survey: &Survey, queue: &Queue, jobs: usize) -> String {
    let plans: String = (0..plans.len()).map(|i| as_text(plans, i, survey, jobs)).collect();
    plans + &queue.as_text()
}

/// Moves to the top left corner of a terminal, and clears it.
const CLEAR: &str = "\x1b[H\x1b[2J";
/// Interval between checks for Ctrl-C.
const POLL: Duration = Duration::from_millis(100);

/// Prints the state until no cell is open or running: in place on a terminal, one block after another elsewhere.
fn watch(plans: &[Plan], folders: &Folders, jobs: usize, interval: Duration) -> Result<(), CliError> {
    let stop = stop_flag("stopped watching; a run in another process continues")?;
    let before = if std::io::stdout().is_terminal() { CLEAR } else { "" };
    let options = for_plans(plans);
    loop {
        let survey = Survey::new(plans, &folders.store(), &options);
        let text = in_words(plans, &survey, &Queue::new(folders, &survey), jobs);
        print(&format!("{before}{text}"))?;
        if !survey.entries.iter().any(|entry| entry.state.is_open()) {
            return Ok(());
        }
        let next = Instant::now() + interval;
        while Instant::now() < next {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            sleep(POLL.min(next.saturating_duration_since(Instant::now())));
        }
    }
}

/// # Errors
/// The text is not a number of seconds from 0.1 to 86400.
fn parse_interval(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("allowed are seconds from 0.1 to 86400".into()),
    }
}

fn of_plan(survey: &Survey, plan: usize) -> impl Iterator<Item = &Entry> + Clone {
    survey.entries.iter().filter(move |entry| entry.plan == plan)
}

fn count(survey: &Survey, plan: usize, state: &str) -> usize {
    of_plan(survey, plan).filter(|entry| entry.state.name() == state).count()
}

fn left(survey: &Survey, plan: usize) -> usize {
    of_plan(survey, plan).filter(|entry| !entry.state.is_settled()).count()
}

fn as_text(plans: &[Plan], plan: usize, survey: &Survey, jobs: usize) -> String {
    let counted = |state| count(survey, plan, state);
    let Plan { name, profile, .. } = &plans[plan];
    let (total, left_cells) = (of_plan(survey, plan).count(), left(survey, plan));
    let mut text = format!("{name} (profile {profile}): {} of {total} cells done", counted("done"));
    for state in ["running", "diverged", "failed", "unusable"] {
        if counted(state) > 0 {
            let _ = write!(text, ", {} {state}", counted(state));
        }
    }
    if left_cells > 0 {
        let seconds = human_seconds(survey.left(of_plan(survey, plan), jobs).1);
        let _ = write!(text, ", {left_cells} left: about {seconds} with --jobs {jobs}");
    } else if total == 0 {
        text.push_str(" (an experiment above has all of its cells)");
    }
    text.push('\n');
    for entry in of_plan(survey, plan) {
        if let Some(reason) = entry.state.reason() {
            let _ = writeln!(text, "  {} {} {}: {reason}", entry.panel, entry.cell.label(), entry.state.name());
        }
    }
    text
}

fn as_json(plans: &[Plan], plan: usize, survey: &Survey, jobs: usize, in_queue: &HashMap<&str, Value>) -> Value {
    let cells: Vec<Value> = of_plan(survey, plan)
        .map(|entry| {
            let key = entry.cell.key();
            json!({
                "slurm": in_queue.get(key.as_str()),
                "key": key,
                "panel": entry.panel,
                "method": entry.cell.method().label(),
                "bits": entry.cell.total_bits(),
                "seed": entry.cell.seed,
                "state": entry.state.name(),
                "reason": entry.state.reason(),
                "estimated_seconds": survey.seconds(entry),
            })
        })
        .collect();
    let (work, time) = survey.left(of_plan(survey, plan), jobs);
    json!({
        "name": plans[plan].name,
        "profile": plans[plan].profile,
        "total": cells.len(),
        "done": count(survey, plan, "done"),
        "running": count(survey, plan, "running"),
        "diverged": count(survey, plan, "diverged"),
        "failed": count(survey, plan, "failed"),
        "unusable": count(survey, plan, "unusable"),
        "left": left(survey, plan),
        "seconds_of_work_left": work,
        "seconds_left": time,
        "cells": cells,
    })
}
