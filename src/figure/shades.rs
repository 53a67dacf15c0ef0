//! Colors on light and on dark pages.

use super::chart::Color;

/// The least contrast of lines and labels with a page (WCAG 2.2, 1.4.3).
const CONTRAST: f64 = 4.5;
/// More contrast with a dark page turns every color white.
const MOST_CONTRAST: f64 = 12.0;
const WHITE: Color = Color(255, 255, 255);
/// The background of dark pages, as in the style sheet.
const DARK: Color = Color(0x16, 0x18, 0x1b);

/// The color on light and on dark pages, as an attribute. Ink is the page's.
pub(super) fn own_color(color: Color) -> String {
    if color == Color::BLACK {
        return " style=\"--c:var(--text);--d:var(--text)\"".into();
    }
    format!(" style=\"{}\"", shades(color))
}

/// The color on light and on dark pages, as the variables that the page's style sheet chooses from.
pub(crate) fn shades(color: Color) -> String {
    format!("--c:{};--d:{}", hex(color), hex(on_dark(color)))
}

fn hex(Color(red, green, blue): Color) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// The color on a dark page: of the same hue, with the contrast that it has on a white page. Dark colors become the
/// lightest ones, so that colors which differ in lightness still do. Tints, such as those of published curves, stay.
fn on_dark(color: Color) -> Color {
    if contrast(color, WHITE) < CONTRAST && contrast(color, DARK) >= CONTRAST {
        return color;
    }
    let [_, a, b] = oklab(color);
    let wanted = contrast(color, WHITE).clamp(CONTRAST, MOST_CONTRAST);
    let lightness = (0..=100).map(|percent| f64::from(percent) / 100.0);
    let mut candidates = lightness.map(|lightness| within_gamut([lightness, a, b]));
    candidates.find(|candidate| contrast(*candidate, DARK) >= wanted).unwrap_or(WHITE)
}

/// The contrast of two colors (WCAG 2.2).
fn contrast(one: Color, other: Color) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

/// Relative luminance (WCAG 2.2).
fn luminance(color: Color) -> f64 {
    let [red, green, blue] = linear(color);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// The linear channels of sRGB, from 0 to 1.
fn linear(Color(red, green, blue): Color) -> [f64; 3] {
    [red, green, blue].map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    })
}

/// Lightness and two opponent colors (Oklab, Ottosson 2020).
fn oklab(color: Color) -> [f64; 3] {
    const CONES: Matrix = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ];
    const LAB: Matrix = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ];
    product(&LAB, product(&CONES, linear(color)).map(f64::cbrt))
}

/// The linear channels of a color in Oklab. They may lie outside 0 to 1.
fn from_oklab(lab: [f64; 3]) -> [f64; 3] {
    const CONES: Matrix =
        [[1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728], [1.0, -0.0894841775, -1.2914855480]];
    const RGB: Matrix = [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ];
    product(&RGB, product(&CONES, lab).map(|root| root.powi(3)))
}

/// The color with the most of its chroma that sRGB has.
fn within_gamut([lightness, a, b]: [f64; 3]) -> Color {
    const STEPS: u32 = 50;
    let shares = (0..=STEPS).rev().map(|step| f64::from(step) / f64::from(STEPS));
    let mut found = shares.map(|share| from_oklab([lightness, share * a, share * b]));
    // Rounding leaves grays a little outside.
    let has = |linear: &[f64; 3]| linear.iter().all(|value| (-1e-3..=1.001).contains(value));
    let linear = found.find(has).unwrap_or([1.0; 3]);
    let [red, green, blue] = linear.map(|value| {
        let value = value.clamp(0.0, 1.0);
        let value = if value <= 0.0031308 { 12.92 * value } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
        (255.0 * value).round() as u8
    });
    Color(red, green, blue)
}

type Matrix = [[f64; 3]; 3];

fn product(matrix: &Matrix, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

#[cfg(test)]
mod vision;
