//! Files of vectors, folders that appear when they are whole, and the named streams from which all randomness is drawn
//! ([`stream`]).

pub mod file;
pub mod folder;
pub mod stream;
