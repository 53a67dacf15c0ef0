//! Figures of panels with one bitrate. If the panels differ in one numeric axis, the figure has curves over that axis.
//! Otherwise it has one row per panel, with one dot per method.

use super::Sketch;
use super::chart::{Axis, Chart, Figure, LineStyle, Scale, Series};
use super::curves::{self, Curve, CurvePoint};
use super::errors::measured;
use super::keys::number;
use crate::metric;
use crate::results::{Aggregate, primary_metric};
use crate::spec::{Contender, Panel, Plan};

/// Errors with a larger ratio than this are drawn on a logarithmic axis.
const LOG_FROM: f64 = 6.0;
/// Larger numbers of rows are not drawn. The tables have them.
const MOST_ROWS: usize = 80;
const ROW_HEIGHT: u32 = 26;

pub(super) fn sketches(plan: &Plan, panels: &[&Panel], aggregates: &[Aggregate]) -> Vec<Sketch> {
    let mut names: Vec<String> = Vec::new();
    for panel in panels {
        let id = if panel.figure.is_some() { Sketch::name(panel, "").0 } else { "errors".to_owned() };
        if !names.contains(&id) {
            names.push(id);
        }
    }
    let of_figure = |id: &String| {
        let is_own = |panel: &&&Panel| match &panel.figure {
            Some(_) => Sketch::name(panel, "").0 == *id,
            None => id == "errors",
        };
        panels.iter().filter(is_own).copied().collect::<Vec<&Panel>>()
    };
    names.iter().filter_map(|id| sketch(plan, &of_figure(id), aggregates, id)).collect()
}

fn sketch(plan: &Plan, panels: &[&Panel], aggregates: &[Aggregate], id: &str) -> Option<Sketch> {
    let metric = primary_metric(plan, panels.first()?);
    let label = metric::label(&metric);
    let values = format!("{label} per coordinate ({})", measured(plan.primary));
    let bits = curves::bits_of(panels.iter().copied());
    let bits = bits.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let curves: Vec<Vec<Curve>> = panels.iter().map(|panel| curves::ours(plan, panel, aggregates, &metric)).collect();
    let (figure, title, over) = match axis_of(panels) {
        Some((name, groups)) => {
            let title = format!("{label} over {name}, {bits} bits");
            let charts = groups.iter().map(|(group, members)| {
                let places: Vec<f64> = members.iter().map(|(_, place)| *place).collect();
                let own: Vec<&[Curve]> = members.iter().map(|(i, _)| &curves[*i][..]).collect();
                let chart = over_axis(&name, &places, &own, values.clone());
                Chart { title: if group.is_empty() { title.clone() } else { format!("{title}: {group}") }, ..chart }
            });
            (Figure::grid(charts.collect()), title.clone(), format!("over {name}"))
        }
        None => {
            let rows: Vec<String> = match panels {
                [_] => curves[0].iter().map(|curve| curve.contender.label().to_owned()).collect(),
                _ => panels.iter().map(|panel| panel.name.clone()).collect(),
            };
            if rows.len() > MOST_ROWS {
                return None;
            }
            let title = match panels {
                [panel] => format!("{label} of {}, {bits} bits", curves::describe_in(plan, panel)),
                _ => format!("{label} at {bits} bits"),
            };
            let chart = Chart { title: title.clone(), ..in_rows(&rows, &curves, values) };
            let figure = Figure { row_height: 150 + ROW_HEIGHT * rows.len() as u32, ..Figure::single(chart) };
            (figure, title, "one dot per method".to_owned())
        }
    };
    if figure.rows.iter().flatten().all(Chart::is_empty) {
        return None;
    }
    let caption = format!(
        "Mean squared error per coordinate, {}, {over}; lower is better. Means over the seeds{}.",
        measured(plan.primary),
        if has_spread(curves.iter().flatten()) { ", with the middle 95 % of the seeds" } else { "" }
    );
    Some(Sketch { id: id.to_owned(), title, caption, figure })
}

fn has_spread<'a>(curves: impl Iterator<Item = &'a Curve>) -> bool {
    curves.into_iter().flat_map(|curve| &curve.points).any(|point| point.low < point.high)
}

/// Panels by variant (the part of the name before the axis), with their positions and numbers.
type Groups = Vec<(String, Vec<(usize, f64)>)>;

/// The one numeric axis in which the panels differ (`variance` of `variance=4` or `laplace/variance=4`), and the panels
/// by variant.
fn axis_of(panels: &[&Panel]) -> Option<(String, Groups)> {
    let mut groups: Groups = Vec::new();
    let mut axis: Option<&str> = None;
    for (i, panel) in panels.iter().enumerate() {
        let (variant, last) = panel.name.rsplit_once('/').unwrap_or(("", &panel.name));
        let (name, number) = last.split_once('=')?;
        let number = number.parse::<f64>().ok()?;
        if *axis.get_or_insert(name) != name || variant.contains('=') {
            return None;
        }
        match groups.iter_mut().find(|(known, _)| known == variant) {
            Some((_, members)) => members.push((i, number)),
            None => groups.push((variant.to_owned(), vec![(i, number)])),
        }
    }
    let is_line = groups.iter().all(|(_, members)| members.len() > 1);
    Some((axis?.to_owned(), groups)).filter(|_| is_line)
}

/// One line per method over the numbers of the panels.
fn over_axis(name: &str, places: &[f64], curves: &[&[Curve]], values: String) -> Chart {
    let (low, high) = places.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
    let scale = if low > 0.0 && high / low >= 8.0 { Scale::Log } else { Scale::Linear };
    let ticks = places.iter().map(|x| (*x, x.to_string())).collect();
    let name = if scale == Scale::Log { format!("{name} (logarithmic)") } else { name.to_owned() };
    let x = Axis { scale, ticks: Some(ticks), ..Axis::linear(name) };
    let mut chart = Chart::new("", x, Axis::linear(values));
    for contender in contenders(curves.iter().copied().flatten()) {
        let of_panel = |(x, curves): (&f64, &&[Curve])| Some((*x, point(curves, contender)?));
        let mut points: Vec<(f64, (f64, f64, f64))> = places.iter().zip(curves).filter_map(of_panel).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let line = points.iter().map(|(x, (mean, ..))| (*x, *mean)).collect();
        let band = points.iter().map(|(x, (_, low, high))| (*x, *low, *high)).collect();
        let (color, style) = (curves::color(contender), curves::line_style(contender));
        let series = Series::line(contender.label(), color, style, line).width(2.4).band(band);
        chart.series.push(series.marker(curves::marker(contender.method)));
    }
    if has_spread(curves.iter().copied().flatten()) {
        chart.legend_extra.push(curves::band_entry());
    }
    chart
}

/// Dots in rows, the first row on top. If a row is a panel, colors show the methods.
fn in_rows(rows: &[String], curves: &[Vec<Curve>], values: String) -> Chart {
    let height = |row: usize| (rows.len() - 1 - row) as f64;
    let ticks = rows.iter().enumerate().map(|(row, name)| (height(row), name.clone())).collect();
    let y = Axis { ticks: Some(ticks), range: Some((-0.6, rows.len() as f64 - 0.4)), ..Axis::linear("") };
    let means = || curves.iter().flatten().flat_map(|curve| &curve.points).map(|point| point.mean);
    let (low, high) = means().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
    let x = if low > 0.0 && high / low > LOG_FROM { Axis::log(values) } else { Axis::linear(values) };
    let mut chart = Chart::new("", x, y);
    let by_method = curves.len() == 1;
    for (i, contender) in contenders(curves.iter().flatten()).into_iter().enumerate() {
        let of_row = |(row, curves): (usize, &Vec<Curve>)| {
            Some((height(if by_method { i } else { row }), point(curves, contender)?))
        };
        let points: Vec<(f64, (f64, f64, f64))> = curves.iter().enumerate().filter_map(of_row).collect();
        let color = curves::color(contender);
        for (y, (_, low, high)) in &points {
            let spread = Series::line(contender.label(), color, LineStyle::Solid, vec![(*low, *y), (*high, *y)]);
            chart.series.push(spread.width(1.4).unlabeled().unnamed_points());
        }
        let of_value = |(_, (mean, ..)): &(f64, (f64, f64, f64))| number(*mean);
        let names = curves.iter().zip(rows).filter(|(curves, _)| point(curves, contender).is_some());
        let names = names.zip(&points).map(|((_, row), value)| match by_method {
            true => format!("{}: {}", contender.label(), of_value(value)),
            false => format!("{}, {row}: {}", contender.label(), of_value(value)),
        });
        let names: Vec<String> = names.collect();
        let dots = points.iter().map(|(y, (mean, ..))| (*mean, *y)).collect();
        let dots = Series { line: None, ..Series::line(contender.label(), color, LineStyle::Solid, dots) };
        let dots = dots.marker(curves::marker(contender.method)).names(names);
        chart.series.push(if by_method { dots.unlabeled() } else { dots });
    }
    chart
}

/// The contenders with values, in order of appearance.
fn contenders<'a>(curves: impl Iterator<Item = &'a Curve>) -> Vec<Contender> {
    let mut contenders = Vec::new();
    for curve in curves {
        if !contenders.contains(&curve.contender) {
            contenders.push(curve.contender);
        }
    }
    contenders
}

/// Mean, low and high of a panel's only position.
fn point(curves: &[Curve], contender: Contender) -> Option<(f64, f64, f64)> {
    let of = |point: &CurvePoint| (point.mean, point.low, point.high);
    curves.iter().find(|curve| curve.contender == contender)?.points.first().map(of)
}
