//! Specs: the TOML file that declares an experiment, its checks with line and column, and its expansion into cells.

mod cell;
mod plan;

pub use cell::*;
pub use plan::*;
