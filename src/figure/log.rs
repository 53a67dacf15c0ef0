//! The training log of one cell: codeword usage per stage at the first, middle and last log point, and the loss over
//! the updates.

use std::path::Path;

use super::chart::{Axis, Chart, Color, Figure, LegendPlace, LineStyle, Series};
use super::{Drawn, FigureError, Format, Sketch};
use crate::runner::{HISTOGRAM_BIN, LogPoint, Record, StageUse};

const EARLY: Color = Color(0xd9, 0x5f, 0x02);
const MIDDLE: Color = Color(0x75, 0x70, 0xb3);
const LATE: Color = Color(0x1b, 0x7a, 0x5a);

/// Draws the training log of a cell as `OUT_DIR/log-KEY.FORMAT`. KEY is the first 12 digits of the cell's key.
///
/// # Errors
/// [`FigureError::NoLog`] if the cell has no training log, and drawing and writing errors.
pub fn draw_log(record: &Record, out_dir: &Path, formats: &[Format]) -> Result<Drawn, FigureError> {
    let log = &record.log;
    let Some(last) = log.last() else { return Err(FigureError::NoLog(record.key.clone())) };
    let stages: Vec<Chart> = (0..last.stages.len()).map(|stage| usage_chart(log, stage)).collect();
    let mut figure = Figure::grid(stages);
    figure.width = figure.width.max(800);
    figure.row_height = 330;
    figure.rows.push(vec![loss_chart(log)]);
    figure.rows.retain(|row| !row.is_empty());
    let title = format!("Training log of {}", record.cell.label());
    let caption = "Upper charts, one per stage: histograms of codeword usage between two log points, at the start, in \
        the middle and at the end of training. Codewords at zero were not used. Lowest chart: mean squared error of \
        the training batches. Marks are log points with replaced codewords."
        .to_string();
    let short: String = record.key.chars().take(12).collect();
    Sketch { id: format!("log-{short}"), title, caption, figure }.finish(out_dir, formats)
}

fn usage_chart(log: &[LogPoint], stage: usize) -> Chart {
    let mut chart = Chart::new(
        format!("Stage {}", stage + 1),
        Axis::linear("log10(uses + 1)"),
        Axis::linear("codewords").including(0.0),
    );
    let mut shown: Vec<(usize, Color)> = Vec::new();
    for (at, color) in [(0, EARLY), (log.len() / 2, MIDDLE), (log.len() - 1, LATE)] {
        if shown.iter().all(|(i, _)| *i != at) {
            shown.push((at, color));
        }
    }
    for (at, color) in shown {
        let Some(usage) = log[at].stages.get(stage) else { continue };
        let outline = steps(usage);
        let label = format!("update {}", log[at].update);
        chart
            .series
            .push(Series { fill_to: Some(0.0), ..Series::line(label, color, LineStyle::Solid, outline) }.width(1.6));
    }
    chart.legend = LegendPlace::Below;
    chart
}

/// The outline of a histogram, which starts and ends at zero.
fn steps(usage: &StageUse) -> Vec<(f64, f64)> {
    let mut outline = vec![(0.0, 0.0)];
    for (i, count) in usage.histogram.iter().enumerate() {
        let left = i as f64 * HISTOGRAM_BIN;
        outline.extend([(left, f64::from(*count)), (left + HISTOGRAM_BIN, f64::from(*count))]);
    }
    outline.push((usage.histogram.len() as f64 * HISTOGRAM_BIN, 0.0));
    outline
}

fn loss_chart(log: &[LogPoint]) -> Chart {
    let positive = log.iter().all(|p| p.loss > 0.0);
    let y = if positive { Axis::log("training MSE") } else { Axis::linear("training MSE") };
    let mut chart = Chart::new("Loss", Axis::linear("updates").including(0.0), y);
    let curve = |p: &LogPoint| (p.update as f64, p.loss);
    chart.series.push(Series::line("loss", Color::BLACK, LineStyle::Solid, log.iter().map(curve).collect()).width(1.8));
    let replaced: Vec<_> = log.iter().filter(|p| p.replaced > 0).map(curve).collect();
    if !replaced.is_empty() {
        let total: u64 = log.iter().map(|p| p.replaced).sum();
        let label = format!("log points with replaced codewords ({total} codewords in total)");
        let marks = Series::line(label, EARLY, LineStyle::Solid, replaced);
        chart.series.push(Series { line: None, ..marks }.marker(super::Marker::Circle));
    }
    chart
}
