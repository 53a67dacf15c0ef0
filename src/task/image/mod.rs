//! STAND-IN: made-up numbers, until the task is there.

use std::collections::BTreeMap;

use super::{Context, Outcome, TaskError};
use crate::quantizer::Method;
use crate::spec::ImageSettings;

pub(super) fn run(settings: &ImageSettings, seed: u64, context: &Context) -> Result<Outcome, TaskError> {
    context.check()?;
    let quantizer = &settings.quantizer;
    let bits = f64::from(quantizer.total_bits());
    let advantage = match quantizer.method {
        Method::Avq => 0.3,
        Method::Rvq => 0.2,
        Method::Pvq => -0.4,
        _ => 0.1,
    };
    let frozen = if settings.joint.is_none() { -2.0 } else { 0.0 };
    let mut metrics = BTreeMap::new();
    for (part, shift) in [("training", 0.1), ("fresh", 0.0)] {
        let psnr = 21.5 + 0.15 * bits + advantage + frozen + shift + 0.02 * (seed as f64 * 1.7).sin();
        let mse = 255.0f64.powi(2) * 10f64.powf(-psnr / 10.0);
        let ssim = 1.0 - 0.25 * 10f64.powf(-(psnr - 23.0) / 12.0);
        for (name, value) in [
            ("psnr", psnr),
            ("psnr-images", psnr + 0.6),
            ("ssim", ssim),
            ("ssim-uniform", 0.5 + 0.5 * ssim),
            ("mse", mse),
            ("latent-mse", 0.01 * mse),
            ("latent-nmse", 0.001 * mse),
        ] {
            metrics.insert(format!("{name}-{part}"), value);
        }
    }
    let timings = BTreeMap::from([("train-seconds".into(), 1.0), ("step-ms".into(), 50.0), ("encode-us".into(), 3.0)]);
    Ok(Outcome { metrics, log: Vec::new(), timings })
}

pub(super) fn cost(settings: &ImageSettings) -> f64 {
    settings.network.updates as f64 * 0.05
}
