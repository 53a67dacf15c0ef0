//! Specs: the TOML file that declares an experiment, its checks with line and column, and its expansion into cells.
//!
//! A spec is parsed into values with spans (`value`) and read into layers of settings (`document`, `layer`), each
//! checked against the table of fields (`field`). Under the chosen profile the layers are merged (`frame`) in the order
//! base, profile, variant, the profile's variant, axis value, overrides, `--set`. They are resolved into cells
//! (`resolve`, `training`) and assembled into a [`Plan`] (`expand`). Everything is checked before any work begins. The
//! modules `value`, `layer`, `field`, `resolve` and `training` are in [`crate::task::settings`].
//!
//! "Overrides" are the base's `[[override]]`s, then the profile's `[[profile.NAME.override]]`s, each in the order of
//! the file. For the selected points, a base override thus wins over the values in `[profile.NAME]` and its variants.
//! Example: the base has `[[override]] where = { bits = [24] }` with `updates = 8000`, and `[profile.quick]` has
//! `updates = 500`. The value at 24 bits is then 8000. Only a `[[profile.quick.override]]` or a `--set` changes it.

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
mod schema;
mod starter;

use std::path::Path;

pub use crate::task::cell::*;
pub use crate::task::settings::data_set::WantedSet;
pub use crate::task::settings::error::SpecError;
pub use output::FOLDERS;
pub use paper::{PAPER, PaperSpec, Purpose};
pub use plan::*;
pub use schema::schema;
pub use starter::starter;

use crate::data::cache::Places;
use crate::task::settings::field::FIGURES;
use crate::task::settings::{data_set, error, field, layer, resolve, value};
use document::{Body, Document};
use error::{Checked, Sources, closest};
use frame::Choice;

/// The options that the command line adds to a spec.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// `--profile`. None and `default` select the spec's own values.
    pub profile: Option<String>,
    /// `--set`: dotted fields of settings, such as `training.updates=500` or `variant.NAME.data.rank=8`. They have the
    /// highest precedence. A text needs no quotes.
    pub set: Vec<String>,
    /// `--seeds N`: the seeds 1 to N for every point, instead of the seeds in the spec. Complexity experiments have no
    /// seeds.
    pub seeds: Option<usize>,
    /// The folders in which `data.set` is looked for; none by default.
    pub data: Places,
}

/// Reads, checks and expands a spec.
///
/// # Errors
/// [`SpecError`] if the file can't be read, or a field is unknown, has a wrong type, is out of range or contradicts
/// another one.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Plan, SpecError> {
    let text = read(path)?;
    parse(path, &text, options)
}

/// Like [`load`], for a spec that is not on disk. `path` names it in messages.
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
/// As [`load`], except for errors that occur only under a profile.
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

/// All `--set` as one body. Later ones win.
fn read_set(document: &Document, assignments: &[String], sources: &mut Sources) -> Checked<Body> {
    let mut body = Body::default();
    for text in assignments {
        let source = sources.add("--set", text);
        body.read_assignment(document.head.task, &value::parse_assignment(text, source)?)?;
    }
    Ok(body)
}
