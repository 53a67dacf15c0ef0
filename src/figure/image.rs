//! Figures 4a, 4b and 4c: the quality of images over the bits of a latent vector, and over the operations of encoding it.

use super::Sketch;
use super::chart::{Axis, Chart, Figure};
use super::curves;
use super::search::{beside_published, data_name, over_complexity, styled};
use crate::metric::{self, Direction};
use crate::results::{Aggregate, primary_metric};
use crate::spec::{Panel, Plan, Primary};

pub(super) fn sketches(plan: &Plan, aggregates: &[Aggregate], published: bool) -> Vec<Sketch> {
    let of_panel = |panel| {
        let bits = over_bits(plan, panel, aggregates, published);
        let complexity = over_complexity(plan, panel, aggregates, published, complexity_name(panel));
        bits.into_iter().chain(complexity)
    };
    plan.panels.iter().flat_map(of_panel).collect()
}

/// `figure-4a`, or `quality-PANEL` for a panel without a figure of the paper.
fn name(panel: &Panel) -> (String, String) {
    match &panel.figure {
        Some(figure) => (format!("figure-{figure}"), format!("Figure {figure}: ")),
        None => (format!("quality-{}", super::file_name(&panel.name)), String::new()),
    }
}

/// The paper draws the numbers of Figure 4b over the operations too, as Figure 4c.
fn complexity_name(panel: &Panel) -> (String, String) {
    match panel.figure.as_deref() {
        Some("4b") => ("figure-4c".into(), "Figure 4c: ".into()),
        _ => (format!("tradeoff-{}", super::file_name(&panel.name)), String::new()),
    }
}

fn over_bits(plan: &Plan, panel: &Panel, aggregates: &[Aggregate], published: bool) -> Option<Sketch> {
    let (id, number) = name(panel);
    let metric = primary_metric(plan, panel);
    let (row, label, data) = (metric::find(&metric)?, metric::label(&metric), data_name(panel));
    let measured = measured(plan.primary);
    let unit = if row.unit.is_empty() { String::new() } else { format!(" in {}", row.unit) };
    let y = Axis::linear(format!("{label}{unit}, {measured}"));
    let mut chart = Chart::new(format!("{number}{label} on {data}"), curves::bits_axis([panel]), y);
    let ours = curves::ours(plan, panel, aggregates, &metric);
    if ours.is_empty() {
        return None;
    }
    if published && panel.published_file.is_some() {
        chart.series.extend(curves::of_panel(plan, panel).iter().map(curves::published_series));
        chart.legend_extra.push(curves::published_entry());
    }
    chart.series.extend(ours.iter().map(|curve| styled(panel, curve)));
    let seeds = aggregates.iter().find(|a| a.panel == panel.name && a.metric == metric)?;
    let has_band = seeds.points.iter().any(|point| point.samples.len() > 1);
    if has_band {
        chart.legend_extra.push(curves::band_entry());
    }
    let better = if row.direction == Direction::HigherIsBetter { "higher" } else { "lower" };
    let caption = format!(
        "{label}{unit} of {data}, {measured}, over the bits of one latent vector; {better} is better. {}{}",
        if has_band { "Shaded: the middle 95 % of the seeds." } else { "One seed a point, so that there is no band." },
        beside_published(panel, published)
    );
    let title = format!("{number}{label} over the bitrate, {data}");
    Some(Sketch { id, title, caption, figure: Figure::single(chart) })
}

pub(super) fn measured(primary: Primary) -> &'static str {
    match primary {
        Primary::Training => "on the training images",
        Primary::Fresh => "on test images",
    }
}
