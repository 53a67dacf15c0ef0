//! Codebook replacement (PAPER, "Codebook replacement"): codewords that hardly any batch chose are overwritten by
//! copies of codewords in use, as the authors' `replace_unused_codebooks` does.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::codebooks::Codebooks;
use crate::data::stream::{normal, shuffle};

/// Size of the noise added to a copy.
const NOISE: f32 = 1e-12;

/// Counts in how many batches each codeword was chosen: once per batch, however many vectors chose it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Counts", into = "Counts")]
pub struct BatchUsage {
    counts: Vec<u32>,
    /// The batch in which a codeword was last counted.
    last: Vec<u32>,
    batches: u32,
}

/// A count as checkpoints keep it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    batches: u32,
    counts: Vec<u32>,
}

impl From<BatchUsage> for Counts {
    fn from(usage: BatchUsage) -> Self {
        Self { batches: usage.batches, counts: usage.counts }
    }
}

impl From<Counts> for BatchUsage {
    fn from(Counts { batches, counts }: Counts) -> Self {
        Self::from_counts(batches, counts)
    }
}

impl BatchUsage {
    /// A count without batches, for M·K = `codewords`.
    pub fn new(codewords: usize) -> Self {
        Self { counts: vec![0; codewords], last: vec![0; codewords], batches: 0 }
    }

    /// M·K.
    pub fn codewords(&self) -> usize {
        self.counts.len()
    }

    /// Counts one batch with these codeword indices.
    pub fn add_batch(&mut self, indices: &[u32]) {
        self.batches += 1;
        for index in indices {
            let index = *index as usize;
            if self.last[index] != self.batches {
                self.last[index] = self.batches;
                self.counts[index] += 1;
            }
        }
    }

    /// Continues from the number of batches seen and the counts of the codewords.
    pub fn from_counts(batches: u32, counts: Vec<u32>) -> Self {
        // No codeword is counted yet in the next batch.
        Self { last: vec![0; counts.len()], counts, batches }
    }

    /// Replaces the unused codewords and resets the counts; returns how many codewords were replaced. Methods
    /// that choose all stages together (AVQ) replace over all stages at once, the others within each stage. Optimizer moments are unchanged.
    pub fn replace(&mut self, books: &mut Codebooks, threshold: f64, rng: &mut ChaCha8Rng) -> u64 {
        let pool = if books.method().is_joint() { self.counts.len() } else { books.size() };
        let mut replaced = 0;
        for first in (0..self.counts.len()).step_by(pool) {
            let share = |k: usize| f64::from(self.counts[k]) / f64::from(self.batches.max(1));
            let (used, unused): (Vec<usize>, Vec<usize>) = (first..first + pool).partition(|k| share(*k) >= threshold);
            replaced += unused.len() as u64;
            overwrite(books, &used, &unused, rng);
        }
        *self = Self::new(self.counts.len());
        replaced
    }
}

fn overwrite(books: &mut Codebooks, used: &[usize], unused: &[usize], rng: &mut ChaCha8Rng) {
    let width = books.width();
    if used.is_empty() {
        for k in unused {
            books.values_mut()[k * width..(k + 1) * width].iter_mut().for_each(|v| *v += NOISE * normal(rng));
        }
        return;
    }
    let repeats = if used.len() < unused.len() { unused.len() / used.len() + 1 } else { 1 };
    let mut sources: Vec<usize> = used.iter().copied().cycle().take(used.len() * repeats).collect();
    shuffle(&mut sources, rng);
    for (target, source) in unused.iter().zip(sources) {
        let values = books.values_mut();
        values.copy_within(source * width..(source + 1) * width, target * width);
        values[target * width..(target + 1) * width].iter_mut().for_each(|v| *v += NOISE * normal(rng));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::stream::stream;
    use crate::quantizer::Method;

    fn books(method: Method) -> Codebooks {
        let values = (0..8).map(|v| v as f32).collect();
        Codebooks::new(method, 1, 2, 4, values).unwrap()
    }

    #[test]
    fn a_batch_counts_once_and_only_unused_codewords_change() {
        let mut usage = BatchUsage::new(8);
        for _ in 0..10 {
            usage.add_batch(&[0, 4, 0, 4, 1, 5]);
        }
        assert_eq!(usage.counts, [10, 10, 0, 0, 10, 10, 0, 0]);
        let mut rvq = books(Method::Rvq);
        assert_eq!(usage.replace(&mut rvq, 0.01, &mut stream("t")), 4);
        let v = rvq.values();
        assert_eq!((v[0], v[1], v[4], v[5]), (0.0, 1.0, 4.0, 5.0));
        // Within a stage the copies are of that stage; a permutation gives each source once.
        let copies = |v: &[f32]| {
            let mut copies: Vec<i32> = v.iter().map(|v| v.round() as i32).collect();
            copies.sort_unstable();
            copies
        };
        assert_eq!((copies(&v[2..4]), copies(&v[6..8])), (vec![0, 1], vec![4, 5]));
        assert_eq!(usage.counts, [0; 8]);
    }

    #[test]
    fn avq_pools_all_stages_and_repeats_scarce_sources() {
        let mut usage = BatchUsage::new(8);
        usage.add_batch(&[0]);
        let mut avq = books(Method::Avq);
        assert_eq!(usage.replace(&mut avq, 0.01, &mut stream("t")), 7);
        assert!(avq.values().iter().all(|v| v.abs() < 1e-9), "{:?}", avq.values());
    }

    #[test]
    fn codewords_stay_where_none_is_used() {
        let mut avq = books(Method::Avq);
        assert_eq!(BatchUsage::new(8).replace(&mut avq, 0.01, &mut stream("t")), 8);
        assert!(avq.values().iter().enumerate().all(|(i, v)| (v - i as f32).abs() < 1e-6));
    }

    #[test]
    fn the_threshold_is_a_share_of_batches() {
        let mut usage = BatchUsage::new(8);
        (0..100).for_each(|i| usage.add_batch(if i == 0 { &[0, 1, 2, 3, 4, 5, 6, 7] } else { &[0, 4] }));
        assert_eq!(usage.clone().replace(&mut books(Method::Rvq), 0.01, &mut stream("t")), 0);
        assert_eq!(usage.replace(&mut books(Method::Rvq), 0.011, &mut stream("t")), 6);
    }
}
