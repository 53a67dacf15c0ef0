//! The codebooks of a quantizer as plain numbers, and decoding.

use super::centering::Centers;
use super::rotation::{Rotation, RotationError};
use crate::quantizer::Method;

/// M codebooks of K codewords. RVQ, AVQ and LSQ codewords have D values and are added. PVQ and OPQ codewords have D/M
/// values and are concatenated; OPQ codewords are in rotated coordinates.
#[derive(Clone, Debug, PartialEq)]
pub struct Codebooks {
    method: Method,
    dimension: usize,
    stages: usize,
    size: usize,
    /// M × K × width, row-major.
    values: Vec<f32>,
    /// The rotation of OPQ; None = the identity.
    rotation: Option<Rotation>,
}

/// Why a shape or values are not valid for codebooks.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum ShapeError {
    #[error("dimension, stages and codebook size must be at least 1, found D = {0}, M = {1}, K = {2}")]
    Empty(usize, usize, usize),
    #[error(
        "PVQ and OPQ split vectors into M equal parts: D = {0} is not divisible by M = {1}; allowed for this D are M = {allowed}",
        allowed = divisors(*.0)
    )]
    NotDivisible(usize, usize),
    #[error("a code holds 16 bits per stage: K = {0} is more than 65536")]
    TooLarge(usize),
    #[error("{0} stages are more than {1}, the maximum for this method")]
    TooManyStages(usize, usize),
    #[error("codebooks of D = {0}, M = {1}, K = {2} have more values than memory can hold")]
    TooManyValues(usize, usize, usize),
    #[error("{found} values do not make M × K × width = {expected}")]
    Count { expected: usize, found: usize },
    #[error("{} has no rotation, only OPQ has one", .0.label())]
    Rotated(Method),
    #[error(transparent)]
    Rotation(#[from] RotationError),
}

/// The smallest stage counts that divide a vector of this dimension into equal parts.
fn divisors(dimension: usize) -> String {
    let all = (1..=MOST_STAGES).filter(|stages| dimension.is_multiple_of(*stages)).map(|stages| stages.to_string());
    all.take(24).collect::<Vec<_>>().join(", ")
}

/// The maximum number of stages of AVQ and LSQ, whose searches hold a tuple of codewords in registers.
pub const MAX_STAGES: usize = 16;

/// The maximum number of stages of the methods that choose stage by stage.
pub const MOST_STAGES: usize = 4096;

impl Codebooks {
    /// Codebooks full of zeros.
    ///
    /// # Errors
    /// [`ShapeError`].
    pub fn zeros(method: Method, dimension: usize, stages: usize, size: usize) -> Result<Self, ShapeError> {
        Self::shaped(method, dimension, stages, size, |count| Ok(vec![0.0; count]))
    }

    /// Rejects a shape that codebooks can't have. No memory is allocated.
    ///
    /// # Errors
    /// [`ShapeError`].
    pub fn check(method: Method, dimension: usize, stages: usize, size: usize) -> Result<(), ShapeError> {
        Self::shaped(method, dimension, stages, size, |_| Ok(Vec::new())).map(drop)
    }

    /// Checks the shape, then calls `values` with the number of values.
    fn shaped(
        method: Method,
        dimension: usize,
        stages: usize,
        size: usize,
        values: impl FnOnce(usize) -> Result<Vec<f32>, ShapeError>,
    ) -> Result<Self, ShapeError> {
        if dimension == 0 || stages == 0 || size == 0 {
            return Err(ShapeError::Empty(dimension, stages, size));
        }
        let most = method.most_stages();
        if stages > most {
            return Err(ShapeError::TooManyStages(stages, most));
        }
        if size > 1 << 16 {
            return Err(ShapeError::TooLarge(size));
        }
        if method.is_product() && !dimension.is_multiple_of(stages) {
            return Err(ShapeError::NotDivisible(dimension, stages));
        }
        let mut books = Self { method, dimension, stages, size, values: Vec::new(), rotation: None };
        let count = stages.checked_mul(size).and_then(|n| n.checked_mul(books.width()));
        // An allocation of more than `isize::MAX` bytes would panic.
        let count = count.filter(|n| *n <= isize::MAX as usize / size_of::<f32>());
        books.values = values(count.ok_or(ShapeError::TooManyValues(dimension, stages, size))?)?;
        Ok(books)
    }

    /// Codebooks of these values, M × K × width.
    ///
    /// # Errors
    /// [`ShapeError`].
    pub fn new(
        method: Method,
        dimension: usize,
        stages: usize,
        size: usize,
        values: Vec<f32>,
    ) -> Result<Self, ShapeError> {
        Self::shaped(method, dimension, stages, size, |expected| {
            // Checked before anything is allocated: the numbers may come from a damaged file.
            let found = values.len();
            if found == expected { Ok(values) } else { Err(ShapeError::Count { expected, found }) }
        })
    }

    /// OPQ codebooks with this rotation (D × D, row-major: y = R·x) before them. The default rotation is the identity.
    ///
    /// # Errors
    /// [`ShapeError::Rotated`] for another method; [`ShapeError::Rotation`].
    pub fn with_rotation(self, matrix: Vec<f32>) -> Result<Self, ShapeError> {
        if !self.method.has_rotation() {
            return Err(ShapeError::Rotated(self.method));
        }
        let rotation = Some(Rotation::new(self.dimension, matrix)?).filter(|rotation| !rotation.is_identity());
        Ok(Self { rotation, ..self })
    }

    pub fn method(&self) -> Method {
        self.method
    }

    /// The rotation of a vector before it is quantized; the codewords are in rotated coordinates. None = no rotation.
    /// Only OPQ has one.
    pub fn rotation(&self) -> Option<&Rotation> {
        self.rotation.as_ref()
    }

    /// D.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// M.
    pub fn stages(&self) -> usize {
        self.stages
    }

    /// K.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Coordinates of one codeword: D, or D/M for PVQ and OPQ.
    pub fn width(&self) -> usize {
        if self.method.is_product() { self.dimension / self.stages } else { self.dimension }
    }

    /// All codewords, M·K × width.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// The codewords of one stage, K × width.
    pub fn stage(&self, stage: usize) -> &[f32] {
        let length = self.size * self.width();
        &self.values[stage * length..(stage + 1) * length]
    }

    /// One codeword by its number m·K + k.
    pub fn codeword(&self, number: usize) -> &[f32] {
        &self.values[number * self.width()..(number + 1) * self.width()]
    }

    /// The coordinates of a (rotated) vector that the codewords of `stage` represent.
    pub fn span(&self, stage: usize) -> std::ops::Range<usize> {
        if self.method.is_product() { stage * self.width()..(stage + 1) * self.width() } else { 0..self.dimension }
    }

    /// Subtracts the codewords `indices` (m·K + k) from `x`. Where there is a rotation, `x` must be rotated
    /// already. The result is the quantization error.
    pub fn subtract(&self, indices: &[u32], x: &mut [f32]) {
        for index in indices {
            let span = self.span(*index as usize / self.size);
            super::kernels::subtract(&mut x[span], self.codeword(*index as usize));
        }
    }

    /// Writes the vectors of `codes` (n × M, each below K) into `out` (n × D).
    ///
    /// # Errors
    /// The position and value of a code that is out of range.
    pub fn decode(&self, codes: &[u16], out: &mut [f32]) -> Result<(), CodeError> {
        out.fill(0.0);
        // Decoded around the origin, where a rotation in float32 loses no digits.
        let centers = self.rotation.as_ref().and_then(|_| Centers::of(self));
        for (i, (row, x)) in codes.chunks_exact(self.stages).zip(out.chunks_exact_mut(self.dimension)).enumerate() {
            for (stage, code) in row.iter().enumerate() {
                let code = usize::from(*code);
                if code >= self.size {
                    return Err(CodeError::OutOfRange { vector: i, stage, code, size: self.size });
                }
                let (x, word) = (&mut x[self.span(stage)], self.codeword(stage * self.size + code));
                match &centers {
                    None => super::kernels::add(x, word),
                    Some(centers) => {
                        let center = centers.of_stage(self, stage);
                        let moved = word.iter().zip(center).map(|(c, center)| (f64::from(*c) - center) as f32);
                        x.iter_mut().zip(moved).for_each(|(o, c)| *o = c);
                    }
                }
            }
        }
        if let Some(rotation) = &self.rotation {
            rotation.undo(out);
        }
        if let Some(centers) = &centers {
            out.chunks_exact_mut(self.dimension).for_each(|x| super::kernels::add(x, &centers.vector));
        }
        Ok(())
    }
}

/// Why codes can't be written or read.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum CodeError {
    #[error("vector {vector}, stage {stage}: code {code} is out of range, the codebook has {size} codewords")]
    OutOfRange { vector: usize, stage: usize, code: usize, size: usize },
    #[error(
        "vector {vector}: the released search chose two codewords of one codebook, which no code can hold; use search = \"beam\""
    )]
    RepeatedCodebook { vector: usize },
}
