//! The Slurm part of `status`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use serde_json::{Value, json};

use super::specs::Folders;
use super::survey::Survey;
use crate::slurm::{self, Queued, TaskState};

/// The submissions that contain cells of the survey.
pub struct Queue {
    submissions: Vec<Queued>,
    /// Why Slurm's states are unknown although a submission exists.
    error: Option<String>,
    /// Whether each cell of the survey is settled, by key.
    settled: HashMap<String, bool>,
}

impl Queue {
    pub fn new(folders: &Folders, survey: &Survey) -> Self {
        let (mut submissions, error) = match slurm::queue(&folders.slurm()) {
            Ok(found) => (found, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        if submissions.is_empty() {
            return Self { submissions, error, settled: HashMap::new() };
        }
        let settled: HashMap<_, _> =
            survey.entries.iter().map(|entry| (entry.cell.key(), entry.state.is_settled())).collect();
        submissions.retain(|queued| queued.deal.shards.iter().flatten().any(|key| settled.contains_key(key)));
        Self { submissions, error, settled }
    }

    /// The number of cells of a task, and how many of them are not settled.
    fn count(&self, keys: &[String]) -> (usize, usize) {
        let open = keys.iter().filter(|key| self.settled.get(*key) == Some(&false)).count();
        (keys.len(), open)
    }

    /// Omits submissions that have ended and have no open cells.
    pub fn as_text(&self) -> String {
        let mut text = String::new();
        if let Some(error) = &self.error {
            let _ = writeln!(text, "Slurm's states are not known: {error}");
        }
        for queued in &self.submissions {
            let open = queued.deal.shards.iter().map(|keys| self.count(keys).1).sum::<usize>();
            if open > 0 || queued.is_live() {
                self.describe(queued, open, &mut text);
            }
        }
        text
    }

    fn describe(&self, queued: &Queued, open: usize, text: &mut String) {
        let submission = &queued.submission;
        let array = submission.array_job.as_deref().unwrap_or_default();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        queued.tasks.iter().for_each(|state| *counts.entry(name(state.as_ref())).or_default() += 1);
        let counts: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
        let cells = queued.deal.shards.iter().map(Vec::len).sum::<usize>();
        let _ = writeln!(text, "Slurm job {array}, {open} of {cells} cells left, tasks: {}", counts.join(", "));
        for (position, (state, keys)) in queued.tasks.iter().zip(&queued.deal.shards).enumerate() {
            let (_, open) = self.count(keys);
            if open > 0 && !state.as_ref().is_some_and(TaskState::is_live) {
                let (name, log) = (name(state.as_ref()), queued.folder.log(position + 1));
                let _ = writeln!(text, "  {array}_{} {name}: {open} cells left; {}", position + 1, log.display());
            }
        }
        if let Some(job) = &submission.gather_job {
            let _ = writeln!(text, "  job {job} gathers the results: {}", name(queued.gather.as_ref()));
        }
    }

    /// The queued task of each cell, by key. Tasks that have left the queue are omitted.
    pub fn cells(&self) -> HashMap<&str, Value> {
        let cells = slurm::cells_in_queue(&self.submissions).into_iter();
        cells.map(|(key, (task, state))| (key, json!({ "task": task, "state": state.name() }))).collect()
    }

    pub fn as_json(&self) -> Value {
        let state = |state: &Option<TaskState>| state.as_ref().map(|state| state.name().to_owned());
        let submission = |queued: &Queued| {
            let tasks = queued.tasks.iter().zip(&queued.deal.shards).enumerate();
            let tasks: Vec<Value> = tasks
                .map(|(position, (slurm, keys))| {
                    let ((cells, left), log) = (self.count(keys), queued.folder.log(position + 1));
                    json!({ "task": position + 1, "state": state(slurm), "cells": cells, "left": left, "log": log })
                })
                .collect();
            json!({
                "folder": queued.folder.path(),
                "array_job": queued.submission.array_job,
                "gather_job": queued.submission.gather_job,
                "gather_state": state(&queued.gather),
                "submitted_unix": queued.submission.submitted_unix,
                "tasks": tasks,
            })
        };
        let submissions: Vec<Value> = self.submissions.iter().map(submission).collect();
        json!({ "error": self.error, "submissions": submissions })
    }
}

fn name(state: Option<&TaskState>) -> &str {
    state.map_or("no longer in Slurm's memory", TaskState::name)
}
