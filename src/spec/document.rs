//! A spec as written: head, layers of settings, outputs and claims. Each is checked alone. Checks that depend on other
//! values or on the chosen profile run when the document is expanded into a plan.

use super::claim::{self, WrittenClaim};
use super::error::{Checked, Fault, Span, quoted};
use super::field::Kind;
use super::layer::{Layer, Place, SECTIONS, elsewhere, unknown};
use super::output::{Output, RESERVED, check_figure};
use super::value::{Key, Node, Table};
use crate::task::{self, Task};

pub(super) struct Document {
    pub head: Head,
    pub base: Body,
    pub profiles: Vec<(Key, Body)>,
    pub output: Output,
    pub claims: Vec<WrittenClaim>,
}

/// `[experiment]`.
pub(super) struct Head {
    pub name: String,
    pub title: String,
    pub description: String,
    pub task: &'static dyn Task,
    /// The figures that the spec claims to draw, if given.
    figures: Option<Node>,
    /// Position for errors about missing parts.
    pub span: Span,
    /// `[sweep]`, as a position for errors.
    pub sweep: Span,
    /// All tables of the file, by name.
    pub tables: Vec<(String, Span)>,
}

/// Settings with their variants and overrides: the base, a profile, or all `--set` together.
#[derive(Default)]
pub(super) struct Body {
    pub layer: Layer,
    pub variants: Vec<(Key, Layer)>,
    pub overrides: Vec<Override>,
}

/// Settings for the points that `filter` selects.
pub(super) struct Override {
    pub filter: Filter,
    pub layer: Layer,
}

/// `where` of an override. A key that is not given does not filter.
#[derive(Default)]
pub(super) struct Filter {
    pub panels: Option<Node>,
    pub methods: Option<Node>,
    /// Total bits.
    pub bits: Option<Node>,
    pub min_bits: Option<u64>,
    pub max_bits: Option<u64>,
    /// The span of the whole filter.
    pub span: Span,
}

impl Filter {
    /// Whether a point is selected. The point belongs to a method of the sweep or to a baseline. `rvq` selects both;
    /// `rvq:kmeans` and `rvq:nsvq` select one of them.
    pub fn matches(&self, panel: &str, (method, is_baseline): (&str, bool), bits: u64) -> bool {
        let named = |item: &str| match item.split_once(':') {
            Some((name, trainer)) => {
                name.eq_ignore_ascii_case(method) && trainer == if is_baseline { "kmeans" } else { "nsvq" }
            }
            None => item.eq_ignore_ascii_case(method),
        };
        let names = |node: &Option<Node>, test: &dyn Fn(&Node) -> bool| {
            node.as_ref().and_then(Node::list).is_none_or(|items| items.iter().any(test))
        };
        names(&self.panels, &|item| item.text() == Some(panel))
            && names(&self.methods, &|item| item.text().is_some_and(named))
            && names(&self.bits, &|item| item.whole() == Some(bits))
            && self.min_bits.is_none_or(|least| bits >= least)
            && self.max_bits.is_none_or(|most| bits <= most)
    }
}

impl Body {
    pub fn variant(&self, name: &str) -> Option<&Layer> {
        self.variants.iter().find(|(key, _)| key.name == name).map(|(_, layer)| layer)
    }

    /// Reads one entry of the base or of a profile. False if the entry does not belong to a body.
    fn read(&mut self, task: &'static dyn Task, key: &Key, node: &Node) -> Checked<bool> {
        match key.name.as_str() {
            name if SECTIONS.contains(&name) => self.layer.read(task, Place::Anywhere, name, node)?,
            "variant" => {
                for (key, node) in &node.expect_table("variant")?.entries {
                    check_name("variant", key)?;
                    let layer = read_variant(task, &key.name, node)?;
                    self.variants.push((key.clone(), layer));
                }
            }
            "override" => {
                for node in tables("override", node)? {
                    self.overrides.push(read_override(task, node)?);
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Adds one parsed `--set`.
    pub fn read_assignment(&mut self, task: &'static dyn Task, table: &Table) -> Checked<()> {
        for (key, node) in &table.entries {
            match key.name.as_str() {
                name if SECTIONS.contains(&name) => self.layer.read(task, Place::Anywhere, name, node)?,
                "variant" => {
                    for (key, node) in &node.expect_table("variant")?.entries {
                        let layer = read_variant(task, &key.name, node)?;
                        self.variants.push((key.clone(), layer));
                    }
                }
                _ => {
                    let known = [&SECTIONS[..], &["variant"]].concat();
                    let message = format!("`--set` can't change `{}`", key.name);
                    return Err(unknown(key.span, &message, &key.name, &known));
                }
            }
        }
        self.layer.check()
    }
}

impl Document {
    pub fn read(root: &Table) -> Checked<Document> {
        let mut head = read_head(root)?;
        let task = head.task;
        let mut base = Body::default();
        let (mut profiles, mut output, mut claims) = (Vec::new(), Output::default(), Vec::new());
        for (key, node) in &root.entries {
            match key.name.as_str() {
                "experiment" => {}
                "output" => output = Output::read(node)?,
                "claim" => {
                    for node in tables("claim", node)? {
                        claims.push(claim::read(task, node)?);
                    }
                }
                "profile" => profiles = read_profiles(task, node)?,
                _ if base.read(task, key, node)? => {}
                name => {
                    let known =
                        [&["experiment"], &SECTIONS[..], &["output", "variant", "override", "profile", "claim"]];
                    let message = format!("unknown table [{name}]");
                    return Err(match (node.table(), elsewhere(task, "", name)) {
                        // A field outside of its table.
                        (None, Some(path)) => Fault::new(key.span, message)
                            .allowed(known.concat().join(", "))
                            .help(format!("did you mean `{path}`?")),
                        _ => unknown(key.span, &message, name, &known.concat()),
                    });
                }
            }
        }
        base.layer.check()?;
        head.tables = root.entries.iter().map(|(key, node)| (key.name.clone(), node.span)).collect();
        head.sweep = root.get("sweep").map_or(head.span, |node| node.span);
        check_variants(&base, &profiles)?;
        if let Some(figures) = &head.figures {
            output.check_figures(figures)?;
        }
        Ok(Document { head, base, profiles, output, claims })
    }

    /// The variant names, in the order of the file.
    pub fn variants(&self) -> Vec<&str> {
        self.base.variants.iter().map(|(key, _)| key.name.as_str()).collect()
    }

    /// The profile names, `default` first.
    pub fn profile_names(&self) -> Vec<&str> {
        std::iter::once("default").chain(self.profiles.iter().map(|(key, _)| key.name.as_str())).collect()
    }
}

fn read_head(root: &Table) -> Checked<Head> {
    let Some(node) = root.get("experiment") else {
        return Err(Fault::new(Span::default(), "the table [experiment] is missing")
            .help("start the spec with [experiment] and its name, title and task"));
    };
    let table = node.expect_table("experiment")?;
    check_keys("experiment", table, &["name", "title", "description", "task", "figures"])?;
    let text = |name: &str| match table.get(name) {
        Some(value) => value.expect_text(&format!("experiment.{name}")).map(|text| Some((text.to_owned(), value.span))),
        None => Ok(None),
    };
    let title = text("title")?;
    let ((name, span), (task, task_span)) = match (text("name")?, text("task")?) {
        (Some(name), Some(task)) => (name, task),
        (name, task) => {
            let lines = [("name", "\"mine\"", name.is_none()), ("task", "\"toy\"", task.is_none())];
            let missing = || lines.iter().filter(|(.., is_missing)| *is_missing);
            let names: Vec<String> = missing().map(|(name, ..)| format!("`experiment.{name}`")).collect();
            let verb = if names.len() > 1 { "are" } else { "is" };
            let paste: Vec<String> = missing().map(|(name, value, _)| format!("  {name} = {value}")).collect();
            return Err(Fault::new(node.span, format!("{} {verb} missing", names.join(" and ")))
                .allowed(format!(
                    "a name for files, and a task out of {}",
                    quoted(task::all().into_iter().map(Task::name))
                ))
                .help(format!("add, with values of your own,\n  [experiment]\n{}", paste.join("\n"))));
        }
    };
    check_name("experiment", &Key { span, name: name.clone() })?;
    if RESERVED.contains(&name.as_str()) {
        return Err(Fault::new(span, format!("an experiment can't be named \"{name}\""))
            .allowed(format!("other names than {}, which are folders of the results", quoted(RESERVED))));
    }
    let title = title.map_or_else(|| name.clone(), |(title, _)| title);
    let description = table.get("description").map_or(Ok(""), |node| node.expect_text("experiment.description"))?;
    let task = read_task(&task, task_span)?;
    let figures = table.get("figures").cloned();
    if let Some(figures) = &figures {
        Kind::TextList.check("experiment.figures", figures)?;
        figures.list().unwrap_or_default().iter().try_for_each(|item| check_figure("experiment.figures", item))?;
    }
    let description = description.trim().to_owned();
    Ok(Head { name, title, description, task, figures, span: node.span, sweep: node.span, tables: Vec::new() })
}

fn read_task(name: &str, span: Span) -> Checked<&'static dyn Task> {
    let known = || quoted(task::all().into_iter().map(Task::name));
    task::find(name).ok_or_else(|| Fault::new(span, format!("unknown task \"{name}\"")).allowed(known()))
}

fn read_profiles(task: &'static dyn Task, node: &Node) -> Checked<Vec<(Key, Body)>> {
    let mut profiles = Vec::new();
    for (key, node) in &node.expect_table("profile")?.entries {
        check_name("profile", key)?;
        if key.name == "default" {
            return Err(Fault::new(key.span, "a profile can't be called `default`")
                .help("the spec's own values are the default profile"));
        }
        let section = format!("profile.{}", key.name);
        let mut body = Body::default();
        for (key, node) in &node.expect_table(&section)?.entries {
            if !body.read(task, key, node)? {
                let known = [&SECTIONS[..], &["variant", "override"]].concat();
                let message = format!("unknown table `{}` in [{section}]", key.name);
                return Err(unknown(key.span, &message, &key.name, &known));
            }
        }
        body.layer.check()?;
        profiles.push((key.clone(), body));
    }
    Ok(profiles)
}

fn read_variant(task: &'static dyn Task, name: &str, node: &Node) -> Checked<Layer> {
    let section = format!("variant.{name}");
    read_layer(task, Place::Variant, &section, node.expect_table(&section)?, &[])
}

fn read_layer(task: &'static dyn Task, place: Place, section: &str, table: &Table, others: &[&str]) -> Checked<Layer> {
    let mut layer = Layer::default();
    for (key, node) in &table.entries {
        let name = key.name.as_str();
        if SECTIONS.contains(&name) {
            layer.read(task, place, name, node)?;
        } else if !others.contains(&name) {
            let known = [&SECTIONS[..], others].concat();
            return Err(unknown(key.span, &format!("unknown table `{name}` in [{section}]"), name, &known));
        }
    }
    layer.check()?;
    Ok(layer)
}

fn read_override(task: &'static dyn Task, node: &Node) -> Checked<Override> {
    let table = node.expect_table("override")?;
    let layer = read_layer(task, Place::Override, "override", table, &["where"])?;
    let filter = match table.get("where") {
        Some(node) => Filter { span: node.span, ..read_filter(node.expect_table("where")?)? },
        None => Filter::default(),
    };
    Ok(Override { filter, layer })
}

fn read_filter(table: &Table) -> Checked<Filter> {
    check_keys("where", table, &["panels", "methods", "bits", "min-bits", "max-bits"])?;
    let node = |name: &str, kind: Kind| match table.get(name) {
        Some(node) => kind.check(&format!("where.{name}"), node).map(|()| Some(node)),
        None => Ok(None),
    };
    let (min_bits, max_bits) = read_range(table, ["min-bits", "max-bits"], 256)?;
    Ok(Filter {
        panels: node("panels", Kind::Names)?.cloned(),
        methods: node("methods", Kind::NamedMethods)?.cloned(),
        bits: node("bits", Kind::WholeList(1, 256))?.cloned(),
        min_bits,
        max_bits,
        span: Span::default(),
    })
}

/// A range, such as `min-bits` and `max-bits`, of whole numbers up to `most`.
pub(super) fn read_range(table: &Table, names: [&str; 2], most: i64) -> Checked<(Option<u64>, Option<u64>)> {
    for name in names {
        if let Some(node) = table.get(name) {
            Kind::Whole(1, most).check(name, node)?;
        }
    }
    let [min, max] = names.map(|name| table.get(name));
    let whole = |node: Option<&Node>| node.and_then(Node::whole);
    match (whole(min), whole(max), max) {
        (Some(least), Some(most), Some(node)) if most < least => {
            Err(node.cannot_be(names[1]).allowed(format!("{}, which is {least}, or more", names[0])))
        }
        (least, most, _) => Ok((least, most)),
    }
}

/// The items of `[[name]]`.
fn tables<'a>(name: &str, node: &'a Node) -> Checked<&'a [Node]> {
    match node.list() {
        Some(items) if items.iter().all(|item| item.table().is_some()) => Ok(items),
        _ => Err(node.cannot_be(name).allowed(format!("tables under [[{name}]], in double brackets"))),
    }
}

/// Rejects keys of a small table that are not `known`.
pub(super) fn check_keys(section: &str, table: &Table, known: &[&str]) -> Checked<()> {
    match table.entries.iter().find(|(key, _)| !known.contains(&key.name.as_str())) {
        Some((key, _)) => {
            Err(unknown(key.span, &format!("unknown field `{}` in [{section}]", key.name), &key.name, known))
        }
        None => Ok(()),
    }
}

/// Maximum length of a name in bytes. File systems allow 255, and endings are added.
pub(super) const LONGEST_NAME: usize = 200;

/// Whether a name can be part of file names everywhere.
pub(super) fn names_files(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(good)
}

/// Names become parts of file names.
fn check_name(what: &str, key: &Key) -> Checked<()> {
    if !names_files(&key.name) {
        return Err(Fault::new(key.span, format!("the {what} name {:?} can't name files", key.name))
            .allowed(format!("1 to {LONGEST_NAME} of the letters a-z and A-Z, digits, - and _")));
    }
    Ok(())
}

/// A profile may change the variants of the base, but not add one.
fn check_variants(base: &Body, profiles: &[(Key, Body)]) -> Checked<()> {
    let known: Vec<&str> = base.variants.iter().map(|(key, _)| key.name.as_str()).collect();
    for (key, _) in profiles.iter().flat_map(|(_, body)| &body.variants) {
        check_variant(key, &known)?;
    }
    Ok(())
}

pub(super) fn check_variant(key: &Key, known: &[&str]) -> Checked<()> {
    if known.contains(&key.name.as_str()) {
        return Ok(());
    }
    Err(unknown(key.span, &format!("unknown variant `{}`", key.name), &key.name, known))
}

/// The method called `name` in a spec.
pub(super) fn method(name: &str) -> Option<super::Method> {
    super::Method::find(name)
}
