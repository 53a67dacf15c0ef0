//! The order in which cells start, and the division of a run over machines that share a folder.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
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
    /// What is allowed, unless 1 ≤ index ≤ count.
    pub fn new(index: usize, count: usize) -> Result<Self, String> {
        if (1..=count).contains(&index) {
            return Ok(Self { index, count });
        }
        Err(format!("shard {index}/{count} does not exist; allowed is I/N with 1 ≤ I ≤ N, such as 1/4"))
    }

    /// The index, from 1.
    pub fn index(self) -> usize {
        self.index
    }

    pub fn count(self) -> usize {
        self.count
    }

    /// This part of the cells from [`by_cost`]. It depends on the list alone, including done cells. All shards
    /// therefore agree on the parts even if some are ahead.
    pub fn part(self, cells: Vec<(Cell, f64)>) -> Vec<(Cell, f64)> {
        let costs: Vec<f64> = cells.iter().map(|(_, cost)| *cost).collect();
        let owners = deal(&costs, self.count);
        cells.into_iter().zip(owners).filter(|(_, owner)| *owner == self.index - 1).map(|(cell, _)| cell).collect()
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

/// The shard (from 0) of each cell, for costs in descending order. Each cell goes to the shard with the least load so
/// far (longest processing time first; Graham, SIAM J. Appl. Math. 1969). No shard gets more than 4/3 of the heaviest
/// shard in the best possible division, or more than the mean and one cell.
pub fn deal(costs: &[f64], count: usize) -> Vec<usize> {
    // The bits of nonnegative numbers have the order of the numbers. Among equal loads, the shard with fewer cells is
    // next, so that cells without a cost are spread, too.
    let mut shards: BinaryHeap<_> = (0..count).map(|shard| Reverse((0.0_f64.to_bits(), 0, shard))).collect();
    let mut next = |cost: f64| {
        let Some(Reverse((load, cells, shard))) = shards.pop() else { return 0 };
        shards.push(Reverse(((f64::from_bits(load) + cost.max(0.0)).to_bits(), cells + 1, shard)));
        shard
    };
    costs.iter().map(|cost| next(*cost)).collect()
}

/// Cells with their costs, each key once, the most expensive first. Long cells must not start last, when the other
/// threads are idle. Equal costs are ordered by key, so that every shard sees the same list.
pub fn by_cost(cells: &[Cell], cost: &dyn Fn(&Cell) -> f64) -> Vec<(Cell, f64)> {
    let mut keyed: Vec<_> = cells.iter().map(|cell| (cell.key(), cell, cost(cell))).collect();
    keyed.sort_by(|a, b| b.2.total_cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    keyed.dedup_by(|a, b| a.0 == b.0);
    keyed.into_iter().map(|(_, cell, cost)| (cell.clone(), cost)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shards_are_parsed_and_refused_with_a_reason() {
        assert_eq!("2/3".parse(), Shard::new(2, 3));
        for wrong in ["0/3", "4/3", "1/0", "1", "a/b", "-1/2"] {
            assert!(wrong.parse::<Shard>().unwrap_err().contains("such as 1/4"), "{wrong}");
        }
    }

    fn loads(costs: &[f64], owners: &[usize], count: usize) -> Vec<f64> {
        let mut loads = vec![0.0; count];
        costs.iter().zip(owners).for_each(|(cost, owner)| loads[*owner] += cost);
        loads
    }

    fn heaviest(loads: &[f64]) -> f64 {
        loads.iter().copied().fold(0.0, f64::max)
    }

    /// The heaviest shard of the best division, by trying all.
    fn best(costs: &[f64], count: usize) -> f64 {
        let splits = count.pow(costs.len() as u32);
        let owners =
            |split: usize| (0..costs.len()).map(move |i| split / count.pow(i as u32) % count).collect::<Vec<_>>();
        (0..splits).map(|split| heaviest(&loads(costs, &owners(split), count))).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn a_dear_cell_gets_a_shard_for_itself_and_free_ones_are_spread() {
        assert_eq!(deal(&[10.0, 3.0, 3.0, 2.0, 2.0], 2), [0, 1, 1, 1, 1]);
        assert_eq!(deal(&[0.0; 4], 2), [0, 1, 0, 1]);
        assert!(deal(&[], 3).is_empty());
    }

    proptest! {
        #[test]
        fn no_shard_has_more_than_the_mean_and_one_cell(
            mut costs in prop::collection::vec(0.0_f64..1e4, 1..200), count in 1_usize..40,
        ) {
            costs.sort_by(|a, b| b.total_cmp(a));
            let owners = deal(&costs, count);
            prop_assert!(owners.iter().all(|owner| *owner < count));
            let mean = costs.iter().sum::<f64>() / count as f64;
            prop_assert!(heaviest(&loads(&costs, &owners, count)) <= (mean + costs[0]) * (1.0 + 1e-12));
        }

        #[test]
        fn no_shard_has_more_than_four_thirds_of_the_best_split(
            mut costs in prop::collection::vec(0.1_f64..100.0, 1..8), count in 1_usize..4,
        ) {
            costs.sort_by(|a, b| b.total_cmp(a));
            let ours = heaviest(&loads(&costs, &deal(&costs, count), count));
            prop_assert!(ours <= best(&costs, count) * 4.0 / 3.0 * (1.0 + 1e-12));
        }
    }
}
