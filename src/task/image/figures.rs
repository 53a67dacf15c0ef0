//! Figures 4a, 4b and 4c: image quality over the bits of a latent vector, and over the operations of encoding it.

use std::collections::HashMap;
use std::path::Path;

use super::Image;
use crate::figure::curves::{self, data_name, styled};
use crate::figure::{
    Axis, Chart, Figure, FigureInput, Figures, PictureFigure, PictureRow, Sketch, beside_published, by_bits, file_name,
    over_complexity,
};
use crate::metric;
use crate::picture;
use crate::results::{primary_metric, shown_cells};
use crate::runner::Record;
use crate::spec::{Cell, Panel, Primary};

/// The data of the published numbers, if ours are others.
const ORIGINAL: &str = "CIFAR-10: other images";

impl Figures for Image {
    /// 4c with 4b, `quality-PANEL` and `tradeoff-PANEL` for panels without a figure.
    fn sketches(&self, input: &FigureInput) -> Vec<Sketch> {
        let of_panel = |panel| {
            let row = metric::find(&primary_metric(input.plan, panel));
            let complexity =
                row.and_then(|row| over_complexity(input, panel, complexity_name(panel), row.label, ORIGINAL));
            over_bits(input, panel).into_iter().chain(complexity)
        };
        input.plan.panels.iter().flat_map(of_panel).collect()
    }

    /// `pictures` or `pictures-PANEL`: the decoded first test images, for every panel with cells of its own.
    fn pictures(&self, input: &FigureInput) -> Vec<PictureFigure> {
        let Some(folder) = input.options.files else { return Vec::new() };
        let panels = input.plan.panels.iter().filter(|panel| !input.plan.is_part_of_earlier(panel));
        panels.filter_map(|panel| pictures_of(panel, input.records, folder)).collect()
    }
}

/// The paper's Figure 4c has the numbers of Figure 4b over the operations.
fn complexity_name(panel: &Panel) -> (String, String) {
    match panel.figure.as_deref() {
        Some("4b") => ("figure-4c".into(), "Figure 4c: ".into()),
        _ => (format!("tradeoff-{}", file_name(&panel.name)), String::new()),
    }
}

fn over_bits(input: &FigureInput, panel: &Panel) -> Option<Sketch> {
    let FigureInput { plan, aggregates, .. } = *input;
    let published = input.options.published;
    let (id, number) = Sketch::name(panel, "quality");
    let metric = primary_metric(plan, panel);
    let (row, label, data) = (metric::find(&metric)?, metric::label(&metric), data_name(panel));
    let measured = measured(plan.primary);
    let unit = if row.unit.is_empty() { String::new() } else { format!(" in {}", row.unit) };
    let y = Axis::linear(format!("{label}{unit}, {measured}"));
    let mut chart = Chart::new(format!("{number}{label} on {data}"), curves::bits_axis([panel]), y);
    let ours = curves::ours(plan, panel, aggregates, &metric);
    if ours.is_empty() {
        return None;
    }
    curves::add_published(&mut chart, plan, panel, published, |_, series| series);
    chart.series.extend(ours.iter().map(|curve| styled(panel, curve)));
    let seeds = aggregates.iter().find(|a| a.panel == panel.name && a.metric == metric)?;
    let has_band = seeds.points.iter().any(|point| point.samples.len() > 1);
    if has_band {
        chart.legend_extra.push(curves::band_entry());
    }
    let better = row.direction.better();
    let caption = format!(
        "{label}{unit} of {data}, {measured}, over the bits of one latent vector; {better} is better. {}{}",
        if has_band {
            "Shaded: the middle 95 % of the seeds."
        } else {
            "Each point has one seed, so there is no band."
        },
        beside_published(panel, published, ORIGINAL)
    );
    let title = format!("{number}{label} over the bitrate, {data}");
    Some(Sketch { id, title, caption, figure: Figure::single(chart) })
}

fn measured(primary: Primary) -> &'static str {
    match primary {
        Primary::Training => "on the training images",
        Primary::Fresh => "on test images",
    }
}

/// The strips are in `folder`.
fn pictures_of(panel: &Panel, records: &HashMap<String, Record>, folder: &Path) -> Option<PictureFigure> {
    // The row of a missing or damaged picture is empty.
    let strip = |name: &str| picture::read(&folder.join(name)).ok();
    let cells: Vec<&Cell> = shown_cells(panel, records).into_iter().map(|(_, cell)| cell).collect();
    let row = |cell: &&Cell| {
        let key = cell.key();
        let metrics = &records.get(&key)?.metrics;
        let measure = |name: &str| metrics.get(name).copied();
        let (contender, bits) = (cell.contender(), cell.total_bits());
        let row = PictureRow {
            label: contender.label().into(),
            detail: PictureRow::quality(measure("psnr-fresh"), measure("ssim-fresh")),
            color: curves::color(contender),
            strip: strip(&format!("{key}.png")),
        };
        Some((bits, row))
    };
    let rows: Vec<(u32, PictureRow)> = cells.iter().filter_map(row).collect();
    if rows.iter().all(|(_, row)| row.strip.is_none()) {
        return None;
    }
    let data = panel.data_name()?;
    // Figures of the paper show joint training. Other panels are identified by their names.
    let (id, of) = match panel.paper_figure() {
        Some(_) => ("pictures".to_owned(), String::new()),
        None => (format!("pictures-{}", file_name(&panel.name)), format!(", {}", panel.name)),
    };
    Some(PictureFigure {
        id,
        title: format!("Reconstructed test images{of}"),
        subtitle: format!("The first test images of {data}. Peak SNR and SSIM are over all test images."),
        caption: format!(
            "Originals and reconstructions of the first test images of {data}, from the first seed of each method and \
             bitrate. Peak SNR and SSIM are over all test images."
        ),
        originals: cells.first().and_then(|cell| strip(&super::originals_of(cell)?)),
        groups: by_bits(rows),
    })
}
