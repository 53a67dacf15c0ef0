//! `[[claim]]`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::kind::{closed, of, open};
use super::whole;
use crate::spec::claim::{KINDS, bounds, scope_names};
use crate::task::Task;
use crate::task::settings::field::{Kind, POSITIVE};

/// The claims of all tasks. The scope is checked by the task.
pub(super) fn of_any(tasks: &[&'static dyn Task]) -> Value {
    let one = of(Kind::NamedMethod);
    let order = |items: Value| json!({ "type": "array", "items": items, "minItems": 2, "uniqueItems": true });
    let near = json!({
        "type": "object",
        "required": ["method", "margin"],
        "properties": { "method": of(Kind::Method), "margin": of(POSITIVE) },
        "additionalProperties": false,
    });
    let metrics: BTreeSet<&str> = tasks.iter().flat_map(|task| task.claim_metrics()).copied().collect();
    let mut entries = Map::new();
    for (key, schema) in [
        ("text", json!({ "type": "string", "description": "The statement in words." })),
        ("metric", json!({ "enum": metrics })),
        ("best-first", of(Kind::Flag)),
        ("margin", of(POSITIVE)),
        ("panels", of(Kind::Names)),
        ("order", order(one.clone())),
        ("lowest", one.clone()),
        ("highest", one),
        ("near-baseline", near),
        ("rises", json!({ "const": true })),
        ("gap-shrinks", json!({ "const": true })),
        ("best-by-complexity", order(of(Kind::Method))),
    ] {
        entries.insert(key.into(), schema);
    }
    let mut claim = open(entries);
    claim["required"] = json!(["text"]);
    claim["oneOf"] = KINDS.iter().map(|kind| json!({ "required": [kind] })).collect();
    claim
}

/// The keys of a claim of a task, and the bounds of its scope.
pub(super) fn of_task(task: &dyn Task) -> Value {
    let scope = || {
        let limits = bounds(task).into_iter().flat_map(|(names, most)| names.map(|name| (name, whole(1, most))));
        let limits = limits.map(|(name, schema)| (name.to_owned(), schema));
        limits.chain(scope_names(task).contains(&"panels").then(|| ("panels".to_owned(), json!(true))))
    };
    let mut entries: Map<String, Value> = scope().collect();
    for key in ["text", "best-first", "margin"].iter().chain(&KINDS) {
        entries.insert((*key).into(), json!(true));
    }
    entries.insert("metric".into(), json!({ "enum": task.claim_metrics() }));
    let mut filter: Map<String, Value> = scope().collect();
    filter.insert("panels".into(), of(Kind::Names));
    filter.insert("bits".into(), of(Kind::WholeList(1, 256)));
    entries.insert("where".into(), closed(filter));
    closed(entries)
}
