//! Figures 5, 6a and 6b: recall over T, and recall over complexity. Also the recall difference of NSVQ and k-means, and
//! recall over encoding time and search time.

use std::collections::HashMap;

use super::Search;
use crate::figure::curves::{self, data_name, styled};
use crate::figure::{
    Axis, Chart, Color, Figure, FigureInput, Figures, LegendPlace, LineStyle, Series, Sketch, beside_published,
    file_name, over_complexity,
};
use crate::metric;
use crate::results::{Aggregate, find_aggregate, primary_metric, timing_mean};
use crate::runner::Record;
use crate::spec::{Contender, Panel, PanelAxis, Plan, PlannedPoint, Trainer};

/// The data of the published numbers, if ours are others.
const ORIGINAL: &str = "SIFT1M: other vectors";

impl Figures for Search {
    /// `recall-PANEL` and (over bits) `tradeoff-PANEL` for panels without a figure, `nsvq-minus-kmeans-PANEL`, and
    /// `times-PANEL`.
    fn sketches(&self, input: &FigureInput) -> Vec<Sketch> {
        let FigureInput { plan, aggregates, records, .. } = *input;
        let mut sketches = Vec::new();
        for panel in &plan.panels {
            sketches.extend(match (&panel.axis, panel.paper_figure()) {
                (PanelAxis::Rank(_), _) => over_rank(input, panel),
                // The paper draws recall over complexity, not over bits.
                (_, Some(_)) => recall_over_complexity(input, panel, Sketch::name(panel, "recall")),
                (_, None) => over_bits(plan, panel, aggregates),
            });
            if panel.paper_figure().is_none() && panel.axis == PanelAxis::Bits {
                let name = (format!("tradeoff-{}", file_name(&panel.name)), String::new());
                sketches.extend(recall_over_complexity(input, panel, name));
            }
            if !plan.is_part_of_earlier(panel) {
                sketches.extend(trainers(plan, panel, aggregates));
                sketches.extend(times(plan, panel, aggregates, records));
            }
        }
        sketches
    }
}

fn recall_over_complexity(input: &FigureInput, panel: &Panel, name: (String, String)) -> Option<Sketch> {
    let label = recall_label(&primary_metric(input.plan, panel));
    over_complexity(input, panel, name, &label, ORIGINAL)
}

fn rank_axis(panel: &Panel) -> Axis {
    let PanelAxis::Rank(ranks) = &panel.axis else { return Axis::linear("T") };
    let ticks = ranks.iter().map(|rank| (f64::from(*rank), rank.to_string())).collect();
    Axis { ticks: Some(ticks), ..Axis::log("T, number of nearest neighbors") }
}

fn over_rank(input: &FigureInput, panel: &Panel) -> Option<Sketch> {
    let FigureInput { plan, aggregates, .. } = *input;
    let published = input.options.published;
    let (id, number) = Sketch::name(panel, "recall");
    let bits = panel.points.first()?.bits;
    let data = data_name(panel);
    let y = Axis::linear("recall@T");
    let mut chart = Chart::new(format!("{number}recall@T on {data}, {bits} bits"), rank_axis(panel), y);
    let ours = curves::ours(plan, panel, aggregates, &primary_metric(plan, panel));
    if ours.is_empty() {
        return None;
    }
    curves::add_published(&mut chart, plan, panel, published, |_, series| series);
    chart.series.extend(ours.iter().map(|curve| styled(panel, curve)));
    chart.legend_extra.push(curves::band_entry());
    let mut caption = format!(
        "The share of queries whose true nearest neighbor is among the first T neighbors that the search finds \
         ({data}, codes of {bits} bits); higher is better. \"Proposed\" is trained by stochastic optimization (NSVQ), \
         \"baseline\" by k-means. Shaded: the middle 95 % of the seeds."
    );
    caption.push_str(&beside_published(panel, published, ORIGINAL));
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

/// `recall@16`.
fn recall_label(metric: &str) -> String {
    metric::label(metric).replace(" @ ", "@").to_lowercase()
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
    let zero = Series::line("", Color::GRAY, LineStyle::Solid, vec![(ends.0, 0.0), (ends.1, 0.0)]);
    chart.series.insert(0, zero.width(1.0).unlabeled());
    chart.legend_extra.push(curves::band_entry());
    let caption = "The recall of codebooks trained by stochastic optimization (NSVQ) minus the recall of codebooks \
        trained by k-means with the same seed, in points. Above zero, stochastic optimization is better. Shaded: the \
        middle 95 % of the seeds.";
    let id = format!("nsvq-minus-kmeans-{}", file_name(&panel.name));
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
            let point = |planned: &PlannedPoint| {
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
    let id = format!("times-{}", file_name(&panel.name));
    let title = format!("Recall over time, {}", data_name(panel));
    Some(Sketch { id, title, caption: caption.into(), figure: Figure::grid(charts) })
}
