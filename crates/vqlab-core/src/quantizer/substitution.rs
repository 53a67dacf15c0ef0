//! The output of a quantizer while a network trains, as one custom operation of candle with explicit gradients: the
//! choice of the nearest codewords has no gradient.
//!
//! | estimator | the decoder gets | gradients |
//! |---|---|---|
//! | [`Estimator::Nsvq`] | x + ‖x − q‖ r/‖r‖, r normal | to x and, through the length, to the codewords |
//! | [`Estimator::Diveq`] | x + ‖x − q‖ v/‖v‖, v = q − x + σ r held constant: q, nearly | the same |
//! | [`Estimator::Ste`] | q | to x as if q were x, plus β ∂mean((x − q)²)/∂x; to the codewords ∂mean((x − q)²) |
//! | [`Estimator::Rotation`] | q = λ R x, R the rotation from x to q, λ = ‖q‖/‖x‖ | to x through λ R held constant; the rest as STE |
//!
//! Sources: NSVQ: Vali and Bäckström, IEEE Access 2022. DiVeQ: Vali, Bäckström and Solin, arXiv 2509.26469. STE: van
//! den Oord, Vinyals and Kavukcuoglu, NeurIPS 2017. Rotation trick: Fifty et al., arXiv 2410.06424.

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType};

use rand_chacha::ChaCha8Rng;

use super::Method;
use super::estimator::{Estimator, Noise};
use crate::data::stream::normal;

/// σ of DiVeQ's noise, as in its authors' code.
const DIRECTION_NOISE: f64 = 1e-3;

/// How the quantized vectors of a network are substituted in training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Substitute {
    pub estimator: Estimator,
    /// β: the loss gets the term β·mean((x − q)²), with q held constant; 0 = no term.
    pub commitment: f64,
    /// Whether each sub-vector of a product quantizer gets noise of its own length; NSVQ and DiVeQ only.
    pub noise: Noise,
}

impl Default for Substitute {
    /// NSVQ as its authors define it.
    fn default() -> Self {
        Self { estimator: Estimator::Nsvq, commitment: 0.0, noise: Noise::Vector }
    }
}

/// The substitute in the network for the vectors `x` (n × D, f32 or f64) with the codewords `indices` (m·K + k, n × M) of
/// `codebooks` (M × K × width, of the same type). Noise is drawn from `rng`.
///
/// # Errors
/// An error of candle, or shapes that don't match.
pub fn substitute(
    x: &Tensor,
    codebooks: &Tensor,
    indices: Vec<u32>,
    method: Method,
    how: &Substitute,
    rng: &mut ChaCha8Rng,
) -> Result<Tensor> {
    let noise = if how.estimator.has_noise() { x.elem_count() } else { 0 };
    let stages = codebooks.dim(0)?;
    let is_product = method.is_product();
    let operation = Substitution {
        estimator: how.estimator,
        commitment: how.commitment,
        parts: if is_product && how.noise == Noise::Stage { stages } else { 1 },
        is_product,
        indices,
        stages,
        noise: (0..noise).map(|_| normal(rng)).collect(),
    };
    x.contiguous()?.apply_op2(&codebooks.contiguous()?, operation)
}

/// The operation on vectors (n × D) and codebooks (M × K × width).
#[derive(Clone, Debug)]
struct Substitution {
    estimator: Estimator,
    /// β.
    commitment: f64,
    /// Number of parts of a vector that are substituted separately: 1, or M where codewords are concatenated.
    parts: usize,
    /// Codewords are concatenated instead of added.
    is_product: bool,
    /// Indices m·K + k of the chosen codewords, n × M.
    indices: Vec<u32>,
    /// M.
    stages: usize,
    /// r, n × D; empty for estimators without noise.
    noise: Vec<f32>,
}

/// Shapes of one call.
struct Shapes {
    dimension: usize,
    width: usize,
    size: usize,
}

impl Substitution {
    fn shapes(&self, x: &Shape, codebooks: &Shape) -> Result<Shapes> {
        let ((n, dimension), (stages, size, width)) = (x.dims2()?, codebooks.dims3()?);
        let fits = stages == self.stages && self.indices.len() == n * stages;
        let noise = self.noise.is_empty() || self.noise.len() == n * dimension;
        let wide = width * if self.is_product { stages } else { 1 } == dimension;
        if !(fits && noise && wide) || self.indices.iter().any(|index| *index as usize >= stages * size) {
            candle_core::bail!("codes of {} stages don't fit vectors {x:?} and codebooks {codebooks:?}", stages);
        }
        Ok(Shapes { dimension, width, size })
    }

    /// x − q of one vector.
    fn error<T: WithDType>(&self, shapes: &Shapes, row: usize, x: &[T], codebooks: &[T], error: &mut [T]) {
        error.copy_from_slice(x);
        for index in &self.indices[row * self.stages..(row + 1) * self.stages] {
            let word = &codebooks[*index as usize * shapes.width..][..shapes.width];
            let target = &mut error[self.span(shapes, *index)];
            target.iter_mut().zip(word).for_each(|(e, w)| *e -= *w);
        }
    }

    /// The coordinates that a codeword represents.
    fn span(&self, shapes: &Shapes, index: u32) -> std::ops::Range<usize> {
        let stage = if self.is_product { index as usize / shapes.size } else { 0 };
        stage * shapes.width..(stage + 1) * shapes.width
    }

    /// The unit vector along which the error's length is added to one part of x; zero where there is no error.
    fn direction<T: WithDType>(&self, error: &[T], noise: &[f32], direction: &mut [T]) {
        for ((d, e), r) in direction.iter_mut().zip(error).zip(noise) {
            *d = match self.estimator {
                Estimator::Diveq => T::from_f64(DIRECTION_NOISE * f64::from(*r)) - *e,
                _ => T::from_f64(f64::from(*r)),
            };
        }
        let length = length(direction);
        let scale = if length > T::zero() { T::one() / length } else { T::zero() };
        direction.iter_mut().for_each(|d| *d *= scale);
    }

    fn has_noise(&self) -> bool {
        !self.noise.is_empty()
    }

    fn values<T: WithDType>(&self, shapes: &Shapes, x: &[T], codebooks: &[T]) -> Vec<T> {
        let dimension = shapes.dimension;
        let mut out = x.to_vec();
        let (mut error, mut direction) = (vec![T::zero(); dimension], vec![T::zero(); dimension]);
        for (row, (x, out)) in x.chunks_exact(dimension).zip(out.chunks_exact_mut(dimension)).enumerate() {
            self.error(shapes, row, x, codebooks, &mut error);
            if !self.has_noise() {
                out.iter_mut().zip(&error).for_each(|(y, e)| *y -= *e);
                continue;
            }
            let noise = &self.noise[row * dimension..][..dimension];
            for part in parts(dimension, self.parts) {
                let direction = &mut direction[part.clone()];
                self.direction(&error[part.clone()], &noise[part.clone()], direction);
                let length = length(&error[part.clone()]);
                out[part].iter_mut().zip(direction).for_each(|(y, d)| *y += length * *d);
            }
        }
        out
    }

    /// Gradients of the vectors and of the codebooks.
    fn gradients<T: WithDType>(&self, shapes: &Shapes, [x, codebooks, g]: [&[T]; 3]) -> [Vec<T>; 2] {
        let dimension = shapes.dimension;
        let (mut of_x, mut of_codebooks) = (g.to_vec(), vec![T::zero(); codebooks.len()]);
        let (mut error, mut direction) = (vec![T::zero(); dimension], vec![T::zero(); dimension]);
        let mut of_q = vec![T::zero(); dimension];
        // The gradient of mean((x − q)²): with respect to q and, multiplied by β, to x.
        let pull = T::from_f64(2.0 / x.len() as f64);
        let back = T::from_f64(self.commitment) * pull;
        let rows = x.chunks_exact(dimension).zip(g.chunks_exact(dimension)).zip(of_x.chunks_exact_mut(dimension));
        for (row, ((x, g), of_x)) in rows.enumerate() {
            self.error(shapes, row, x, codebooks, &mut error);
            if self.has_noise() {
                let noise = &self.noise[row * dimension..][..dimension];
                for part in parts(dimension, self.parts) {
                    let direction = &mut direction[part.clone()];
                    self.direction(&error[part.clone()], &noise[part.clone()], direction);
                    let length = length(&error[part.clone()]);
                    let along = dot(&g[part.clone()], direction);
                    let slope = if length > T::zero() { along / length } else { T::zero() };
                    for at in part {
                        of_x[at] += slope * error[at];
                        of_q[at] = T::zero() - slope * error[at];
                    }
                }
            } else {
                if self.estimator == Estimator::Rotation {
                    rotate_back(x, &error, g, of_x);
                }
                of_q.iter_mut().zip(&error).for_each(|(g, e)| *g = T::zero() - pull * *e);
            }
            of_x.iter_mut().zip(&error).for_each(|(g, e)| *g += back * *e);
            for index in &self.indices[row * self.stages..(row + 1) * self.stages] {
                let target = &mut of_codebooks[*index as usize * shapes.width..][..shapes.width];
                target.iter_mut().zip(&of_q[self.span(shapes, *index)]).for_each(|(t, q)| *t += *q);
            }
        }
        [of_x, of_codebooks]
    }

    fn back<T: WithDType>(&self, x: &Tensor, codebooks: &Tensor, gradient: &Tensor) -> Result<[Tensor; 2]> {
        let shapes = self.shapes(x.shape(), codebooks.shape())?;
        let numbers = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<T>();
        let (a, b, c) = (numbers(x)?, numbers(codebooks)?, numbers(gradient)?);
        let [of_x, of_codebooks] = self.gradients(&shapes, [&a[..], &b, &c]);
        let of_x = Tensor::from_vec(of_x, x.shape(), x.device())?;
        Ok([of_x, Tensor::from_vec(of_codebooks, codebooks.shape(), x.device())?])
    }
}

fn parts(dimension: usize, parts: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let width = dimension / parts.max(1);
    (0..parts.max(1)).map(move |part| part * width..(part + 1) * width)
}

fn dot<T: WithDType>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::zero(); 16];
    let (mut a, mut b) = (a.chunks_exact(16), b.chunks_exact(16));
    for (a, b) in a.by_ref().zip(b.by_ref()) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += *a * *b;
        }
    }
    let rest = a.remainder().iter().zip(b.remainder()).fold(T::zero(), |sum, (a, b)| sum + *a * *b);
    lanes.iter().fold(rest, |sum, lane| sum + *lane)
}

fn length<T: WithDType>(v: &[T]) -> T {
    T::from_f64(dot(v, v).to_f64().sqrt())
}

/// λ Rᵀ g for the rotation R that takes x to the direction of q = x − error: g − 2 r (r·g) + 2 x̂ (q̂·g), r the unit
/// vector between x̂ and q̂. Where x or q is zero, or they are opposed, g passes unchanged.
fn rotate_back<T: WithDType>(x: &[T], error: &[T], g: &[T], out: &mut [T]) {
    let q: Vec<T> = x.iter().zip(error).map(|(x, e)| *x - *e).collect();
    let (of_x, of_q) = (length(x), length(&q));
    if of_x <= T::zero() || of_q <= T::zero() {
        return;
    }
    let (x, q): (Vec<T>, Vec<T>) = (x.iter().map(|v| *v / of_x).collect(), q.iter().map(|v| *v / of_q).collect());
    let middle: Vec<T> = x.iter().zip(&q).map(|(x, q)| *x + *q).collect();
    let of_middle = length(&middle);
    if of_middle <= T::zero() {
        return;
    }
    let (scale, two) = (of_q / of_x, T::from_f64(2.0));
    let along = two * dot(&middle, g) / (of_middle * of_middle);
    let across = two * dot(&q, g);
    for (((out, g), m), x) in out.iter_mut().zip(g).zip(&middle).zip(&x) {
        *out = scale * (*g - along * *m + across * *x);
    }
}

impl CustomOp2 for Substitution {
    fn name(&self) -> &'static str {
        "vector quantization"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        codebooks: &CpuStorage,
        codebooks_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let shapes = self.shapes(x_layout.shape(), codebooks_layout.shape())?;
        macro_rules! values {
            ($kind:ident, $type:ty) => {{
                let (x, c) = (x.as_slice::<$type>()?, codebooks.as_slice::<$type>()?);
                let (Some(of_x), Some(of_c)) = (x_layout.contiguous_offsets(), codebooks_layout.contiguous_offsets())
                else {
                    candle_core::bail!("the quantizer needs contiguous tensors");
                };
                CpuStorage::$kind(self.values(&shapes, &x[of_x.0..of_x.1], &c[of_c.0..of_c.1]))
            }};
        }
        let storage = match x {
            CpuStorage::F32(_) => values!(F32, f32),
            CpuStorage::F64(_) => values!(F64, f64),
            _ => candle_core::bail!("the quantizer takes f32 and f64"),
        };
        Ok((storage, x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        codebooks: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [of_x, of_codebooks] = match x.dtype() {
            DType::F64 => self.back::<f64>(x, codebooks, gradient)?,
            _ => self.back::<f32>(x, codebooks, gradient)?,
        };
        Ok((Some(of_x), Some(of_codebooks)))
    }
}

#[cfg(test)]
mod tests;
