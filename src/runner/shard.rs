//! The order in which cells start, and the split of a run over machines that share a folder.

use std::str::FromStr;

use crate::spec::Cell;

/// Part `index` (from 1) of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// # Errors
    /// Says what is allowed, unless 1 ≤ index ≤ count.
    pub fn new(index: usize, count: usize) -> Result<Self, String> {
        if (1..=count).contains(&index) {
            return Ok(Self { index, count });
        }
        Err(format!("shard {index}/{count} does not exist; allowed is I/N with 1 ≤ I ≤ N, such as 1/4"))
    }

    /// Whether the cell at `position` of the list by cost belongs to this part. Dealt like cards, so that each part gets
    /// its share of the dear cells.
    pub fn takes(self, position: usize) -> bool {
        position % self.count == self.index - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(i, n)| Some((i.trim().parse().ok()?, n.trim().parse().ok()?)));
        let (index, count) = parts.ok_or_else(|| format!("`{text}` is not of the form I/N, such as 1/4"))?;
        Self::new(index, count)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// Cells with their costs, each key once, the dearest first: the long ones must not start last, when the other threads
/// are idle. Equal costs are ordered by key, so that every shard sees the same list.
pub fn by_cost(cells: &[Cell], cost: &dyn Fn(&Cell) -> f64) -> Vec<(Cell, f64)> {
    let mut keyed: Vec<_> = cells.iter().map(|cell| (cell.key(), cell, cost(cell))).collect();
    keyed.sort_by(|a, b| b.2.total_cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    keyed.dedup_by(|a, b| a.0 == b.0);
    keyed.into_iter().map(|(_, cell, cost)| (cell.clone(), cost)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_parsed_and_refused_with_a_reason() {
        assert_eq!("2/3".parse(), Shard::new(2, 3));
        for wrong in ["0/3", "4/3", "1/0", "1", "a/b", "-1/2"] {
            assert!(wrong.parse::<Shard>().unwrap_err().contains("such as 1/4"), "{wrong}");
        }
    }
}
