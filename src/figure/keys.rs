//! The keys of a figure on a page: check boxes that hide series, or labels at the ends of curves; and the names of points.

use std::fmt::Write as _;

use plotters::prelude::SVGBackend;

use super::canvas::Canvas;
use super::chart::{Chart, LegendEntry, LegendKey, Series};
use super::layout::TICK_EM;
use super::page::{SIZE, Sheet, escape};
use super::shades::own_color;

/// The largest number of keys that the style sheet knows.
pub(crate) const MOST_KEYS: usize = 16;

/// The largest number of points with names. Longer series are curves.
const MOST_NAMED: usize = 60;

/// The largest number of series that are labeled at their ends.
const MOST_DIRECT: usize = 6;

/// The keys of a figure: one per label, and one for the published curves.
#[derive(Default)]
pub(super) struct Keys {
    pub entries: Vec<LegendEntry>,
    /// Keys that stand at the ends of their curves instead of above the charts.
    pub direct: Vec<usize>,
    published: bool,
}

impl Keys {
    pub fn of(charts: &[&Chart]) -> Self {
        let mut entries: Vec<LegendEntry> = Vec::new();
        for entry in charts.iter().flat_map(|chart| chart.legend_entries()) {
            if entries.iter().all(|known| known.label != entry.label) && entries.len() < MOST_KEYS {
                entries.push(entry);
            }
        }
        let published = charts.iter().flat_map(|chart| &chart.series).any(|series| series.published);
        let mut keys = Self { entries, direct: Vec::new(), published };
        if let [chart] = charts {
            keys.direct = keys.directly(chart);
        }
        keys
    }

    /// The number of a series, by its label or its name.
    pub fn of_series(&self, series: &Series) -> Option<usize> {
        self.of_label(series.label.as_deref().or(series.name.as_deref())?)
    }

    pub fn of_label(&self, label: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.label == label)
    }

    /// The keys of a chart's lines, if their ends are far enough apart for labels.
    fn directly(&self, chart: &Chart) -> Vec<usize> {
        let lines = chart.series.iter().filter(|series| series.label.is_some());
        let is_line = |series: &&Series| series.line.is_some() && series.points.len() > 1 && series.fill_to.is_none();
        if !chart.end_labels.is_empty() || !lines.clone().all(|series| is_line(&series)) {
            return Vec::new();
        }
        let ends: Vec<(f64, f64)> = lines
            .clone()
            .filter_map(|series| series.points.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0)))
            .collect();
        let last = ends.iter().map(|end| end.0).fold(f64::NEG_INFINITY, f64::max);
        let mut heights = super::layout::heights(chart, SIZE, &ends);
        heights.sort_by(f64::total_cmp);
        let apart = heights.windows(2).all(|pair| pair[1] - pair[0] > 1.15 * TICK_EM);
        let together = ends.iter().all(|end| end.0 == last);
        let keys: Option<Vec<usize>> = lines.map(|series| self.of_series(series)).collect();
        keys.filter(|keys| apart && together && (2..=MOST_DIRECT).contains(&keys.len())).unwrap_or_default()
    }

    pub fn html(&self, charts: &[&Chart]) -> String {
        let switches = charts.iter().flat_map(|chart| &chart.series);
        let has_series = |key: usize| switches.clone().any(|series| self.of_series(series) == Some(key));
        let mut out = String::new();
        for (key, entry) in self.entries.iter().enumerate() {
            let is_published = self.published && entry.label.starts_with("published");
            if self.direct.contains(&key) {
                continue;
            }
            let (swatch, label) = (swatch(entry), escape(&entry.label));
            let switch = match entry.key {
                LegendKey::Bands => Some("bands".to_owned()),
                _ if is_published => Some("pub".to_owned()),
                _ => has_series(key).then(|| format!("k{key}")),
            };
            let _ = match switch {
                Some(class) => {
                    let checked = if entry.is_off { "" } else { " checked=\"\"" };
                    let input = format!("<input type=\"checkbox\"{checked} />");
                    writeln!(out, "<label class=\"key {class}\">{input}{swatch}{label}</label>")
                }
                None => writeln!(out, "<span class=\"key\">{swatch}{label}</span>"),
            };
        }
        if out.is_empty() { out } else { format!("<div class=\"keys\">\n{out}</div>\n") }
    }
}

/// The sample of a key.
fn swatch(entry: &LegendEntry) -> String {
    let sheet = Sheet::default();
    match entry.key {
        LegendKey::Line(style, width, marker) => {
            let keys = Keys::default();
            let canvas: Canvas<SVGBackend> = Canvas::Page { sheet: &sheet, keys: &keys };
            if let Some(style) = style {
                let _ = canvas.line(&[(0.0, 7.0), (26.0, 7.0)], entry.color, width, style);
            }
            if let Some(marker) = marker {
                let _ = canvas.marker((13.0, 7.0), marker, 4.0, entry.color);
            }
        }
        LegendKey::Area | LegendKey::Bands => {
            sheet.area(&[(0.0, 2.0), (26.0, 2.0), (26.0, 12.0), (0.0, 12.0)], entry.color, 0.25)
        }
        LegendKey::Interval => {
            sheet.line(&[(13.0, 0.0), (13.0, 14.0)], entry.color, 1.4, &[]);
            for y in [1.0, 13.0] {
                sheet.line(&[(9.0, y), (17.0, y)], entry.color, 1.4, &[]);
            }
        }
    }
    let content = sheet.into_svg();
    let color = own_color(entry.color);
    format!("<svg class=\"swatch s\" viewBox=\"0 0 26 14\" aria-hidden=\"true\"{color}>{content}</svg>")
}

/// The names of a series' points; empty for curves of many points.
pub(super) fn names(series: &Series, chart: &Chart) -> Vec<String> {
    let Some(label) = series.label.as_deref().or(series.name.as_deref()).filter(|_| series.fill_to.is_none()) else {
        return Vec::new();
    };
    if series.points.len() > MOST_NAMED {
        return Vec::new();
    }
    let label = if series.published { format!("{label}, published") } else { label.to_owned() };
    if let Some(names) = &series.names {
        return names.clone();
    }
    let name = |(x, y): &(f64, f64)| {
        let range = series.band.iter().chain(&series.intervals).find(|(at, ..)| at == x);
        let range = range.filter(|(_, low, high)| low < high);
        let range = range.map_or(String::new(), |(_, low, high)| format!(" ({} to {})", number(*low), number(*high)));
        let unit = unit(&chart.y.label).filter(|unit| unit.len() <= 3).map_or(String::new(), |unit| format!(" {unit}"));
        format!("{label} at {}: {}{unit}{range}", with_unit(*x, &chart.x.label), number(*y))
    };
    series.points.iter().map(name).collect()
}

/// A value with the unit of its axis: `12 bits per vector`, `T = 100`.
fn with_unit(value: f64, label: &str) -> String {
    match unit(label) {
        Some(unit) => format!("{} {unit}", number(value)),
        None => format!("{label} {}", number(value)),
    }
}

/// `dB` of `Peak SNR (dB)`.
fn unit(label: &str) -> Option<&str> {
    label.rsplit_once('(')?.1.strip_suffix(')')
}

/// Four significant digits; whole numbers as they are.
pub(crate) fn number(value: f64) -> String {
    match value {
        whole if whole.fract() == 0.0 && whole.abs() < 1e9 => format!("{whole}"),
        value => crate::number::digits(value, 4),
    }
    .replacen('-', "−", 1)
}
