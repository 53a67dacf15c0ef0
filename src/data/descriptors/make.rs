//! Synthetic descriptors as files.

use std::sync::atomic::Ordering;

use super::nearest::nearest;
use super::open::{check_dimension, set};
use super::{DescriptorData, Part, synthetic};
use crate::data::choice::{Make, Run};
use crate::data::error::DataError;
use crate::data::file::{ByteWriter, IdWriter, Output, VectorFile};
use crate::data::folder::{Made, NewFolder};
use crate::data::threads::on_all_cores;

/// Descriptors held in memory at once, and queries whose neighbors are searched at once.
const WINDOW: usize = 64 * synthetic::BLOCK;

/// Neighbors per query in the ground-truth file, as in SIFT1M.
const NEIGHBORS: u64 = 100;

/// The part of the file names before `_base.bvecs` and so on.
const PREFIX: &str = "synthetic";

impl Make for DescriptorData {
    /// A step is a written vector, or a base vector compared with all queries of a window.
    fn steps(&self) -> usize {
        let vectors = self.learn + self.base + self.queries;
        (vectors + self.base * self.queries.div_ceil(WINDOW as u64)) as usize
    }

    /// Writes the layout of SIFT1M: three bvecs files, and the 100 nearest base vectors of each query as ivecs. It takes
    /// about 150 MiB of memory for any number of vectors.
    fn fill(&self, seed: u64, folder: &NewFolder, run: &Run) -> Result<Made, DataError> {
        check_dimension(self)?;
        let file = |part: &str, ending: &str| folder.path().join(format!("{PREFIX}_{part}.{ending}"));
        let dimension = synthetic::DIMENSION;
        let mut done = 0;
        let mut bytes = Vec::new();
        for part in Part::ALL {
            let mut writer = ByteWriter::create(Output::new(&file(part.in_files(), "bvecs")), dimension)?;
            let count = self.count(part) as usize;
            let name = set(part, seed);
            for first in (0..count).step_by(WINDOW) {
                if run.stop.load(Ordering::Relaxed) {
                    return Ok(Made::Stopped);
                }
                bytes.resize(WINDOW.min(count - first) * dimension, 0);
                let block = (first / synthetic::BLOCK) as u64;
                on_all_cores("making descriptors", || synthetic::fill(&name, block, &mut bytes))?;
                writer.write(&bytes)?;
                done += bytes.len() / dimension;
                (run.progress)(done);
            }
            writer.finish()?;
        }
        let open = |part: Part| VectorFile::open(&file(part.in_files(), "bvecs"));
        let (base, queries) = (open(Part::Base)?, open(Part::Queries)?);
        let k = NEIGHBORS.min(self.base) as usize;
        let mut ids = IdWriter::create(Output::new(&file("groundtruth", "ivecs")), k)?;
        let mut window = Vec::new();
        for first in (0..queries.len()).step_by(WINDOW) {
            window.resize(WINDOW.min(queries.len() - first) * dimension, 0.0);
            queries.read(first, &mut window)?;
            // A stop request ends the search like a read error.
            let read = |row: u64, out: &mut [f32]| match run.stop.load(Ordering::Relaxed) {
                true => Err(DataError::Choice("stopped".into())),
                false => Ok(base.read(row as usize, out)?),
            };
            let shown = |rows: usize| (run.progress)(done + rows);
            let work = || nearest(&window, dimension, k, base.len(), read, &shown);
            let found = on_all_cores("searching the nearest neighbors", work)?;
            if run.stop.load(Ordering::Relaxed) {
                return Ok(Made::Stopped);
            }
            // Ids are below MOST, which fits.
            let found: Vec<i32> = found?.into_iter().map(|id| id as i32).collect();
            ids.write(&found)?;
            done += base.len();
        }
        ids.finish()?;
        drop((base, queries));
        Ok(Made::Whole)
    }
}
