//! Convolutions as plain loops, in any precision. They are the reference for [`tiled`](super::tiled), and give double
//! precision to the gradient tests.

use candle_core::WithDType;

use super::maps::{Maps, relu};

/// Gradients of the input, the weights and the bias.
pub(super) struct Gradients<T> {
    /// None if it was not requested.
    pub input: Option<Vec<T>>,
    pub weights: Vec<T>,
    pub bias: Vec<T>,
}

impl Maps {
    /// Calls `visit(position in the coarse map, in the kernel, in the fine map)` for all combinations.
    fn visit(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let (kernel, stride, padding) = (self.geometry.kernel, self.geometry.stride, self.geometry.padding);
        let inside = |coarse: usize, tap: usize, side: usize| {
            (coarse * stride + tap).checked_sub(padding).filter(|fine| *fine < side)
        };
        for place in 0..self.images * self.places() {
            let (image, rest) = (place / self.places(), place % self.places());
            let (y, x) = (rest / self.coarse[1], rest % self.coarse[1]);
            for tap in 0..self.taps() {
                let (line, column) = (inside(y, tap / kernel, self.fine[0]), inside(x, tap % kernel, self.fine[1]));
                if let (Some(line), Some(column)) = (line, column) {
                    visit(place, tap, (image * self.fine[0] + line) * self.fine[1] + column);
                }
            }
        }
    }
}

/// Convolves a fine map with weights (kernel × kernel × fine channels × coarse channels) and bias.
pub(super) fn convolve<T: WithDType>(maps: &Maps, [input, weights, bias]: [&[T]; 3], activate: bool) -> Vec<T> {
    let [inputs, outputs] = maps.channels;
    let mut out: Vec<T> = bias.iter().copied().cycle().take(maps.images * maps.places() * outputs).collect();
    maps.visit(|place, tap, fine| {
        for i in 0..inputs {
            let value = input[fine * inputs + i];
            let value = if activate { relu(value) } else { value };
            let row = &weights[(tap * inputs + i) * outputs..][..outputs];
            out[place * outputs..].iter_mut().zip(row).for_each(|(o, w)| *o += value * *w);
        }
    });
    out
}

/// The gradients of [`convolve`]. The input's gradient is computed only on request.
pub(super) fn convolve_back<T: WithDType>(
    maps: &Maps,
    (input, weights, activate): (&[T], &[T], bool),
    gradient: &[T],
    with_input: bool,
) -> Gradients<T> {
    let [inputs, outputs] = maps.channels;
    let mut of_input = with_input.then(|| vec![T::zero(); input.len()]);
    let (mut of_weights, mut bias) = (vec![T::zero(); weights.len()], vec![T::zero(); outputs]);
    maps.visit(|place, tap, fine| {
        let gradient = &gradient[place * outputs..][..outputs];
        for i in 0..inputs {
            let value = input[fine * inputs + i];
            let row = (tap * inputs + i) * outputs;
            let x = if activate { relu(value) } else { value };
            of_weights[row..].iter_mut().zip(gradient).for_each(|(w, g)| *w += x * *g);
            if let Some(of_input) = of_input.as_mut().filter(|_| !(activate && value <= T::zero())) {
                weights[row..].iter().zip(gradient).for_each(|(w, g)| of_input[fine * inputs + i] += *w * *g);
            }
        }
    });
    for row in gradient.chunks_exact(outputs) {
        bias.iter_mut().zip(row).for_each(|(b, g)| *b += *g);
    }
    Gradients { input: of_input, weights: of_weights, bias }
}
