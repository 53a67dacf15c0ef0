//! Feature maps before and after a convolution, and zero-padded copies of them. Maps are channels-last (n × height × width ×
//! channels), so that what a line of the kernel covers is one run of memory.

use candle_core::WithDType;

use super::tile::LINE;

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
    /// Places of a kernel.
    pub fn taps(&self) -> usize {
        self.geometry.kernel * self.geometry.kernel
    }

    /// Numbers of an image of the fine and of the coarse map.
    pub fn sizes(&self) -> [usize; 2] {
        let size = |[height, width]: [usize; 2], channels: usize| height * width * channels;
        [size(self.fine, self.channels[0]), size(self.coarse, self.channels[1])]
    }

    /// Places of the coarse map.
    pub fn places(&self) -> usize {
        self.coarse[0] * self.coarse[1]
    }

    /// The padded fine map: a kernel over each of its places stands for one of the coarse map.
    pub fn padded_fine(&self) -> Plane {
        let Geometry { padding, .. } = self.geometry;
        Plane::new(self.fine.map(|side| side + 2 * padding), self.channels[0], 1, padding as isize)
    }

    /// The coarse map's gradient, its places `stride` apart: convolved by the turned kernel it is the fine map's.
    pub fn padded_coarse(&self) -> Plane {
        let Geometry { kernel, stride, padding } = self.geometry;
        let offset = kernel as isize - 1 - padding as isize;
        Plane::new(self.fine.map(|side| side + kernel - 1), self.channels[1], stride, offset)
    }
}

/// A map of one image with zeros around it and between its places.
pub(super) struct Plane {
    pub values: Vec<f32>,
    sides: [usize; 2],
    channels: usize,
    /// Floats from a place to the next: an odd number of cache lines, so that places spread over the whole cache.
    pitch: usize,
    /// The place (y, x) of the map is (y·step + offset, x·step + offset) here; what falls outside is left out.
    step: usize,
    offset: isize,
}

impl Plane {
    fn new(sides: [usize; 2], channels: usize, step: usize, offset: isize) -> Self {
        let pitch = (channels.div_ceil(LINE) | 1) * LINE;
        // Tiles of channels may read over the end of the last place.
        let values = vec![0.0; sides[0] * sides[1] * pitch + LINE];
        Self { values, sides, channels, pitch, step, offset }
    }

    /// Where the kernel's places begin, from where the kernel begins.
    pub fn taps(&self, kernel: usize) -> Vec<usize> {
        let line = move |y| (0..kernel).map(move |x| (y, x));
        (0..kernel).flat_map(line).map(|(y, x)| (y * self.sides[1] + x) * self.pitch).collect()
    }

    /// Where a kernel begins over each place of a map of these sides, `step` apart.
    pub fn starts(&self, [height, width]: [usize; 2], step: usize) -> Vec<usize> {
        let line = move |y| (0..width).map(move |x| (y, x));
        (0..height).flat_map(line).map(|(y, x)| (y * self.sides[1] + x) * step * self.pitch).collect()
    }

    /// Takes an image's map of these sides, through ReLU if asked for.
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

/// NaN stays NaN, so that a divergence shows.
#[inline(always)]
pub(super) fn relu<T: WithDType>(value: T) -> T {
    if value < T::zero() { T::zero() } else { value }
}
