//! Data sets. All random numbers of the project come from the named streams of [`stream`].
//!
//! What a cell states about its data is a [`DataChoice`]: images, speech and descriptors come from a folder or from a
//! seed, and can be written as files ([`make`]). Images and speech have the same two parts and are one type ([`parts`]),
//! which their kinds fill in.

pub mod cache;
pub mod catalogue;
mod choice;
pub mod descriptors;
mod error;
pub mod fetch;
pub mod images;
pub mod import;
pub mod parts;
mod settings;
pub mod speech;
mod threads;

pub use choice::{DataChoice, Make, Origin, Run, make};
pub use error::DataError;
pub use threads::set_threads;
pub use vqlab_core::data::{file, folder, stream};
pub mod toy;

pub use settings::{Distribution, ToyData, Vectors};
pub use stand_in::Part;
