//! Comparison with the published numbers: statistics, verdicts, claims and trade-offs.
//!
//! Each point compares the mean over our seeds with the published mean over 10 runs. It has the relative difference
//! with its 95 % Welch interval, and two one-sided tests (TOST) at 5 % for equivalence within a margin. The published
//! spread is recovered from the published quantiles ([`statistics`]). The spec fixes the margin and the compared means
//! before the results are known.

mod claim;
pub mod conditions;
mod files;
mod judge;
mod pairing;
mod panel;
pub mod statistics;
pub mod tradeoff;
mod types;

pub use claim::check_claims;
pub use files::{CompareError, FileComparison, FileOptions, FileRow, PointValues, compare_files};
pub use judge::{Judgement, judge, judge_exact};
pub use pairing::{Pairing, Runs, pair};
pub use panel::compare_plan;
pub use types::*;
