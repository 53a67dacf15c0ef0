//! The tables of a spec beside its settings: head, outputs, and the choice of points in overrides.

use serde_json::{Map, Value, json};

use super::kind::{array, closed, of};
use super::whole;
use crate::spec::document::LONGEST_NAME;
use crate::task::Task;
use crate::task::settings::field::{FIGURES, Kind};

/// Names become parts of file names.
fn name() -> Value {
    json!({ "type": "string", "pattern": format!("^[A-Za-z0-9_-]{{1,{LONGEST_NAME}}}$") })
}

/// Tables with names of the user: variants or profiles.
pub(super) fn named(table: Value, checks: bool) -> Value {
    let mut tables = json!({ "additionalProperties": table });
    if checks {
        tables["type"] = "object".into();
        tables["propertyNames"] = name();
    }
    tables
}

/// `[experiment]`.
pub(super) fn experiment(tasks: &[&'static dyn Task]) -> Value {
    let names: Vec<&str> = tasks.iter().map(|task| task.name()).collect();
    let purposes: Vec<String> = tasks.iter().map(|task| format!("{} {}", task.name(), task.purpose())).collect();
    json!({
        "type": "object",
        "required": ["name", "task"],
        "properties": {
            "name": described(name(), "Name of the experiment in file names."),
            "title": described(of(Kind::Text), "Title of the report; default: the name."),
            "description": described(of(Kind::Text), "One or two sentences for the report."),
            "task": { "enum": names, "description": format!("What is measured: {}.", purposes.join("; ")) },
            "figures": described(array(figure()), "The figures of [output.figures], as a check."),
        },
        "additionalProperties": false,
    })
}

fn described(mut schema: Value, text: &str) -> Value {
    schema["description"] = text.into();
    schema
}

/// A figure of the paper, or a name of the user.
fn figure() -> Value {
    json!({ "anyOf": [{ "enum": FIGURES }, name()] })
}

/// `[output]`.
pub(super) fn output() -> Value {
    let of_panels =
        |values: Value, text: &str| json!({ "type": "object", "additionalProperties": values, "description": text });
    let file = || json!({ "type": "string", "pattern": r"^[^/\\:][^\\:]*\.json$" });
    let labels = json!({ "type": "object", "additionalProperties": of(Kind::Text), "propertyNames": { "not": { "const": "Metric" } } });
    let mut tables = Map::new();
    tables.insert("results".into(), of_panels(file(), "Results file of each panel, below the folder of the profile."));
    tables.insert("published".into(), of_panels(file(), "Published file that each panel is compared with."));
    tables.insert("figures".into(), of_panels(figure(), "Figure of each panel."));
    tables.insert("labels".into(), of_panels(labels, "First entries of the Results file of each panel."));
    tables.insert("codebooks".into(), described(of(Kind::Flag), "Whether the codebooks of the cells are kept."));
    closed(tables)
}

/// `where` of an override.
pub(super) fn selection() -> Value {
    let keys = [
        ("panels", of(Kind::Names)),
        ("methods", of(Kind::NamedMethods)),
        ("bits", of(Kind::WholeList(1, 256))),
        ("min-bits", whole(1, 256)),
        ("max-bits", whole(1, 256)),
    ];
    closed(keys.map(|(key, schema)| (key.to_owned(), schema)).into_iter().collect())
}
