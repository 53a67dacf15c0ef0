//! A panel's metric over the operations of encoding one vector, with the budgets at which the best method changes.

use super::chart::{Axis, Chart, Figure, LegendPlace, Series, VerticalMark};
use super::curves::{self, Curve};
use super::{FigureInput, Sketch};
use crate::compare::tradeoff::{changes, log10_wmops};
use crate::complexity::Model;
use crate::metric;
use crate::results::primary_metric;
use crate::spec::Panel;

/// A sentence about the published curves, or nothing if they are not drawn. `original` is what the published numbers
/// were measured on: `CIFAR-10: other images`.
pub(crate) fn beside_published(panel: &Panel, published: bool, original: &str) -> String {
    match (&panel.comparison.not_comparable, published && panel.published_file.is_some()) {
        (Some(_), true) => format!(
            " Thin solid lines of the same hue are the published numbers, on {original}: only the order of the curves \
             can be compared."
        ),
        (None, true) => " Thin solid lines of the same hue are the published numbers.".into(),
        _ => String::new(),
    }
}

/// A panel's metric over the operations of encoding. `name` is the figure's id and number, `label` the metric, and
/// `original` as in [`beside_published`].
pub(crate) fn over_complexity(
    input: &FigureInput,
    panel: &Panel,
    (id, number): (String, String),
    label: &str,
    original: &str,
) -> Option<Sketch> {
    let FigureInput { plan, aggregates, .. } = *input;
    let published = input.options.published;
    let metric = primary_metric(plan, panel);
    let row = metric::find(&metric)?;
    let data = curves::data_name(panel);
    let x = Axis::linear("complexity of encoding one vector (log10 WMOPS)");
    let mut chart = Chart::new(
        format!("{number}{label} over complexity, {data}"),
        x,
        Axis::linear(curves::in_unit(label, row.unit)),
    );
    let moved = |curve: &Curve, series: Series| {
        curve.placed(series, |at| log10_wmops(panel, curve.contender, at, Model::Published))
    };
    curves::add_published(&mut chart, plan, panel, published, moved);
    let ours = curves::ours(plan, panel, aggregates, &metric);
    chart.series.extend(ours.iter().map(|curve| moved(curve, curves::styled(panel, curve))));
    if chart.series.iter().all(|s| s.label.is_none()) {
        return None;
    }
    let result = input.options.tradeoffs.of(&panel.name);
    let budgets = result.iter().flat_map(|t| &t.budgets).find(|(model, _)| *model == Model::Published);
    for (x, below, above) in budgets.map(|(_, ranges)| changes(ranges)).unwrap_or_default() {
        chart.marks.push(VerticalMark { x, label: format!("{} better than {}", above.label(), below.label()) });
    }
    chart.legend = LegendPlace::Below;
    let best = row.direction.best();
    let caption = format!(
        "{label} over the operations for encoding one vector, by the paper's count ({data}). Every point is one \
         bitrate, from {} to {} bits. Vertical lines mark the complexity budgets at which the method with the {best} \
         {label} changes.{}",
        curves::bits_of([panel]).first()?,
        curves::bits_of([panel]).last()?,
        beside_published(panel, published, original)
    );
    let title = format!("{number}{label} over complexity, {data}");
    Some(Sketch { id, title, caption, figure: Figure::single(chart) })
}
