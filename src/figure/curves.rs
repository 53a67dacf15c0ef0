//! Our curves and the published curves in one form, and the style of each method.

use vqlab_core::method::Kmeans;

use super::chart::{Axis, Chart, Color, LegendEntry, LegendKey, LineStyle, Marker, Series};
use crate::results::{Aggregate, ResultsFile, find_aggregate, published};
use crate::spec::{Contender, Init, Method, Panel, Plan, PlannedPoint, Trainer};

/// One contender's values over the panel's axis. Points without a value are omitted.
pub struct Curve {
    pub contender: Contender,
    pub points: Vec<CurvePoint>,
}

pub struct CurvePoint {
    /// B, the bits of one code, or T.
    pub at: u32,
    pub mean: f64,
    /// 2.5 % and 97.5 % quantiles. Equal to the mean if there is no spread.
    pub low: f64,
    pub high: f64,
}

impl Curve {
    pub fn xy(&self) -> Vec<(f64, f64)> {
        self.points.iter().map(|p| (f64::from(p.at), p.mean)).collect()
    }

    pub fn band(&self) -> Vec<(f64, f64, f64)> {
        self.points.iter().map(|p| (f64::from(p.at), p.low, p.high)).collect()
    }

    /// A series of this curve at other positions on the axis. Points without a position are omitted.
    pub fn placed(&self, series: Series, x: impl Fn(u32) -> Option<f64>) -> Series {
        let points = self.points.iter().filter_map(|p| Some((x(p.at)?, p.mean))).collect();
        let spread = self.points.iter().filter(|_| !series.band.is_empty());
        let band = spread.filter_map(|p| Some((x(p.at)?, p.low, p.high))).collect();
        Series { points, band, ..series }
    }
}

/// One panel's metric, with one curve per contender. Contenders without values are omitted.
pub fn ours(plan: &Plan, panel: &Panel, aggregates: &[Aggregate], metric: &str) -> Vec<Curve> {
    let Some(aggregate) = find_aggregate(aggregates, &panel.name, metric) else { return Vec::new() };
    let curve = |contender: &Contender| {
        let own = aggregate.points.iter().filter(|p| p.contender == *contender);
        let points = own.filter_map(|p| {
            Some(CurvePoint { at: p.at, mean: p.mean()?, low: p.quantile_low()?, high: p.quantile_high()? })
        });
        Curve { contender: *contender, points: points.collect() }
    };
    plan.contenders.iter().map(curve).filter(|c| !c.points.is_empty()).collect()
}

/// The published curves of the panel's methods.
pub fn of_panel(plan: &Plan, panel: &Panel) -> Vec<Curve> {
    match panel.published_file.as_deref().and_then(published) {
        Some(file) => {
            // A method's name alone may be that of NSVQ in this panel and of k-means in another.
            let own = plan.contenders.iter().filter(|c| panel.points.iter().any(|point| point.contender == **c));
            let curves = own.map(|c| of_file(&file, panel, *c));
            curves.filter(|c| !c.points.is_empty()).collect()
        }
        None => Vec::new(),
    }
}

fn of_file(file: &ResultsFile, panel: &Panel, contender: Contender) -> Curve {
    let curve = file.curve(&panel.curve_name(contender));
    let point = |at: u32| {
        let i = file.tick(&panel.axis.tick(at))?;
        let mean = curve?.mean().get(i).copied().flatten()?;
        let (low, high) = curve?.quantiles(i).unwrap_or((mean, mean));
        Some(CurvePoint { at, mean, low, high })
    };
    Curve { contender, points: file.axis.places().into_iter().filter_map(point).collect() }
}

/// The color of a method. Baselines are darker.
pub fn color(contender: Contender) -> Color {
    match contender.kmeans() {
        Some(Kmeans { color: [red, green, blue], .. }) => Color(red, green, blue),
        None => method_color(contender.method),
    }
}

pub fn method_color(method: Method) -> Color {
    let [red, green, blue] = method.definition().style.color;
    Color(red, green, blue)
}

/// The paper's line styles: AVQ dashed, RVQ dotted, PVQ dash-dot; baselines solid.
pub fn line_style(contender: Contender) -> LineStyle {
    if contender.trainer == Trainer::Kmeans { LineStyle::Solid } else { contender.method.definition().style.line }
}

/// The markers of the paper's Figure 5: AVQ squares, RVQ circles, PVQ triangles.
pub fn marker(method: Method) -> Marker {
    method.definition().style.marker
}

/// Our curve with its band.
pub fn our_series(curve: &Curve) -> Series {
    let contender = curve.contender;
    let line = Series::line(contender.label(), color(contender), line_style(contender), curve.xy());
    line.width(2.4).band(curve.band())
}

/// One of our curves in the paper's style. Baselines are thinner.
pub fn styled(panel: &Panel, curve: &Curve) -> Series {
    let contender = curve.contender;
    let line = Series::line(panel.curve_name(contender), color(contender), line_style(contender), curve.xy());
    let width = if contender.trainer == Trainer::Kmeans { 1.4 } else { 2.4 };
    line.width(width).band(curve.band()).marker(marker(contender.method))
}

/// The published curve: a thin solid line of the same hue.
pub fn published_series(curve: &Curve) -> Series {
    let label = curve.contender.label();
    let line = Series::line(label, color(curve.contender).tint(0.62), LineStyle::Solid, curve.xy());
    line.width(1.1).unlabeled().published()
}

/// The entry of published curves. Where the panel can't be compared with them, pages hide them at first.
pub fn published_entry(panel: &Panel) -> LegendEntry {
    let entry = |label: &str| LegendEntry::new(label, LegendKey::Line(Some(LineStyle::Solid), 1.1, None));
    match panel.comparison.not_comparable {
        None => entry("published (same hue)"),
        Some(_) => LegendEntry { is_off: true, ..entry("published, on other data or settings") },
    }
}

/// Adds the published curves of a panel to its chart, as `shown` places them, with their entry in the legend; nothing
/// where there are none or `published` is false.
pub fn add_published(
    chart: &mut Chart,
    plan: &Plan,
    panel: &Panel,
    published: bool,
    shown: impl Fn(&Curve, Series) -> Series,
) {
    if published && panel.published_file.is_some() {
        let named = |curve: &Curve| {
            let series = Series { name: Some(panel.curve_name(curve.contender)), ..published_series(curve) };
            shown(curve, series)
        };
        chart.series.extend(of_panel(plan, panel).iter().map(named));
        chart.legend_extra.push(published_entry(panel));
    }
}

pub fn band_entry() -> LegendEntry {
    LegendEntry::new("middle 95 % of the seeds", LegendKey::Bands)
}

/// The planned bitrates of the panels, ascending.
pub fn bits_of<'a>(panels: impl IntoIterator<Item = &'a Panel>) -> Vec<u32> {
    let mut bits: Vec<u32> = panels.into_iter().flat_map(|p| p.points.iter().map(|q| q.bits)).collect();
    bits.sort_unstable();
    bits.dedup();
    bits
}

pub fn bits_axis<'a>(panels: impl IntoIterator<Item = &'a Panel>) -> Axis {
    Axis::whole("VQ bitrate (bits per vector)", &bits_of(panels))
}

/// `Peak SNR (dB)`.
pub fn in_unit(label: &str, unit: &str) -> String {
    if unit.is_empty() { label.to_owned() } else { format!("{label} ({unit})") }
}

/// The name of the data, with the panel's name if the panel is not a figure of the paper.
pub fn data_name(panel: &Panel) -> String {
    let label = panel.labels.iter().find(|(key, _)| key == "Data").map(|(_, value)| value.clone());
    let data = label.or_else(|| panel.data_name().map(str::to_owned)).unwrap_or_else(|| panel.name.clone());
    if panel.paper_figure().is_some() { data } else { format!("{data}, {}", panel.name) }
}

/// "correlated data, D = 64".
pub fn describe(panel: &Panel) -> String {
    let data = panel.labels.iter().find(|(key, _)| key == "Data").map(|(_, value)| {
        match value.chars().all(|c| c.is_ascii_alphabetic()) {
            true => value.to_lowercase(),
            // The name of a data set.
            false => value.clone(),
        }
    });
    match data {
        Some(data) => format!("{data} data, D = {}", panel.dimension),
        None if panel.name == panel.dimension.to_string() => format!("D = {}", panel.dimension),
        None => format!("{}, D = {}", panel.name, panel.dimension),
    }
}

/// Groups panels into charts. One chart has the draws of the same data: panels with the same figure and published file,
/// whose cells differ only in the seeds of data and training. Panels without a published file have their own chart.
/// Panels with one bitrate have no curve and are omitted.
pub fn groups(plan: &Plan) -> Vec<Vec<&Panel>> {
    let mut groups: Vec<Vec<&Panel>> = Vec::new();
    for panel in plan.panels.iter().filter(|p| bits_of([*p]).len() > 1) {
        let same = |other: &Panel| {
            panel.published_file.is_some()
                && other.figure == panel.figure
                && other.published_file == panel.published_file
                && other.dimension == panel.dimension
                && equal_but_for_the_draw(other, panel)
        };
        match groups.iter_mut().find(|g| g.iter().any(|p| same(p))) {
            Some(group) => group.push(panel),
            None => groups.push(vec![panel]),
        }
    }
    groups
}

fn equal_but_for_the_draw(a: &Panel, b: &Panel) -> bool {
    let settings = |point: &PlannedPoint| Some(point.cells.first()?.settings.of_any_draw());
    a.points.iter().map(settings).eq(b.points.iter().map(settings))
}

/// The chart title of a group of panels.
pub fn group_title(plan: &Plan, group: &[&Panel]) -> String {
    match group {
        [] => String::new(),
        [only] => describe_in(plan, only),
        [first, ..] => format!("{} ({} draws)", describe_in(plan, first), group.len()),
    }
}

/// [`describe`], with the panel's name if panels of other data have the same description.
pub fn describe_in(plan: &Plan, panel: &Panel) -> String {
    let text = describe(panel);
    let groups = groups(plan);
    let own = groups.iter().find(|g| g.iter().any(|p| p.name == panel.name));
    let in_group = |p: &Panel| p.name == panel.name || own.is_some_and(|g| g.iter().any(|q| q.name == p.name));
    let shared = plan.panels.iter().any(|p| !in_group(p) && describe(p) == text);
    if shared { format!("{text}: {}", panel.name) } else { text }
}

/// The text with an upper-case first letter.
pub fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// `Codebooks do not start as in the paper: AVQ from a trained RVQ.`, for every method of these panels whose codebooks
/// have another start.
pub fn warm_starts(panels: &[&Panel]) -> Option<String> {
    let mut notes: Vec<String> = Vec::new();
    for cell in panels.iter().flat_map(|p| &p.points).filter_map(|p| p.cells.first()) {
        let Some(quantizer) = cell.settings.quantizer() else { continue };
        if cell.contender().trainer == Trainer::Kmeans {
            continue;
        }
        let start = match quantizer.init {
            Init::Uniform => continue,
            Init::Normal => "normal noise",
            Init::Data => "training vectors",
            Init::Kmeans => "k-means",
            Init::Pvq => "a trained PVQ",
            Init::Rvq => "a trained RVQ",
        };
        let note = format!("{} from {start}", quantizer.method.label());
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    let is_beside_the_papers = panels.iter().any(|panel| panel.published_file.is_some());
    let before = if is_beside_the_papers { "Codebooks do not start as in the paper" } else { "Codebooks start" };
    (!notes.is_empty()).then(|| format!("{before}: {}.", notes.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;

    #[test]
    fn published_curves_are_of_the_panels_methods() {
        let mut plan = fixture::plan(1);
        assert_eq!(of_panel(&plan, &plan.panels[0]).len(), 3);
        // Another panel has k-means, whose curves in this one would have the same names.
        plan.contenders.push(Contender { trainer: Trainer::Kmeans, ..plan.contenders[0] });
        assert_eq!(of_panel(&plan, &plan.panels[0]).len(), 3);
        let mut chart = Chart::new("", Axis::linear("x"), Axis::linear("y"));
        plan.panels[0].comparison.not_comparable = Some("other data".into());
        add_published(&mut chart, &plan, &plan.panels[0], true, |_, series| series);
        assert!(chart.legend_extra[0].is_off);
    }
}
