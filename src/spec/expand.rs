//! Expands a document under one profile into the plan: panels, points and cells, in the order of the spec.

use std::collections::BTreeSet;
use std::path::Path;

use super::LoadOptions;
use super::comparison::{comparison, margin};
use super::data_set;
use super::document::{Document, check_variant, method};
use super::error::{Checked, Fault};
use super::frame::{Choice, Frame, MOST_CELLS, frames, seed_count, too_many};
use super::known::Known;
use super::layer::Settings;
use super::output::FOLDERS;
use super::plan::{Panel, Plan, PlannedPoint};
use super::required;
use super::resolve::{self, Point};
use super::value::Node;
use super::{Cell, Contender, PanelAxis, Primary, Trainer};
use crate::data::cache::Places;
use crate::task::Resolver;
use crate::task::panel::AxisField;

/// Default number of seeds of a toy sweep, the number of the paper's runs.
const SEEDS: u64 = 10;

pub(super) fn plan(
    document: &Document,
    choice: Choice,
    profile: &str,
    source: &Path,
    source_text: &str,
    places: &Places,
) -> Checked<Plan> {
    for (key, _) in &choice.set.variants {
        check_variant(key, &document.variants())?;
    }
    required::check(document, choice)?;
    let frames = frames(document, choice)?;
    let known = Known::new(document, &frames);
    known.check_filters(document)?;
    let names: Vec<&str> = frames.iter().map(|frame| frame.name.as_str()).collect();
    let known_panels: Vec<&str> = known.panels.iter().map(String::as_str).collect();
    document.output.check_panels(&known_panels)?;
    document.output.check_files(&document.head.name, &names)?;
    let mut claims = Vec::new();
    for claim in &document.claims {
        claims.extend(claim.resolve(&names, &known)?);
    }
    let primary = primary(document, &frames)?;
    let mut expansion = Expansion { document, choice, places, cells: 0, resolver: document.head.task.resolver() };
    let panels = frames.iter().map(|frame| expansion.panel(frame)).collect::<Checked<Vec<Panel>>>()?;
    // A folder of data may have the name of a profile, or of another folder in results/.
    let is_taken = |name: &str| FOLDERS.contains(&name) || document.profile_names().contains(&name);
    let folder = match expansion.resolver.own_name() {
        Some(name) if profile == "default" && !is_taken(&name) => name,
        Some(name) => format!("{profile}-{name}"),
        None => profile.to_owned(),
    };
    let head = &document.head;
    Ok(Plan {
        name: head.name.clone(),
        title: head.title.clone(),
        description: head.description.clone(),
        source: source.to_owned(),
        source_text: source_text.to_owned(),
        task: head.task,
        profile: profile.to_owned(),
        folder,
        figures: distinct(panels.iter().filter_map(|panel| panel.figure.clone())),
        primary,
        contenders: distinct(panels.iter().flat_map(|panel| &panel.points).map(|point| point.contender)),
        seeds: all_seeds(&panels),
        panels,
        claims,
        codebooks: document.output.codebooks,
        options: LoadOptions::default(),
        data_sets: distinct(frames.iter().filter_map(|frame| data_set::wanted(&frame.settings, places))),
        attributions: distinct(
            frames.iter().filter_map(|frame| frame.settings.text("data.attribution")).map(str::to_owned),
        ),
    })
}

pub(super) fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut list = Vec::new();
    for item in items {
        if !list.contains(&item) {
            list.push(item);
        }
    }
    list
}

fn all_seeds(panels: &[Panel]) -> Vec<u64> {
    let cells = panels.iter().flat_map(|panel| &panel.points).flat_map(|point| &point.cells);
    cells.map(|cell| cell.seed).collect::<BTreeSet<u64>>().into_iter().collect()
}

/// The bits of a frame as written and in total, ascending.
pub(super) fn total_bits<'a>(frame: &Frame<'a>) -> Vec<(&'a Node, u64)> {
    let stages = frame.stages.whole().unwrap_or(1);
    let list = |path: &str| frame.settings.node(path).and_then(Node::list).unwrap_or_default();
    let total = list("sweep.bits").iter().filter_map(|node| Some((node, node.whole()?)));
    let per_stage = list("sweep.bits-per-stage").iter().filter_map(|node| Some((node, node.whole()? * stages)));
    let mut bits: Vec<_> = total.chain(per_stage).collect();
    bits.sort_by_key(|(_, bits)| *bits);
    bits
}

/// The measurement that is shown under the published names, one for the whole plan.
fn primary(document: &Document, frames: &[Frame]) -> Checked<Primary> {
    let mut primary = None;
    let head = &document.head;
    for frame in frames {
        let settings = &frame.settings;
        let this = head.task.primary(settings, head.span, document.output.has_published())?;
        if primary.is_some_and(|first| first != this) {
            let node = settings.node("evaluation.primary").or(settings.node("data.vectors"));
            let message = "the panels differ in `evaluation.primary`, which holds for the whole experiment";
            return Err(Fault::new(node.map_or(head.span, |node| node.span), message)
                .help("set evaluation.primary = \"fresh\" for all of them, or split the spec"));
        }
        primary = Some(this);
    }
    Ok(primary.unwrap_or(Primary::Training))
}

/// Makes panels and counts their cells.
struct Expansion<'a> {
    document: &'a Document,
    choice: Choice<'a>,
    cells: u128,
    places: &'a Places,
    resolver: Box<dyn Resolver>,
}

impl<'a> Expansion<'a> {
    fn panel(&mut self, frame: &Frame<'a>) -> Checked<Panel> {
        let head = &self.document.head;
        let dimension = self.resolver.dimension(&frame.settings, head.span, self.places)?;
        let methods = names(frame, "sweep.methods");
        let baselines = names(frame, "sweep.baselines");
        let bits = total_bits(frame);
        let metric = head.task.metric(&frame.settings);
        let notes = self.resolver.notes(&frame.settings, self.places)?;
        let mut comparison = comparison(&frame.settings, &metric, notes.items)?;
        let mut points: Vec<PlannedPoint> = Vec::with_capacity((methods.len() + baselines.len()) * bits.len());
        let rows = methods.iter().map(|name| (*name, None));
        for (name, trainer) in rows.chain(baselines.iter().map(|name| (*name, Some(Trainer::Kmeans)))) {
            for &(node, bits) in &bits {
                let settings =
                    frame.point(self.document, self.choice, (name.text().unwrap_or_default(), trainer.is_some()), bits);
                let point = self.point(frame, &settings, (name, trainer), (node, bits))?;
                if points.iter().any(|p| (p.contender, p.bits) == (point.contender, point.bits)) {
                    let message = format!("{} would appear twice", point.contender.label());
                    return Err(Fault::new(name.span, message)
                        .help("with training.trainer = \"kmeans\" the baselines are methods of the sweep already"));
                }
                let margin = margin(&settings, &metric, notes.items);
                if margin != comparison.margin {
                    comparison.point_margins.push((point.contender, point.bits, margin));
                }
                points.push(point);
            }
        }
        let (axis, measured_at) = match head.task.axis() {
            Some(field) => self.axis(frame, &bits, field)?,
            None => (PanelAxis::Bits, Vec::new()),
        };
        let mut output = self.document.output.panel(&head.name, &frame.name);
        comparison.not_comparable = comparison.not_comparable.or(notes.not_comparable);
        comparison.anomalies.extend(notes.remark);
        if let Some(name) = notes.synthetic {
            name_synthetic(&mut output.labels, name);
        }
        Ok(Panel {
            name: frame.name.clone(),
            labels: output.labels,
            metric,
            dimension,
            results_file: output.results_file,
            published_file: output.published_file,
            figure: output.figure,
            comparison,
            axis,
            measured_at,
            points,
        })
    }

    fn point(
        &mut self,
        frame: &Frame,
        settings: &Settings,
        (name, trainer): (&Node, Option<Trainer>),
        (node, total): (&Node, u64),
    ) -> Checked<PlannedPoint> {
        let head = self.document.head.span;
        let stages = frame.stages.whole().unwrap_or(1) as usize;
        let bits_per_stage = bits_per_stage(node, total, stages as u64)?;
        let unknown = || Fault::new(name.span, format!("unknown method {name}"));
        let method = name.text().and_then(method).ok_or_else(unknown)?;
        let point = Point { method, name: name.span, trainer, stages, bits_per_stage, bits: node, head };
        let cell_settings = self.resolver.cell(settings, point, self.places)?;
        let beam_width = cell_settings.beam_width();
        let trainer = cell_settings.training().map_or(Trainer::Nsvq, |training| training.trainer());
        let contender = Contender { method, trainer };
        let seeds = self.seeds(settings)?;
        let cells = seeds.into_iter().map(|seed| Cell { settings: cell_settings.clone(), seed }).collect();
        Ok(PlannedPoint { contender, bits: total as u32, stages, bits_per_stage, beam_width, cells })
    }

    /// The axis: T or bit/s from the list at `path` if all codes have one length, else the bits. Also returns the list.
    fn axis(&self, frame: &Frame, bits: &[(&Node, u64)], field: &AxisField) -> Checked<(PanelAxis, Vec<u32>)> {
        let AxisField { path, unit, axis, .. } = *field;
        let entry = resolve::required(&frame.settings, path, self.document.head.span)?;
        let list: Vec<u32> = resolve::ranks(entry.node);
        if bits.len() > 1 {
            return Ok((PanelAxis::Bits, list));
        }
        if !list.is_sorted() {
            let allowed = format!("{unit} from the smallest to the largest, because it is the x axis");
            return Err(entry.node.cannot_be(path).allowed(allowed));
        }
        Ok((axis(list.clone()), list))
    }

    /// The seeds of one point. Operation counts have no seeds, so they get the seed 0.
    fn seeds(&mut self, settings: &Settings) -> Checked<Vec<u64>> {
        if !self.document.head.task.trains() {
            return Ok(vec![0]);
        }
        let node = settings.node("sweep.seeds");
        let count = self.choice.seeds.unwrap_or_else(|| node.map_or(SEEDS, seed_count));
        self.cells = self.cells.saturating_add(count.into());
        if self.cells > MOST_CELLS {
            return Err(too_many(self.document, settings, self.cells));
        }
        Ok(match (self.choice.seeds, node.and_then(Node::list)) {
            (None, Some(list)) => list.iter().filter_map(Node::whole).collect(),
            _ => (1..=count).collect(),
        })
    }
}

/// Every file names synthetic data.
fn name_synthetic(labels: &mut Vec<(String, String)>, name: String) {
    if !labels.iter().any(|(key, _)| key == "Data") {
        labels.insert(0, ("Data".into(), name));
    }
}

/// The names in a list of methods.
fn names<'a>(frame: &Frame<'a>, path: &str) -> Vec<&'a Node> {
    frame.settings.node(path).and_then(Node::list).unwrap_or_default().iter().collect()
}

/// b, computed from the total bits.
fn bits_per_stage(node: &Node, total: u64, stages: u64) -> Checked<u32> {
    let range = || format!("multiples of {stages} from {stages} to {}", 16 * stages);
    if !total.is_multiple_of(stages) {
        let below = total / stages * stages;
        let nearest: Vec<String> =
            [below, below + stages].iter().filter(|b| (stages..=16 * stages).contains(b)).map(u64::to_string).collect();
        return Err(Fault::new(node.span, format!("{total} bits can't be divided by {stages} stages"))
            .allowed(range())
            .help(format!("the nearest: {}", nearest.join(", "))));
    }
    let bits = total / stages;
    if !(1..=16).contains(&bits) {
        return Err(Fault::new(node.span, format!("{total} bits are {bits} bits for each of {stages} stages"))
            .allowed(format!("{}: 1 to 16 bits per stage", range())));
    }
    Ok(bits as u32)
}

#[cfg(test)]
mod tests;
