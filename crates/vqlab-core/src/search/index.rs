//! The index: codes and norms in the layout of the search, and the search over them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::blocks::{Blocks, LANES};
use super::filter::{self, Filter};
use super::norms::{Levels, decoded_norms};
use super::scan::{Base, Search, block_ranges};
use super::shares::Shares;
use super::tables::TableMaker;
use super::{
    Codes, NEVER, Neighbors, Norms, SearchError, base_parts, check_count, check_finite, check_range, nearest,
    whole_rows,
};
use crate::quantizer::centering::Centered;
use crate::quantizer::{Codebooks, Rotation};

/// The maximum number of queries that scan a block one after the other, and the maximum bytes of their look-up tables.
const TILE: usize = 16;
const TILE_BYTES: usize = 8 << 20;

/// Groups of the smallest part of a base. The base is split where there are fewer queries than threads.
const LEAST_PART: usize = 512;

/// Encoded vectors, ready for search by asymmetric distances.
///
/// ```
/// use vqlab_core::quantizer::{Codebooks, Method};
/// use vqlab_core::search::{Codes, Index, Norms};
///
/// // Two stages of two codewords in one dimension: codes stand for 0, 1, 10 and 11.
/// let books = Codebooks::new(Method::Rvq, 1, 2, 2, vec![0.0, 10.0, 0.0, 1.0])?;
/// let index = Index::new(&books, Codes::U8(&[0, 0, 0, 1, 1, 0, 1, 1]), Norms::Exact)?;
/// let found = index.search(&[9.0], 2)?;
/// assert_eq!((found.ids, found.distances), (vec![2, 3], vec![1.0, 4.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Index {
    maker: TableMaker,
    /// The map of queries, where the codebooks are moved or scaled.
    centered: Option<Centered>,
    rotation: Option<Rotation>,
    dimension: usize,
    count: usize,
    bits: u32,
    /// Columns whose table values add up to the distance.
    summed: Range<usize>,
    /// ‖q‖² of each vector, moved and scaled like the codebooks, or empty.
    norms: Vec<f32>,
    columns: Columns,
    /// The filter's shares of the norms, where there are norms. The first column then holds the rest of the norms.
    shares: Option<Shares>,
    filtered: bool,
}

enum Columns {
    Bytes(Blocks<u8>),
    Words(Blocks<u16>),
}

impl Columns {
    fn set(&mut self, column: usize, codes: &[u8]) {
        match self {
            Columns::Bytes(blocks) => blocks.set(column, codes),
            Columns::Words(blocks) => blocks.set(column, codes),
        }
    }
}

impl Index {
    /// An index of `codes` (N × M). PVQ needs no norms: `norms` has no effect on it.
    ///
    /// # Errors
    /// Codes that do not form whole rows, codes outside the codebooks, or too many vectors.
    pub fn new(books: &Codebooks, codes: Codes, norms: Norms) -> Result<Self, SearchError> {
        Self::new_until(books, codes, norms, &NEVER)
    }

    /// As [`Index::new`]; ends early where `stop` is set from outside.
    ///
    /// # Errors
    /// As [`Index::new`]; [`SearchError::Stopped`].
    pub fn new_until(books: &Codebooks, codes: Codes, norms: Norms, stop: &AtomicBool) -> Result<Self, SearchError> {
        let go_on = || if stop.load(Ordering::Relaxed) { Err(SearchError::Stopped) } else { Ok(()) };
        let count = whole_rows("codes", codes.len(), books.stages())?;
        check_count(count)?;
        let centered = match norms {
            Norms::Byte | Norms::Omitted if !books.method().is_product() => Centered::always(books),
            _ => Centered::of(books),
        };
        let books = centered.as_ref().map_or(books, Centered::books);
        let norms = if books.method().is_product() { Norms::Omitted } else { norms };
        let small = books.size() <= 256;
        let stages = books.stages();
        let before = usize::from(small && norms != Norms::Omitted);
        let behind = usize::from(norms == Norms::Byte);
        let mut columns = if small {
            Columns::Bytes(Blocks::new(books, codes, before, behind, stop)?)
        } else {
            Columns::Words(Blocks::new(books, codes, before, behind, stop)?)
        };
        let mut lengths = if norms == Norms::Omitted { Vec::new() } else { decoded_norms(books, codes, stop)? };
        go_on()?;
        let levels = (norms == Norms::Byte).then(|| {
            let levels = Levels::fit(&lengths);
            columns.set(before + stages, &levels.round(&mut lengths));
            levels
        });
        go_on()?;
        let shares = (before == 1).then(|| {
            let (shares, left) = Shares::fit(books, codes, &lengths);
            columns.set(0, &left);
            shares
        });
        go_on()?;
        Ok(Self {
            maker: TableMaker::new(books, levels.as_ref().map(|levels| &levels.0)),
            rotation: books.rotation().cloned(),
            dimension: books.dimension(),
            count,
            bits: stages as u32 * books.size().next_power_of_two().ilog2() + norms.bits(),
            summed: before..before + stages + behind,
            norms: if norms == Norms::Byte { Vec::new() } else { lengths },
            columns,
            shares,
            centered,
            filtered: filter::pays(),
        })
    }

    /// N.
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bits per vector: M·⌈log₂ K⌉ for the code, plus the bits of the norm. The index itself may take more to be fast:
    /// whole bytes, and one more byte with norms.
    pub fn bits_per_vector(&self) -> u32 {
        self.bits
    }

    /// Turns the filter on or off, for tests: the neighbors are the same.
    #[cfg(test)]
    pub(super) fn set_filtered(&mut self, filtered: bool) {
        self.filtered = filtered;
    }

    /// The k nearest base vectors of each query (n × D). Runs on the threads of the current rayon pool; their number
    /// changes only the time.
    ///
    /// # Errors
    /// Queries that do not form whole rows, hold NaN or infinity, or are too far from the codebooks; k = 0.
    pub fn search(&self, queries: &[f32], k: usize) -> Result<Neighbors, SearchError> {
        self.search_until(queries, k, &NEVER)
    }

    /// As [`Index::search`]; ends early where `stop` is set from outside.
    ///
    /// # Errors
    /// As [`Index::search`]; [`SearchError::Stopped`].
    pub fn search_until(&self, queries: &[f32], k: usize, stop: &AtomicBool) -> Result<Neighbors, SearchError> {
        let count = whole_rows("query values", queries.len(), self.dimension)?;
        if k == 0 {
            return Err(SearchError::NoNeighbors);
        }
        check_finite("query", queries, self.dimension)?;
        let k = k.min(self.count);
        if k == 0 || count == 0 {
            return Ok(Neighbors { k, ids: Vec::new(), distances: Vec::new() });
        }
        // Distances are the same in rotated coordinates, so only the queries need to be rotated, and only once.
        let mut queries = Cow::Borrowed(queries);
        if let Some(centered) = &self.centered {
            centered.apply(queries.to_mut());
        }
        check_range(&queries, self.dimension)?;
        let unit = self.centered.as_ref().map_or(1.0, |centered| centered.unit().powi(2));
        if let Some(rotation) = &self.rotation {
            rotation.apply(queries.to_mut());
        }
        let most = (TILE_BYTES / self.maker.bytes()).clamp(1, TILE);
        let tile = count.div_ceil(rayon::current_num_threads()).clamp(1, most);
        let groups = self.count.div_ceil(LANES);
        let parts = base_parts(count.div_ceil(tile), groups, LEAST_PART);
        let mut neighbors = Neighbors { k, ids: vec![0; count * k], distances: vec![0.0; count * k] };
        let targets = neighbors.ids.par_chunks_mut(tile * k).zip(neighbors.distances.par_chunks_mut(tile * k));
        queries.par_chunks(tile * self.dimension).zip(targets).for_each(|(queries, (ids, distances))| {
            // Before the tables, which cost more than a check.
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let found: Option<Vec<_>> = (0..parts)
                .into_par_iter()
                .map(|part| self.scan(queries, part * groups / parts..(part + 1) * groups / parts, k, stop))
                .collect();
            let Some(found) = found else { return };
            let rows = ids.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
            for (query, (ids, distances)) in rows.enumerate() {
                let mut keys: Vec<u64> = found.iter().flat_map(|part| &part[query].0).copied().collect();
                keys.sort_unstable();
                let offset = found[0][query].1;
                for ((key, id), distance) in keys.into_iter().zip(ids).zip(distances) {
                    *id = nearest::id(key);
                    *distance = (unit * (f64::from(nearest::score(key)) + offset)) as f32;
                }
            }
        });
        if stop.load(Ordering::Relaxed) { Err(SearchError::Stopped) } else { Ok(neighbors) }
    }

    /// The keys of the k nearest of a part of the base for each query, and the offset from scores to distances; None
    /// where `stop` was set.
    fn scan(&self, queries: &[f32], groups: Range<usize>, k: usize, stop: &AtomicBool) -> Option<Vec<(Vec<u64>, f64)>> {
        let filtered = self.filtered && matches!(self.columns, Columns::Bytes(_));
        let search = |tables| {
            let filter = filtered.then(|| Filter::new(&tables, self.shares.as_ref()));
            Search::new(tables, filter, k)
        };
        let mut searches: Vec<Search> = self.maker.make(queries, self.dimension).into_iter().map(search).collect();
        for range in block_ranges(groups, k) {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            for search in &mut searches {
                match &self.columns {
                    Columns::Bytes(blocks) => self.base(blocks).scan_filtered(range.clone(), search),
                    Columns::Words(blocks) => self.base(blocks).scan(range.clone(), search),
                }
            }
        }
        Some(searches.into_iter().map(Search::finish).collect())
    }

    fn base<'a, C>(&'a self, blocks: &'a Blocks<C>) -> Base<'a, C> {
        Base { blocks, count: self.count, summed: self.summed.clone(), norms: &self.norms }
    }
}
