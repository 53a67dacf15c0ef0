//! Figures 4c and 6b as operation counts: log10 WMOPS over the bitrate, with the published values as crosses.

use super::Complexity;
use crate::figure::{
    Axis, Chart, Figure, FigureInput, Figures, LegendEntry, LegendKey, LineStyle, Marker, Series, Sketch, curves,
};
use crate::results::{Aggregate, primary_metric};
use crate::spec::{Panel, Plan};

impl Figures for Complexity {
    /// `complexity-PANEL` for panels without a figure.
    fn sketches(&self, input: &FigureInput) -> Vec<Sketch> {
        let FigureInput { plan, aggregates, options, .. } = *input;
        plan.panels.iter().filter_map(|panel| sketch(plan, panel, aggregates, options.published)).collect()
    }
}

fn sketch(plan: &Plan, panel: &Panel, aggregates: &[Aggregate], published: bool) -> Option<Sketch> {
    let (id, number) = Sketch::name(panel, "complexity");
    let stages = panel.points.first().map_or(0, |p| p.stages);
    let mut chart = Chart::new(
        curves::capitalized(&format!("{number}complexity, D = {}, M = {stages}", panel.dimension)),
        curves::bits_axis([panel]),
        Axis::linear("complexity of one encoded vector (log10 WMOPS)"),
    );
    for curve in curves::ours(plan, panel, aggregates, "log10-wmops-corrected") {
        let color = curves::color(curve.contender).tint(0.62);
        let line = Series::line(curve.contender.label(), color, LineStyle::Solid, curve.xy());
        chart.series.push(line.width(1.1).unlabeled());
    }
    let corrected = !chart.series.is_empty();
    for curve in curves::ours(plan, panel, aggregates, "log10-wmops-lookup") {
        let color = curves::color(curve.contender).tint(0.62);
        let line = Series::line(curve.contender.label(), color, LineStyle::Dotted, curve.xy());
        chart.series.push(line.width(1.6).unlabeled());
    }
    chart
        .series
        .extend(curves::ours(plan, panel, aggregates, &primary_metric(plan, panel)).iter().map(curves::our_series));
    if chart.is_empty() {
        return None;
    }
    if published {
        for curve in curves::of_panel(plan, panel) {
            let (label, color) = (curve.contender.label(), curves::color(curve.contender));
            let series = Series::line(label, color, LineStyle::Solid, curve.xy()).unlabeled().published();
            chart.series.push(Series { line: None, ..series }.marker(Marker::Cross));
        }
        let key = LegendKey::Line(None, 1.0, Some(Marker::Cross));
        chart.legend_extra.push(LegendEntry::new("published", key));
    }
    if corrected {
        let key = LegendKey::Line(Some(LineStyle::Solid), 1.1, None);
        chart.legend_extra.push(LegendEntry::new("all stages counted", key));
        let key = LegendKey::Line(Some(LineStyle::Dotted), 1.6, None);
        chart.legend_extra.push(LegendEntry::new("by look-up", key));
    }
    let caption =
        "log10 of the weighted million operations (WMOPS) for encoding one vector, over the bits of one code. \
        Lower is cheaper; one unit is a factor of ten. Thick lines are the paper's operation count. Crosses are the \
        published values. The paper's count omits one stage of RVQ and PVQ. Thin lines count all stages. Dotted lines \
        count the same search with look-up tables of codeword products."
            .to_string();
    let title = curves::capitalized(&format!("{number}complexity over the bitrate, D = {}", panel.dimension));
    Some(Sketch { id, title, caption, figure: Figure::single(chart) })
}
