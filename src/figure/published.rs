//! The paper's figures from the published numbers alone, in the paper's style.

use std::path::Path;

use super::chart::{Axis, Chart, Color, EndLabel, Figure, LineStyle, Marker, Series};
use super::curves::{self, capitalized};
use super::{Drawn, FigureError, Format, Sketch};
use crate::results::{Curve, CurveValues, ResultsFile, published};
use crate::spec::{Contender, Method, Trainer};

/// The figures: name, Results file, and the file of the complexities if these are the x axis.
const FIGURES: &[(&str, &str, Option<&str>)] = &[
    ("1a", "Figure 1/PESQ.json", None),
    ("1b", "Figure 1/pSNR.json", None),
    ("2a", "Figure 2/correlated_dataset_Fig2-a.json", None),
    ("2b", "Figure 2/uncorrelated_dataset_Fig2-b.json", None),
    ("4a", "Figure 4/SSIM_Fig4-a.json", None),
    ("4b", "Figure 4/PeakSNR_Fig4-b.json", None),
    ("4c", "Figure 4/PeakSNR_Fig4-b.json", Some("Figure 4/Complexity_Fig4-c.json")),
    ("5", "Figure 5/Recall.json", None),
    ("6a", "Figure 6/Recall_RVQ_Fig6-a.json", None),
    ("6b", "Figure 6/Recall_at_16_Fig6-b_digitised.json", Some("Figure 6/Complexity_Fig6-b.json")),
];

const FIGURE_3: [u32; 3] = [64, 128, 256];

/// Draws the published figures in `only` (such as `2a`; empty = all) as `OUT_DIR/published-ID.FORMAT`.
///
/// # Errors
/// [`FigureError`]
pub fn draw_published(out_dir: &Path, formats: &[Format], only: &[String]) -> Result<Vec<Drawn>, FigureError> {
    // Figure 1 has two parts.
    let wanted = |id: &str| only.is_empty() || only.iter().any(|o| o == id || (o == "1" && id.starts_with('1')));
    let plain = FIGURES.iter().filter(|f| wanted(f.0)).filter_map(|(id, file, cost)| sketch(id, file, *cost));
    let mut sketches: Vec<Sketch> = plain.collect();
    sketches.extend(wanted("3").then(figure_3));
    sketches.sort_by(|a, b| a.id.cmp(&b.id));
    sketches.into_iter().map(|s| s.finish(out_dir, formats)).collect()
}

fn sketch(id: &str, name: &str, complexity: Option<&str>) -> Option<Sketch> {
    let file = published(name)?;
    let metric = file.metric().unwrap_or("value").to_string();
    let data = file.label("Data").map(|d| format!(", {} data", d.to_lowercase())).unwrap_or_default();
    let (x, over) = match complexity {
        Some(_) => (Axis::linear("complexity (log10 WMOPS)"), "complexity"),
        None => x_axis(&file),
    };
    let y = Axis::linear(unit(&metric));
    let mut chart = Chart::new(format!("Figure {id} (published): {metric} over {over}{data}"), x, y);
    let costs = complexity.and_then(published);
    for curve in &file.curves {
        let xs: Vec<Option<f64>> = match &costs {
            Some(costs) => costs.curve(&curve.name)?.mean().to_vec(),
            None => file.axis.ticks.iter().map(|t| number(t)).collect(),
        };
        chart.series.push(series(curve, &xs));
    }
    let title = format!("Figure {id} as published");
    let caption = format!("The published {metric} over {over}{data}. Bands are the 2.5 % and 97.5 % quantiles.");
    let caption = match id {
        "5" => format!("{caption} In the published file, the upper quantiles of PVQ repeat those of RVQ."),
        "6b" => format!("{caption} The recall is read off the published vector graphic."),
        _ => caption,
    };
    Some(Sketch { id: format!("published-{id}"), title, caption, figure: Figure::single(chart) })
}

fn figure_3() -> Sketch {
    let mut chart = Chart::new(
        "Figure 3 (published): MSE on uncorrelated data",
        Axis::linear(""),
        Axis::linear("MSE per coordinate"),
    );
    for (i, dimension) in FIGURE_3.iter().enumerate() {
        let Some(file) = published(&format!("Figure 3/Data_Dimension_{dimension}.json")) else { continue };
        chart.x = x_axis(&file).0;
        let xs: Vec<Option<f64>> = file.axis.ticks.iter().map(|t| number(t)).collect();
        let all: Vec<Series> = file.curves.iter().map(|c| series(c, &xs)).collect();
        let ends: Vec<f64> = all.iter().filter_map(|s| s.points.last().map(|p| p.1)).collect();
        let y = ends.iter().sum::<f64>() / ends.len().max(1) as f64;
        chart.end_labels.push(EndLabel { y, text: format!("D = {dimension}"), color: Color::GRAY });
        chart.series.extend(all.into_iter().map(|s| if i == 0 { s } else { s.unlabeled() }));
    }
    let caption = "The published mean squared error over the bitrate for three dimensions of the data.".to_string();
    Sketch { id: "published-3".into(), title: "Figure 3 as published".into(), caption, figure: Figure::single(chart) }
}

/// The axis of a Results file, and its name within a sentence.
fn x_axis(file: &ResultsFile) -> (Axis, &'static str) {
    let values: Vec<f64> = file.axis.ticks.iter().filter_map(|t| number(t)).collect();
    let ticks = |values: &[f64]| Some(values.iter().map(|v| (*v, v.to_string())).collect());
    match file.axis.name.as_str() {
        "VQ Bitrate" => (Axis { ticks: ticks(&values), ..Axis::linear("VQ bitrate (bits per vector)") }, "the bitrate"),
        "Sampling Rate" => (Axis { ticks: ticks(&values), ..Axis::linear("bitrate (kbit/s)") }, "the bitrate"),
        "T" => (Axis { ticks: ticks(&values), ..Axis::log("T") }, "T"),
        _ => (Axis::linear(capitalized(&file.axis.name)), "its axis"),
    }
}

fn unit(metric: &str) -> String {
    match metric {
        "pSNR" | "Peak SNR" => format!("{metric} (dB)"),
        "PESQ" => "PESQ (MOS)".into(),
        "MSE" => "MSE per coordinate".into(),
        other => other.into(),
    }
}

/// The number at the start of a tick: 9.6 of `9.6 kbits/sec`.
fn number(tick: &str) -> Option<f64> {
    tick.split_whitespace().next()?.parse().ok()
}

fn series(curve: &Curve, xs: &[Option<f64>]) -> Series {
    let baseline = curve.name.ends_with("baseline");
    let method = curve.name.split(' ').next().and_then(Method::find);
    let trainer = if baseline { Trainer::Kmeans } else { Trainer::Nsvq };
    let contender = method.map(|method| Contender { method, trainer });
    let color = contender.map_or(Color::GRAY, curves::color);
    let xy = xs.iter().zip(curve.mean()).filter_map(|(x, y)| Some(((*x)?, (*y)?))).collect();
    let style = contender.map_or(LineStyle::Solid, curves::line_style);
    let line = Series::line(curve.name.clone(), color, style, xy).width(if baseline { 1.4 } else { 2.2 });
    // The recall figures carry markers.
    let marked = baseline || curve.name.ends_with("proposed");
    let marker = method.map_or(Marker::Triangle, curves::marker);
    let line = if marked { line.marker(marker) } else { line };
    match &curve.values {
        CurveValues::Plain(_) => line,
        CurveValues::Spread { .. } => {
            let at =
                |(i, x): (usize, &Option<f64>)| curve.quantiles(i).and_then(|(low, high)| Some(((*x)?, low, high)));
            line.band(xs.iter().enumerate().filter_map(at).collect())
        }
    }
}
