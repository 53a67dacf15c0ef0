//! Where vectors come from. All randomness of the project is drawn from the named streams of [`stream`].

pub mod cache;
pub mod catalogue;
pub mod descriptors;
pub mod fetch;
pub mod file;
pub mod folder;
pub mod images;
pub mod import;
mod leaves;
mod part;
mod settings;
pub mod speech;
pub mod stream;
mod threads;

pub use threads::set_threads;
pub mod toy;

pub use part::Part;
pub use settings::{Distribution, ToyData, Vectors};
