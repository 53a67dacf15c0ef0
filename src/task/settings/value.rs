//! TOML values with their spans, in the order of the file. The module has its own tree instead of serde structs. Layers
//! of a spec are merged field by field, and every value must still know its line after the merge.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::de::value::StrDeserializer;
use toml::de::{DeTable, DeValue};

use super::error::{Checked, Fault, Span};

#[derive(Clone, Debug)]
pub struct Node {
    pub span: Span,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub enum Value {
    Flag(bool),
    Whole(i64),
    Number(f64),
    Text(String),
    Date(String),
    List(Vec<Node>),
    Table(Table),
}

/// Entries in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub entries: Vec<(Key, Node)>,
}

#[derive(Clone, Debug)]
pub struct Key {
    pub span: Span,
    pub name: String,
}

impl Table {
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }
}

impl Node {
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    pub fn flag(&self) -> Option<bool> {
        if let Value::Flag(flag) = self.value { Some(flag) } else { None }
    }

    /// A nonnegative whole number.
    pub fn whole(&self) -> Option<u64> {
        if let Value::Whole(whole) = self.value { u64::try_from(whole).ok() } else { None }
    }

    /// Any number, including whole ones.
    pub fn number(&self) -> Option<f64> {
        match self.value {
            Value::Whole(whole) => Some(whole as f64),
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    pub fn list(&self) -> Option<&[Node]> {
        if let Value::List(items) = &self.value { Some(items) } else { None }
    }

    /// One of the variants of `T`, by its name. See [`super::Settings::choice`].
    ///
    /// # Errors
    /// A value that is no variant.
    pub fn choice<T: DeserializeOwned>(&self, path: &str) -> Checked<T> {
        let name = StrDeserializer::<serde::de::value::Error>::new(self.text().unwrap_or_default());
        T::deserialize(name).map_err(|error| self.cannot_be(path).allowed(error.to_string()))
    }

    pub fn table(&self) -> Option<&Table> {
        if let Value::Table(table) = &self.value { Some(table) } else { None }
    }

    /// The table at this node with the given name.
    pub fn expect_table(&self, name: &str) -> Checked<&Table> {
        self.table().ok_or_else(|| self.cannot_be(name).allowed(format!("a table, as in [{name}]")))
    }

    pub fn expect_text(&self, name: &str) -> Checked<&str> {
        self.text().ok_or_else(|| self.cannot_be(name).allowed("a text in quotes"))
    }

    /// The error "`name` can't be VALUE" at this node.
    pub fn cannot_be(&self, name: &str) -> Fault {
        Fault::new(self.span, format!("`{name}` can't be {self}"))
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Flag(flag) => write!(f, "{flag}"),
            Value::Whole(whole) => write!(f, "{whole}"),
            Value::Number(number) => write!(f, "{number:?}"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::Date(date) => write!(f, "the date {date}"),
            Value::List(items) if items.is_empty() => write!(f, "an empty list"),
            Value::List(_) => write!(f, "a list"),
            Value::Table(_) => write!(f, "a table"),
        }
    }
}

/// Parses one of the sources.
pub fn parse(text: &str, source: usize) -> Checked<Table> {
    let document = DeTable::parse(text).map_err(|error| {
        let range = error.span().unwrap_or(0..0);
        Fault::new(Span { source, start: range.start, end: range.end }, format!("not TOML: {}", error.message()))
    })?;
    table(document.get_ref(), source)
}

fn table(table: &DeTable, source: usize) -> Checked<Table> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let range = key.span();
        let key =
            Key { span: Span { source, start: range.start, end: range.end }, name: key.get_ref().clone().into_owned() };
        let range = value.span();
        let span = Span { source, start: range.start, end: range.end };
        entries.push((key, Node { span, value: convert(value.get_ref(), span)? }));
    }
    entries.sort_by_key(|(key, _)| key.span.start);
    Ok(Table { entries })
}

fn convert(value: &DeValue, span: Span) -> Checked<Value> {
    let out_of_range = |digits: &str| Fault::new(span, format!("the number {digits} is too large"));
    Ok(match value {
        DeValue::String(text) => Value::Text(text.clone().into_owned()),
        DeValue::Integer(whole) => {
            Value::Whole(i64::from_str_radix(whole.as_str(), whole.radix()).map_err(|_| out_of_range(whole.as_str()))?)
        }
        DeValue::Float(number) => Value::Number(number.as_str().parse().map_err(|_| out_of_range(number.as_str()))?),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items.iter() {
                let range = item.span();
                let span = Span { source: span.source, start: range.start, end: range.end };
                list.push(Node { span, value: convert(item.get_ref(), span)? });
            }
            Value::List(list)
        }
        DeValue::Table(entries) => Value::Table(table(entries, span.source)?),
    })
}

/// Parses `key=value` of a `--set`. A value that is not TOML is taken as plain text (`quantizer.init=data`).
pub fn parse_assignment(text: &str, source: usize) -> Checked<Table> {
    let whole = Span { source, start: 0, end: text.len() };
    let Some((key, value)) = text.split_once('=') else {
        return Err(
            Fault::new(whole, "`--set` needs a key and a value").allowed("key=value, as in training.updates=500")
        );
    };
    if text.contains(['\n', '\r']) {
        return Err(Fault::new(whole, "`--set` takes one line").help("give `--set` once for each field"));
    }
    match parse(text, source) {
        Ok(table) => Ok(table),
        Err(fault) if !is_bare(value) => {
            Err(match with_quotes(value).filter(|fixed| parse(&format!("{key}={fixed}"), source).is_ok()) {
                Some(fixed) => fault.help(format!("texts need quotes, which the shell removes: --set '{key}={fixed}'")),
                None => fault,
            })
        }
        Err(fault) => {
            // The same key with an empty text as its value. The spans of the key stay those of the typed text.
            let mut table = parse(&format!("{key}=\"\""), source).map_err(|_| fault)?;
            let start = key.len() + 1 + value.len() - value.trim_start().len();
            let span = Span { source, start, end: start + value.trim().len() };
            replace_leaf(&mut table, &Node { span, value: Value::Text(value.trim().to_owned()) });
            Ok(table)
        }
    }
}

fn is_bare(value: &str) -> bool {
    let value = value.trim();
    !value.is_empty() && !value.starts_with(['"', '\'', '[', '{', '#'])
}

/// A list or table with its unquoted words in quotes.
fn with_quotes(value: &str) -> Option<String> {
    let mut fixed = String::new();
    for piece in value.split_inclusive([',', '[', ']', '{', '}', '=']) {
        let end = piece.len() - usize::from(piece.ends_with([',', '[', ']', '{', '}', '=']));
        let (word, mark) = piece.split_at(end);
        let bare = word.trim();
        let is_text =
            bare.starts_with(|c: char| c.is_alphabetic()) && !["true", "false"].contains(&bare) && mark != "=";
        fixed.push_str(&if is_text { format!("\"{bare}\"") } else { word.to_owned() });
        fixed.push_str(mark);
    }
    (fixed != value).then_some(fixed)
}

/// Puts `leaf` at the end of the chain of one-entry tables from a dotted key.
fn replace_leaf(table: &mut Table, leaf: &Node) {
    for (_, node) in &mut table.entries {
        match &mut node.value {
            Value::Table(inner) => replace_leaf(inner, leaf),
            _ => *node = leaf.clone(),
        }
    }
}
