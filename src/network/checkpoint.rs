//! Files of networks: the parameters of a network as safetensors, and the checkpoints of trainings. A training that
//! resumes from a checkpoint is bit-identical to an uninterrupted one.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::model::Autoencoder;
use super::trainer::Trainer;
use crate::quantizer::checkpoint::serialize;
use crate::training::Progress;

const FORMAT: &str = "vqlab-network";
const TRAINING: &str = "vqlab-training";
const VERSION: &str = "1";

/// Why a file can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    #[error("{0} is not a checkpoint of this network: {1}")]
    Malformed(PathBuf, String),
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// The content of a checkpoint besides tensors.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct State {
    name: String,
    program_version: String,
    /// Optimizer updates of the network and of the codebooks.
    steps: [i32; 2],
    progress: Progress,
    seconds: f64,
}

type Part = (String, Vec<usize>, Vec<u8>);

fn part(name: &str, shape: &[usize], values: &[f32]) -> Part {
    (name.to_owned(), shape.to_vec(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

fn write(path: &Path, parts: &[Part], metadata: BTreeMap<String, String>) -> Result<(), NetworkError> {
    let malformed = |e: safetensors::SafeTensorError| NetworkError::Malformed(path.into(), e.to_string());
    let views: Result<Vec<_>, _> = parts
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect();
    let file = views.and_then(|views| serialize(views, metadata)).map_err(malformed)?;
    crate::temporary::replace(path, &file).map_err(|e| NetworkError::Io(path.into(), e))
}

fn metadata(format: &str, more: &[(&str, String)]) -> BTreeMap<String, String> {
    let fixed = [("format", format.to_owned()), ("version", VERSION.to_owned())];
    fixed.into_iter().chain(more.iter().cloned()).map(|(k, v)| (k.to_owned(), v)).collect()
}

/// Reads the bytes of a file and checks its metadata.
fn open(path: &Path, format: &str) -> Result<(Vec<u8>, HashMap<String, String>), NetworkError> {
    let bytes = std::fs::read(path).map_err(|e| NetworkError::Io(path.into(), e))?;
    let malformed = |reason: String| NetworkError::Malformed(path.into(), reason);
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| malformed(e.to_string()))?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let is = |name: &str, value: &str| metadata.get(name).is_some_and(|found| found == value);
    if !is("format", format) || !is("version", VERSION) {
        return Err(malformed(format!("it does not have the format {format}, version {VERSION}")));
    }
    Ok((bytes, metadata))
}

/// The numbers of a tensor, which must be finite and `count` many.
fn floats(tensors: &SafeTensors, name: &str, count: usize) -> Result<Vec<f32>, String> {
    let tensor = tensors.tensor(name).map_err(|e| e.to_string())?;
    if tensor.dtype() != Dtype::F32 || tensor.data().len() != 4 * count {
        return Err(format!("`{name}` is {:?} of {:?}, not {count} of F32", tensor.dtype(), tensor.shape()));
    }
    let values: Vec<f32> = tensor.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    match values.iter().find(|v| !v.is_finite()) {
        Some(value) => Err(format!("`{name}` holds {value}")),
        None => Ok(values),
    }
}

/// Writes the network's parameters. `provenance` is free text (the cell's key).
///
/// # Errors
/// [`NetworkError`].
pub fn save_network(path: &Path, network: &Autoencoder, provenance: &str) -> Result<(), NetworkError> {
    let mut parts = Vec::new();
    for (name, var) in network.parameters() {
        parts.push(part(&name, var.dims(), &var.flatten_all()?.to_vec1::<f32>()?));
    }
    write(path, &parts, metadata(FORMAT, &[("provenance", provenance.to_owned())]))
}

/// Loads the parameters of a file that [`save_network`] wrote with this provenance.
///
/// # Errors
/// [`NetworkError`]. The network may then hold a part of the parameters.
pub fn load_network(path: &Path, network: &Autoencoder, provenance: &str) -> Result<(), NetworkError> {
    let malformed = |reason: String| NetworkError::Malformed(path.into(), reason);
    let (bytes, metadata) = open(path, FORMAT)?;
    if metadata.get("provenance").is_none_or(|found| found != provenance) {
        return Err(malformed("it belongs to another training".into()));
    }
    let tensors = SafeTensors::deserialize(&bytes).map_err(|e| malformed(e.to_string()))?;
    for (name, var) in network.parameters() {
        let values = floats(&tensors, &name, var.elem_count()).map_err(malformed)?;
        var.set(&candle_core::Tensor::from_vec(values, var.shape(), var.device())?)?;
    }
    Ok(())
}

impl Trainer {
    /// Writes everything that the training needs to resume.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn save(&self, path: &Path) -> Result<(), NetworkError> {
        let count = self.parameters.values.len();
        let ([first, second], network_steps) = self.parameters.optimizer.moments();
        let mut parts = vec![
            part("network", &[count], &self.parameters.values),
            part("network-first", &[first.len()], first),
            part("network-second", &[second.len()], second),
        ];
        let mut steps = [network_steps, 0];
        if let Some(layer) = &self.quantizer {
            let ([first, second], words_steps) = layer.optimizer.moments();
            parts.push(part("codebooks", &[layer.books.values().len()], layer.books.values()));
            parts.push(part("codebooks-first", &[first.len()], first));
            parts.push(part("codebooks-second", &[second.len()], second));
            steps[1] = words_steps;
        }
        let state = State {
            name: self.name.clone(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            steps,
            progress: self.progress.clone(),
            seconds: self.seconds,
        };
        let text = serde_json::to_string(&state).map_err(|e| NetworkError::Malformed(path.into(), e.to_string()))?;
        write(path, &parts, metadata(TRAINING, &[("state", text)]))
    }

    /// Resumes from a checkpoint of a training with this name and shape.
    ///
    /// # Errors
    /// [`NetworkError`]. The trainer is then unchanged.
    pub fn restore(&mut self, path: &Path) -> Result<(), NetworkError> {
        let (bytes, metadata) = open(path, TRAINING)?;
        let malformed = |reason: String| NetworkError::Malformed(path.into(), reason);
        let state = metadata.get("state").ok_or_else(|| malformed("it has no state".into()))?;
        let state: State = serde_json::from_str(state).map_err(|e| malformed(e.to_string()))?;
        if state.name != self.name || state.program_version != env!("CARGO_PKG_VERSION") {
            return Err(malformed("it belongs to another training or version".into()));
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| malformed(e.to_string()))?;
        self.adopt(&tensors, state).map_err(malformed)?;
        Ok(self.parameters.write()?)
    }

    fn adopt(&mut self, tensors: &SafeTensors, state: State) -> Result<(), String> {
        let moments = |what: &str, like: [&[f32]; 2]| {
            let first = floats(tensors, &format!("{what}-first"), like[0].len())?;
            Ok::<_, String>([first, floats(tensors, &format!("{what}-second"), like[1].len())?])
        };
        let codewords = self.quantizer.as_ref().map_or(0, |layer| layer.books.stages() * layer.books.size());
        if !state.progress.fits(codewords, self.plan.training.updates) {
            return Err("it is of another length or of another number of codewords".into());
        }
        let network = floats(tensors, "network", self.parameters.values.len())?;
        let network_moments = moments("network", self.parameters.optimizer.moments().0)?;
        if let Some(layer) = &mut self.quantizer {
            let words = floats(tensors, "codebooks", layer.books.values().len())?;
            let words_moments = moments("codebooks", layer.optimizer.moments().0)?;
            layer.books.values_mut().copy_from_slice(&words);
            layer.optimizer.restore(words_moments, state.steps[1]);
        }
        self.parameters.values = network;
        self.parameters.optimizer.restore(network_moments, state.steps[0]);
        (self.progress, self.seconds) = (state.progress, state.seconds);
        Ok(())
    }
}
