//! STUB
use crate::quantizer::{Codebooks, Method};
pub struct Settings { pub method: Method, pub stages: usize, pub size: usize, pub iterations: usize, pub beam_width: usize }
#[derive(Debug, thiserror::Error)]
pub enum Error { #[error("stopped")] Stopped, #[error("{0}")] Other(String) }
pub fn train(_: &Settings, _: &[f32], _: usize, _: &str, _: &mut dyn FnMut(f64) -> bool) -> Result<Codebooks, Error> { Err(Error::Other("stub".into())) }
