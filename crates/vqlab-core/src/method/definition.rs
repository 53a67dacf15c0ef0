//! What makes a method.

use rand_chacha::ChaCha8Rng;

use crate::baseline::{Error, ITERATIONS, Progress, Settings, Watch, memory};
use crate::complexity::{ComplexityError, Operations, Shape};
use crate::data::stream::stream;
use crate::quantizer::{Assign, Codebooks, Conditioned, MOST_STAGES, Search};

use super::Method;

/// A method, built in or registered. [`Definition::new`] has the defaults.
#[derive(Clone, Copy)]
pub struct Definition {
    /// The name in Results files and figures, such as `VQ`. Specs and commands use it in lower case. Allowed are
    /// letters, digits and hyphens.
    pub label: &'static str,
    /// Its kind of vector quantization, for readers who do not know the label: `residual`.
    pub kind: Option<&'static str>,
    /// One sentence for reports on experiments with this method; None for the paper's methods, which every report
    /// explains.
    pub about: Option<&'static str>,
    /// Whether codewords are parts of the vector that are concatenated (K × D/M a stage) instead of added.
    pub is_product: bool,
    /// Whether the codewords of all stages are chosen together, so that the search needs the products of all pairs of
    /// codewords.
    pub is_joint: bool,
    /// Whether the vector of a code is the sum of its codewords, or their concatenation. Trainings then center and scale
    /// vectors that are far from the origin, and the codebooks are for the original vectors.
    pub is_linear: bool,
    /// Whether a rotation ([`Codebooks::rotation`]) belongs to the codebooks.
    pub has_rotation: bool,
    /// The maximum number of codebooks; 1 for a plain VQ.
    pub most_stages: usize,
    /// The default beam width of the encoder; None = it has no beam.
    pub beam: Option<usize>,
    /// How codewords are chosen.
    pub assign: fn(&Encoder) -> Box<dyn Assign>,
    /// Whether NSVQ can train it: its gradient assumes that codewords are added or concatenated.
    pub has_nsvq: bool,
    /// The method's own trainer, for `baselines` in a spec and `--trainer kmeans`. None = the method is trained by NSVQ
    /// alone.
    pub train: Option<Train>,
    /// The default number of iterations of this trainer.
    pub iterations: usize,
    /// The results of this trainer in figures, where NSVQ trains the method, too; None = as those of NSVQ.
    pub kmeans: Option<Kmeans>,
    /// Approximate bytes that the trainer takes in addition to its vectors, for a number of vectors of a dimension.
    pub memory: fn(&Settings, count: usize, dimension: usize) -> u64,
    /// The operations of encoding one vector. The beam width is given if and only if the method has a beam.
    pub operations: fn(&Shape) -> Result<Operations, ComplexityError>,
    pub cost: Cost,
    pub style: Style,
}

impl Definition {
    /// A method whose codewords are added and chosen one after the other, trained by NSVQ alone.
    pub const fn new(
        label: &'static str,
        assign: fn(&Encoder) -> Box<dyn Assign>,
        operations: fn(&Shape) -> Result<Operations, ComplexityError>,
    ) -> Self {
        Self {
            label,
            kind: None,
            about: None,
            is_product: false,
            is_joint: false,
            is_linear: true,
            has_rotation: false,
            most_stages: MOST_STAGES,
            beam: None,
            assign,
            has_nsvq: true,
            train: None,
            iterations: ITERATIONS,
            kmeans: None,
            memory: memory::stagewise,
            operations,
            cost: Cost { encode_in_training: None, fit: |size| 4.0 + (size as f64).sqrt() },
            style: Style { color: [0x00, 0x7a, 0x87], line: LineStyle::Dashed, marker: Marker::Cross },
        }
    }
}

/// What the encoder of a method is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoder {
    /// Search and beam width, for methods with a beam. None = the default.
    pub beam: Option<(Search, usize)>,
    /// For codebooks that change after every batch of this size: preparations that pay off only over many vectors are
    /// then omitted. A training centers its vectors, so that the encoder need not. None = codebooks that stay.
    pub batch: Option<usize>,
}

impl Encoder {
    /// The search as it is for codebooks that change, and for codebooks of any offset and scale for those that stay.
    pub fn conditioned(&self, search: Box<dyn Assign>) -> Box<dyn Assign> {
        if self.batch.is_some() { search } else { Box::new(Conditioned::new(search)) }
    }
}

/// Trains codebooks. The trainer calls [`Progress::done`] several times a second and returns its error. The validation
/// vectors of `watch` may be ignored.
///
/// # Errors
/// [`TrainRequest::error`] for a reason of the method's own.
pub type Train = fn(request: &TrainRequest, progress: &mut Progress, watch: &mut Watch) -> Result<Codebooks, Error>;

/// What a trainer is given.
#[derive(Clone, Copy, Debug)]
pub struct TrainRequest<'a> {
    /// The method, for [`Codebooks::new`].
    pub method: Method,
    /// n × D, finite, at least one; near the origin.
    pub vectors: &'a [f32],
    /// D.
    pub dimension: usize,
    /// M.
    pub stages: usize,
    /// K.
    pub size: usize,
    pub iterations: usize,
    /// For methods with a beam.
    pub beam_width: usize,
    /// Names the random stream ([`crate::data::stream`](mod@crate::data::stream)): equal requests give equal codebooks.
    pub name: &'a str,
}

impl TrainRequest<'_> {
    /// The random stream of this training.
    pub fn stream(&self) -> ChaCha8Rng {
        stream(&format!("{}/baseline", self.name))
    }

    /// Codebooks of the requested shape, full of zeros.
    ///
    /// # Errors
    /// As [`Codebooks::zeros`].
    pub fn zeros(&self) -> Result<Codebooks, Error> {
        Ok(Codebooks::zeros(self.method, self.dimension, self.stages, self.size)?)
    }

    /// The error of a trainer; the text is shown to the user.
    pub fn error(&self, reason: impl ToString) -> Error {
        Error::Method { label: self.method.label(), reason: reason.to_string() }
    }
}

/// What is known of a method's time, for the order of cells and the time left. It changes no result.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Seconds to encode one vector in an iteration of the method's own trainer; None = as elsewhere.
    pub encode_in_training: Option<f64>,
    /// The relative time of a fit with codebooks of this size (in seconds of a complete fit on 45,000 vectors of
    /// SIFT with 64 bits).
    pub fit: fn(size: usize) -> f64,
}

/// How the results of the method's own trainer look beside those of NSVQ.
#[derive(Clone, Copy, Debug)]
pub struct Kmeans {
    /// `AVQ (k-means)`.
    pub label: &'static str,
    /// Red, green, blue.
    pub color: [u8; 3],
}

/// The style of a method's curves.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Red, green, blue.
    pub color: [u8; 3],
    pub line: LineStyle,
    pub marker: Marker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineStyle {
    Solid,
    Dashed,
    Dotted,
    DashDot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    Circle,
    Square,
    Triangle,
    Cross,
}
