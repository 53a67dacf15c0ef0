//! The quantizers that are tried at a bitrate.

use super::{RecommendError, Shape};
use crate::quantizer::{MOST_STAGES, Method};

/// The bits per stage that are tried.
const BITS: std::ops::RangeInclusive<u32> = 2..=10;

/// Above this many stages, only stages of at least a minimum number of bits are tried: smaller codebooks are never the
/// best, and there are many of them.
const FEW: u32 = 16;
const LEAST_OF_MANY: u32 = 4;

/// AVQ's beam widths.
const BEAMS: [usize; 3] = [1, 4, 16];

/// All shapes of `bits` bits a vector, cheapest search first. One stage of any method is plain VQ, which is tried once
/// (as RVQ).
///
/// # Errors
/// [`RecommendError::Bits`] where no number of stages divides `bits` into 2 to 10 bits per stage.
pub(super) fn shapes(bits: u32, dimension: usize) -> Result<Vec<Shape>, RecommendError> {
    let stages = stages(bits);
    if stages.is_empty() {
        let mut all = (1..=BITS.end() * MOST_STAGES as u32).filter(|n| !self::stages(*n).is_empty());
        let below = all.clone().filter(|n| *n < bits).max();
        let above = all.find(|n| *n > bits);
        let nearest = match (below, above) {
            (Some(below), Some(above)) => format!("the nearest are {below} and {above}"),
            (below, above) => format!("the nearest is {}", below.or(above).unwrap_or_default()),
        };
        return Err(RecommendError::Bits { bits, nearest });
    }
    let mut all = Vec::new();
    let mut own = Method::ALL;
    own.sort_by_key(|method| (method.is_joint(), !method.is_product()));
    let others = Method::known().into_iter().filter(|method| !own.contains(method));
    for method in own.into_iter().chain(others) {
        for m in &stages {
            let shape = Shape { method, stages: *m as usize, bits_per_stage: bits / m };
            let divides = !method.is_product() || dimension.is_multiple_of(shape.stages);
            let has_shape = shape.stages <= method.most_stages();
            if divides && has_shape && (shape.stages > 1 || method == Method::Rvq || !own.contains(&method)) {
                all.push(shape);
            }
        }
    }
    Ok(all)
}

/// The numbers of stages that divide `bits`, ascending.
fn stages(bits: u32) -> Vec<u32> {
    let divisors = BITS.rev().filter(|each| bits.is_multiple_of(*each)).map(|each| (bits / each, each));
    let tried = |m: u32, each: u32| m <= FEW || (m <= MOST_STAGES as u32 && each >= LEAST_OF_MANY);
    divisors.filter(|(m, each)| *m > 0 && tried(*m, *each)).map(|(m, _)| m).collect()
}

/// The beam widths at which a shape is measured; 1 for all methods except AVQ. Beams wider than a codebook have no
/// meaningful operation count.
pub(super) fn beams(shape: &Shape) -> Vec<usize> {
    if !shape.method.has_beam() {
        return vec![1];
    }
    BEAMS.into_iter().filter(|w| *w <= shape.size()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_divide_the_bits_and_products_the_dimension() {
        let of = |method, bits, dimension| -> Vec<(usize, u32)> {
            let all = shapes(bits, dimension).unwrap().into_iter().filter(|s| s.method == method);
            all.map(|s| (s.stages, s.bits_per_stage)).collect()
        };
        assert_eq!(of(Method::Avq, 24, 10), [(3, 8), (4, 6), (6, 4), (8, 3), (12, 2)]);
        assert_eq!(of(Method::Pvq, 24, 12), [(3, 8), (4, 6), (6, 4), (12, 2)]);
        assert_eq!(of(Method::Rvq, 8, 3), [(1, 8), (2, 4), (4, 2)]);
        assert_eq!(of(Method::Pvq, 8, 3), []);
        assert_eq!(of(Method::Lsq, 64, 128), [(8, 8), (16, 4)]);
        assert_eq!(of(Method::Opq, 64, 128), [(8, 8), (16, 4)]);
        // More stages than a beam can have.
        assert_eq!(of(Method::Pvq, 256, 768), [(32, 8), (64, 4)]);
        assert_eq!(of(Method::Rvq, 256, 768), [(32, 8), (64, 4)]);
        assert_eq!((of(Method::Avq, 256, 768), of(Method::Lsq, 256, 768)), (vec![], vec![]));
    }

    #[test]
    fn impossible_bitrates_name_the_next_ones() {
        let message = |bits| shapes(bits, 8).unwrap_err().to_string();
        assert!(message(67).contains("66 and 68"), "{}", message(67));
        assert!(message(1).ends_with("the nearest is 2"), "{}", message(1));
        assert!(message(50_000).ends_with("the nearest is 40960"), "{}", message(50_000));
    }

    #[test]
    fn beams_are_no_wider_than_a_codebook() {
        let shape = |method, bits_per_stage| Shape { method, stages: 4, bits_per_stage };
        assert_eq!(beams(&shape(Method::Avq, 8)), [1, 4, 16]);
        assert_eq!(beams(&shape(Method::Avq, 2)), [1, 4]);
        assert_eq!(beams(&shape(Method::Lsq, 8)), [1]);
    }
}
