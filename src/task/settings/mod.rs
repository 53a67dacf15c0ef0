//! Settings as a spec gives them: values with their positions ([`value`]), the table of fields ([`field`]), merged
//! layers ([`layer`]), and their resolution in every task ([`resolve`], [`quantizer`], [`training`]). Errors point at
//! the wrong value ([`error`]).

pub mod data_set;
mod default;
pub mod error;
pub mod field;
pub mod layer;
pub mod quantizer;
pub mod resolve;
pub mod training;
pub mod value;

pub use error::{Checked, Fault, Span};
pub use field::{COMMON, Field, Kind};
pub use layer::Settings;
pub use resolve::Point;
pub use value::Node;
