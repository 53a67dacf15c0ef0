//! Results in the paper's own JSON format: reading the published ones, writing ours, and the aggregation of records.

mod aggregate;

pub use aggregate::*;
