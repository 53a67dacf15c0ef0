//! Comparison with the published numbers: statistics, verdicts and claims.

mod types;

pub use types::*;
