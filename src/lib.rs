//! vqlab compares vector quantization (VQ) methods by accuracy, complexity and bitrate, and reproduces
//! Vali and Bäckström, "Stochastic Optimization of Vector Quantization Methods in Application to Speech
//! and Image Processing" (ICASSP 2023).
//!
//! The data flow one way: a spec (TOML) is checked and expanded into cells ([`spec`]), a task computes each cell
//! ([`task`]) from data, quantizers and training ([`data`], [`quantizer`], [`training`]), the runner keeps the records
//! ([`runner`]), and records become Results files, verdicts, figures and reports ([`results`], [`compare`],
//! [`figure`], [`report`]). [`quantizer`], [`training`], [`baseline`] (the classic trainers), [`codec`] (whole files), [`search`](mod@search) (nearest
//! neighbours) and [`recommend`](mod@recommend) (which method for given vectors) serve alone as a library.

pub mod baseline;
#[cfg(feature = "cli")]
pub mod cli;
pub mod codec;
pub mod compare;
pub mod complexity;
pub mod data;
pub mod figure;
pub mod fit;
pub mod inspect;
pub mod lanes;
pub mod level;
mod linear;
pub mod memory;
pub mod metric;
pub mod network;
mod number;
pub mod picture;
pub mod quantizer;
pub mod recommend;
pub mod report;
pub mod results;
pub mod runner;
pub mod search;
pub mod slurm;
pub mod spec;
pub mod speech;
pub mod task;
mod temporary;
pub mod training;
