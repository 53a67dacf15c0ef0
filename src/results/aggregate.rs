//! Records → points: for every point of a plan the values over seeds, their mean and quantiles.

use crate::spec::Method;

/// One panel and one metric of an experiment, aggregated over seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// [`crate::spec::Panel::name`].
    pub panel: String,
    /// The record metric, with its ending: `mse-training`, `mse-fresh`, `log10-wmops-published`, ….
    pub metric: String,
    /// Ordered as the panel's points.
    pub points: Vec<Point>,
}

/// One point of a curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub method: Method,
    /// B = M·b.
    pub bits: u32,
    pub stages: usize,
    pub bits_per_stage: u32,
    pub beam_width: Option<usize>,
    /// (seed, value) of the finished cells, by seed.
    pub samples: Vec<(u64, f64)>,
    /// How many seeds were planned.
    pub planned: usize,
}
