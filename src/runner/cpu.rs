//! The CPU that a record was computed on, for provenance: kernels choose their instructions at run time, so the last
//! bits of a number may differ between machines.

use std::sync::OnceLock;

/// The widest vector instructions that the kernels use here (`avx512f`, `avx2+fma` or `portable`) and the CPU's name.
pub fn cpu() -> &'static str {
    static CPU: OnceLock<String> = OnceLock::new();
    CPU.get_or_init(|| match model_name() {
        Some(name) => format!("{}, {name}", vector_instructions()),
        None => format!("{}, {}", vector_instructions(), std::env::consts::ARCH),
    })
}

#[cfg(target_arch = "x86_64")]
fn vector_instructions() -> &'static str {
    if is_x86_feature_detected!("avx512f") {
        "avx512f"
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        "avx2+fma"
    } else {
        "portable"
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn vector_instructions() -> &'static str {
    "portable"
}

/// Linux only; elsewhere the architecture stands in its place.
fn model_name() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_string())
}
