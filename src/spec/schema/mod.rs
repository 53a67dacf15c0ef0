//! The JSON Schema of specs, from the table of fields: editors with a TOML language server (taplo) complete and check
//! specs with it.
//!
//! It is of draft 7, which taplo reads. `properties` has the tables of all tasks together, with the values of their
//! fields: editors complete and explain from there. `if`/`then` has the tables of the spec's own task: which fields it
//! has, and the values of those that differ between tasks. So every mistake is reported once. The schema checks single
//! values; checks of several values together remain with `vqlab run --dry-run`.

mod claim;
mod kind;
mod parts;

use serde_json::{Map, Value, json};

use super::field::{self, Field, Kind};
use super::layer::SECTIONS;
use crate::task::{self, Task};
use kind::{closed, open, reference};

/// The schema of the specs of all known tasks.
pub fn schema() -> Value {
    let tasks = task::all();
    let fields = Merged::new(&tasks);
    let mut definitions = fields.definitions();
    definitions.extend(fields.tables());
    for task in &tasks {
        definitions.extend(of_task(*task, &fields));
    }
    let mut properties = root("any", true);
    properties.insert("experiment".into(), parts::experiment(&tasks));
    properties.insert("output".into(), parts::output());
    properties.insert("claim".into(), kind::array(reference("any:claim")));
    definitions.insert("any:claim".into(), claim::of_any(&tasks));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A spec of vqlab",
        "description": "An experiment: task, data, methods, sweep, training, evaluation, outputs and claims.",
        "type": "object",
        "required": ["experiment"],
        "properties": properties,
        "additionalProperties": false,
        "allOf": tasks.iter().map(|task| if_task(*task)).collect::<Vec<_>>(),
        "definitions": definitions,
    })
}

/// The checks of a spec with this task.
fn if_task(task: &dyn Task) -> Value {
    let mut properties = root(task.name(), false);
    properties.insert("claim".into(), json!({ "items": reference(&format!("{}:claim", task.name())) }));
    json!({
        "if": {
            "properties": { "experiment": { "properties": { "task": { "const": task.name() } }, "required": ["task"] } },
            "required": ["experiment"],
        },
        "then": { "properties": properties },
    })
}

/// The tables of a spec, defined under the name of a task or `any`. With `checks`, also the names in them.
fn root(owner: &str, checks: bool) -> Map<String, Value> {
    let mut tables = base(owner, checks);
    tables.insert("profile".into(), parts::named(reference(&format!("{owner}:profile")), checks));
    tables
}

/// The tables of the spec itself and of a profile.
fn base(owner: &str, checks: bool) -> Map<String, Value> {
    let section = |name: &&str| ((*name).to_owned(), reference(&format!("{owner}:{name}")));
    let mut tables: Map<String, Value> = SECTIONS.iter().map(section).collect();
    tables.insert("variant".into(), parts::named(reference(&format!("{owner}:variant")), checks));
    tables.insert("override".into(), kind::array(reference(&format!("{owner}:override"))));
    tables
}

/// A field with the schema of its values, joined over the tasks that have it.
struct Joined {
    path: &'static str,
    schema: Value,
    axis: bool,
}

/// The fields of all tasks, each path once.
struct Merged(Vec<Joined>);

impl Merged {
    fn new(tasks: &[&'static dyn Task]) -> Self {
        let mut fields: Vec<Joined> = Vec::new();
        for field in tasks.iter().flat_map(|task| field::rows(*task)) {
            match fields.iter_mut().find(|known| known.path == field.path) {
                Some(known) => {
                    known.axis |= field.axis;
                    known.schema = kind::joined(&known.schema, &kind::of_field(field));
                }
                None => fields.push(Joined { path: field.path, schema: kind::of_field(field), axis: field.axis }),
            }
        }
        Self(fields)
    }

    fn definitions(&self) -> Map<String, Value> {
        self.0.iter().map(|field| (field.path.to_owned(), field.schema.clone())).collect()
    }

    /// What a task adds to the joined schema of a field: nothing where they are equal.
    fn of_task(&self, field: &Field) -> Value {
        let own = kind::of_field(field);
        let is_joined = self.0.iter().any(|known| known.path == field.path && known.schema == own);
        if is_joined { json!(true) } else { own }
    }

    /// The definitions of the tables of all tasks. They do not say which fields a table has.
    fn tables(&self) -> Map<String, Value> {
        let mut definitions = Map::new();
        for section in SECTIONS {
            let mut table = open(Map::new());
            for field in &self.0 {
                insert(&mut table, section, field.path, reference(field.path), open);
                if section == "sweep" && field.axis {
                    insert_at(&mut table, field.path, kind::list(reference(field.path)), open);
                }
            }
            definitions.insert(format!("any:{section}"), table);
        }
        let sections = SECTIONS.iter().map(|name| ((*name).to_owned(), reference(&format!("any:{name}"))));
        let variant: Map<String, Value> = sections.collect();
        let mut of_points = variant.clone();
        of_points.insert("where".into(), parts::selection());
        definitions.insert("any:variant".into(), open(variant));
        definitions.insert("any:override".into(), open(of_points));
        definitions.insert("any:profile".into(), open(base("any", true)));
        definitions
    }
}

/// The definitions of the tables of a task. They say which fields a table has.
fn of_task(task: &dyn Task, fields: &Merged) -> Map<String, Value> {
    let rows: Vec<&Field> = field::rows(task).collect();
    let sections = |is_there: &dyn Fn(&Field) -> bool, axes: bool| -> Map<String, Value> {
        let table = |section: &&str| {
            let mut table = closed(Map::new());
            for field in &rows {
                if is_there(field) {
                    insert(&mut table, section, field.path, fields.of_task(field), closed);
                }
                if axes && *section == "sweep" && field.axis {
                    insert_at(&mut table, field.path, kind::items(fields.of_task(field)), closed);
                }
            }
            ((*section).to_owned(), table)
        };
        SECTIONS.iter().map(table).collect()
    };
    let name = |table: &str| format!("{}:{table}", task.name());
    let mut definitions: Map<String, Value> =
        sections(&|_| true, true).into_iter().map(|(section, table)| (name(&section), table)).collect();
    let mut of_points = sections(&|field| field.point, false);
    of_points.insert("where".into(), json!(true));
    definitions.insert(name("variant"), closed(sections(&|_| true, false)));
    definitions.insert(name("override"), closed(of_points));
    definitions.insert(name("profile"), closed(base(task.name(), false)));
    definitions.insert(name("claim"), claim::of_task(task));
    definitions
}

/// Inserts a field of `section` into its table.
fn insert(table: &mut Value, section: &str, path: &str, schema: Value, nested: fn(Map<String, Value>) -> Value) {
    if let Some(path) = path.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')) {
        insert_at(table, path, schema, nested);
    }
}

/// Inserts a schema at a dotted path of nested tables.
fn insert_at(table: &mut Value, path: &str, schema: Value, nested: fn(Map<String, Value>) -> Value) {
    let Some(Value::Object(properties)) = table.get_mut("properties") else { return };
    match path.split_once('.') {
        None => {
            properties.insert(path.to_owned(), schema);
        }
        Some((head, rest)) => {
            insert_at(properties.entry(head).or_insert_with(|| nested(Map::new())), rest, schema, nested);
        }
    }
}

/// The schema of a whole number of bits, and the like.
fn whole(low: i64, high: i64) -> Value {
    kind::of(Kind::Whole(low, high))
}
