//! The mean squared error over the bitrate, as in Figures 2 and 3. Our curves have the paper's line styles, the
//! published curves are thin lines.

use super::Sketch;
use super::chart::{Axis, Chart, EndLabel, Figure, Marker};
use super::curves::{self, Curve};
use super::dots;
use crate::metric;
use crate::results::{Aggregate, primary_metric};
use crate::spec::{Panel, Plan, Primary, Trainer};

pub(super) fn sketches(plan: &Plan, aggregates: &[Aggregate], published: bool) -> Vec<Sketch> {
    let mut sketches: Vec<Sketch> =
        plan.figures.iter().filter_map(|id| sketch(plan, aggregates, id, published)).collect();
    // Draws of the same data have their own figure.
    let in_draws = |panel: &Panel| {
        let groups = curves::groups(plan);
        groups.iter().any(|group| group.len() > 1 && group.iter().any(|other| other.name == panel.name))
    };
    let own = plan.panels.iter().filter(|panel| panel.paper_figure().is_none() && !in_draws(panel));
    let (single, curves): (Vec<&Panel>, Vec<&Panel>) = own.partition(|panel| curves::bits_of([*panel]).len() < 2);
    sketches.extend(curves.into_iter().filter_map(|panel| over_bits(plan, panel, aggregates)));
    sketches.extend(dots::sketches(plan, &single, aggregates));
    sketches
}

/// The error over the bitrate, for a panel that is not a figure of the paper.
fn over_bits(plan: &Plan, panel: &Panel, aggregates: &[Aggregate]) -> Option<Sketch> {
    let metric = primary_metric(plan, panel);
    let (label, subject) = (metric::label(&metric), curves::describe_in(plan, panel));
    let ours = curves::ours(plan, panel, aggregates, &metric);
    let y = Axis::linear(format!("{label} per coordinate ({})", measured(plan.primary)));
    let mut chart = Chart::new(format!("{label} of {subject}"), curves::bits_axis([panel]), y);
    for curve in &ours {
        let is_baseline = curve.contender.trainer == Trainer::Kmeans;
        let marker = if is_baseline { Marker::Cross } else { curves::marker(curve.contender.method) };
        let width = if is_baseline { 1.4 } else { 2.4 };
        chart.series.push(curves::our_series(curve).width(width).marker(marker));
    }
    if chart.is_empty() {
        return None;
    }
    let has_band = ours.iter().flat_map(|curve| &curve.points).any(|point| point.low < point.high);
    if has_band {
        chart.legend_extra.push(curves::band_entry());
    }
    let start = curves::warm_starts(&[panel]).map(|note| format!(" {note}")).unwrap_or_default();
    let caption = format!(
        "Mean squared error per coordinate, {}, over the bits of one code; lower is better. Lines are means over the seeds{}.{start}",
        measured(plan.primary),
        if has_band { "; shaded bands are the middle 95 % of the seeds" } else { "" }
    );
    let title = format!("{label} over the bitrate, {subject}");
    Some(Sketch { id: Sketch::name(panel, "error").0, title, caption, figure: Figure::single(chart) })
}

/// A figure of the paper.
fn sketch(plan: &Plan, aggregates: &[Aggregate], id: &str, published: bool) -> Option<Sketch> {
    let panels: Vec<&Panel> = plan.panels.iter().filter(|p| p.paper_figure() == Some(id)).collect();
    let metric = panels.first().map_or_else(String::new, |panel| primary_metric(plan, panel));
    let label = metric::label(&metric);
    let subject = subject(plan, &panels);
    let mut chart = Chart::new(
        format!("Figure {id}: {label} on {subject}"),
        curves::bits_axis(panels.iter().copied()),
        Axis::linear(format!("{label} per coordinate ({})", measured(plan.primary))),
    );
    let draws = curves::groups(plan).iter().any(|g| g.len() > 1 && g[0].figure.as_deref() == Some(id));
    for (i, panel) in panels.iter().enumerate() {
        let ours = curves::ours(plan, panel, aggregates, &metric);
        // Draws share their published file. It is drawn once.
        if published && !(draws && i > 0) {
            chart.series.extend(curves::of_panel(plan, panel).iter().map(curves::published_series));
        }
        if panels.len() > 1 && !draws {
            chart.end_labels.extend(end_label(panel, &ours, &panels));
        }
        add_ours(&mut chart, &ours, draws);
    }
    if chart.series.iter().all(|s| s.label.is_none()) {
        return None;
    }
    if let Some(panel) = panels.iter().find(|panel| published && panel.published_file.is_some()) {
        chart.legend_extra.push(curves::published_entry(panel));
    }
    chart.legend_extra.push(curves::band_entry());
    let title = format!("Figure {id}: {label} over the bitrate, {subject}");
    Some(Sketch {
        id: format!("figure-{id}"),
        title,
        caption: caption(plan, &panels, published && panels.iter().any(|p| p.published_file.is_some()), draws),
        figure: Figure::single(chart),
    })
}

/// Adds the methods' curves. Each method has one legend entry. Several draws of the data are thin lines.
fn add_ours(chart: &mut Chart, ours: &[Curve], draws: bool) {
    for curve in ours {
        let series = curves::our_series(curve);
        let known = chart.series.iter().any(|s| s.label == series.label);
        let series = if draws { series.width(1.4) } else { series };
        chart.series.push(if known { series.unlabeled() } else { series });
    }
}

/// A label at the mean height of the last points of the panel's curves.
fn end_label(panel: &Panel, ours: &[Curve], panels: &[&Panel]) -> Option<EndLabel> {
    let last: Vec<f64> = ours.iter().filter_map(|c| c.points.last().map(|p| p.mean)).collect();
    let y = last.iter().sum::<f64>() / last.len() as f64;
    let by_dimension = panels.iter().all(|p| p.name == panel.name || p.dimension != panel.dimension);
    let text = if by_dimension { format!("D = {}", panel.dimension) } else { panel.name.clone() };
    (!last.is_empty()).then_some(EndLabel { y, text, color: super::Color::GRAY })
}

fn subject(plan: &Plan, panels: &[&Panel]) -> String {
    match panels {
        [] => String::new(),
        [only] => curves::describe_in(plan, only),
        [first, ..] if panels.iter().all(|p| p.dimension == first.dimension) => curves::group_title(plan, panels),
        _ => {
            let list: Vec<String> = panels.iter().map(|p| p.dimension.to_string()).collect();
            format!("data of dimension {}", list.join(", "))
        }
    }
}

pub(super) fn measured(primary: Primary) -> &'static str {
    match primary {
        Primary::Training => "on the training set",
        Primary::Fresh => "on test vectors",
    }
}

fn caption(plan: &Plan, panels: &[&Panel], published: bool, draws: bool) -> String {
    let mut text = format!(
        "Mean squared error per coordinate, {}, over the bits of one code; lower is better. Thick lines are our means \
         over the seeds",
        measured(plan.primary)
    );
    text.push_str(if draws { ", one line per draw of the data" } else { "" });
    text.push_str(". Shaded bands, often narrower than the lines, are the middle 95 % of the seeds.");
    if published {
        text.push_str(" Thin solid lines of the same hue are the published means.");
    }
    if let Some(note) = curves::warm_starts(panels) {
        text.push_str(&format!(" {note}"));
    }
    text
}
