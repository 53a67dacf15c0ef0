//! Convolutions as matrix products: patches of a feature map become rows (im2col), rows become sums over patches (col2im),
//! and crate `gemm` multiplies. Feature maps are channels-last (n × height × width × channels), so a row of a patch is one
//! run of memory.

use candle_core::WithDType;

/// Rows of patches that are made at a time: with 64 channels and a 3 × 3 kernel they stay in the second cache.
const ROWS: usize = 256;

/// How the map before a convolution (fine) and the one after it (coarse) belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
}

impl Geometry {
    /// Side of the coarse map over a fine one; None where the kernel does not fit.
    pub fn coarse(&self, fine: usize) -> Option<usize> {
        (fine + 2 * self.padding).checked_sub(self.kernel).map(|rest| rest / self.stride + 1)
    }
}

/// Two maps and the geometry between them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Maps {
    pub geometry: Geometry,
    pub images: usize,
    /// Height and width of the fine and the coarse map.
    pub fine: [usize; 2],
    pub coarse: [usize; 2],
    /// Channels of the fine and the coarse map.
    pub channels: [usize; 2],
}

impl Maps {
    /// Coordinates of a patch.
    pub fn patch(&self) -> usize {
        self.geometry.kernel * self.geometry.kernel * self.channels[0]
    }

    fn fine_size(&self) -> usize {
        self.fine[0] * self.fine[1] * self.channels[0]
    }

    /// Patches of an image, one a place of the coarse map.
    fn places(&self) -> usize {
        self.coarse[0] * self.coarse[1]
    }

    /// The images in groups whose patches are some [`ROWS`] rows: (first image, images).
    fn groups(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (step, images) = ((ROWS / self.places().max(1)).max(1), self.images);
        (0..images).step_by(step).map(move |first| (first, step.min(images - first)))
    }

    /// Calls `visit(patch row, offset in the patch, offset in the fine map, length)` for every run of values that a patch
    /// of the images has inside the map.
    #[inline(always)]
    fn runs(&self, images: usize, mut visit: impl FnMut(usize, usize, usize)) {
        let Geometry { kernel, stride, padding } = self.geometry;
        let ([height, width], channels) = (self.fine, self.channels[0]);
        let patch = self.patch();
        let mut row = 0;
        for image in 0..images {
            for y in 0..self.coarse[0] {
                for x in 0..self.coarse[1] {
                    // Places of the kernel that lie inside the map.
                    let from = padding.saturating_sub(x * stride);
                    let to = kernel.min((width + padding).saturating_sub(x * stride));
                    for ky in 0..kernel {
                        let line = (y * stride + ky).wrapping_sub(padding);
                        if line >= height || from >= to {
                            continue;
                        }
                        let column = x * stride + from - padding;
                        let at = image * self.fine_size() + (line * width + column) * channels;
                        visit(row + (ky * kernel + from) * channels, at, (to - from) * channels);
                    }
                    row += patch;
                }
            }
        }
    }

    /// The patches of these images of a fine map as rows, `activate`d by ReLU on the way.
    fn gather<T: WithDType>(&self, map: &[T], images: usize, activate: bool, rows: &mut [T]) {
        if self.geometry.padding > 0 {
            rows.fill(T::zero());
        }
        self.runs(images, |to, from, length| {
            let (target, source) = (&mut rows[to..to + length], &map[from..from + length]);
            if activate {
                target.iter_mut().zip(source).for_each(|(t, s)| *t = relu(*s));
            } else {
                target.copy_from_slice(source);
            }
        });
    }

    /// Adds rows to the patches that they stand for.
    fn scatter<T: WithDType>(&self, rows: &[T], images: usize, map: &mut [T]) {
        self.runs(images, |from, to, length| {
            let (target, source) = (&mut map[to..to + length], &rows[from..from + length]);
            target.iter_mut().zip(source).for_each(|(t, s)| *t += *s);
        });
    }
}

/// NaN stays NaN, so that a divergence shows.
#[inline(always)]
fn relu<T: WithDType>(value: T) -> T {
    if value < T::zero() { T::zero() } else { value }
}

/// A matrix inside a slice; a transposed one has its strides exchanged.
#[derive(Clone, Copy)]
struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    fn new(data: &'a [T], columns: usize) -> Self {
        Self { data, rows: data.len() / columns.max(1), columns, row_stride: columns, column_stride: 1 }
    }

    fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    fn last(&self) -> usize {
        (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride
    }
}

/// out = a·b, or out += a·b; `out` is row-major and has exactly the product's size.
fn multiply<T: WithDType>(a: Matrix<T>, b: Matrix<T>, out: &mut [T], add: bool) {
    if a.rows == 0 || a.columns == 0 || b.columns == 0 {
        return;
    }
    assert!(a.columns == b.rows && out.len() == a.rows * b.columns);
    assert!(a.last() < a.data.len() && b.last() < b.data.len());
    // SAFETY: the asserts show that every element that gemm touches lies inside its slice (the last one of each matrix
    // does, and strides are not negative); `out` is borrowed mutably, so it overlaps neither input. T is f32 or f64
    // (candle's other types are refused before, see `conv`), for which gemm has kernels.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            b.columns as isize,
            add,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            T::one(),
            T::one(),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Gradients of the input, the weights and the bias.
pub(super) struct Gradients<T> {
    /// None where it was not asked for.
    pub input: Option<Vec<T>>,
    pub weights: Vec<T>,
    pub bias: Vec<T>,
}

fn bias_gradient<T: WithDType>(gradient: &[T], channels: usize) -> Vec<T> {
    let mut bias = vec![T::zero(); channels];
    for row in gradient.chunks_exact(channels) {
        bias.iter_mut().zip(row).for_each(|(b, g)| *b += *g);
    }
    bias
}

fn repeated<T: WithDType>(bias: &[T], times: usize) -> Vec<T> {
    bias.iter().copied().cycle().take(bias.len() * times).collect()
}

/// Clears the gradient where ReLU was at rest.
fn mask<T: WithDType>(gradient: &mut [T], input: &[T]) {
    gradient.iter_mut().zip(input).filter(|(_, x)| **x <= T::zero()).for_each(|(g, _)| *g = T::zero());
}

/// The convolution of a fine map by weights (kernel × kernel × fine channels × coarse channels) and bias.
pub(super) fn convolve<T: WithDType>(maps: &Maps, [input, weights, bias]: [&[T]; 3], activate: bool) -> Vec<T> {
    let (patch, channels) = (maps.patch(), maps.channels[1]);
    let mut out = repeated(bias, maps.images * maps.places());
    let mut rows = Vec::new();
    for (first, images) in maps.groups() {
        rows.resize(images * maps.places() * patch, T::zero());
        maps.gather(&input[first * maps.fine_size()..], images, activate, &mut rows);
        let out = &mut out[first * maps.places() * channels..][..images * maps.places() * channels];
        multiply(Matrix::new(&rows, patch), Matrix::new(weights, channels), out, true);
    }
    out
}

/// What [`convolve`] passes back; the input's gradient only if asked for.
pub(super) fn convolve_back<T: WithDType>(
    maps: &Maps,
    (input, weights, activate): (&[T], &[T], bool),
    gradient: &[T],
    with_input: bool,
) -> Gradients<T> {
    let (patch, channels) = (maps.patch(), maps.channels[1]);
    let mut of_input = with_input.then(|| vec![T::zero(); input.len()]);
    let mut of_weights = vec![T::zero(); weights.len()];
    let mut rows = Vec::new();
    for (first, images) in maps.groups() {
        rows.resize(images * maps.places() * patch, T::zero());
        let gradient = &gradient[first * maps.places() * channels..][..images * maps.places() * channels];
        maps.gather(&input[first * maps.fine_size()..], images, activate, &mut rows);
        multiply(Matrix::new(&rows, patch).transposed(), Matrix::new(gradient, channels), &mut of_weights, true);
        if let Some(of_input) = &mut of_input {
            multiply(Matrix::new(gradient, channels), Matrix::new(weights, channels).transposed(), &mut rows, false);
            maps.scatter(&rows, images, &mut of_input[first * maps.fine_size()..]);
        }
    }
    if let Some(of_input) = of_input.as_mut().filter(|_| activate) {
        mask(of_input, input);
    }
    Gradients { input: of_input, weights: of_weights, bias: bias_gradient(gradient, channels) }
}
