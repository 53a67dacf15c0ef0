//! Feature maps before and after a convolution, and zero-padded copies of them. Maps are channels-last (n × height ×
//! width × channels), so a line of the kernel covers one contiguous run of memory.

use candle_core::WithDType;

use super::tile::LINE;

/// The relation between the map before a convolution (fine) and the map after it (coarse).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
}

impl Geometry {
    /// Side of the coarse map for a fine map. None if the kernel does not fit.
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
    /// Positions in a kernel.
    pub fn taps(&self) -> usize {
        self.geometry.kernel * self.geometry.kernel
    }

    /// Numbers per image in the fine and in the coarse map.
    pub fn sizes(&self) -> [usize; 2] {
        let size = |[height, width]: [usize; 2], channels: usize| height * width * channels;
        [size(self.fine, self.channels[0]), size(self.coarse, self.channels[1])]
    }

    /// Positions in the coarse map.
    pub fn places(&self) -> usize {
        self.coarse[0] * self.coarse[1]
    }

    /// The padded fine map. A kernel at each of its positions gives one position of the coarse map.
    pub fn padded_fine(&self) -> Plane {
        let Geometry { padding, .. } = self.geometry;
        Plane::new(self.fine.map(|side| side + 2 * padding), self.channels[0], 1, padding as isize)
    }

    /// The coarse map's gradient, with its positions `stride` apart. Its convolution with the flipped kernel is the
    /// fine map's gradient.
    pub fn padded_coarse(&self) -> Plane {
        let Geometry { kernel, stride, padding } = self.geometry;
        let offset = kernel as isize - 1 - padding as isize;
        Plane::new(self.fine.map(|side| side + kernel - 1), self.channels[1], stride, offset)
    }
}

/// A map of one image, with zeros around it and between its positions.
pub(super) struct Plane {
    pub values: Vec<f32>,
    sides: [usize; 2],
    channels: usize,
    /// Floats from one position to the next: an odd number of cache lines, so that positions spread over the whole
    /// cache.
    pitch: usize,
    /// Position (y, x) of the map is at (y·step + offset, x·step + offset) in the plane. Positions outside are left
    /// out.
    step: usize,
    offset: isize,
}

impl Plane {
    fn new(sides: [usize; 2], channels: usize, step: usize, offset: isize) -> Self {
        let pitch = (channels.div_ceil(LINE) | 1) * LINE;
        // Tiles of channels may read past the end of the last position.
        let values = vec![0.0; sides[0] * sides[1] * pitch + LINE];
        Self { values, sides, channels, pitch, step, offset }
    }

    /// Offsets of the kernel's positions from the start of the kernel.
    pub fn taps(&self, kernel: usize) -> Vec<usize> {
        let line = move |y| (0..kernel).map(move |x| (y, x));
        (0..kernel).flat_map(line).map(|(y, x)| (y * self.sides[1] + x) * self.pitch).collect()
    }

    /// Starts of the kernels for all positions of a map with these sides, `step` apart.
    pub fn starts(&self, [height, width]: [usize; 2], step: usize) -> Vec<usize> {
        let line = move |y| (0..width).map(move |x| (y, x));
        (0..height).flat_map(line).map(|(y, x)| (y * self.sides[1] + x) * step * self.pitch).collect()
    }

    /// Copies an image's map with these sides, optionally through ReLU.
    pub fn fill(&mut self, map: &[f32], [height, width]: [usize; 2], activate: bool) {
        let at = |i: usize, side: usize| {
            (i * self.step)
                .checked_add_signed(self.offset)
                .filter(|place| *place < side)
                .map(|place| place * self.pitch)
        };
        for y in 0..height {
            let Some(line) = at(y, self.sides[0]) else { continue };
            for x in 0..width {
                let Some(column) = at(x, self.sides[1]) else { continue };
                let target = &mut self.values[line * self.sides[1] + column..][..self.channels];
                let source = &map[(y * width + x) * self.channels..][..self.channels];
                if activate {
                    target.iter_mut().zip(source).for_each(|(t, s)| *t = relu(*s));
                } else {
                    target.copy_from_slice(source);
                }
            }
        }
    }
}

/// ReLU. NaN stays NaN, so that a divergence is visible.
#[inline(always)]
pub(super) fn relu<T: WithDType>(value: T) -> T {
    if value < T::zero() { T::zero() } else { value }
}
