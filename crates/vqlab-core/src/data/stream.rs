//! Random streams by name. A stream is a pure function of its name (cell key or data settings, seed, purpose). It does
//! not depend on the clock, on the order of threads, or on other streams.

use rand::Rng;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::{Distribution as _, StandardNormal};
use sha2::{Digest, Sha256};

/// The stream of this name: equal names give equal numbers on every machine.
pub fn stream(name: &str) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(Sha256::digest(name.as_bytes()).into())
}

/// 64 bits of the name's digest, as the key of a counter-based source.
pub fn key64(name: &str) -> u64 {
    let digest = Sha256::digest(name.as_bytes());
    digest[..8].iter().fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// Fisher–Yates.
pub fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(rng, i + 1));
    }
}

/// A uniform index below `n` (multiply-shift; its bias, n/2^64, is negligible).
pub fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}

/// A standard normal number.
pub fn normal(rng: &mut impl Rng) -> f32 {
    StandardNormal.sample(rng)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_hang_on_their_names_alone() {
        let draw = |name: &str| stream(name).next_u64();
        assert_eq!(draw("a/init"), draw("a/init"));
        assert_ne!(draw("a/init"), draw("a/order"));
        assert_ne!(key64("a"), key64("b"));
    }
}
