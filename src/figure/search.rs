//! Figures 5, 6a and 6b: recall over T, and recall over complexity. Also the recall difference of NSVQ and k-means, and
//! recall over encoding time and search time.

use std::collections::HashMap;

use super::chart::{Axis, Chart, Figure, LegendPlace, LineStyle, Series, VerticalMark};
use super::curves::{self, Curve};
use super::{Options, Sketch};
use crate::compare::tradeoff::{changes, log10_wmops};
use crate::complexity::Model;
use crate::metric::{self, Direction};
use crate::results::{Aggregate, find_aggregate, primary_metric, timing_mean};
use crate::runner::Record;
use crate::spec::{Contender, Panel, PanelAxis, Plan, Trainer};

pub(super) fn sketches(
    plan: &Plan,
    aggregates: &[Aggregate],
    records: &HashMap<String, Record>,
    options: Options,
) -> Vec<Sketch> {
    let mut sketches = Vec::new();
    for panel in &plan.panels {
        sketches.extend(match (&panel.axis, panel.paper_figure()) {
            (PanelAxis::Rank(_), _) => over_rank(plan, panel, aggregates, options.published),
            // The paper draws recall over complexity, not over bits.
            (_, Some(_)) => over_complexity(plan, panel, aggregates, options, Sketch::name(panel, "recall")),
            (_, None) => over_bits(plan, panel, aggregates),
        });
        if panel.paper_figure().is_none() && panel.axis == PanelAxis::Bits {
            let name = (format!("tradeoff-{}", super::file_name(&panel.name)), String::new());
            sketches.extend(over_complexity(plan, panel, aggregates, options, name));
        }
        if !plan.is_part_of_earlier(panel) {
            sketches.extend(trainers(plan, panel, aggregates));
            sketches.extend(times(plan, panel, aggregates, records));
        }
    }
    sketches
}

/// The name of the data, with the panel's name if the panel is not a figure of the paper.
pub(super) fn data_name(panel: &Panel) -> String {
    let label = panel.labels.iter().find(|(key, _)| key == "Data").map(|(_, value)| value.clone());
    let data = label.or_else(|| panel.data_name().map(str::to_owned)).unwrap_or_else(|| panel.name.clone());
    if panel.paper_figure().is_some() { data } else { format!("{data}, {}", panel.name) }
}

fn rank_axis(panel: &Panel) -> Axis {
    let PanelAxis::Rank(ranks) = &panel.axis else { return Axis::linear("T") };
    let ticks = ranks.iter().map(|rank| (f64::from(*rank), rank.to_string())).collect();
    Axis { ticks: Some(ticks), ..Axis::log("T, number of nearest neighbors") }
}

/// One of our curves in the paper's style. Baselines are thinner.
pub(super) fn styled(panel: &Panel, curve: &Curve) -> Series {
    let contender = curve.contender;
    let line =
        Series::line(panel.curve_name(contender), curves::color(contender), curves::line_style(contender), curve.xy());
    let width = if contender.trainer == Trainer::Kmeans { 1.4 } else { 2.4 };
    line.width(width).band(curve.band()).marker(curves::marker(contender.method))
}

fn over_rank(plan: &Plan, panel: &Panel, aggregates: &[Aggregate], published: bool) -> Option<Sketch> {
    let (id, number) = Sketch::name(panel, "recall");
    let bits = panel.points.first()?.bits;
    let data = data_name(panel);
    let y = Axis::linear("recall@T");
    let mut chart = Chart::new(format!("{number}recall@T on {data}, {bits} bits"), rank_axis(panel), y);
    let ours = curves::ours(plan, panel, aggregates, &primary_metric(plan, panel));
    if ours.is_empty() {
        return None;
    }
    if published && panel.published_file.is_some() {
        chart.series.extend(curves::of_panel(plan, panel).iter().map(curves::published_series));
        chart.legend_extra.push(curves::published_entry());
    }
    chart.series.extend(ours.iter().map(|curve| styled(panel, curve)));
    chart.legend_extra.push(curves::band_entry());
    let mut caption = format!(
        "The share of queries whose true nearest neighbor is among the first T neighbors that the search finds \
         ({data}, codes of {bits} bits); higher is better. \"Proposed\" is trained by stochastic optimization (NSVQ), \
         \"baseline\" by k-means. Shaded: the middle 95 % of the seeds."
    );
    caption.push_str(&beside_published(panel, published));
    let title = format!("{number}recall over T, {data}");
    Some(Sketch { id, title, caption, figure: Figure::single(chart) })
}

/// Recall over the bits of a code, at the first T of the spec.
fn over_bits(plan: &Plan, panel: &Panel, aggregates: &[Aggregate]) -> Option<Sketch> {
    let metric = primary_metric(plan, panel);
    let (label, data) = (recall_label(&metric), data_name(panel));
    let ours = curves::ours(plan, panel, aggregates, &metric);
    if ours.is_empty() {
        return None;
    }
    let title = format!("{label} over the bitrate, {data}");
    let mut chart = Chart::new(title.clone(), curves::bits_axis([panel]), Axis::linear(label.clone()));
    chart.series.extend(ours.iter().map(|curve| styled(panel, curve)));
    chart.legend_extra.push(curves::band_entry());
    let caption = format!(
        "{label} over the bits of one code ({data}): the share of queries whose true nearest neighbor is among the \
         neighbors that the search finds; higher is better. Shaded: the middle 95 % of the seeds."
    );
    Some(Sketch { id: Sketch::name(panel, "recall").0, title, caption, figure: Figure::single(chart) })
}

/// A sentence about the published curves, or nothing if they are not drawn.
pub(super) fn beside_published(panel: &Panel, published: bool) -> String {
    let original = if panel.metric == "recall" { "SIFT1M: other vectors" } else { "CIFAR-10: other images" };
    match (&panel.comparison.not_comparable, published && panel.published_file.is_some()) {
        (Some(_), true) => format!(
            " Thin solid lines of the same hue are the published numbers, on {original}: only the order of the curves \
             can be compared."
        ),
        (None, true) => " Thin solid lines of the same hue are the published numbers.".into(),
        _ => String::new(),
    }
}

/// A panel's metric over the operations of encoding; `name` is the figure's id and number.
pub(super) fn over_complexity(
    plan: &Plan,
    panel: &Panel,
    aggregates: &[Aggregate],
    Options { published, tradeoffs, .. }: Options,
    (id, number): (String, String),
) -> Option<Sketch> {
    let metric = primary_metric(plan, panel);
    let row = metric::find(&metric)?;
    let label = if panel.metric == "recall" { recall_label(&metric) } else { row.label.to_owned() };
    let data = data_name(panel);
    let x = Axis::linear("complexity of encoding one vector (log10 WMOPS)");
    let mut chart =
        Chart::new(format!("{number}{label} over complexity, {data}"), x, Axis::linear(in_unit(&label, row.unit)));
    let moved = |curve: &Curve, series: Series| {
        let at = |at: u32| log10_wmops(panel, curve.contender, at, Model::Published);
        let points = curve.points.iter().filter_map(|p| Some((at(p.at)?, p.mean))).collect();
        let band = series.band.is_empty();
        let band = if band {
            Vec::new()
        } else {
            curve.points.iter().filter_map(|p| Some((at(p.at)?, p.low, p.high))).collect()
        };
        Series { points, band, ..series }
    };
    if published && panel.published_file.is_some() {
        let curves = curves::of_panel(plan, panel);
        chart.series.extend(curves.iter().map(|curve| moved(curve, curves::published_series(curve))));
        chart.legend_extra.push(curves::published_entry());
    }
    let ours = curves::ours(plan, panel, aggregates, &metric);
    chart.series.extend(ours.iter().map(|curve| moved(curve, styled(panel, curve))));
    if chart.series.iter().all(|s| s.label.is_none()) {
        return None;
    }
    let budgets =
        tradeoffs.of(&panel.name).iter().flat_map(|t| &t.budgets).find(|(model, _)| *model == Model::Published);
    for (x, below, above) in budgets.map(|(_, ranges)| changes(ranges)).unwrap_or_default() {
        chart.marks.push(VerticalMark { x, label: format!("{} better than {}", above.label(), below.label()) });
    }
    chart.legend = LegendPlace::Below;
    let best = if row.direction == Direction::HigherIsBetter { "highest" } else { "lowest" };
    let caption = format!(
        "{label} over the operations for encoding one vector, by the paper's count ({data}). Every point is one \
         bitrate, from {} to {} bits. Vertical lines mark the complexity budgets at which the method with the {best} \
         {label} changes.{}",
        curves::bits_of([panel]).first()?,
        curves::bits_of([panel]).last()?,
        beside_published(panel, published)
    );
    let title = format!("{number}{label} over complexity, {data}");
    Some(Sketch { id, title, caption, figure: Figure::single(chart) })
}

/// `recall@16`.
fn recall_label(metric: &str) -> String {
    metric::label(metric).replace(" @ ", "@").to_lowercase()
}

/// `Peak SNR (dB)`.
pub(super) fn in_unit(label: &str, unit: &str) -> String {
    if unit.is_empty() { label.to_owned() } else { format!("{label} ({unit})") }
}

/// The recall of NSVQ minus the recall of k-means with the same seed, in points.
fn trainers(plan: &Plan, panel: &Panel, aggregates: &[Aggregate]) -> Option<Sketch> {
    let aggregate = find_aggregate(aggregates, &panel.name, &primary_metric(plan, panel))?;
    let x = match panel.axis {
        PanelAxis::Rank(_) => rank_axis(panel),
        PanelAxis::Bits | PanelAxis::Bitrate(_) => curves::bits_axis([panel]),
    };
    let title = format!("NSVQ minus k-means: {}", data_name(panel));
    let mut chart = Chart::new(title, x, Axis::linear("difference of recall (points)").including(0.0));
    let places = aggregate.places();
    for contender in plan.contenders.iter().filter(|c| c.trainer == Trainer::Nsvq) {
        let baseline = Contender { trainer: Trainer::Kmeans, ..*contender };
        let difference = |at: &u32| {
            let (mean, low, high) =
                aggregate.point(*contender, *at)?.paired_difference(aggregate.point(baseline, *at)?)?;
            Some((f64::from(*at), 100.0 * mean, 100.0 * low, 100.0 * high))
        };
        let points: Vec<_> = places.iter().filter_map(difference).collect();
        if points.is_empty() {
            continue;
        }
        let method = contender.method;
        let (color, style) = (curves::color(*contender), curves::line_style(*contender));
        let line = Series::line(method.label(), color, style, points.iter().map(|p| (p.0, p.1)).collect());
        let band = points.iter().map(|p| (p.0, p.2, p.3)).collect();
        chart.series.push(line.width(2.2).band(band).marker(curves::marker(method)));
    }
    if chart.is_empty() {
        return None;
    }
    let ends = (f64::from(*places.first()?), f64::from(*places.last()?));
    let zero = Series::line("", super::Color::GRAY, LineStyle::Solid, vec![(ends.0, 0.0), (ends.1, 0.0)]);
    chart.series.insert(0, zero.width(1.0).unlabeled());
    chart.legend_extra.push(curves::band_entry());
    let caption = "The recall of codebooks trained by stochastic optimization (NSVQ) minus the recall of codebooks \
        trained by k-means with the same seed, in points. Above zero, stochastic optimization is better. Shaded: the \
        middle 95 % of the seeds.";
    let id = format!("nsvq-minus-kmeans-{}", super::file_name(&panel.name));
    let title = format!("NSVQ against k-means, {}", data_name(panel));
    Some(Sketch { id, title, caption: caption.into(), figure: Figure::single(chart) })
}

/// Recall over the measured times of encoding and searching.
fn times(plan: &Plan, panel: &Panel, aggregates: &[Aggregate], records: &HashMap<String, Record>) -> Option<Sketch> {
    let aggregate = find_aggregate(aggregates, &panel.name, &primary_metric(plan, panel))?;
    let rank = match &panel.axis {
        PanelAxis::Rank(ranks) => Some(*ranks.iter().find(|rank| **rank >= 10).or(ranks.last())?),
        PanelAxis::Bits | PanelAxis::Bitrate(_) => None,
    };
    let what = rank.map_or_else(|| recall_label(&aggregate.metric), |t| format!("recall@{t}"));
    let chart = |timing: &str, label: &str| {
        let title = format!("{what} over {label}");
        let mut chart = Chart::new(title, Axis::log(format!("{label} (µs, one thread)")), Axis::linear(what.clone()));
        for contender in &plan.contenders {
            let own = panel.points.iter().filter(|p| p.contender == *contender);
            let point = |planned: &crate::spec::PlannedPoint| {
                let recall = aggregate.point(*contender, rank.unwrap_or(planned.bits))?.mean()?;
                Some((timing_mean(planned, timing, records)?, recall))
            };
            let points: Vec<_> = own.filter_map(point).collect();
            if points.is_empty() {
                continue;
            }
            let color = curves::color(*contender);
            let line = Series::line(panel.curve_name(*contender), color, curves::line_style(*contender), points);
            let line = if rank.is_some() { Series { line: None, ..line } } else { line };
            chart.series.push(line.width(1.6).marker(curves::marker(contender.method)));
        }
        chart.legend = LegendPlace::Below;
        chart
    };
    let charts = vec![chart("encode-us", "encoding a vector"), chart("search-us", "searching for a query")];
    if charts.iter().any(Chart::is_empty) {
        return None;
    }
    let caption = "Recall over measured time on one thread. Other cells ran at the same time, so the times are \
        accurate to some ten percent. Encoding is the time per base vector, spent once. Searching is the time per \
        query over the whole base.";
    let id = format!("times-{}", super::file_name(&panel.name));
    let title = format!("Recall over time, {}", data_name(panel));
    Some(Sketch { id, title, caption: caption.into(), figure: Figure::grid(charts) })
}
