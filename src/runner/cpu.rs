//! The CPU that a record was computed on, for provenance: kernels choose their instructions at run time, so the last
//! bits of a number may differ between machines.

use std::sync::OnceLock;

use crate::level::level;

/// The level of instructions that the kernels use here (`avx512`, `avx2` or `portable`) and the CPU's name.
pub fn cpu() -> &'static str {
    static CPU: OnceLock<String> = OnceLock::new();
    CPU.get_or_init(|| format!("{}, {}", level(), model_name().as_deref().unwrap_or(std::env::consts::ARCH)))
}

/// Linux only; elsewhere the architecture stands in its place.
fn model_name() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_string())
}
