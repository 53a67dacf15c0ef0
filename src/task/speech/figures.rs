//! Figure 1: the quality of coded speech over the bitrate, with Opus if it was measured; and the paired gaps between
//! methods.

use std::collections::HashMap;

use super::Speech;
use super::beside::{Gap, GapAt, gaps, opus};
use crate::figure::curves::{self, Curve, data_name, in_unit, styled};
use crate::figure::{
    Axis, Chart, Color, Figure, FigureInput, Figures, LegendEntry, LegendKey, LegendPlace, LineStyle, Marker, Series,
    Sketch, file_name,
};
use crate::metric;
use crate::results::{Aggregate, primary_metric};
use crate::runner::Record;
use crate::spec::{Panel, PanelAxis, Plan};

impl Figures for Speech {
    /// `quality-PANEL` for panels without a figure, `gaps-PANEL`.
    fn sketches(&self, input: &FigureInput) -> Vec<Sketch> {
        let FigureInput { plan, aggregates, records, options } = *input;
        let work = Work { plan, aggregates, records, published: options.published };
        let of_the_paper = |id: &&String| plan.panels.iter().any(|panel| panel.paper_figure() == Some(id.as_str()));
        let mut sketches: Vec<Sketch> =
            plan.figures.iter().filter(of_the_paper).filter_map(|id| work.figure(id)).collect();
        for panel in &plan.panels {
            if panel.paper_figure().is_none() {
                sketches.extend(work.quality(Sketch::name(panel, "quality").0, "", &[panel]));
            }
            sketches.extend(work.gaps(panel));
        }
        sketches
    }
}

/// The input of all figures.
struct Work<'a> {
    plan: &'a Plan,
    aggregates: &'a [Aggregate],
    records: &'a HashMap<String, Record>,
    published: bool,
}

impl Work<'_> {
    fn figure(&self, id: &str) -> Option<Sketch> {
        let own = self.plan.panels.iter().filter(|panel| panel.figure.as_deref() == Some(id));
        self.quality(format!("figure-{id}"), &format!("Figure {id}: "), &own.collect::<Vec<_>>())
    }

    /// The panels' metrics over the axis, one chart per panel.
    fn quality(&self, id: String, number: &str, panels: &[&Panel]) -> Option<Sketch> {
        let drawn = panels.iter().filter_map(|panel| Some((*panel, self.chart(panel, number)?)));
        let (panels, mut charts): (Vec<&Panel>, Vec<Chart>) = drawn.unzip();
        if charts.len() > 1 {
            // The plots of all charts are then aligned.
            charts.iter_mut().for_each(|chart| chart.legend = LegendPlace::Below);
        }
        let first = *panels.first()?;
        let mut labels: Vec<String> = panels.iter().map(|p| metric::label(&primary_metric(self.plan, p))).collect();
        labels.dedup();
        let what = labels.join(" and ");
        let over = match first.axis {
            PanelAxis::Bitrate(_) => "the target bitrate",
            PanelAxis::Bits | PanelAxis::Rank(_) => "the bits of the envelope's code",
        };
        let mut caption = format!(
            "{what} of decoded speech ({}) over {over}, mean over the test utterances; higher is better. Shaded: the \
             middle 95 % of the utterances. Utterances differ far more from each other than methods do on the same \
             utterance.",
            data_name(first)
        );
        if charts.iter().any(|chart| chart.series.iter().any(|series| series.label.as_deref() == Some(OPUS))) {
            caption.push_str(" Opus codes the same utterances. It is drawn at its real bitrates.");
        }
        caption.push_str(&self.beside_published(first));
        let title = format!("{number}{what} over the bitrate, {}", data_name(first));
        Some(Sketch { id, title, caption, figure: Figure::grid(charts) })
    }

    fn beside_published(&self, panel: &Panel) -> String {
        match (&panel.comparison.not_comparable, self.published && panel.published_file.is_some()) {
            (Some(_), true) => {
                " Thin solid lines of the same hue are the published means, of other recorded speech: only the order \
                 of the curves can be compared."
                    .into()
            }
            (None, true) => " Thin solid lines of the same hue are the published means.".into(),
            _ => String::new(),
        }
    }

    fn chart(&self, panel: &Panel, number: &str) -> Option<Chart> {
        let metric = primary_metric(self.plan, panel);
        let (label, row) = (metric::label(&metric), metric::find(&metric)?);
        let ours = curves::ours(self.plan, panel, self.aggregates, &metric);
        if ours.is_empty() {
            return None;
        }
        let title = format!("{number}{label}, {}", data_name(panel));
        let mut chart = Chart::new(title, axis(panel), Axis::linear(in_unit(&label, row.unit)));
        curves::add_published(&mut chart, self.plan, panel, self.published, |c, series| on_axis(panel, c, series));
        if metric == "pesq" && matches!(panel.axis, PanelAxis::Bitrate(_)) {
            chart.series.extend(opus_series(panel, self.records));
        }
        chart.series.extend(ours.iter().map(|curve| on_axis(panel, curve, styled(panel, curve).unmarked())));
        // Utterances differ more from each other than the methods do.
        let label = "middle 95 % of utterances".into();
        chart.legend_extra.push(LegendEntry { label, is_off: true, ..curves::band_entry() });
        Some(chart)
    }

    /// The paired gaps between methods on the same utterances, in the paper's order, beside the gaps of the published
    /// means.
    fn gaps(&self, panel: &Panel) -> Option<Sketch> {
        let metric = primary_metric(self.plan, panel);
        let (label, row) = (metric::label(&metric), metric::find(&metric)?);
        let gaps = gaps(self.plan, panel, self.aggregates);
        let title = format!("Paired gaps: {label}, {}", data_name(panel));
        let y = Axis::linear(in_unit(&format!("difference of {label}"), row.unit)).including(0.0);
        let mut chart = Chart::new(title, axis(panel), y);
        for (i, gap) in gaps.iter().enumerate() {
            chart.series.extend(gap_series(panel, gap, i, self.published));
        }
        let ends = |series: &Series| Some((series.points.first()?.0, series.points.last()?.0));
        let (from, to) = chart.series.iter().filter_map(ends).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        let zero = Series::line("", Color::GRAY, LineStyle::Solid, vec![(from, 0.0), (to, 0.0)]);
        chart.series.insert(0, zero.width(1.0).unlabeled());
        let bars = LegendKey::Interval;
        chart.legend_extra.push(LegendEntry::new("± 2 standard errors", bars));
        let has_published = self.published && gaps.iter().flat_map(|g| &g.places).any(|p| p.published.is_some());
        if has_published {
            chart.legend_extra.push(curves::published_entry(panel));
        }
        chart.legend = LegendPlace::Below;
        let id = format!("gaps-{}", file_name(&panel.name));
        let beside = if has_published { " Thin solid lines are the gaps of the published means." } else { "" };
        let caption = format!(
            "The {label} of one method minus the {label} of another on the same utterance, mean over the test \
             utterances ({}). Bars are two standard errors in each direction, over utterances. Above zero, the first \
             method is better.{beside}",
            data_name(panel)
        );
        let title = format!("Paired gaps of the methods in {label}, {}", data_name(panel));
        Some(Sketch { id, title, caption, figure: Figure::single(chart) })
    }
}

/// The name of Opus in legends.
const OPUS: &str = "Opus codec";

/// The factor of positions on the drawn axis: bit/s are drawn as kbit/s.
fn scale(panel: &Panel) -> f64 {
    if matches!(panel.axis, PanelAxis::Bitrate(_)) { 1e-3 } else { 1.0 }
}

fn axis(panel: &Panel) -> Axis {
    match &panel.axis {
        PanelAxis::Bitrate(bitrates) => {
            let tick = |at: &u32| (f64::from(*at) * scale(panel), panel.axis.number(*at));
            Axis { ticks: Some(bitrates.iter().map(tick).collect()), ..Axis::linear("bitrate (kbit/s)") }
        }
        PanelAxis::Bits | PanelAxis::Rank(_) => curves::bits_axis([panel]),
    }
}

/// The series of a curve, at the positions of the panel's axis.
fn on_axis(panel: &Panel, curve: &Curve, series: Series) -> Series {
    curve.placed(series, |at| Some(f64::from(at) * scale(panel)))
}

fn opus_series(panel: &Panel, records: &HashMap<String, Record>) -> Option<Series> {
    let points: Vec<(f64, f64)> = opus(panel, records).iter().map(|p| (p.bitrate * 1e-3, p.pesq)).collect();
    let line = Series::line(OPUS, Color::GRAY, LineStyle::Solid, points).width(1.1).marker(Marker::Cross);
    (!line.points.is_empty()).then_some(line)
}

/// The gaps of one pair with their bars, and the published gaps.
fn gap_series(panel: &Panel, gap: &Gap, number: usize, published: bool) -> Vec<Series> {
    const STYLES: [(Marker, LineStyle); 3] = [
        (Marker::Square, LineStyle::Dashed),
        (Marker::Circle, LineStyle::Dotted),
        (Marker::Triangle, LineStyle::DashDot),
    ];
    let (marker, style) = STYLES[number % STYLES.len()];
    let color = curves::color(gap.first);
    let x = |at: u32| f64::from(at) * scale(panel);
    let places = || gap.places.iter();
    let theirs: Vec<_> = places().filter_map(|p| Some((x(p.at), p.published?))).collect();
    let label = format!("{} − {}", panel.curve_name(gap.first), panel.curve_name(gap.second));
    let points: Vec<_> = places().filter_map(|p| Some((x(p.at), p.ours?.mean))).collect();
    if points.is_empty() {
        return Vec::new();
    }
    let bar = |p: &GapAt| {
        let (ours, error) = (p.ours?, p.ours?.standard_error?);
        Some((x(p.at), ours.mean - 2.0 * error, ours.mean + 2.0 * error))
    };
    let line = Series::line(&label, color, style, points).width(2.2).marker(marker);
    let ours = Series { intervals: places().filter_map(bar).collect(), ..line };
    let published = published && !theirs.is_empty();
    let thin = Series::line(&label, color.tint(0.62), LineStyle::Solid, theirs).width(1.1).unlabeled().published();
    published.then_some(thin).into_iter().chain([ours]).collect()
}
