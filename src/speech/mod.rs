//! Coding of speech.

pub mod opus;
