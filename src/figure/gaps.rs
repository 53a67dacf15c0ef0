//! Differences in percent over the bitrate: test error against training set error, our values against the published
//! ones, and the same for several draws of the data.

use super::Sketch;
use super::chart::{
    Axis, Chart, Color, EndLabel, Figure, LegendEntry, LegendKey, LegendPlace, LineStyle, Marker, Series, Strip,
};
use super::curves;
use crate::compare::{PanelComparison, PointComparison};
use crate::results::{Aggregate, Point, find_aggregate, quantile};
use crate::spec::{Contender, Panel, Plan};

/// The mean over seeds of test error / training set error − 1 in %, with its 2.5 % and 97.5 % quantiles. Both errors of
/// a seed have the same codebooks.
pub(crate) fn generalization_gap(training: &Point, fresh: &Point) -> Option<(f64, f64, f64)> {
    let of_seed = |(seed, fresh): &(u64, f64)| {
        let (_, training) = training.samples.iter().find(|(s, _)| s == seed)?;
        (*training > 0.0).then_some(100.0 * (fresh / training - 1.0))
    };
    let gaps: Vec<f64> = fresh.samples.iter().filter_map(of_seed).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    Some((mean, quantile(&gaps, 0.025)?, quantile(&gaps, 0.975)?))
}

/// The gap over the bits, one chart per group of panels.
pub(super) fn generalization(plan: &Plan, aggregates: &[Aggregate]) -> Option<Sketch> {
    let chart = |group: &Vec<&Panel>| {
        let axis = Axis::linear("test minus training MSE (% of the training MSE)").including(0.0);
        let mut chart = Chart::new(curves::capitalized(&curves::group_title(plan, group)), bits_axis(group), axis);
        for panel in group {
            let metric = |ending: &str| find_aggregate(aggregates, &panel.name, &format!("{}-{ending}", panel.metric));
            let (Some(training), Some(fresh)) = (metric("training"), metric("fresh")) else { continue };
            for contender in &plan.contenders {
                let gaps = training.points.iter().filter(|p| p.contender == *contender).filter_map(|t| {
                    let (mean, low, high) = generalization_gap(t, fresh.point(*contender, t.at)?)?;
                    Some((f64::from(t.at), mean, low, high))
                });
                let gaps: Vec<_> = gaps.collect();
                let band = gaps.iter().map(|g| (g.0, g.2, g.3)).collect();
                push(&mut chart, *contender, gaps.iter().map(|g| (g.0, g.1)).collect(), group.len() > 1, band);
            }
        }
        chart
    };
    let caption = "The test error minus the training set error of the same codebooks, in % of the training set error. \
        Zero means no overfitting. Shaded: the middle 95 % of the seeds.";
    sketch(
        "generalization",
        "Generalization gap over the bitrate",
        caption,
        curves::groups(plan).iter().map(chart).collect(),
    )
}

/// Our mean against the published one, with interval and margin, one chart per panel. [`draws`] has the panels that
/// share a published file.
pub(super) fn difference(plan: &Plan, comparisons: &[PanelComparison]) -> Option<Sketch> {
    let chart = |group: &Vec<&Panel>| {
        let mut chart = difference_chart(plan, group);
        if let [panel] = group.as_slice() {
            add_differences(&mut chart, plan, panel, comparisons);
        }
        chart
    };
    let caption = "The difference of our mean to the published mean of the same method and bitrate, in % of the \
        published mean. Zero is equal; a negative value is a smaller error than published. Bars are 95 % intervals. \
        The gray strip is the margin within which a point counts as reproduced (single points may have their own \
        margin, see the table). Points are shifted sideways so that they do not overlap.";
    sketch("difference", "Difference to the published means", caption, curves::groups(plan).iter().map(chart).collect())
}

/// Several draws of the same data against their published file: one chart per method, one thin line per draw.
pub(super) fn draws(plan: &Plan, comparisons: &[PanelComparison]) -> Option<Sketch> {
    let repeated: Vec<Vec<&Panel>> = curves::groups(plan).into_iter().filter(|g| g.len() > 1).collect();
    let pairs = repeated.iter().flat_map(|group| plan.contenders.iter().map(move |contender| (group, *contender)));
    let chart = |(group, contender): (&Vec<&Panel>, Contender)| {
        let title = format!("{} on {}", contender.label(), curves::describe_in(plan, group[0]));
        let mut chart = Chart { title, ..difference_chart(plan, group) };
        for panel in group {
            let points = differences(comparisons, panel, contender);
            if let Some((_, y)) = points.last() {
                let (y, text) = (*y, panel.name.clone());
                chart.end_labels.push(EndLabel { y, text, color: curves::color(contender) });
            }
            push(&mut chart, contender, points, true, Vec::new());
        }
        chart
    };
    let caption = "The same experiment on several draws of the data, as the difference to the published curve in %. \
        Every line is one draw, with its name at the right end. The authors' draw is unknown. A difference to the \
        published numbers within this spread can come from the draw alone.";
    sketch("draws", "Spread over draws of the data", caption, pairs.map(chart).collect())
}

fn bits_axis(group: &[&Panel]) -> Axis {
    curves::bits_axis(group.iter().copied())
}

fn difference_chart(plan: &Plan, group: &[&Panel]) -> Chart {
    let axis = Axis::linear("difference to published (%)").including(0.0);
    let mut chart = Chart::new(curves::capitalized(&curves::group_title(plan, group)), bits_axis(group), axis);
    if let Some(panel) = group.first() {
        let margin = 100.0 * panel.comparison.margin.width();
        chart.strips.push(Strip { low: -margin, high: margin, color: Color::GRAY });
        // 100 × 0.07 is 7.000000000000001.
        let label = format!("margin ±{} %", (margin * 1e6).round() / 1e6);
        chart.legend_extra.push(LegendEntry::new(label, LegendKey::Area));
    }
    chart
}

/// One figure of these charts. Charts without numbers are omitted.
fn sketch(id: &str, title: &str, caption: &str, charts: Vec<Chart>) -> Option<Sketch> {
    let mut charts: Vec<Chart> = charts.into_iter().filter(|c| !c.is_empty()).collect();
    for chart in &mut charts {
        chart.legend = LegendPlace::Below;
        let ends =
            chart.x.ticks.iter().flatten().map(|t| t.0).fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        chart.x.range = Some((ends.0 - 1.5, ends.1 + 1.5));
        chart.series.insert(0, zero_line(ends.0 - 1.5, ends.1 + 1.5));
    }
    let (title, caption) = (title.to_string(), caption.to_string());
    (!charts.is_empty()).then(|| Sketch { id: id.into(), title, caption, figure: Figure::grid(charts) })
}

fn zero_line(from: f64, to: f64) -> Series {
    Series::line("", Color::GRAY, LineStyle::Solid, vec![(from, 0.0), (to, 0.0)]).width(1.0).unlabeled()
}

fn push(chart: &mut Chart, contender: Contender, points: Vec<(f64, f64)>, thin: bool, band: Vec<(f64, f64, f64)>) {
    if points.is_empty() {
        return;
    }
    let known = chart.series.iter().any(|s| s.label.as_deref() == Some(contender.label()));
    let series = Series::line(contender.label(), curves::color(contender), curves::line_style(contender), points)
        .width(if thin { 1.3 } else { 2.2 })
        .band(band);
    chart.series.push(if known { series.unlabeled() } else { series });
}

fn points_of<'a>(
    comparisons: &'a [PanelComparison],
    panel: &Panel,
    contender: Contender,
) -> impl Iterator<Item = &'a PointComparison> {
    let name = panel.name.clone();
    comparisons
        .iter()
        .filter(move |c| c.panel == name)
        .flat_map(|c| &c.points)
        .filter(move |p| p.contender == contender)
}

fn differences(comparisons: &[PanelComparison], panel: &Panel, contender: Contender) -> Vec<(f64, f64)> {
    let points = points_of(comparisons, panel, contender);
    points.filter_map(|p| Some((f64::from(p.at), 100.0 * p.difference?))).collect()
}

fn add_differences(chart: &mut Chart, plan: &Plan, panel: &Panel, comparisons: &[PanelComparison]) {
    const MARKERS: [Marker; 3] = [Marker::Square, Marker::Circle, Marker::Triangle];
    for (i, contender) in plan.contenders.iter().enumerate() {
        let aside = 0.8 * (i as f64 - (plan.contenders.len() as f64 - 1.0) / 2.0);
        let points =
            differences(comparisons, panel, *contender).into_iter().map(|(x, y)| (x + aside, y)).collect::<Vec<_>>();
        if points.is_empty() {
            continue;
        }
        let interval = |p: &PointComparison| {
            let (low, high) = p.interval?;
            Some((f64::from(p.at) + aside, 100.0 * low, 100.0 * high))
        };
        let intervals: Vec<_> = points_of(comparisons, panel, *contender).filter_map(interval).collect();
        let series = Series::line(contender.label(), curves::color(*contender), LineStyle::Solid, points);
        chart.series.push(Series { line: None, intervals, ..series }.marker(MARKERS[i % MARKERS.len()]));
    }
    if chart.series.iter().any(|s| !s.intervals.is_empty()) {
        let label = "95 % interval".to_string();
        chart.legend_extra.push(LegendEntry::new(label, LegendKey::Interval));
    }
}
