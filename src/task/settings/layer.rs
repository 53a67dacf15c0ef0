//! Layers: partial settings as written in the base, a profile, a variant, an override or a `--set`, and [`Settings`],
//! the merged layers. A later layer wins. Every value remembers its layer. A setting that a later choice made
//! meaningless can thus be distinguished from a contradiction.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::error::{Checked, Fault, Span, closest};
use super::field::{self, Field, is_section};
use super::value::{Node, Table};
use crate::task::Task;

/// The position of a layer, which determines its allowed fields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Base, profile, variant or `--set`: all fields.
    Anywhere,
    /// A variant: all fields, but no axes, because each variant has the axes of the experiment.
    Variant,
    /// An `[[override]]`: fields of single points.
    Override,
}

/// Partial settings.
#[derive(Clone, Default)]
pub struct Layer {
    fields: Vec<(&'static Field, Node)>,
    /// Axes of the sweep: fields with lists of values.
    axes: Vec<(&'static Field, Node)>,
}

/// The tables that hold settings.
pub const SECTIONS: [&str; 9] =
    ["sweep", "data", "network", "codec", "quantizer", "training", "end-to-end", "evaluation", "comparison"];

impl Layer {
    /// Reads one entry of a table of settings, where `name` is one of [`SECTIONS`].
    pub fn read(&mut self, task: &dyn Task, place: Place, name: &str, node: &Node) -> Checked<()> {
        if place == Place::Override
            && name == "sweep"
            && let Some((key, _)) = node.table().and_then(|t| t.entries.iter().find(|(key, _)| key.name != "seeds"))
        {
            let message = format!("an override can't set `sweep.{}`", key.name);
            return Err(Fault::new(key.span, message).allowed("sweep.seeds, and fields of single points"));
        }
        self.read_table(task, place, name, node.expect_table(name)?)
    }

    fn read_table(&mut self, task: &dyn Task, place: Place, prefix: &str, table: &Table) -> Checked<()> {
        for (key, node) in &table.entries {
            let path = format!("{prefix}.{}", key.name);
            if let Some(field) = field::find(&path, task).or_else(|| field::find_anywhere(&path)) {
                check_place(field, task, place, key.span)?;
                let as_axis = |fault: Fault| match node.list().is_some() && field.axis {
                    true => fault.help(format!("to compare values, list them as `{}` under [sweep]", field.path)),
                    false => fault,
                };
                field.kind.check(field.path, node).map_err(as_axis)?;
                set(&mut self.fields, field, node);
            } else if is_section(&path) {
                self.read_table(task, place, &path, node.expect_table(&path)?)?;
            } else if let Some(inner) = path.strip_prefix("sweep.").filter(|inner| is_axis_path(inner)) {
                self.read_axis(task, place, inner, key.span, node)?;
            } else {
                return Err(unknown_field(task, prefix, &key.name, key.span));
            }
        }
        Ok(())
    }

    fn read_axis(&mut self, task: &dyn Task, place: Place, path: &str, key: Span, node: &Node) -> Checked<()> {
        let Some(field) = field::find(path, task).or_else(|| field::find_anywhere(path)) else {
            let table = node.expect_table(&format!("sweep.{path}"))?;
            for (key, node) in &table.entries {
                let path = format!("{path}.{}", key.name);
                if !is_axis_path(&path) {
                    let (prefix, name) = path.rsplit_once('.').unwrap_or(("", &path));
                    return Err(unknown_field(task, prefix, name, key.span));
                }
                self.read_axis(task, place, &path, key.span, node)?;
            }
            return Ok(());
        };
        if place == Place::Variant {
            return Err(Fault::new(key, format!("a variant can't have the axis `sweep.{path}`"))
                .allowed("sweep.methods, sweep.bits, sweep.bits-per-stage, sweep.stages, sweep.seeds")
                .help("give the axis in [sweep], where it holds for all variants"));
        }
        if !field.axis {
            return Err(Fault::new(key, format!("`{path}` can't be an axis of the sweep")));
        }
        check_place(field, task, place, key)?;
        match node.list() {
            Some(items) if !items.is_empty() => field::check_items(field.kind, path, items)?,
            _ => {
                let help = format!("sweep.{path} = [first, second]; for a single value set {path} itself");
                return Err(node.cannot_be(&format!("sweep.{path}")).allowed("a list of values, not empty").help(help));
            }
        }
        set(&mut self.axes, field, node);
        Ok(())
    }

    /// Whether this layer gives the field a value.
    pub fn has(&self, path: &str) -> bool {
        self.node(path).is_some()
    }

    /// The value that this layer gives the field.
    pub fn node(&self, path: &str) -> Option<&Node> {
        self.fields.iter().find(|(field, _)| field.path == path).map(|(_, node)| node)
    }

    /// The two ways to give the bits contradict each other in one layer.
    pub fn check(&self) -> Checked<()> {
        let node = |path| self.fields.iter().find(|(field, _)| field.path == path).map(|(_, node)| node);
        match (node("sweep.bits"), node("sweep.bits-per-stage")) {
            (Some(_), Some(second)) => Err(Fault::new(second.span, "both `bits` and `bits-per-stage` are given")
                .allowed("one of them: bits counts all stages together, bits-per-stage one stage")),
            _ => Ok(()),
        }
    }
}

fn set(list: &mut Vec<(&'static Field, Node)>, field: &'static Field, node: &Node) {
    list.retain(|(known, _)| known.path != field.path);
    list.push((field, node.clone()));
}

fn is_axis_path(path: &str) -> bool {
    !path.starts_with("sweep") && (field::find_anywhere(path).is_some() || is_section(path))
}

fn check_place(field: &Field, task: &dyn Task, place: Place, key: Span) -> Checked<()> {
    if field::find(field.path, task).is_none() {
        let section = field.path.split('.').next().unwrap_or(field.path);
        let fits = |f: &&Field| !task.trains() || f.path.starts_with(section);
        let mut allowed: Vec<_> = field::rows(task).filter(fits).map(|f| f.path).collect();
        allowed.sort_by_key(|path| SECTIONS.iter().position(|section| path.starts_with(section)));
        let why = format!("task \"{}\" {}", task.name(), task.purpose());
        let allowed = if allowed.is_empty() { format!("nothing in [{section}]") } else { allowed.join(", ") };
        return Err(Fault::new(key, format!("`{}` has no meaning here: {why}", field.path)).allowed(allowed));
    }
    if place == Place::Override && !field.point {
        return Err(Fault::new(key, format!("an override can't set `{}`, which holds for a whole panel", field.path))
            .help("set it in the experiment itself, a [variant.NAME] or a [profile.NAME]"));
    }
    Ok(())
}

fn unknown_field(task: &dyn Task, prefix: &str, name: &str, span: Span) -> Fault {
    let mut known = Vec::new();
    for field in field::rows(task) {
        if let Some(rest) = field.path.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) {
            let next = rest.split('.').next().unwrap_or(rest);
            if !known.contains(&next) {
                known.push(next);
            }
        }
    }
    let message = format!("unknown field `{name}` in [{prefix}]");
    if closest(name, known.iter().copied()).is_none()
        && let Some(path) = elsewhere(task, prefix, name)
    {
        let fault = Fault::new(span, message).allowed(if known.is_empty() { "none".into() } else { known.join(", ") });
        return fault.help(format!("did you mean `{path}`?"));
    }
    unknown(span, &message, name, &known)
}

/// Other common names of our fields.
const ALIASES: [(&str, &str); 20] = [
    ("d", "dimension"),
    ("lr", "learning-rate"),
    ("rate", "learning-rate"),
    ("epochs", "updates"),
    ("steps", "updates"),
    ("batch", "batch-size"),
    ("n", "vectors"),
    ("size", "vectors"),
    ("samples", "vectors"),
    ("points", "vectors"),
    ("sigma", "variance"),
    ("std", "variance"),
    ("rho", "correlation"),
    ("law", "distribution"),
    ("type", "distribution"),
    ("kind", "distribution"),
    ("beam", "beam-width"),
    ("codebooks", "stages"),
    ("seed", "seeds"),
    ("method", "methods"),
];

/// The field that was probably meant if a table does not have a name: the field with the same name in another table, or
/// the field with this alias.
pub fn elsewhere(task: &dyn Task, prefix: &str, name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase().replace('_', "-");
    let alias = ALIASES.iter().find(|(alias, _)| *alias == lower).map(|(_, meant)| *meant);
    let paths = || field::rows(task).map(|field| field.path);
    let last = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
    let here = |path: &&str| path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'));
    [alias, Some(lower.as_str())]
        .into_iter()
        .flatten()
        .find_map(|wanted| {
            let found = || paths().filter(|path| last(path) == wanted);
            found().find(here).or_else(|| found().next())
        })
        .or_else(|| closest(&lower, paths().map(last)).and_then(|meant| paths().find(|path| last(path) == meant)))
}

/// The error for an unknown name, with the known names and the one that was probably meant.
pub fn unknown(span: Span, message: &str, name: &str, known: &[&str]) -> Fault {
    let fault = Fault::new(span, message).allowed(if known.is_empty() { "none".to_owned() } else { known.join(", ") });
    match closest(name, known.iter().copied()) {
        Some(meant) => fault.help(format!("did you mean `{meant}`?")),
        None => fault,
    }
}

/// A value and the number of its layer. Layers with higher numbers win.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    pub layer: usize,
    pub node: &'a Node,
}

/// Merged layers.
#[derive(Clone, Default)]
pub struct Settings<'a> {
    fields: BTreeMap<&'static str, Entry<'a>>,
    /// In the order of their first appearance.
    axes: Vec<(&'static str, Entry<'a>)>,
}

impl<'a> Settings<'a> {
    /// Merges `layer` over the existing ones.
    pub fn apply(&mut self, layer: &'a Layer, number: usize) {
        for (field, node) in &layer.fields {
            match field.path {
                "sweep.bits" => self.fields.remove("sweep.bits-per-stage"),
                "sweep.bits-per-stage" => self.fields.remove("sweep.bits"),
                _ => None,
            };
            self.set(field.path, Entry { layer: number, node });
        }
        for (field, node) in &layer.axes {
            let entry = Entry { layer: number, node };
            match self.axes.iter_mut().find(|(path, _)| *path == field.path) {
                Some((_, known)) => *known = entry,
                None => self.axes.push((field.path, entry)),
            }
        }
    }

    pub fn set(&mut self, path: &'static str, entry: Entry<'a>) {
        self.fields.insert(path, entry);
    }

    pub fn get(&self, path: &str) -> Option<Entry<'a>> {
        self.fields.get(path).copied()
    }

    pub fn node(&self, path: &str) -> Option<&'a Node> {
        self.get(path).map(|entry| entry.node)
    }

    pub fn text(&self, path: &str) -> Option<&'a str> {
        self.node(path).and_then(Node::text)
    }

    /// The value of a field with listed choices, which are the variants of `T`.
    ///
    /// # Errors
    /// A listed choice that is no variant: it must not become another one.
    pub fn choice<T: DeserializeOwned>(&self, path: &str) -> Checked<Option<T>> {
        self.node(path).map(|node| node.choice(path)).transpose()
    }

    pub fn whole(&self, path: &str) -> Option<u64> {
        self.node(path).and_then(Node::whole)
    }

    pub fn number(&self, path: &str) -> Option<f64> {
        self.node(path).and_then(Node::number)
    }

    pub fn flag(&self, path: &str) -> Option<bool> {
        self.node(path).and_then(Node::flag)
    }

    pub fn axes(&self) -> &[(&'static str, Entry<'a>)] {
        &self.axes
    }

    /// Checks `path`, which has a meaning only with some values of `selector`. It is refused if it was set in the same
    /// layer as a value without a meaning for it, or in a later layer. It has no effect if a later layer chose such a
    /// value.
    pub fn depends(&self, path: &'static str, selector: &str, has_meaning: bool, needs: &str) -> Checked<()> {
        let chosen = self.get(selector);
        match self.get(path) {
            Some(entry) if !has_meaning && chosen.is_none_or(|chosen| entry.layer >= chosen.layer) => {
                let found = chosen.map_or("left at its default".to_owned(), |chosen| chosen.node.to_string());
                let message = format!("`{path}` has no meaning where `{selector}` is {found}");
                Err(Fault::new(entry.node.span, message).allowed(format!("only with {needs}")).help("remove it"))
            }
            _ => Ok(()),
        }
    }
}
