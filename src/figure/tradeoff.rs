//! Error over complexity, one figure per panel. Vertical lines show where the best method changes, as on the authors'
//! poster.

use super::Sketch;
use super::chart::{Axis, Chart, Figure, LegendEntry, LegendKey, LineStyle, Marker, Series, VerticalMark};
use super::curves;
use super::errors::measured;
use crate::compare::tradeoff::{PanelTradeoff, TradeoffPoint, Tradeoffs, changes};
use crate::complexity::Model;
use crate::spec::{Panel, Plan};

/// Errors with a larger ratio of largest to smallest MSE are drawn on a logarithmic axis.
const LOG_FROM: f64 = 6.0;

pub(super) fn sketches(plan: &Plan, tradeoffs: &Tradeoffs) -> Vec<Sketch> {
    let find = |name: &str| plan.panels.iter().find(|p| p.name == name);
    let panels = tradeoffs.panels.iter();
    let once = drawn_once(plan);
    panels.filter(|t| once.contains(&t.panel.as_str())).filter_map(|t| sketch(plan, find(&t.panel)?, t)).collect()
}

/// The panels whose trade-off is shown: panels with more than one bitrate, and the first of several draws of the same
/// data.
pub(crate) fn drawn_once(plan: &Plan) -> Vec<&str> {
    curves::groups(plan).iter().filter_map(|g| g.first()).map(|p| p.name.as_str()).collect()
}

fn sketch(plan: &Plan, panel: &Panel, result: &PanelTradeoff) -> Option<Sketch> {
    let model = Model::Published;
    let subject = curves::describe_in(plan, panel);
    let values = result.points.iter().map(|p| p.error);
    let (low, high) = values.fold((f64::INFINITY, 0f64), |(l, h), v| (l.min(v), h.max(v)));
    let label = format!("MSE per coordinate ({})", measured(plan.primary));
    let y = if low > 0.0 && high / low > LOG_FROM { Axis::log(label) } else { Axis::linear(label) };
    let x = Axis::linear("complexity of encoding one vector (log10 WMOPS)");
    let mut chart = Chart::new(format!("Error over complexity: {subject}"), x, y);
    let mut uncounted: Vec<&str> = Vec::new();
    for contender in &plan.contenders {
        let own: Vec<_> = result.points.iter().filter(|p| p.contender == *contender).collect();
        let xy = own.iter().filter_map(|p| Some((p.log10_wmops(model)?, p.error))).collect::<Vec<_>>();
        if xy.is_empty() {
            uncounted.extend(own.first().map(|point| point.contender.label()));
            continue;
        }
        let color = curves::color(*contender);
        let line = Series::line(contender.label(), color, curves::line_style(*contender), xy).width(2.4);
        let drawn = own.iter().filter(|p| p.log10_wmops(model).is_some());
        chart.series.push(line.names(drawn.map(|p| name(p, model, "")).collect()));
        let by_lookup = own.iter().filter_map(|p| Some((p.log10_wmops(Model::Lookup)?, p.error))).collect();
        let by_lookup = Series::line(contender.label(), color.tint(0.62), LineStyle::Solid, by_lookup).unlabeled();
        let drawn = own.iter().filter(|p| p.log10_wmops(Model::Lookup).is_some());
        let names = drawn.map(|p| name(p, Model::Lookup, "by look-up, ")).collect();
        chart.series.push(by_lookup.width(1.1).names(names));
        let front =
            own.iter().filter(|p| p.on_front(model)).filter_map(|p| Some((p.log10_wmops(model)?, p.error))).collect();
        let front = Series::line(contender.label(), color, LineStyle::Solid, front);
        let on_front = own.iter().filter(|p| p.on_front(model) && p.log10_wmops(model).is_some());
        let front = front.unlabeled().names(on_front.map(|p| name(p, model, "on the Pareto front, ")).collect());
        chart.series.push(Series { line: None, ..front }.marker(Marker::Circle));
    }
    if chart.is_empty() {
        return None;
    }
    let key = LegendKey::Line(None, 1.0, Some(Marker::Circle));
    let label = "on the Pareto front".to_string();
    chart.legend_extra.push(LegendEntry::new(label, key));
    let key = LegendKey::Line(Some(LineStyle::Solid), 1.1, None);
    chart.legend_extra.push(LegendEntry::new("by look-up", key));
    let budgets = result.budgets.iter().find(|(m, _)| *m == model).map_or(&[][..], |(_, ranges)| ranges);
    let turns = changes(budgets);
    let lines = match (turns.is_empty(), budgets.first()) {
        (true, Some(range)) => {
            format!("{} gives the lowest error for every complexity budget.", range.choice.label())
        }
        _ => "Vertical lines mark the complexity budgets at which the method with the lowest error changes.".into(),
    };
    for (x, below, above) in turns {
        let label = format!("{} better than {} from {} WMOPS", above.label(), below.label(), wmops(x));
        chart.marks.push(VerticalMark { x, label });
    }
    let uncounted = match uncounted.is_empty() {
        true => String::new(),
        false => format!(" Not drawn, because the paper does not count their operations: {}.", uncounted.join(", ")),
    };
    let caption = format!(
        "Mean squared error over the operations for encoding one vector ({subject}; the paper's operation count). \
         Every point is one bitrate, from {} to {} bits. Thin lines count the same searches with look-up tables of \
         codeword products. {lines}{uncounted} Dots are on the Pareto front of bits, operations and error.",
        curves::bits_of([panel]).first()?,
        curves::bits_of([panel]).last()?,
    );
    let id = format!("tradeoff-{}", super::file_name(&panel.name));
    Some(Sketch { id, title: format!("Error over complexity, {subject}"), caption, figure: Figure::single(chart) })
}

/// `RVQ, 24 bits: on the Pareto front, 1.234 at 0.41 WMOPS`.
fn name(point: &TradeoffPoint, model: Model, what: &str) -> String {
    let wmops = point.log10_wmops(model).map_or("–".into(), wmops);
    let error = crate::number::digits(point.error, 4);
    format!("{}, {} bits: {what}{error} at {wmops} WMOPS", point.contender.label(), point.bits)
}

/// log10 WMOPS as WMOPS with two digits.
pub(crate) fn wmops(log10: f64) -> String {
    let value = 10f64.powf(log10);
    let decimals = (1.0 - log10.floor()).clamp(0.0, 6.0) as usize;
    format!("{value:.decimals$}")
}
