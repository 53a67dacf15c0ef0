//! A figure as SVG, PNG or PDF. SVG and PDF are drawn in tenths of a pixel, because plotters draws in whole units. PNG is
//! drawn at twice its final size and averaged down, because plotters does not smooth thick lines.

use std::path::{Path, PathBuf};

use plotters::prelude::*;

use super::FigureError;
use super::canvas::{Canvas, FontUse, register_fonts};
use super::chart::Figure;
use super::layout::draw_figure;
use super::pdf::Page;
use crate::picture::{Picture, encode};
use crate::results::write_atomic;

/// Units of SVG and PDF per pixel.
pub(super) const SVG_UNITS: u32 = 10;
/// PNG pixels per pixel of the figure: a width of 800 becomes 1600.
pub(super) const PNG_SCALE: u32 = 2;
/// Samples per PNG pixel along each axis.
const OVERSAMPLING: u32 = 2;

/// A file format of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    Png,
    Svg,
    Pdf,
}

impl Format {
    pub const ALL: [Format; 3] = [Format::Png, Format::Svg, Format::Pdf];

    pub fn extension(self) -> &'static str {
        match self {
            Format::Png => "png",
            Format::Svg => "svg",
            Format::Pdf => "pdf",
        }
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Format::ALL.into_iter().find(|f| f.extension() == text.trim().to_ascii_lowercase());
        known.ok_or_else(|| format!("{text:?} is not a figure format; allowed are png, svg and pdf"))
    }
}

/// # Errors
/// [`FigureError::Draw`] when plotters fails.
pub fn to_svg(figure: &Figure) -> Result<String, FigureError> {
    svg_by(figure.width, figure.height(), |canvas| draw_figure(figure, canvas))
}

/// An SVG of this size in pixels. Its view box is [`SVG_UNITS`] times as large.
pub(super) fn svg_by(
    width: u32,
    height: u32,
    draw: impl FnOnce(&Canvas<SVGBackend>) -> Result<(), FigureError>,
) -> Result<String, FigureError> {
    register_fonts()?;
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (width * SVG_UNITS, height * SVG_UNITS)).into_drawing_area();
        draw(&Canvas::new(&area, f64::from(SVG_UNITS), FontUse::SVG))?;
        area.present().map_err(FigureError::draw)?;
    }
    // The SVG is shown at its true size. The view box keeps the fine units.
    let fine = format!("<svg width=\"{}\" height=\"{}\"", width * SVG_UNITS, height * SVG_UNITS);
    Ok(text.replacen(&fine, &format!("<svg width=\"{width}\" height=\"{height}\""), 1))
}

/// # Errors
/// [`FigureError::Draw`] when the embedded font can't be read.
pub fn to_pdf(figure: &Figure) -> Result<Vec<u8>, FigureError> {
    register_fonts()?;
    let size = (figure.width * SVG_UNITS, figure.height() * SVG_UNITS);
    // CSS pixels are 1/96 inch, points 1/72.
    let mut page = Page::new(size, 0.75 / SVG_UNITS as f32)?;
    {
        let area = page.backend().into_drawing_area();
        draw_figure(figure, &Canvas::new(&area, f64::from(SVG_UNITS), FontUse::PDF))?;
        area.present().map_err(FigureError::draw)?;
    }
    page.finish()
}

/// # Errors
/// [`FigureError::Draw`] when plotters or the encoder fails.
pub fn to_png(figure: &Figure) -> Result<Vec<u8>, FigureError> {
    let (width, height) = (figure.width * PNG_SCALE, figure.height() * PNG_SCALE);
    let pixels = pixels_by(figure.width, figure.height(), |canvas| draw_figure(figure, canvas))?;
    Ok(encode(&Picture { width: width as usize, height: height as usize, pixels })?)
}

/// The RGB values of a bitmap that is [`PNG_SCALE`] times as large as the figure.
pub(super) fn pixels_by(
    width: u32,
    height: u32,
    draw: impl FnOnce(&Canvas<BitMapBackend>) -> Result<(), FigureError>,
) -> Result<Vec<u8>, FigureError> {
    register_fonts()?;
    let scale = PNG_SCALE * OVERSAMPLING;
    let (fine_width, fine_height) = (width * scale, height * scale);
    let mut fine = vec![255u8; 3 * fine_width as usize * fine_height as usize];
    {
        let area = BitMapBackend::with_buffer(&mut fine, (fine_width, fine_height)).into_drawing_area();
        draw(&Canvas::new(&area, f64::from(scale), FontUse::BITMAP))?;
        area.present().map_err(FigureError::draw)?;
    }
    Ok(averaged(&fine, fine_width as usize, fine_height as usize))
}

/// The mean over squares of [`OVERSAMPLING`]² RGB pixels.
fn averaged(fine: &[u8], width: usize, height: usize) -> Vec<u8> {
    let n = OVERSAMPLING as usize;
    let mut out = Vec::with_capacity(fine.len() / (n * n));
    for y in 0..height / n {
        for x in 0..width / n {
            for channel in 0..3 {
                let at = |i: usize, j: usize| usize::from(fine[3 * ((y * n + i) * width + x * n + j) + channel]);
                let sum: usize = (0..n * n).map(|k| at(k / n, k % n)).sum();
                out.push(((sum + n * n / 2) / (n * n)) as u8);
            }
        }
    }
    out
}

/// Writes the figure as `DIR/ID.FORMAT` for every format, atomically.
///
/// # Errors
/// [`FigureError`]
pub(super) fn write(
    figure: &Figure,
    svg: &str,
    dir: &Path,
    id: &str,
    formats: &[Format],
) -> Result<Vec<PathBuf>, FigureError> {
    let mut files = Vec::new();
    for format in formats {
        let path = dir.join(format!("{id}.{}", format.extension()));
        match format {
            Format::Png => write_atomic(&path, &to_png(figure)?)?,
            Format::Svg => write_atomic(&path, svg.as_bytes())?,
            Format::Pdf => write_atomic(&path, &to_pdf(figure)?)?,
        }
        files.push(path);
    }
    Ok(files)
}
