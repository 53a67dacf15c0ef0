//! Schemas of single values.

use std::ops::Bound::{Excluded, Included, Unbounded};

use serde_json::{Map, Value, json};

use crate::quantizer::Method;
use crate::task::settings::field::{Bounds, Field, Kind, MOST, MOST_VECTORS};

/// A table that allows only these entries.
pub(super) fn closed(properties: Map<String, Value>) -> Value {
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// A table that allows other entries, too.
pub(super) fn open(properties: Map<String, Value>) -> Value {
    json!({ "type": "object", "properties": properties })
}

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// Tables in double brackets.
pub(super) fn array(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// A list, not empty, without repetition.
pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items, "minItems": 1, "uniqueItems": true })
}

/// What a list adds if only its items are still to be checked.
pub(super) fn items(items: Value) -> Value {
    if items == json!(true) { items } else { json!({ "items": items }) }
}

/// The values of a field, with its meaning and its default.
pub(super) fn of_field(field: &Field) -> Value {
    let mut schema = of(field.kind);
    if let Value::Object(entries) = &mut schema {
        entries.insert("description".into(), field.about.into());
        entries.extend(default(field).map(|default| ("default".to_owned(), default)));
    }
    schema
}

/// The default of a field. TOML and JSON write single values alike, apart from the underscores in numbers.
fn default(field: &Field) -> Option<Value> {
    let toml = field.default_toml()?;
    let json = if toml.starts_with('"') { toml } else { toml.replace('_', "") };
    serde_json::from_str(&json).ok()
}

/// The values that one of two schemas of the same field allows: all choices of both, or else anything.
pub(super) fn joined(one: &Value, other: &Value) -> Value {
    if one == other {
        return one.clone();
    }
    let choices = |schema: &Value| schema.get("enum").and_then(Value::as_array).cloned();
    match (choices(one), choices(other)) {
        (Some(mut all), Some(more)) => {
            all.extend(more.into_iter().filter(|choice| !all.contains(choice)).collect::<Vec<_>>());
            json!({ "enum": all, "description": one.get("description") })
        }
        _ => json!({ "description": one.get("description") }),
    }
}

/// The values of a kind.
pub(super) fn of(kind: Kind) -> Value {
    match kind {
        Kind::Choice(names) => json!({ "enum": names }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Text => json!({ "type": "string" }),
        Kind::TextList => array(of(Kind::Text)),
        Kind::Names => list(of(Kind::Text)),
        Kind::Whole(low, high) => whole(low, high),
        Kind::Number(bounds, _) => number(bounds),
        Kind::Beam => json!({ "anyOf": [
            whole(1, MOST),
            { "type": "string", "pattern": r"^\s*min\(\s*K\s*,\s*[0-9]+\s*\)\s*$" },
        ] }),
        Kind::Vectors => json!({ "anyOf": [whole(1, MOST_VECTORS), { "const": "stream" }] }),
        Kind::WholeList(low, high) => list(whole(low, high)),
        Kind::ChoiceList(names) => list(of(Kind::Choice(names))),
        Kind::Method => json!({ "enum": Method::names() }),
        Kind::MethodList => list(of(Kind::Method)),
        Kind::NamedMethod => {
            let with_trainers = |name: String| [name.clone(), format!("{name}:kmeans"), format!("{name}:nsvq")];
            json!({ "enum": Method::names().into_iter().flat_map(with_trainers).collect::<Vec<_>>() })
        }
        Kind::NamedMethods => list(of(Kind::NamedMethod)),
        Kind::Seeds => json!({ "anyOf": [whole(1, MOST), list(whole(0, i64::MAX))] }),
    }
}

/// Numbers above 2^53 are left out: readers of JSON round them.
fn whole(low: i64, high: i64) -> Value {
    let mut schema = json!({ "type": "integer", "minimum": low });
    if high < 1 << 53 {
        schema["maximum"] = high.into();
    }
    schema
}

fn number((low, high): Bounds) -> Value {
    let mut schema = json!({ "type": "number" });
    match low {
        Included(low) => schema["minimum"] = low.into(),
        Excluded(low) => schema["exclusiveMinimum"] = low.into(),
        Unbounded => {}
    }
    match high {
        Included(high) => schema["maximum"] = high.into(),
        Excluded(high) => schema["exclusiveMaximum"] = high.into(),
        Unbounded => {}
    }
    schema
}
