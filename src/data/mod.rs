//! Where vectors come from. All randomness of the project is drawn from the named streams of [`stream`].

pub mod stream;
pub mod toy;
