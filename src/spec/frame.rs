//! Frames: one per panel of a plan, with the panel's name and its settings before overrides, from the variants and the
//! axes of the sweep.

use std::collections::HashSet;

use super::document::{Body, Document};
use super::error::{Checked, Fault, quoted};
use super::layer::{Entry, Settings};
use super::value::Node;

/// More cells are refused before they are made. This is a typing error, or about forty times the whole paper.
pub(super) const MOST_CELLS: u128 = 100_000;

// Numbers of the layers, from the lowest to the highest precedence.
const BASE: usize = 0;
const PROFILE: usize = 1;
const VARIANT: usize = 2;
const PROFILE_VARIANT: usize = 3;
const AXIS: usize = 4;
const OVERRIDES: usize = 5;
const SET: usize = usize::MAX;

/// The user's choices on the command line.
#[derive(Clone, Copy)]
pub(super) struct Choice<'a> {
    pub profile: Option<&'a Body>,
    /// All `--set` together.
    pub set: &'a Body,
    /// `--seeds`.
    pub seeds: Option<u64>,
}

/// The frame of one panel.
pub(super) struct Frame<'a> {
    pub name: String,
    variant: Option<&'a str>,
    /// The layers from the base to the axes.
    lower: Settings<'a>,
    /// `lower` with `--set` on top.
    pub settings: Settings<'a>,
    pub stages: &'a Node,
}

impl<'a> Frame<'a> {
    /// The settings of one point of a method or (true) a baseline, with overrides between the axes and `--set`.
    pub fn point(
        &self,
        document: &'a Document,
        choice: Choice<'a>,
        contender: (&str, bool),
        bits: u64,
    ) -> Settings<'a> {
        let mut settings = self.lower.clone();
        let overrides = document.base.overrides.iter().chain(choice.profile.into_iter().flat_map(|p| &p.overrides));
        for (i, patch) in overrides.enumerate() {
            if patch.filter.matches(&self.name, contender, bits) {
                settings.apply(&patch.layer, OVERRIDES + i);
            }
        }
        apply_set(&mut settings, choice.set, self.variant);
        settings
    }
}

fn apply_set<'a>(settings: &mut Settings<'a>, set: &'a Body, variant: Option<&str>) {
    settings.apply(&set.layer, SET);
    // In the order of the command line, because several --set may change one variant.
    for (_, layer) in set.variants.iter().filter(|(key, _)| Some(key.name.as_str()) == variant) {
        settings.apply(layer, SET);
    }
}

/// Base, profile, variant and the profile's variant.
fn below_axes<'a>(document: &'a Document, profile: Option<&'a Body>, variant: Option<&str>) -> Settings<'a> {
    let mut settings = Settings::default();
    let layers = [
        (BASE, Some(&document.base.layer)),
        (PROFILE, profile.map(|body| &body.layer)),
        (VARIANT, variant.and_then(|name| document.base.variant(name))),
        (PROFILE_VARIANT, variant.and_then(|name| profile?.variant(name))),
    ];
    for (number, layer) in layers {
        if let Some(layer) = layer {
            settings.apply(layer, number);
        }
    }
    settings
}

/// The settings of each variant below the axes, with `--set` on top.
pub(super) fn settings_of_variants<'a>(document: &'a Document, choice: Choice<'a>) -> Vec<Settings<'a>> {
    let of = |variant: Option<&str>| {
        let mut settings = below_axes(document, choice.profile, variant);
        apply_set(&mut settings, choice.set, variant);
        settings
    };
    let variants = document.variants();
    if variants.is_empty() { vec![of(None)] } else { variants.into_iter().map(|name| of(Some(name))).collect() }
}

/// The frames of all panels, in order: variants as in the file, then axes as in the file, the last one fastest.
pub(super) fn frames<'a>(document: &'a Document, choice: Choice<'a>) -> Checked<Vec<Frame<'a>>> {
    let variants = document.variants();
    let variants: Vec<Option<&str>> =
        if variants.is_empty() { vec![None] } else { variants.into_iter().map(Some).collect() };
    let (mut spaces, mut cells) = (Vec::new(), 0u128);
    for variant in variants {
        let below = below_axes(document, choice.profile, variant);
        let mut all = below.clone();
        apply_set(&mut all, choice.set, variant);
        let axes = axes(document, choice.profile, &all)?;
        let panels = axes.iter().fold(1, |product: u128, axis| product.saturating_mul(axis.values.len() as u128));
        cells = cells.saturating_add(panels.saturating_mul(cells_of_panel(&all, choice)));
        spaces.push((variant, below, axes, panels, all));
    }
    if let Some((.., largest)) = spaces.iter().max_by_key(|(.., panels, _)| *panels).filter(|_| cells > MOST_CELLS) {
        return Err(too_many(document, largest, cells));
    }
    let mut frames = Vec::new();
    for (variant, below, axes, panels, _) in &spaces {
        frames.extend((0..*panels).map(|number| frame(document, choice, *variant, below, axes, number)));
    }
    check_names(document, &frames)?;
    Ok(frames)
}

/// An axis of the sweep: a field and its values.
struct Axis<'a> {
    path: &'static str,
    values: &'a [Node],
    /// Whether the value is a part of the panel's name. A single number of stages is not.
    named: bool,
}

/// The axes in [sweep], then the stages.
fn axes<'a>(document: &Document, profile: Option<&Body>, settings: &Settings<'a>) -> Checked<Vec<Axis<'a>>> {
    let mut axes = Vec::new();
    for &(path, entry) in settings.axes() {
        if let Some(fixed) = settings.get(path).filter(|fixed| fixed.layer >= entry.layer) {
            let message = format!("`{path}` is also an axis of the sweep, which decides on its values");
            return Err(Fault::new(fixed.node.span, message).help(format!("remove it, or change sweep.{path} = […]")));
        }
        let overrides = document.base.overrides.iter().chain(profile.into_iter().flat_map(|p| &p.overrides));
        if let Some(node) = overrides.filter_map(|patch| patch.layer.node(path)).next() {
            let message =
                format!("an override can't set `{path}`, which is an axis of the sweep: panels are named after it");
            return Err(Fault::new(node.span, message).help("leave the axis out, or the override"));
        }
        axes.push(Axis { path, values: entry.node.list().unwrap_or_default(), named: true });
    }
    let Some(stages) = settings.node("sweep.stages") else {
        return Err(Fault::new(document.head.sweep, "`sweep.stages` is missing")
            .allowed("a list of numbers of stages, 1 to 16 each, as [4]"));
    };
    let values = stages.list().unwrap_or_default();
    axes.push(Axis { path: "sweep.stages", values, named: values.len() > 1 });
    Ok(axes)
}

/// The panel with this number. Its digits, in a mixed-radix system with the axes' lengths as bases, select the values.
fn frame<'a>(
    document: &'a Document,
    choice: Choice<'a>,
    variant: Option<&'a str>,
    below: &Settings<'a>,
    axes: &[Axis<'a>],
    number: u128,
) -> Frame<'a> {
    let mut lower = below.clone();
    let mut names = Vec::new();
    let mut rest = number as usize;
    let mut stages = None;
    for axis in axes.iter().rev() {
        let node = &axis.values[rest % axis.values.len()];
        rest /= axis.values.len();
        if axis.path == "sweep.stages" {
            stages = Some(node);
        } else {
            lower.set(axis.path, Entry { layer: AXIS, node });
        }
        if axis.named {
            let field = axis.path.rsplit('.').next().unwrap_or(axis.path);
            // A text is clear by itself; a number needs its field.
            names.push(node.text().map_or_else(|| format!("{field}={node}"), str::to_owned));
        }
    }
    names.extend(variant.map(str::to_owned));
    names.reverse();
    let name = if names.is_empty() { document.head.name.clone() } else { names.join("/") };
    let mut settings = lower.clone();
    apply_set(&mut settings, choice.set, variant);
    // `axes` always ends with the stages, so there is a node.
    let stages = stages.unwrap_or(&axes[axes.len() - 1].values[0]);
    Frame { name, variant, lower, settings, stages }
}

/// The number of cells of a panel with these settings, before overrides of the seeds. 1 if the sweep is still
/// incomplete.
fn cells_of_panel(settings: &Settings, choice: Choice) -> u128 {
    let length = |path: &str| settings.node(path).and_then(Node::list).map_or(0, |items| items.len() as u128);
    let contenders = length("sweep.methods") + length("sweep.baselines");
    let bits = length("sweep.bits").max(length("sweep.bits-per-stage"));
    let seeds = choice.seeds.unwrap_or_else(|| settings.node("sweep.seeds").map_or(1, seed_count));
    contenders.saturating_mul(bits).saturating_mul(seeds.into()).max(1)
}

/// The number of seeds that a `seeds` value means.
pub(super) fn seed_count(node: &Node) -> u64 {
    node.whole().unwrap_or_else(|| node.list().unwrap_or_default().len() as u64)
}

pub(super) fn too_many(document: &Document, settings: &Settings, cells: u128) -> Fault {
    let longest = settings.node("sweep.seeds").filter(|node| seed_count(node) > 1000);
    let span = longest.map_or(document.head.sweep, |node| node.span);
    Fault::new(span, format!("the sweep has {cells} cells or more"))
        .allowed(format!("up to {MOST_CELLS} cells: panels × methods × bits × seeds"))
        .help("shorten a list, or split the experiment into several specs")
}

/// Two panels with one name would overwrite each other's files.
fn check_names(document: &Document, frames: &[Frame]) -> Checked<()> {
    let mut seen = HashSet::new();
    match frames.iter().find(|frame| !seen.insert(&frame.name)) {
        Some(frame) => {
            let message = format!("two panels would have the name {}", quoted([frame.name.as_str()]));
            Err(Fault::new(document.head.sweep, message).help("panels are named after variants and axis values"))
        }
        None => Ok(()),
    }
}
