//! What may go wrong around a run: disks, clocks, other processes, signals, and too much of everything.

#[path = "../common/mod.rs"]
mod common;

mod disk;
mod limits;
mod records;
mod signals;
mod together;
