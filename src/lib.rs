//! vqlab compares vector quantization (VQ) methods by accuracy, complexity and bitrate, and reproduces
//! Vali and Bäckström, "Stochastic Optimization of Vector Quantization Methods in Application to Speech
//! and Image Processing" (ICASSP 2023).
//!
//! Modules that serve alone, as a library:
//!
//! | module | does |
//! |---|---|
//! | [`fit`](mod@fit) | vectors to codebooks, by k-means or stochastic optimization, with validation |
//! | [`quantizer`] | codebooks and their file, encoders and decoders of AVQ, RVQ, PVQ, OPQ and LSQ, the NSVQ layer for candle networks, and a registry for methods of one's own |
//! | [`training`] | stochastic training (NSVQ) alone, with checkpoints |
//! | [`baseline`] | k-means and its relatives for codewords that add up |
//! | [`codec`] | whole files of vectors to codes and back |
//! | [`search`](mod@search) | nearest neighbors among codes, and the exact ones |
//! | [`recommend`](mod@recommend) | which method suits given vectors |
//! | [`complexity`] | operation counts (ITU-T WMOPS) of every method |
//! | [`metric`] | Peak SNR, SSIM, PESQ, perceptual SNR, recall |
//! | [`speech`](mod@speech) | a speech codec with quantized envelopes |
//! | [`data`] | files of vectors, images and speech, synthetic data, named random streams |
//!
//! The experiments stand on them. A spec (TOML) is checked and expanded into cells ([`spec`]), a task computes each cell
//! ([`task`]), the runner keeps the records ([`runner`]), and records become Results files, verdicts, figures and reports
//! ([`results`], [`compare`], [`figure`], [`report`]).
//!
//! The folder `examples/` has programs of some twenty lines: `train_and_encode` (k-means, codes and back), `nsvq_training`
//! (stochastic training alone), `nsvq_layer` (a quantizer inside a candle network), `complexity`, `scaling`.

#[cfg(feature = "cli")]
pub mod cli;
pub mod compare;
pub mod data;
pub mod figure;
pub mod inspect;
pub mod metric;
pub mod network;
pub mod picture;
pub mod report;
pub mod results;
pub mod runner;
pub mod slurm;
pub mod spec;
pub mod speech;
pub mod task;

pub use vqlab_core::{baseline, codec, complexity, fit, lanes, level, memory, quantizer, recommend, search, training};
use vqlab_core::{number, temporary};
