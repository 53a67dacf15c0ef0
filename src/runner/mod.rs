//! The runner computes the cells of a plan in parallel, keeps their records, and resumes what was killed.

mod record;

pub use record::*;
