//! The report of an image experiment: all measures, comparisons between panels, and the cost of each method.

mod rankings;

use std::path::Path;

use super::Image;
use crate::compare::Estimate;
use crate::compare::statistics::PUBLISHED_RUNS;
use crate::compare::tradeoff::{error_of, is_decibel, log10_wmops};
use crate::complexity::Model;
use crate::data::images::SIDE;
use crate::network::LATENTS;
use crate::report::document::{Cell, Document, Table, Tone};
use crate::report::format::{significant, whole};
use crate::report::points::method_name;
use crate::report::{ReportInput, Sections, Words, panel_name};
use crate::results::{
    Aggregate, Point, ResultsFile, aggregate_metric, find_aggregate, primary_metric, published, timing_mean,
};
use crate::spec::{CellSettings, Contender, ImageData, ImageSettings, Panel, Primary};
use crate::task::Task;

impl Sections for Image {
    fn words(&self, primary: Primary) -> Words {
        Words {
            points: "The quality of reconstructed images by each panel's metric. Ours is the mean over the seeds, ± \
                 half the range that holds the middle 95 % of them.",
            difference: "The difference is ours against the published mean, in dB where the metric is, else in %, with \
                 its 95 % interval (Welch).",
            verdicts: format!(
                "The published numbers are compared with the quality of {}. The other measurement is shown beside it. \
                 Differences of Peak SNR are in dB. ",
                self.measured_on(primary).unwrap_or_default()
            ),
            beside: match primary {
                Primary::Training => &[("#test images", "fresh")],
                Primary::Fresh => &[("#training images", "training")],
            },
            ..Words::default()
        }
    }

    fn data_in_words(&self, settings: &CellSettings) -> String {
        if let CellSettings::Image(image) = settings { images_in_words(&image.data) } else { String::new() }
    }

    fn setting_in_words(&self, settings: &CellSettings) -> String {
        if let CellSettings::Image(image) = settings { setting_in_words(image) } else { String::new() }
    }

    fn sections(&self, input: &ReportInput, _: &Path, document: &mut Document) {
        measures(input, document);
        rankings::sections(input, document);
        one_run(input, document);
        costs(input, document);
    }
}

/// A description of the images.
fn images_in_words(data: &ImageData) -> String {
    let what = match data.digest.is_some() {
        true => data.name.clone(),
        false => format!("{} (made by this program, not photographs; seed {})", data.name, data.seed.unwrap_or(1)),
    };
    format!("{what}: {} images to train on, {} to test on", whole(data.training), whole(data.test))
}

/// A description of the images and of the network trained on them.
fn setting_in_words(settings: &ImageSettings) -> String {
    let network = &settings.network;
    let trained = match (&settings.joint, network.updates) {
        (None, updates) => format!(
            "the network is trained alone ({} updates) and frozen; the quantizers are trained on its latent vectors",
            whole(updates)
        ),
        (Some(joint), 0) => format!("network and codebooks are trained together by {}", joint.estimator.label()),
        (Some(joint), updates) => format!(
            "the network is trained alone for {} updates, then together with the codebooks by {}",
            whole(updates),
            joint.estimator.label()
        ),
    };
    format!(
        "{}, 32 × 32 pixels in color, {LATENTS} latent vectors of dimension {} per image, a network of {} parameters \
         (width {}, {} residual blocks in encoder and decoder each, learning rate {}); {trained}",
        images_in_words(&settings.data),
        network.dimension,
        whole(network.parameters() as u64),
        network.width,
        network.blocks,
        network.learning_rate
    )
}

/// Pixels of an image.
const PIXELS: f64 = (SIDE * SIDE) as f64;

/// The panels with cells that no earlier panel has.
fn panels<'a>(input: &ReportInput<'a>) -> impl Iterator<Item = &'a Panel> {
    let plan = input.plan;
    plan.panels.iter().filter(|panel| !plan.is_part_of_earlier(panel))
}

/// The settings of a panel's first cell.
fn settings(panel: &Panel) -> Option<&ImageSettings> {
    match panel.settings() {
        Some(CellSettings::Image(settings)) => Some(settings),
        _ => None,
    }
}

/// All measures of the images, not only those of the panels.
fn measures(input: &ReportInput, document: &mut Document) {
    const MEASURES: [(&str, &str, usize); 10] = [
        ("#Peak SNR (dB)", "psnr-fresh", 2),
        ("#on training images", "psnr-training", 2),
        ("#mean over images", "psnr-images-fresh", 2),
        ("#without quantizer", "psnr-unquantized-fresh", 2),
        ("#SSIM", "ssim-fresh", 4),
        ("#on training images", "ssim-training", 4),
        ("#uniform window", "ssim-uniform-fresh", 4),
        ("#gray values", "ssim-gray-fresh", 4),
        ("#MSE of pixels", "pixel-mse-fresh", 1),
        ("#error of latents", "latent-nmse-fresh", 4),
    ];
    document.section("All measures of the images");
    document.paragraph(
        "Means over the seeds, on test images unless a title says otherwise. \"Without quantizer\" decodes the \
         unquantized latent vectors. Peak SNR: 10 log10(255² / mean squared error over all values of all images), and \
         the mean over images of the Peak SNR per image. SSIM: Wang et al. 2004, Gaussian window of 11 × 11 with σ = \
         1.5, K1 = .01, K2 = .03, mean over colors and images. Uniform window: SSIM by windows of 7 × 7 on values of \
         ±.5 with a data range of 2. Gray values: the same on the luminance; this fits the published numbers best. \
         Error of latents: mean squared error of the quantized \
         latent vectors relative to their variance.",
    );
    for panel in panels(input) {
        let columns: Vec<Aggregate> = MEASURES.iter().map(|m| aggregate_metric(panel, m.1, input.records)).collect();
        let mut table = Table::new(&[&["method", "#bits", "#bits a pixel"][..], &MEASURES.map(|m| m.0)].concat());
        for point in &panel.points {
            let mean = |aggregate: &Aggregate| aggregate.point(point.contender, point.bits).and_then(Point::mean);
            let means: Vec<Option<f64>> = columns.iter().map(mean).collect();
            if means.iter().all(Option::is_none) {
                continue;
            }
            let per_pixel = f64::from(point.bits) * LATENTS as f64 / PIXELS;
            let mut row: Vec<Cell> =
                vec![method_name(point).into(), point.bits.to_string().into(), format!("{per_pixel:.2}").into()];
            let shown = |(mean, (_, _, digits)): (&Option<f64>, &(&str, &str, usize))| {
                Cell::from(mean.map_or("–".into(), |mean| format!("{mean:.digits$}")))
            };
            row.extend(means.iter().zip(&MEASURES).map(shown));
            table.row(row);
        }
        if !table.rows.is_empty() {
            document.subsection(panel_name(panel));
            document.table(table);
        }
    }
}

/// The uncertainty of a single run, from the spread of the published runs.
fn one_run(input: &ReportInput, document: &mut Document) {
    let mut table = Table::new(&["panel", "#bits", "best", "second", "#apart", "#published spread", "#apart / spread"]);
    for panel in &input.plan.panels {
        let Some(file) = panel.published_file.as_deref().and_then(published) else { continue };
        let aggregate = find_aggregate(input.aggregates, &panel.name, &primary_metric(input.plan, panel));
        let Some(aggregate) = aggregate.filter(|a| a.points.iter().all(|p| p.samples.len() < 2)) else { continue };
        for at in aggregate.places() {
            table.rows.extend(nearest_pair(panel, aggregate, &file, at));
        }
    }
    if table.rows.is_empty() {
        return;
    }
    document.section("The uncertainty of one run");
    document.paragraph(
        "Each point has one run. Our numbers therefore have no spread, the points are inconclusive, and a claim on an \
         order can hold or fail by chance. The published spread replaces ours: the standard deviation of the \
         difference of two single runs, from the published quantiles of 10 runs. If best and second differ by less \
         than twice this spread, another seed may reverse them.",
    );
    document.table(table);
}

/// Best and second at a bitrate, and the published spread of the difference of one run of each.
fn nearest_pair(panel: &Panel, aggregate: &Aggregate, file: &ResultsFile, at: u32) -> Option<Vec<Cell>> {
    let own = aggregate.points.iter().filter(|p| p.at == at && p.contender.trainer == panel.trainer());
    let mut means: Vec<(Contender, f64)> = own.filter_map(|p| Some((p.contender, p.mean()?))).collect();
    means.sort_by(|a, b| error_of(&aggregate.metric, a.1).total_cmp(&error_of(&aggregate.metric, b.1)));
    let [(best, high), (second, low), ..] = means[..] else { return None };
    let spread = [best, second].map(|contender| {
        let (curve, tick) = (file.curve(&panel.curve_name(contender))?, file.tick(&panel.axis.tick(at))?);
        let (from, to) = curve.quantiles(tick)?;
        Some(Estimate::of_quantiles(0.0, from, to, PUBLISHED_RUNS).standard_deviation)
    });
    let [Some(a), Some(b)] = spread else { return None };
    let (apart, spread) = ((high - low).abs(), a.hypot(b));
    let digits = if is_decibel(&aggregate.metric) { 2 } else { 4 };
    let ratio = apart / spread;
    let tone = if ratio < 2.0 { Tone::Doubtful } else { Tone::Neutral };
    Some(vec![
        panel_name(panel).into(),
        at.to_string().into(),
        best.label().into(),
        second.label().into(),
        format!("{apart:.digits$}").into(),
        format!("{spread:.digits$}").into(),
        Cell::toned(format!("{ratio:.1}"), tone),
    ])
}

/// Bits, parameters, operations and times.
fn costs(input: &ReportInput, document: &mut Document) {
    document.section("Cost of the methods");
    document.paragraph(format!(
        "An image has {LATENTS} latent vectors, each with the bits of one code. Operations are weighted millions \
         (WMOPS) for encoding one latent vector: by the paper's count, with all stages, and with look-up tables. Times \
         are measured on one thread while other cells ran: one training step, the whole training, and encoding of one \
         latent vector."
    ));
    const TIMES: [(&str, &str, usize); 3] =
        [("#step ms", "step-ms", 1), ("#training s", "train-seconds", 0), ("#encode µs", "encode-us", 2)];
    for panel in panels(input) {
        let is_timed = |timing: &str| panel.points.iter().any(|p| timing_mean(p, timing, input.records).is_some());
        let times: Vec<_> = TIMES.into_iter().filter(|(_, timing, _)| is_timed(timing)).collect();
        let titles =
            ["method", "#bits", "#bits an image", "#codebook parameters", "#WMOPS paper's", "#all stages", "#look-up"];
        let mut table = Table::new(&[titles.to_vec(), times.iter().map(|t| t.0).collect()].concat());
        for point in &panel.points {
            let width = panel.dimension / if point.contender.method.is_product() { point.stages } else { 1 };
            let parameters = point.stages as u64 * (1u64 << point.bits_per_stage) * width as u64;
            let mut row: Vec<Cell> = vec![
                method_name(point).into(),
                point.bits.to_string().into(),
                whole(u64::from(point.bits) * LATENTS as u64).into(),
                whole(parameters).into(),
            ];
            let or_dash = |value: Option<String>| Cell::from(value.unwrap_or_else(|| "–".into()));
            row.extend(Model::ALL.map(|model| {
                let wmops = log10_wmops(panel, point.contender, point.bits, model);
                or_dash(wmops.map(|log10| significant(10f64.powf(log10))))
            }));
            row.extend(times.iter().map(|&(_, timing, digits)| {
                or_dash(timing_mean(point, timing, input.records).map(|value| format!("{value:.digits$}")))
            }));
            table.row(row);
        }
        document.subsection(panel_name(panel));
        document.table(table);
    }
}
