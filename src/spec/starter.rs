//! The text of a first spec for a task: small values that run in seconds, and all other fields as comments with their
//! meaning and default, from the table of fields.

use std::fmt::Write;

use super::document::names_files;
use super::field::{self, Field, Kind};
use super::layer::{SECTIONS, Settings};
use crate::task::Task;

/// The width of the comments.
const WIDTH: usize = 100;

/// A spec named `name` for a task. None if the name can't be part of file names.
pub fn starter(task: &dyn Task, name: &str) -> Option<String> {
    if !names_files(name) {
        return None;
    }
    let mut text = head(task, name);
    // The fields of comparisons need published numbers.
    for section in SECTIONS.iter().filter(|section| **section != "comparison") {
        let fields = field::rows(task)
            .filter_map(|field| Some((field, field.path.strip_prefix(section)?.strip_prefix('.')?)))
            .map(|(field, key)| entry(task, field, key));
        let fields: String = fields.collect();
        if !fields.is_empty() {
            let _ = write!(text, "\n[{section}]\n{fields}");
        }
    }
    Some(text)
}

fn head(task: &dyn Task, name: &str) -> String {
    let purpose = comment(&format!(
        "A first experiment with the task `{}`, which {}. `vqlab run {name}.toml` computes it. The values are small, so \
         that it ends soon. A line that begins with # and a name, without a blank, is a field at its default: remove \
         the # to change it. docs/specs.md has all fields.",
        task.name(),
        task.purpose()
    ));
    let editor = comment(
        "Editors complete and check specs: `vqlab schema -o vqlab.schema.json`, and this as the first line here: \
         \"#:schema ./vqlab.schema.json\".",
    );
    format!("{purpose}#\n{editor}\n[experiment]\nname = \"{name}\"\ntitle = \"{name}\"\ntask = \"{}\"\n", task.name())
}

/// One field: its meaning, then its value. Fields without a value here are comments.
fn entry(task: &dyn Task, field: &Field, key: &str) -> String {
    let wanted = task.wanted(&Settings::default());
    let own = task.starter().iter().chain(&wanted).find(|(path, _)| *path == field.path);
    match (own, field.default_toml()) {
        (Some((_, value)), _) => format!("{}{key} = {value}\n", comment(&meaning(field))),
        (None, Some(default)) => format!("{}#{key} = {default}\n", comment(&meaning(field))),
        (None, None) => comment(&format!("{key}: {}", meaning(field))),
    }
}

/// The meaning of a field, with its choices.
fn meaning(field: &Field) -> String {
    let has_choices = matches!(field.kind, Kind::Choice(_) | Kind::ChoiceList(_));
    if has_choices { format!("{} Allowed: {}.", field.about, field.kind.allowed()) } else { field.about.to_owned() }
}

/// A text as comment lines.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &std::mem::replace(&mut line, String::from("#"));
            lines.push('\n');
        }
        line.push(' ');
        line += word;
    }
    lines + &line + "\n"
}
