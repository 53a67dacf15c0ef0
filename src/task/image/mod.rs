//! Image compression: a quantizer inside an autoencoder, trained together with it or on its frozen latent vectors.

pub mod data;
mod figures;
mod run;
mod sections;
pub mod settings;

use std::ops::Bound::{Included, Unbounded};

use super::cell::{Cell, CellSettings, ImageData, Trainer};
use super::panel::Primary;
use super::settings::data_set::Opened;
use super::settings::field::{DATA_PATH, DATA_SEED, ESTIMATORS, MARGIN_DB, MOST, POSITIVE, PRIMARY, cell, panel};
use super::settings::{Checked, Field, Kind, Settings, Span};
use super::{Context, Outcome, Resolver, Task, TaskError, Wanted, foreign};
use crate::data::DataChoice;
use crate::picture::originals_name;

/// Images, and the quality of their reconstruction.
pub struct Image;

/// Images are kept in memory, 3 KiB each.
const MOST_IMAGES: i64 = <ImageData as DataChoice>::MOST as i64;

/// Metrics that a panel can show.
const METRICS: &[&str] = &["psnr", "ssim", "psnr-images", "ssim-uniform", "ssim-gray", "pixel-mse", "latent-nmse"];

const FIELDS: &[Field] = &[
    DATA_PATH,
    cell("data.set", Kind::Choice(&["cifar10"])).about("Known data set, used if it is found (`vqlab data fetch`).").of_panel(),
    cell("data.images", Kind::Whole(1, MOST_IMAGES)).about("Images to train on; default: all; 10,000 of synthetic data.").of_panel(),
    cell("data.test-images", Kind::Whole(1, MOST_IMAGES)).about("Images to test on; default: all; 1,000 of synthetic data.").of_panel(),
    DATA_SEED,
    cell("network.width", Kind::Whole(1, 4096)).about("Channels of the autoencoder; default: 64."),
    cell("network.blocks", Kind::Whole(0, 64)).about("Residual blocks; default: 2."),
    cell("network.latent-dimension", Kind::Whole(1, 4096)).about("D of the latent vectors; default: 64.").of_panel(),
    cell("network.updates", Kind::Whole(0, MOST)).about("Updates of the network alone, before the quantizer; 0: both are trained together from the start; default: 1,500."),
    cell("network.learning-rate", POSITIVE).about("Learning rate of the network; default: 0.001."),
    cell("network.batch-size", Kind::Whole(1, 65_536)).about("Images per update of the network alone; default: 32."),
    cell("network.frozen", Kind::Flag).about("Train the network alone, then the codebooks on its latent vectors; default: false.").of_panel(),
    cell("quantizer.estimator", Kind::Choice(ESTIMATORS)).about("Gradient estimator; codebooks that are trained alone always get the exact gradient; default: nsvq."),
    cell("quantizer.commitment", Kind::Number((Included(0.0), Unbounded), "a number, 0 or more")).about("Weight of the commitment loss of `ste` and `rotation`; default: 0.25."),
    cell("quantizer.noise", Kind::Choice(&["vector", "stage"])).about("`nsvq` and `diveq`: noise for the whole vector, or for each part of a PVQ; default: vector."),
    cell("training.exact-updates", Kind::Whole(0, MOST)).about("Number of last updates that train only the decoder, on the quantized vectors themselves; default: 0."),
    panel("evaluation.metric", Kind::Choice(METRICS)).about("Metric of the panel; default: the first."),
    PRIMARY,
    MARGIN_DB,
];

impl Task for Image {
    fn name(&self) -> &'static str {
        "image"
    }

    fn purpose(&self) -> &'static str {
        "takes images from a folder, or synthetic ones, and measures their quality"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn starter(&self) -> &'static [Wanted] {
        &[
            ("sweep.methods", r#"["avq", "rvq", "pvq"]"#),
            ("sweep.stages", "[4]"),
            ("sweep.bits", "[12, 16]"),
            ("sweep.seeds", "1"),
            ("data.images", "500"),
            ("data.test-images", "100"),
            ("network.width", "16"),
            ("network.blocks", "1"),
            ("network.latent-dimension", "16"),
            ("network.updates", "100"),
            ("quantizer.beam-width", "4"),
            ("training.batch-size", "8"),
            ("training.learning-rate", "0.001"),
            ("training.updates", "100"),
        ]
    }

    fn resolver(&self) -> Box<dyn Resolver> {
        Box::new(Opened::<ImageData>::default())
    }

    fn metric(&self, settings: &Settings) -> String {
        settings.text("evaluation.metric").unwrap_or(METRICS[0]).into()
    }

    /// As far as the published values show, they are from test images.
    fn primary(&self, settings: &Settings, _: Span, _: bool) -> Checked<Primary> {
        let is_training = settings.text("evaluation.primary") == Some("training");
        Ok(if is_training { Primary::Training } else { Primary::Fresh })
    }

    fn parts(&self) -> Vec<&'static str> {
        vec!["training", "fresh"]
    }

    fn primary_part(&self, primary: Primary) -> Option<&'static str> {
        Some(primary.name())
    }

    fn published_part(&self) -> Option<&'static str> {
        Some("fresh")
    }

    fn measured_on(&self, primary: Primary) -> Option<&'static str> {
        Some(match primary {
            Primary::Training => "the training images",
            Primary::Fresh => "held-out test images",
        })
    }

    fn files_folder(&self) -> Option<&'static str> {
        Some("pictures")
    }

    /// Only for codebooks that stochastic optimization trains.
    fn files(&self, cell: &Cell, _: &[u32]) -> Vec<String> {
        let is_shown = cell.contender().trainer == Trainer::Nsvq;
        let originals = originals_of(cell).filter(|_| is_shown);
        originals.map_or_else(Vec::new, |originals| vec![originals, format!("{}.png", cell.key())])
    }

    fn run(&self, cell: &Cell, context: &Context) -> Result<Outcome, TaskError> {
        let CellSettings::Image(settings) = &cell.settings else { return Err(foreign(cell)) };
        run::run(settings, cell, context)
    }

    fn cost(&self, cell: &Cell) -> f64 {
        if let CellSettings::Image(settings) = &cell.settings { run::cost(settings) } else { 0.0 }
    }
}

/// The file name of the originals of a cell.
fn originals_of(cell: &Cell) -> Option<String> {
    if let CellSettings::Image(image) = &cell.settings { Some(originals_name(&image.data)) } else { None }
}
