//! Vector quantization for anyone with vectors: the part of [vqlab](https://crates.io/crates/vqlab) without
//! experiments, plots and command line.
//!
//! ```
//! use vqlab_core::fit::{FitSettings, Method, fit};
//! use vqlab_core::quantizer::{assigner, encode};
//!
//! // 4,000 vectors of dimension 4, of which the last 800 validate the fit.
//! let vectors: Vec<f32> = (0..16_000).map(|i| (i * i % 97) as f32).collect();
//! let (training, validation) = vectors.split_at(3200 * 4);
//! let fitted = fit(training, validation, 4, &FitSettings::new(Method::Rvq, 2, 4), &mut |_done| true)?;
//!
//! // Two codes of 4 bits a vector, and back.
//! let codebooks = &fitted.codebooks;
//! let codes = encode(codebooks, assigner(Method::Rvq, None).as_mut(), validation)?;
//! let mut decoded = vec![0.0; validation.len()];
//! codebooks.decode(&codes, &mut decoded)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | does |
//! |---|---|
//! | [`fit`](mod@fit) | vectors to codebooks, by k-means or stochastic optimization, with validation |
//! | [`quantizer`] | codebooks and their file, encoders and decoders of AVQ, RVQ, PVQ, OPQ and LSQ, and (feature `candle`) the NSVQ layer for candle networks |
//! | [`method`] | the definition of every method, and the registry for your own |
//! | [`training`] | stochastic training (NSVQ) alone, with checkpoints |
//! | [`baseline`] | k-means and alternating optimization |
//! | [`codec`] | whole files of vectors to codes and back |
//! | [`search`](mod@search) | nearest-neighbor search over codes, and exact nearest neighbors |
//! | [`recommend`](mod@recommend) | a recommendation of a method for given vectors |
//! | [`complexity`] | operation counts (ITU-T WMOPS) of every method |
//! | [`data`] | files of vectors, folders, named random streams |
//!
//! Kernels exist for AVX-512, AVX2 and portable code; [`level`] says which ones this process uses.

pub mod baseline;
pub mod codec;
pub mod complexity;
pub mod data;
pub mod fit;
pub mod lanes;
pub mod level;
pub mod linear;
pub mod memory;
pub mod method;
pub mod number;
pub mod quantizer;
pub mod recall;
pub mod recommend;
pub mod search;
pub mod temporary;
pub mod tradeoff;
pub mod training;
