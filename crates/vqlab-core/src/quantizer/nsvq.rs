//! Quantizers as candle modules: codebooks in a `VarBuilder`, and noise substitution (NSVQ; Vali and Bäckström,
//! IEEE Access 2022) so that a network around them can be trained.
//! In training the module returns x + ‖x − q‖ · r/‖r‖ with r ~ N(0, I), one r per vector. The loss then has a gradient
//! with respect to the chosen codewords through ‖x − q‖, and to x ([`substitute`]). The search is outside the graph,
//! because it has no gradient.

use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use rand_chacha::ChaCha8Rng;

use super::assign::Assign;
use super::assigner;
use super::codebooks::Codebooks;
use super::substitution::{Substitute, substitute};
use crate::quantizer::{Method, Search};

/// Shape of a quantizer.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    pub method: Method,
    /// D.
    pub dimension: usize,
    /// M.
    pub stages: usize,
    /// K.
    pub codebook_size: usize,
    /// AVQ's search and beam width.
    pub beam: Option<(Search, usize)>,
}

/// A vector quantizer with candle codebooks.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// use candle_nn::{VarBuilder, VarMap};
/// use vqlab_core::{data::stream::stream, quantizer::{Config, Method, Quantizer}};
///
/// let variables = VarMap::new();
/// let vb = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
/// let config = Config { method: Method::Rvq, dimension: 4, stages: 2, codebook_size: 8, beam: None };
/// let quantizer = Quantizer::new(config, vb)?;
/// let x = Tensor::ones((3, 4), DType::F32, &Device::Cpu)?;
/// // In training: x plus noise of the length of the quantization error, with a gradient to the codebooks.
/// let y = quantizer.forward(&x, Some(&mut stream("noise")))?;
/// let gradients = (x - y)?.sqr()?.mean_all()?.backward()?;
/// assert!(gradients.get(quantizer.codebooks()).is_some());
/// # Ok::<(), candle_core::Error>(())
/// ```
pub struct Quantizer {
    config: Config,
    /// M × K × width.
    codebooks: Tensor,
}

impl Quantizer {
    /// Takes `codebooks` (M × K × D, PVQ: M × K × D/M) from `vb`, initialized from Uniform(−1/K, 1/K) where it is new.
    /// Candle's generator can't be seeded: for reproducible training set the codebooks yourself
    /// ([`Quantizer::from_codebooks`]).
    ///
    /// # Errors
    /// An invalid shape ([`super::ShapeError`]), or an error of candle.
    pub fn new(config: Config, vb: VarBuilder) -> Result<Self> {
        let shape = Codebooks::zeros(config.method, config.dimension, config.stages, config.codebook_size)
            .map_err(candle_core::Error::wrap)?;
        let bound = 1.0 / config.codebook_size as f64;
        let init = Init::Uniform { lo: -bound, up: bound };
        let codebooks = vb.get_with_hints((config.stages, config.codebook_size, shape.width()), "codebooks", init)?;
        Ok(Self { config, codebooks })
    }

    /// A module over existing codebooks. `codebooks` is a tensor of shape M × K × width (from a `Var`, for training).
    pub fn from_codebooks(config: Config, codebooks: Tensor) -> Self {
        Self { config, codebooks }
    }

    /// The codebook tensor, M × K × width.
    pub fn codebooks(&self) -> &Tensor {
        &self.codebooks
    }

    /// The codebooks as plain numbers.
    ///
    /// # Errors
    /// An error of candle, or a tensor of the wrong shape.
    pub fn to_codebooks(&self) -> Result<Codebooks> {
        let Config { method, dimension, stages, codebook_size, .. } = self.config;
        let values = self.codebooks.flatten_all()?.to_vec1::<f32>()?;
        Codebooks::new(method, dimension, stages, codebook_size, values).map_err(candle_core::Error::wrap)
    }

    /// The indices m·K + k of the chosen codewords, n × M (u32).
    ///
    /// # Errors
    /// An error of candle, or a vector of another dimension.
    pub fn indices(&self, x: &Tensor) -> Result<Tensor> {
        let (n, dimension) = x.dims2()?;
        if dimension != self.config.dimension {
            candle_core::bail!(
                "the quantizer takes vectors of {} coordinates, found {dimension}",
                self.config.dimension
            );
        }
        let books = self.to_codebooks()?;
        let mut assign: Box<dyn Assign> = assigner(self.config.method, self.config.beam);
        let mut residual = x.detach().flatten_all()?.to_vec1::<f32>()?;
        let mut indices = vec![0u32; n * self.config.stages];
        assign.prepare(&books);
        assign.assign(&books, &mut residual, &mut indices);
        Tensor::from_vec(indices, (n, self.config.stages), x.device())
    }

    /// The vectors of these codeword indices (n × M) as a function of the codebooks, n × D.
    ///
    /// # Errors
    /// An error of candle.
    pub fn reconstruct(&self, indices: &Tensor) -> Result<Tensor> {
        let (n, stages) = indices.dims2()?;
        let words = self.codebooks.flatten(0, 1)?;
        let chosen = words.index_select(&indices.flatten_all()?, 0)?.reshape((n, stages, ()))?;
        if self.config.method.is_product() { chosen.reshape((n, self.config.dimension)) } else { chosen.sum(1) }
    }

    /// n × D → n × D. With a `noise` stream (training) it returns the NSVQ output, without one the quantized vectors.
    ///
    /// # Errors
    /// An error of candle, or a vector of another dimension.
    pub fn forward(&self, x: &Tensor, noise: Option<&mut ChaCha8Rng>) -> Result<Tensor> {
        let indices = self.indices(x)?;
        let Some(rng) = noise else { return self.reconstruct(&indices) };
        let indices = indices.flatten_all()?.to_vec1::<u32>()?;
        substitute(x, &self.codebooks, indices, self.config.method, &Substitute::default(), rng)
    }
}
