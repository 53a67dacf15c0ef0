//! STUB
use std::path::{Path, PathBuf};
use std::sync::Arc;
use serde::{Deserialize, Serialize};
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DescriptorData {
    pub name: String,
    pub dimension: usize,
    pub learn: u64,
    pub base: u64,
    pub queries: u64,
    pub digest: Option<String>,
    pub seed: Option<u64>,
    #[serde(skip)]
    pub path: Option<PathBuf>,
}
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DescriptorError(String);
#[derive(Clone, Copy, Debug)]
pub enum Part { Learn, Base, Queries }
impl DescriptorData {
    pub fn synthetic(learn: u64, base: u64, queries: u64, seed: u64) -> Self {
        Self { name: "synthetic-descriptors".into(), dimension: 128, learn, base, queries, digest: None, seed: Some(seed), path: None }
    }
    pub fn folder(path: &Path, limits: [Option<u64>; 3]) -> Result<Self, DescriptorError> {
        let _ = (path, limits);
        Err(DescriptorError("stub".into()))
    }
}
pub struct Descriptors;
impl Descriptors {
    pub fn open(_: &DescriptorData, _: Option<&Path>) -> Result<Arc<Self>, DescriptorError> { Err(DescriptorError("stub".into())) }
    pub fn read(&self, _: Part, _: u64, _: &mut [f32]) -> Result<(), DescriptorError> { Err(DescriptorError("stub".into())) }
    pub fn truth(&self) -> Result<&[u32], DescriptorError> { Err(DescriptorError("stub".into())) }
}
