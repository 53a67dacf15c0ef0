//! Files of vectors, folders that appear only when they are complete, and the named streams of all random numbers
//! ([`stream`]).

pub mod file;
pub mod folder;
pub mod stream;
