//! Grids of small pictures: the originals, and below them the reconstructions by method and bitrate.

mod layout;

use std::collections::BTreeMap;
use std::path::Path;

use layout::Layout;

use super::canvas::register_fonts;
use super::chart::Color;
use super::page::escape;
use super::{Drawn, FigureError, Format};
use crate::picture::Picture;
use crate::results::write_atomic;

/// The reconstructions of one method at one bitrate.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureRow {
    /// `RVQ 12 bits`.
    pub label: String,
    /// Below the label: `23.4 dB · SSIM .81`; see [`PictureRow::quality`].
    pub detail: String,
    pub color: Color,
    /// Square pictures side by side, in the order of the originals. Without a valid strip, the row shows a remark.
    pub strip: Option<Picture>,
}

impl PictureRow {
    /// `23.4 dB · SSIM .81`: Peak SNR and SSIM, as far as they are known.
    pub fn quality(psnr: Option<f64>, ssim: Option<f64>) -> String {
        let psnr = psnr.map(|value| format!("{value:.1} dB"));
        let ssim = ssim.map(|value| {
            let text = format!("{value:.2}");
            format!("SSIM {}", text.strip_prefix('0').unwrap_or(&text))
        });
        psnr.into_iter().chain(ssim).collect::<Vec<_>>().join(" · ")
    }
}

/// Rows below one heading.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureGroup {
    pub heading: String,
    pub rows: Vec<PictureRow>,
}

/// A figure of pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureFigure {
    /// The stem of the files.
    pub id: String,
    pub title: String,
    /// Names the data; broken into lines.
    pub subtitle: String,
    /// As in [`Drawn`].
    pub caption: String,
    /// A strip as in [`PictureRow`].
    pub originals: Option<Picture>,
    pub groups: Vec<PictureGroup>,
}

/// Groups rows by bits, fewest first. Rows keep their order within a group. The methods, whose pictures differ less
/// than the bitrates' pictures, are thus below each other.
pub fn by_bits(rows: impl IntoIterator<Item = (u32, PictureRow)>) -> Vec<PictureGroup> {
    let mut groups = BTreeMap::<u32, Vec<PictureRow>>::new();
    for (bits, row) in rows {
        groups.entry(bits).or_default().push(row);
    }
    groups.into_iter().map(|(bits, rows)| PictureGroup { heading: format!("{bits} bits"), rows }).collect()
}

/// Writes the figure as `OUT_DIR/ID.png` and `.svg`, if they are among the formats. There is no PDF.
///
/// # Errors
/// [`FigureError`]
pub fn draw_pictures(figure: &PictureFigure, out_dir: &Path, formats: &[Format]) -> Result<Drawn, FigureError> {
    register_fonts()?;
    let layout = Layout::new(figure);
    let svg = layout.svg()?;
    let mut files = Vec::new();
    for format in formats {
        let bytes = match format {
            Format::Png => layout.png()?,
            Format::Svg => svg.clone().into_bytes(),
            Format::Pdf => continue,
        };
        let path = out_dir.join(format!("{}.{}", figure.id, format.extension()));
        write_atomic(&path, &bytes)?;
        files.push(path);
    }
    let label = format!("<svg class=\"pictures\" role=\"img\" aria-label=\"{}\" ", escape(&figure.title));
    let page = svg.replacen("<svg ", &label, 1);
    let (id, title, caption) = (figure.id.clone(), figure.title.clone(), figure.caption.clone());
    Ok(Drawn { id, title, caption, svg, page, files })
}

#[cfg(test)]
mod tests {
    use super::layout::{COLUMNS, MAGNIFIED};
    use super::*;
    use crate::figure::canvas::text_width;
    use crate::figure::output::PNG_SCALE;
    use crate::picture::CHANNELS;

    /// Pictures of waves. A larger step gives fewer levels.
    fn waves(pictures: usize, step: u32) -> Picture {
        let side = 32;
        let value = |i: usize| {
            let (picture, y, x, c) = (i / 3072, i / 96 % 32, i / 3 % 32, i % 3);
            let wave = (x as f64 / (3.0 + picture as f64) + c as f64).sin() * (y as f64 / (5.0 + c as f64)).cos();
            ((((wave + 1.0) * 127.0) as u32 + step / 2) / step * step).min(255) as u8
        };
        let images: Vec<u8> = (0..pictures * side * side * CHANNELS).map(value).collect();
        Picture::side_by_side(&images, side).unwrap()
    }

    fn example() -> PictureFigure {
        let row = |bits: u32, name: &str, color: Color, step: u32| {
            let strip = (step < 80).then(|| waves(16, step));
            let detail = PictureRow::quality(Some(40.0 - f64::from(step) / 3.0), Some(1.0 - f64::from(step) / 200.0));
            (bits, PictureRow { label: format!("{name} {bits} bits"), detail, color, strip })
        };
        let methods = [
            ("AVQ", Color(0xd9, 0x5f, 0x02), 0),
            ("RVQ", Color(0x75, 0x70, 0xb3), 8),
            ("PVQ", Color(0x1b, 0x7a, 0x5a), 16),
        ];
        let rows =
            [40, 12, 20].into_iter().flat_map(|bits| methods.map(|(n, c, more)| row(bits, n, c, 90 - 2 * bits + more)));
        PictureFigure {
            id: "pictures".into(),
            title: "Reconstructed images".into(),
            subtitle: "Made-up waves of 32 × 32 pixels, rounded to steps that get finer with the bits of a code, as an example of a \
                       long subtitle that takes more than a single line of the figure"
                .into(),
            caption: "Originals and reconstructions.".into(),
            originals: Some(waves(16, 1)),
            groups: by_bits(rows),
        }
    }

    #[test]
    fn groups_go_by_bits_and_keep_the_order_of_the_methods() {
        let groups = example().groups;
        assert_eq!(groups.iter().map(|g| g.heading.as_str()).collect::<Vec<_>>(), ["12 bits", "20 bits", "40 bits"]);
        let labels: Vec<_> = groups[0].rows.iter().map(|r| r.label.as_str()).collect();
        assert_eq!(labels, ["AVQ 12 bits", "RVQ 12 bits", "PVQ 12 bits"]);
    }

    #[test]
    fn quality_is_said_as_far_as_it_is_known() {
        assert_eq!(PictureRow::quality(Some(23.44), Some(0.814)), "23.4 dB · SSIM .81");
        assert_eq!(PictureRow::quality(None, Some(1.0)), "SSIM 1.00");
        assert_eq!(PictureRow::quality(Some(9.0), None), "9.0 dB");
    }

    #[test]
    fn pictures_are_magnified_without_smoothing_and_missing_ones_said() {
        let folder = tempfile::tempdir().unwrap();
        let figure = example();
        let drawn = draw_pictures(&figure, folder.path(), &Format::ALL).unwrap();
        assert_eq!(drawn.files.iter().filter_map(|f| f.extension()).collect::<Vec<_>>(), ["png", "svg"]);
        // PVQ at 12 bits has no picture.
        assert_eq!(drawn.svg.matches("no picture").count(), 1);
        assert_eq!(drawn.svg.matches("<image ").count(), 9 * COLUMNS);
        let png = crate::picture::read(&drawn.files[0]).unwrap();
        let layout = Layout::new(&figure);
        let times = MAGNIFIED * PNG_SCALE as usize;
        for ((left, top), picture) in &layout.pictures {
            for (x, y) in [(0, 0), (31, 0), (7, 19), (31, 31)] {
                for (i, j) in [(0, 0), (times - 1, times - 1)] {
                    let (px, py) = (2 * left + times * x + i, 2 * top + times * y + j);
                    let at = |p: &Picture, x: usize, y: usize| p.pixels[3 * (y * p.width + x)..][..3].to_vec();
                    assert_eq!(at(&png, px, py), at(picture, x, y));
                }
            }
        }
    }

    #[test]
    fn texts_keep_clear_of_pictures_and_stay_inside() {
        let mut figure = example();
        figure.groups[0].rows[0].label = "AVQ with a label that is longer than others".into();
        figure.groups[0].rows[1].strip = Some(Picture { width: 40, height: 32, pixels: vec![0; 9] });
        figure.originals = None;
        let layout = Layout::new(&figure);
        for (text, (x, y), style) in &layout.texts {
            let right = x + text_width(text, style.em, style.bold);
            assert!(right <= f64::from(layout.width) && y + 4.0 < f64::from(layout.height), "{text}");
            let crossing = |(left, top): (usize, usize), p: &Picture| {
                right > left as f64 && *y > top as f64 && y - style.em < (top + MAGNIFIED * p.height) as f64
            };
            assert!(!layout.pictures.iter().any(|(at, picture)| crossing(*at, picture)), "{text}");
        }
        assert_eq!(layout.texts.iter().filter(|t| t.0 == "no picture").count(), 3);
    }
}
