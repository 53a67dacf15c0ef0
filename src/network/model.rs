//! The autoencoder: images in, an 8 × 8 grid of latent vectors, images out.
//!
//! Encoder and decoder work on that grid only. An image of 32 × 32 pixels enters and leaves as 8 × 8 blocks of 4 × 4
//! pixels with 48 numbers each. Nothing is computed at full resolution, where a CPU would spend most of its time.
//!
//! | encoder | decoder |
//! |---|---|
//! | 3 × 3 convolution, 48 → W | 3 × 3 convolution, D → W |
//! | B residual blocks: ReLU, 3 × 3 W → W/2, ReLU, 1 × 1 W/2 → W | B residual blocks |
//! | ReLU, 1 × 1, W → D | ReLU, 3 × 3, W → 48 |

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{VarBuilder, VarMap};

use super::conv::{Conv, ConvConfig};
use super::settings::NetworkSettings;
use crate::data::stream::stream;

/// Side of the grid of latent vectors.
pub const GRID: usize = 8;

/// Side of a block of pixels.
pub const BLOCK: usize = 4;

/// Numbers in a block: red, green and blue of its pixels.
pub const BLOCK_VALUES: usize = BLOCK * BLOCK * 3;

/// Encoder and decoder with their parameters, as a candle module.
pub struct Autoencoder {
    encoder: Vec<Layer>,
    decoder: Vec<Layer>,
    dimension: usize,
    variables: VarMap,
}

enum Layer {
    Plain(Conv),
    /// x + second(first(x)).
    Residual(Conv, Conv),
}

impl Layer {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Layer::Plain(conv) => conv.forward(x),
            Layer::Residual(first, second) => x + second.forward(&first.forward(x)?)?,
        }
    }
}

/// A convolution that keeps the size of the map.
const fn same(inputs: usize, outputs: usize, kernel: usize, activate: bool) -> ConvConfig {
    let padding = (kernel - 1) / 2;
    ConvConfig { inputs, outputs, kernel, stride: 1, padding, activate, is_first: false }
}

fn residual(width: usize, vb: &VarBuilder) -> Result<Layer> {
    let hidden = (width / 2).max(1);
    let first = Conv::new(same(width, hidden, 3, true), vb.pp("first"))?;
    let second = Conv::new(same(hidden, width, 1, true), vb.pp("second"))?;
    Ok(Layer::Residual(first, second))
}

/// A 3 × 3 convolution, residual blocks, and the last convolution.
fn side(settings: &NetworkSettings, first: ConvConfig, last: (usize, usize), vb: &VarBuilder) -> Result<Vec<Layer>> {
    let width = settings.width;
    let mut layers = vec![Layer::Plain(Conv::new(first, vb.pp("in"))?)];
    for block in 0..settings.blocks {
        layers.push(residual(width, &vb.pp(format!("block-{block}")))?);
    }
    layers.push(Layer::Plain(Conv::new(same(width, last.0, last.1, true), vb.pp("out"))?));
    Ok(layers)
}

impl Autoencoder {
    /// A new network. Weights and biases are drawn from Uniform(−1/√fan-in, 1/√fan-in), as in PyTorch, by the stream
    /// called `name`.
    ///
    /// # Errors
    /// Candle's errors.
    pub fn new(settings: &NetworkSettings, name: &str, dtype: DType) -> Result<Self> {
        let variables = VarMap::new();
        let vb = VarBuilder::from_varmap(&variables, dtype, &Device::Cpu);
        let first = ConvConfig { is_first: true, ..same(BLOCK_VALUES, settings.width, 3, false) };
        let encoder = side(settings, first, (settings.dimension, 1), &vb.pp("encoder"))?;
        let first = same(settings.dimension, settings.width, 3, false);
        let decoder = side(settings, first, (BLOCK_VALUES, 3), &vb.pp("decoder"))?;
        let network = Self { encoder, decoder, dimension: settings.dimension, variables };
        network.initialize(name)?;
        Ok(network)
    }

    fn initialize(&self, name: &str) -> Result<()> {
        let mut fan_in = 1;
        // `bias` sorts before `weight`.
        for (path, var) in self.parameters().into_iter().rev() {
            if let &[kernel, _, inputs, _] = var.dims() {
                fan_in = kernel * kernel * inputs;
            }
            let bound = 1.0 / (fan_in as f64).sqrt();
            let mut rng = stream(&format!("{name}/{path}"));
            let uniform = |_| (crate::data::stream::below(&mut rng, 1 << 24) as f64 + 0.5) / f64::from(1 << 23) - 1.0;
            let values: Vec<f64> = (0..var.elem_count()).map(uniform).map(|u| bound * u).collect();
            var.set(&Tensor::from_vec(values, var.shape(), var.device())?.to_dtype(var.dtype())?)?;
        }
        Ok(())
    }

    /// The parameters, sorted by name.
    pub fn parameters(&self) -> Vec<(String, Var)> {
        // A poisoned lock can't guard a half-done change: variables are only added when the network is made.
        let data = self.variables.data().lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut all: Vec<(String, Var)> = data.iter().map(|(name, var)| (name.clone(), var.clone())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// Encodes blocks of n images, n × 8 × 8 × 48, to latent vectors, n·64 × D.
    ///
    /// # Errors
    /// Candle's errors; blocks of another shape.
    pub fn encode(&self, blocks: &Tensor) -> Result<Tensor> {
        let latents = self.encoder.iter().try_fold(blocks.clone(), |x, layer| layer.forward(&x))?;
        latents.reshape(((), self.dimension))
    }

    /// Decodes latent vectors, n·64 × D, to blocks of n images, n × 8 × 8 × 48.
    ///
    /// # Errors
    /// Candle's errors; vectors of another dimension, or not for a whole number of images.
    pub fn decode(&self, latents: &Tensor) -> Result<Tensor> {
        let grid = latents.reshape(((), GRID, GRID, self.dimension))?;
        self.decoder.iter().try_fold(grid, |x, layer| layer.forward(&x))
    }
}

impl NetworkSettings {
    /// The number of trained parameters.
    pub fn parameters(&self) -> usize {
        let conv = |inputs: usize, outputs: usize, kernel: usize| outputs * (inputs * kernel * kernel + 1);
        let hidden = (self.width / 2).max(1);
        let blocks = 2 * self.blocks * (conv(self.width, hidden, 3) + conv(hidden, self.width, 1));
        let ends = conv(BLOCK_VALUES, self.width, 3) + conv(self.width, self.dimension, 1);
        ends + conv(self.dimension, self.width, 3) + conv(self.width, BLOCK_VALUES, 3) + blocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_and_drawn_within_their_bounds() {
        let settings =
            NetworkSettings { width: 12, blocks: 2, dimension: 8, updates: 0, learning_rate: 1e-3, batch_size: 4 };
        let network = Autoencoder::new(&settings, "seed", DType::F32).unwrap();
        let count: usize = network.parameters().iter().map(|(_, var)| var.elem_count()).sum();
        assert_eq!(count, settings.parameters());
        for (name, var) in network.parameters() {
            let values = var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let fan_in = match name.as_str() {
                name if name.starts_with("encoder.in") => 9 * 48,
                name if name.starts_with("encoder.out") => 12,
                name if name.starts_with("decoder.in") => 9 * 8,
                name if name.contains("first") || name.starts_with("decoder.out") => 9 * 12,
                _ => 6,
            };
            let (bound, largest) = (1.0 / (fan_in as f32).sqrt(), values.iter().fold(0f32, |m, v| m.max(v.abs())));
            assert!(largest <= bound && largest > 0.5 * bound, "{name}: {largest} of {bound}");
        }
        let same = Autoencoder::new(&settings, "seed", DType::F32).unwrap();
        let x = Tensor::ones((3, GRID, GRID, BLOCK_VALUES), DType::F32, &Device::Cpu).unwrap();
        let (a, b) = (network.encode(&x).unwrap(), same.encode(&x).unwrap());
        assert_eq!(a.dims(), [3 * GRID * GRID, 8]);
        assert_eq!(a.to_vec2::<f32>().unwrap(), b.to_vec2::<f32>().unwrap());
        assert_eq!(network.decode(&a).unwrap().dims(), x.dims());
    }
}
