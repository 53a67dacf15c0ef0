//! A figure as SVG, PNG or PDF. SVG is drawn in tenths of a pixel, because plotters draws in whole units. PNG is drawn
//! at twice its final size and averaged down, because plotters does not smooth thick lines. PDF is converted from the
//! SVG.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::codecs::png::PngEncoder;
use image::{ColorType, ImageEncoder};
use plotters::prelude::*;

use super::FigureError;
use super::canvas::{Canvas, FontUse, register_fonts};
use super::chart::Figure;
use super::layout::draw_figure;
use crate::results::write_atomic;

/// SVG units per pixel.
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
/// [`FigureError::Draw`] when the SVG can't be converted.
pub fn svg_to_pdf(svg: &str) -> Result<Vec<u8>, FigureError> {
    use svg2pdf::usvg;
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(notosans::REGULAR_TTF.to_vec());
    fonts.load_font_data(notosans::BOLD_TTF.to_vec());
    let options = usvg::Options { fontdb: Arc::new(fonts), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(FigureError::draw)?;
    // CSS pixels are 1/96 inch.
    let page = svg2pdf::PageOptions { dpi: 96.0 };
    let mut pdf = Vec::new();
    for _ in 0..MOST_CONVERSIONS {
        pdf = svg2pdf::to_pdf(&tree, svg2pdf::ConversionOptions::default(), page).map_err(FigureError::draw)?;
        if fonts_in_order(&pdf) {
            break;
        }
    }
    Ok(references_in_order(&pdf))
}

/// svg2pdf numbers the objects of the two fonts in the order of a hash table, which differs between conversions. Half
/// of the conversions have the wanted order.
const MOST_CONVERSIONS: usize = 60;

/// Whether the fonts are in the order of their names.
fn fonts_in_order(pdf: &[u8]) -> bool {
    let is_composite = |lines: &&[&[u8]]| lines[0].ends_with(b"/Subtype /Type0");
    let lines: Vec<&[u8]> = pdf.split(|byte| *byte == b'\n').collect();
    // `/BaseFont /QBVBQI+NotoSans`: the tag depends on the characters in the font.
    let name = |lines: &[&[u8]]| lines[1].split(|byte| *byte == b'+').nth(1).map(<[u8]>::to_vec);
    lines.windows(2).filter(is_composite).map(name).is_sorted()
}

/// Sorts the references of each dictionary in the PDF, such as `/xo5 19 0 R`, by name. svg2pdf writes them in the order
/// of a hash table, which differs between runs. The order in a dictionary has no meaning, and all other bytes keep
/// their positions.
fn references_in_order(pdf: &[u8]) -> Vec<u8> {
    let mut sorted: Vec<u8> = Vec::with_capacity(pdf.len());
    let mut run: Vec<&[u8]> = Vec::new();
    let mut in_stream = false;
    for line in pdf.split_inclusive(|byte| *byte == b'\n') {
        if !in_stream && is_reference(line) {
            run.push(line);
            continue;
        }
        run.sort_unstable();
        run.drain(..).for_each(|line| sorted.extend(line));
        sorted.extend(line);
        in_stream = if in_stream { !line.starts_with(b"endstream") } else { line == b"stream\n" };
    }
    run.into_iter().for_each(|line| sorted.extend(line));
    sorted
}

/// Whether a line of a PDF is an entry of a dictionary that refers to an object.
fn is_reference(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"/") && line.trim_ascii_end().ends_with(b" 0 R")
}

/// # Errors
/// [`FigureError::Draw`] when plotters or the encoder fails.
pub fn to_png(figure: &Figure) -> Result<Vec<u8>, FigureError> {
    let (width, height) = (figure.width * PNG_SCALE, figure.height() * PNG_SCALE);
    let pixels = pixels_by(figure.width, figure.height(), |canvas| draw_figure(figure, canvas))?;
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new(&mut bytes);
    encoder.write_image(&pixels, width, height, ColorType::Rgb8).map_err(FigureError::draw)?;
    Ok(bytes)
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
            Format::Pdf => write_atomic(&path, &svg_to_pdf(svg)?)?,
        }
        files.push(path);
    }
    Ok(files)
}
