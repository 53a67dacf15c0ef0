//! The counts, term by term as in the text of the module.

use statrs::function::gamma::digamma;

use super::{ComplexityError, Model, Operations, Shape};
use crate::quantizer::{LocalSearch, Method};

/// Within these bounds no count exceeds 128 bits.
const MOST_IN_BEAMS: usize = 64;
const MOST_STAGES: usize = 4096;
const MOST: usize = 1 << 24;

/// Operations for encoding one vector of `dim` entries with `stages` codebooks of `codebook_size` codewords. `beam` is
/// AVQ's beam width; it is `None` for the other methods. Counts do not depend on the precision; their weights do
/// ([`Operations::wmops`]).
///
/// # Errors
/// See [`ComplexityError`].
pub fn count(
    method: Method,
    dim: usize,
    stages: usize,
    codebook_size: usize,
    beam: Option<usize>,
    model: Model,
) -> Result<Operations, ComplexityError> {
    let shape = Shape { method, dimension: dim, stages, size: codebook_size, beam, model };
    in_range("the dimension", dim, MOST)?;
    in_range("the number of stages", stages, if method.is_joint() { MOST_IN_BEAMS } else { MOST_STAGES })?;
    in_range("the codebook size", codebook_size, MOST)?;
    if model == Model::Published && stages == 1 && !method.has_beam() {
        return Err(ComplexityError::NothingCounted);
    }
    match beam {
        None if method.has_beam() => return Err(ComplexityError::NoBeam),
        Some(_) if !method.has_beam() => return Err(ComplexityError::NeedlessBeam { method: method.label() }),
        Some(beam) => {
            in_range("the beam width", beam, MOST)?;
            let codewords = stages * codebook_size;
            if beam > codewords {
                return Err(ComplexityError::BeamTooWide { beam, codewords });
            }
        }
        None => {}
    }
    (method.definition().operations)(&shape)
}

/// AVQ's operations.
pub fn avq(shape: &Shape) -> Result<Operations, ComplexityError> {
    let ([d, m, k], beam) = (shape.numbers(), shape.beam.ok_or(ComplexityError::NoBeam)?);
    let mut tally = Tally::default();
    match shape.model {
        Model::Published | Model::Corrected => tally.avq(d, m, k, beam as i128),
        Model::Lookup => tally.avq_lookup(d, m, k, beam as i128),
    }
    tally.operations(shape)
}

/// RVQ's operations.
pub fn rvq(shape: &Shape) -> Result<Operations, ComplexityError> {
    let [d, m, k] = shape.numbers();
    let mut tally = Tally::default();
    match shape.model {
        Model::Published => tally.rvq(d, m, k, m - 1),
        Model::Corrected => tally.rvq(d, m, k, m),
        Model::Lookup => tally.rvq_lookup(d, m, k),
    }
    tally.operations(shape)
}

/// PVQ's operations.
pub fn pvq(shape: &Shape) -> Result<Operations, ComplexityError> {
    product(shape, Tally::default())
}

/// OPQ's operations.
pub fn opq(shape: &Shape) -> Result<Operations, ComplexityError> {
    let mut tally = Tally::default();
    tally.rotation(shape.dimension as i128);
    product(shape, tally)
}

fn product(shape: &Shape, mut tally: Tally) -> Result<Operations, ComplexityError> {
    let (dim, stages) = (shape.dimension, shape.stages);
    if !dim.is_multiple_of(stages) {
        return Err(ComplexityError::Indivisible { dim, stages });
    }
    let [d, m, k] = shape.numbers();
    tally.pvq(d, m, k, if shape.model == Model::Published { m - 1 } else { m });
    tally.operations(shape)
}

/// LSQ's operations.
pub fn lsq(shape: &Shape) -> Result<Operations, ComplexityError> {
    if shape.model == Model::Published {
        return Err(ComplexityError::NotCounted { method: shape.method.label() });
    }
    let [d, m, k] = shape.numbers();
    let mut tally = Tally::default();
    tally.lsq(d, m, k);
    tally.operations(shape)
}

fn in_range(name: &'static str, value: usize, largest: usize) -> Result<(), ComplexityError> {
    if (1..=largest).contains(&value) { Ok(()) } else { Err(ComplexityError::OutOfRange { name, value, largest }) }
}

/// Running counts. They are signed, because the published sort counts negatively where a beam is wider than the
/// remaining codewords.
#[derive(Default)]
struct Tally {
    additions: i128,
    multiplications: i128,
    moves: i128,
    branches: i128,
}

impl Tally {
    fn operations(&self, shape: &Shape) -> Result<Operations, ComplexityError> {
        let Shape { model, beam, size, .. } = *shape;
        let negative = |_| ComplexityError::Negative { model: model.name(), beam: beam.unwrap_or(0), size };
        Ok(Operations {
            additions: self.additions.try_into().map_err(negative)?,
            multiplications: self.multiplications.try_into().map_err(negative)?,
            moves: self.moves.try_into().map_err(negative)?,
            branches: self.branches.try_into().map_err(negative)?,
        })
    }

    fn dist(&mut self, n: i128, d: i128, times: i128) {
        self.additions += times * n * (2 * d - 1);
        self.multiplications += times * n * d;
    }

    fn argmin(&mut self, n: i128) {
        self.additions += n - 1;
        self.moves += n - 1;
    }

    /// times · Σ_{j<s} argmin(n − j), in closed form.
    fn sort(&mut self, n: i128, s: i128, times: i128) {
        let steps = times * (s * (n - 1) - s * (s - 1) / 2);
        self.additions += steps;
        self.moves += steps;
    }

    fn avq(&mut self, d: i128, m: i128, k: i128, w: i128) {
        self.dist(m * k, d, 1);
        self.sort(m * k, w, 1);
        self.moves += w;
        for i in 1..m {
            self.moves += i * w * d;
            self.additions += i * w * d;
            self.branches += binomial(m, i) - 1;
            self.dist((m - i) * k, d, w);
            self.sort((m - i) * k, w, w);
            self.moves += w * w + w * w * d;
            self.additions += w * w * i * d + w * w * (2 * d - 1);
            self.multiplications += w * w * (d + 1);
            if i == m - 1 {
                self.argmin(w * w);
            } else {
                self.sort(w * w, w, 1);
                self.moves += w;
            }
        }
    }

    /// `counted`: the stages that the loop runs over.
    fn rvq(&mut self, d: i128, m: i128, k: i128, counted: i128) {
        for i in 1..=counted {
            self.dist(k, d, 1);
            self.argmin(k);
            self.moves += d;
            if i < counted {
                self.additions += d;
            }
        }
        self.additions += (m - 1) * d;
    }

    /// `counted`: the stages that the loop runs over.
    fn pvq(&mut self, d: i128, m: i128, k: i128, counted: i128) {
        self.moves += d;
        for _ in 0..counted {
            self.dist(k, d / m, 1);
            self.argmin(k);
            self.moves += d / m;
        }
        self.moves += d;
    }

    /// Local search with its default effort.
    fn lsq(&mut self, d: i128, m: i128, k: i128) {
        let (rounds, sweeps) = (LocalSearch::ROUNDS as i128, LocalSearch::SWEEPS as i128);
        self.scores(m * k, d);
        for _ in 0..=rounds {
            for _ in 0..sweeps * m {
                self.additions += k * (m - 1);
                self.argmin(k);
            }
            self.additions += m * (m - 1) / 2 + m + 1;
            self.moves += m;
            self.branches += 1;
        }
    }

    /// A product of a D × D matrix and a vector.
    fn rotation(&mut self, d: i128) {
        self.multiplications += d * d;
        self.additions += d * (d - 1);
        self.moves += d;
    }

    /// s_c for all n codewords.
    fn scores(&mut self, n: i128, d: i128) {
        self.multiplications += n * d;
        self.additions += n * d;
    }

    /// The w best of n by a scan.
    fn keep(&mut self, n: i128, w: i128) {
        let insertions = expected_insertions(n, w);
        self.additions += n + insertions * w;
        self.moves += insertions * w;
        self.branches += insertions * w;
    }

    fn avq_lookup(&mut self, d: i128, m: i128, k: i128, w: i128) {
        self.scores(m * k, d);
        self.keep(m * k, w);
        for i in 1..m {
            let kept = if i == m - 1 { 1 } else { w };
            self.branches += m * w;
            self.additions += (m - i) * k * w * i + w;
            self.keep((m - i) * k * w, kept);
            self.moves += kept * (i + 1);
        }
    }

    fn rvq_lookup(&mut self, d: i128, m: i128, k: i128) {
        self.scores(m * k, d);
        for i in 1..=m {
            self.additions += k * (i - 1);
            self.argmin(k);
        }
        self.additions += (m - 1) * d;
    }
}

/// How often a candidate enters a list of the w best while n candidates pass in random order. The t-th enters with
/// probability min(1, w/t), which sums to w·(1 + H(n) − H(w)), rounded up.
fn expected_insertions(n: i128, w: i128) -> i128 {
    if n <= w {
        return n;
    }
    let harmonic = digamma(n as f64 + 1.0) - digamma(w as f64 + 1.0);
    (w as f64 * (1.0 + harmonic)).ceil() as i128
}

fn binomial(n: i128, k: i128) -> i128 {
    (0..k).fold(1, |product, j| product * (n - j) / (j + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complexity::Precision;

    #[test]
    fn small_counts_by_hand() {
        // D = 4, M = 2, K = 2.
        let of = |method, beam, model| count(method, 4, 2, 2, beam, model).unwrap();
        let published = of(Method::Rvq, None, Model::Published);
        assert_eq!(published, Operations { additions: 14 + 1 + 4, multiplications: 8, moves: 1 + 4, branches: 0 });
        let corrected = of(Method::Pvq, None, Model::Corrected);
        assert_eq!(
            corrected,
            Operations { additions: 2 * (6 + 1), multiplications: 8, moves: 4 + 2 * (1 + 2) + 4, branches: 0 }
        );
        let lookup = of(Method::Rvq, None, Model::Lookup);
        assert_eq!(lookup, Operations { additions: 16 + 2 + 2 + 4, multiplications: 16, moves: 2, branches: 0 });
        // W = 1: keep(4, 1) expects ⌈25/12⌉ = 3 insertions, keep(2, 1) ⌈3/2⌉ = 2.
        let lookup = of(Method::Avq, Some(1), Model::Lookup);
        let (additions, moves) = (16 + (4 + 3) + (2 + 1) + (2 + 2), 3 + 2 + 2);
        assert_eq!(lookup, Operations { additions, multiplications: 16, moves, branches: 3 + 2 + 2 });
        assert_eq!(lookup.wmops(Precision::Single), (30 + 16 + 7 + 28) as f64 / 1e6);
        assert_eq!(lookup.wmops(Precision::Double), (60 + 32 + 14 + 28) as f64 / 1e6);
    }

    #[test]
    fn corrected_avq_is_the_published_one() {
        let of = |model| count(Method::Avq, 64, 4, 8, Some(16), model);
        assert_eq!(of(Model::Published), of(Model::Corrected));
    }

    #[test]
    fn wrong_shapes_are_refused() {
        let of =
            |method, dim, stages, size, beam| count(method, dim, stages, size, beam, Model::Published).unwrap_err();
        let cases = [
            (of(Method::Avq, 8, 2, 4, None), "AVQ needs a beam width"),
            (of(Method::Avq, 8, 2, 4, Some(9)), "wider than all 8 codewords"),
            (of(Method::Avq, 8, 2, 4, Some(0)), "the beam width is 0; it must be between 1 and"),
            (of(Method::Rvq, 8, 2, 4, Some(1)), "RVQ has no beam"),
            (of(Method::Pvq, 7, 2, 4, None), "7 is not divisible by 2"),
            (of(Method::Rvq, 8, 1, 4, None), "take the corrected one"),
            (of(Method::Pvq, 8, 1, 4, None), "take the corrected one"),
            (of(Method::Rvq, 0, 1, 4, None), "the dimension is 0"),
            (of(Method::Avq, 8, 65, 4, Some(1)), "the number of stages is 65"),
            (of(Method::Rvq, 8, 4097, 4, None), "the number of stages is 4097"),
        ];
        for (error, part) in cases {
            assert!(error.to_string().contains(part), "{error}");
        }
        let largest = count(Method::Avq, MOST, MOST_IN_BEAMS, MOST, Some(MOST), Model::Lookup);
        assert!(largest.is_ok_and(|o| o.log10_wmops(Precision::Double).is_finite()));
        let largest = count(Method::Rvq, MOST, MOST_STAGES, MOST, None, Model::Lookup);
        assert!(largest.is_ok_and(|o| o.log10_wmops(Precision::Double).is_finite()));
    }

    #[test]
    fn what_goes_beyond_the_paper() {
        let of = |method, model| count(method, 128, 8, 256, None, model);
        let (pvq, opq) = (of(Method::Pvq, Model::Corrected).unwrap(), of(Method::Opq, Model::Corrected).unwrap());
        assert_eq!(opq.multiplications - pvq.multiplications, 128 * 128);
        assert_eq!((opq.additions - pvq.additions, opq.moves - pvq.moves), (128 * 127, 128));
        let lsq = of(Method::Lsq, Model::Lookup).unwrap();
        // 17 times 4 sweeps of 8 choices among 256 codewords given 7 others, in addition to the scores.
        let choices = 17 * 4 * 8;
        assert_eq!(lsq.multiplications, 8 * 256 * 128);
        assert_eq!(lsq.additions, 8 * 256 * 128 + choices * (256 * 7 + 255) + 17 * (28 + 9));
        assert_eq!((lsq.moves, lsq.branches), (choices * 255 + 17 * 8, 17));
        let error = of(Method::Lsq, Model::Published).unwrap_err().to_string();
        assert!(error.contains("no published operation count of LSQ"), "{error}");
    }
}
