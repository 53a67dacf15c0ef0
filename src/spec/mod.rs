//! Specs: the TOML file that declares an experiment, its checks with line and column, and its expansion into cells.
//!
//! A spec is parsed into values with spans (`value`), read into layers of settings (`document`, `layer`), each checked
//! against the table of fields (`field`). Under the chosen profile the layers are laid over each other (`frame`) in the
//! order base, profile, variant, the profile's variant, axis value, overrides, `--set`, resolved into cells (`resolve`,
//! `training`) and put together as a [`Plan`] (`expand`). Everything is checked before any work begins.
//!
//! "Overrides" are the base's `[[override]]`s, then the profile's `[[profile.NAME.override]]`s, each in the order of the
//! file. So a base override wins over what `[profile.NAME]` and its variants set themselves, for the points that it
//! names: where the base has `[[override]] where = { bits = [24] }` with `updates = 8000`, `[profile.quick]` with
//! `updates = 500` leaves 8000 at 24 bits. Only a `[[profile.quick.override]]` or a `--set` changes that.

mod claim;
mod comparison;
mod document;
mod expand;
mod frame;
mod known;
mod output;
mod paper;
mod plan;
mod required;

use std::path::Path;

pub use crate::task::cell::*;
pub use crate::task::settings::data_set::WantedSet;
pub use crate::task::settings::error::SpecError;
pub use paper::{PAPER, PaperSpec, Purpose};
pub use plan::*;

use crate::data::cache::Places;
use crate::task::settings::field::FIGURES;
use crate::task::settings::{data_set, error, field, layer, resolve, value};
use document::{Body, Document};
use error::{Checked, Sources, closest};
use frame::Choice;

/// What the command line adds to a spec.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// `--profile`; None and `default` are the spec's own values.
    pub profile: Option<String>,
    /// `--set`: dotted fields of settings, as `training.updates=500` or `variant.NAME.data.rank=8`. They win over
    /// everything else. A text needs no quotes.
    pub set: Vec<String>,
    /// `--seeds N`: the seeds 1 to N for every point, whatever the spec says. Complexity experiments have no seeds.
    pub seeds: Option<usize>,
    /// Where `data.set` is looked for; in no folder by default.
    pub data: Places,
}

/// Reads, checks and expands a spec.
///
/// # Errors
/// [`SpecError`] where the file can't be read, or a field is unknown, of a wrong type, out of range or contradicts
/// another one.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Plan, SpecError> {
    let text = read(path)?;
    parse(path, &text, options)
}

/// As [`load`], for a spec that is not on disk; `path` names it in messages.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &Path, text: &str, options: &LoadOptions) -> Result<Plan, SpecError> {
    let mut sources = Sources::new(path, text);
    let document =
        value::parse(text, 0).and_then(|root| Document::read(&root)).map_err(|fault| sources.error(fault))?;
    let (profile, body) = choose_profile(&document, options)?;
    if options.seeds == Some(0) {
        return Err(SpecError::option("--seeds 0", "there are no seeds to run", "a number of seeds, 1 or more"));
    }
    let set = read_set(&document, &options.set, &mut sources).map_err(|fault| sources.error(fault))?;
    let seeds = options.seeds.filter(|_| document.head.task.trains()).map(|seeds| seeds as u64);
    let choice = Choice { profile: body, set: &set, seeds };
    let plan =
        expand::plan(&document, choice, profile, path, text, &options.data).map_err(|fault| sources.error(fault))?;
    Ok(Plan { options: options.clone(), ..plan })
}

/// The names of a spec's profiles, `default` first, then in the order of the file.
///
/// # Errors
/// As [`load`], but for what only shows under a profile.
pub fn profiles(path: &Path) -> Result<Vec<String>, SpecError> {
    profiles_of(path, &read(path)?)
}

fn profiles_of(path: &Path, text: &str) -> Result<Vec<String>, SpecError> {
    let document = value::parse(text, 0).and_then(|root| Document::read(&root));
    let document = document.map_err(|fault| Sources::new(path, text).error(fault))?;
    Ok(document.profile_names().into_iter().map(str::to_owned).collect())
}

fn read(path: &Path) -> Result<String, SpecError> {
    std::fs::read_to_string(path).map_err(|error| SpecError::unreadable(path, &error))
}

fn choose_profile<'a>(
    document: &'a Document,
    options: &'a LoadOptions,
) -> Result<(&'a str, Option<&'a Body>), SpecError> {
    let wanted = options.profile.as_deref().unwrap_or("default");
    if wanted == "default" {
        return Ok((wanted, None));
    }
    let found = document.profiles.iter().find(|(key, _)| key.name == wanted);
    found.map(|(key, body)| (key.name.as_str(), Some(body))).ok_or_else(|| {
        let known = document.profile_names();
        let mut message = format!("the experiment \"{}\" has no such profile", document.head.name);
        if let Some(meant) = closest(wanted, known.iter().copied()) {
            message.push_str(&format!("; did you mean `{meant}`?"));
        }
        SpecError::option(&format!("--profile {wanted}"), &message, &known.join(", "))
    })
}

/// All `--set` as one body, later ones over earlier ones.
fn read_set(document: &Document, assignments: &[String], sources: &mut Sources) -> Checked<Body> {
    let mut body = Body::default();
    for text in assignments {
        let source = sources.add("--set", text);
        body.read_assignment(document.head.task, &value::parse_assignment(text, source)?)?;
    }
    Ok(body)
}
