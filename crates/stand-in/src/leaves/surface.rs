//! The surfaces of leaves.

use super::{Plane, Strip};

/// The surface of a leaf: a gray, a gradient across it, and a texture.
pub struct Surface {
    pub gray: f32,
    /// Change of gray over a half axis.
    pub shading: [f32; 2],
    /// Amplitude of the noise.
    pub noise: f32,
    /// The position of the leaf in the noise tile, and the steps in the tile per pixel.
    pub offset: [f32; 2],
    pub spread: f32,
    /// Amplitude, waves per half axis and phase of the stripes.
    pub stripes: f32,
    pub waves: f32,
    pub phase: f32,
}

impl Surface {
    /// Paints the pixels of a strip, with texture from a periodic tile of noise.
    pub fn paint(&self, out: &mut [f32], strip: &Strip, noise: &Plane) {
        let (x, y, [u, v], [du, dv]) = (strip.columns.start, strip.row, strip.start, strip.step);
        let start = self.gray + self.shading[0] * u + self.shading[1] * v;
        let slope = self.shading[0] * du + self.shading[1] * dv;
        for (i, out) in out.iter_mut().enumerate() {
            *out = start + slope * i as f32;
        }
        if self.noise > 0.0 {
            let row = noise.row((self.offset[1] + self.spread * y as f32) as usize % noise.side);
            // In 1/65536 of a pixel.
            let fixed = |v: f32| (v * 65536.0) as i64 as usize;
            let (mut place, step) = (fixed(self.offset[0] + self.spread * x as f32), fixed(self.spread));
            for out in out.iter_mut() {
                *out += self.noise * row[(place >> 16) % noise.side];
                place += step;
            }
        }
        if self.stripes > 0.0 {
            for (i, out) in out.iter_mut().enumerate() {
                // Positive, so that the conversion is the floor; a leaf has no more than 1000 waves.
                let wave = self.waves * (u + du * i as f32) + self.phase + 1000.0;
                *out += self.stripes * (4.0 * (wave - wave as i32 as f32 - 0.5).abs() - 1.0);
            }
        }
    }
}
