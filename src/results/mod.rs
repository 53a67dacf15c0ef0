//! Results in the paper's JSON format: reads the published files, writes ours, and aggregates records.
//!
//! Our files and the authors' have the same schema ([`ResultsFile`]). Comparison and figures need no special case.
//! The raw values over seeds are in the provenance file ([`ProvenanceFile`]).

mod aggregate;
mod codebooks;
mod file;
mod files;
#[cfg(test)]
pub(crate) mod fixture;
mod kept;
mod provenance;
mod published;
mod quantile;
mod render;
mod replaced;
mod write;

pub use aggregate::*;
pub use codebooks::{codebooks_folder, keep_codebooks};
pub use file::{Axis, Curve, CurveValues, ResultsError, ResultsFile};
pub use files::{files_folder, keep_files, shown_cells};
pub use kept::plan_of_kept;
pub use provenance::{
    PROVENANCE_FORMAT, PROVENANCE_VERSION, ProvenanceCell, ProvenanceFile, ProvenancePanel, provenance_path,
    read_provenance, write_provenance,
};
pub use published::{published, published_names};
pub use quantile::quantile;
pub use replaced::{replaces, shared_file};
pub(crate) use write::file_name;
pub use write::{
    MEASURED_ON, files_of, primary_metric, results_file, results_path, shown_metrics, write_atomic, write_results,
};
