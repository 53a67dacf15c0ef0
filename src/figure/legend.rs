//! The legend: inside the plot in the first free corner, otherwise in rows below the chart.

use plotters::prelude::DrawingBackend;

use super::FigureError;
use super::canvas::{Canvas, TextStyle, text_width};
use super::chart::{Chart, Color, LegendEntry, LegendKey, LegendPlace, LineStyle};
use super::layout::{Frame, Ink, Rect, TICK_EM};

/// Width of a key with its gap to the text.
const LINE_KEY: f64 = 40.0;
const POINT_KEY: f64 = 20.0;
const ROW: f64 = 19.0;
const PAD: f64 = 8.0;

pub(super) enum Legend {
    Hidden,
    Inside {
        entries: Vec<LegendEntry>,
        rect: Rect,
    },
    /// Rows of entries and their height.
    Below {
        rows: Vec<Vec<LegendEntry>>,
        height: f64,
    },
}

fn key_width(entry: &LegendEntry) -> f64 {
    match entry.key {
        LegendKey::Line(None, ..) | LegendKey::Interval => POINT_KEY,
        _ => LINE_KEY,
    }
}

/// The width of an entry, with a reserve: a browser without Noto Sans shows the SVG in a wider font.
fn entry_width(entry: &LegendEntry) -> f64 {
    key_width(entry) + 1.1 * text_width(&entry.label, TICK_EM, false)
}

impl Legend {
    pub fn place(chart: &Chart, frame: &Frame, ink: &Ink) -> Legend {
        let entries = chart.legend_entries();
        match chart.legend {
            LegendPlace::Hidden => Legend::Hidden,
            _ if entries.is_empty() => Legend::Hidden,
            LegendPlace::Below => Self::below(entries, frame),
            LegendPlace::Auto => match free_corner(&entries, frame, ink) {
                Some(rect) => Legend::Inside { entries, rect },
                None => Self::below(entries, frame),
            },
        }
    }

    fn below(entries: Vec<LegendEntry>, frame: &Frame) -> Legend {
        let mut rows: Vec<Vec<LegendEntry>> = Vec::new();
        let mut free = 0.0;
        for entry in entries {
            let width = entry_width(&entry) + 2.0 * PAD;
            match rows.last_mut() {
                Some(row) if width <= free => row.push(entry),
                _ => {
                    rows.push(vec![entry]);
                    free = frame.plot.width() + 60.0;
                }
            }
            free -= width;
        }
        let height = ROW * rows.len() as f64 + 6.0;
        Legend::Below { rows, height }
    }
}

fn free_corner(entries: &[LegendEntry], frame: &Frame, ink: &Ink) -> Option<Rect> {
    let width = entries.iter().map(entry_width).fold(0.0, f64::max) + 2.0 * PAD;
    let height = ROW * entries.len() as f64 + PAD;
    let p = frame.plot;
    let (left, right) = (p.left + PAD, p.right - PAD - width);
    let (top, bottom) = (p.top + PAD, p.bottom - PAD - height);
    let corners = [(right, top), (left, bottom), (left, top), (right, bottom), ((left + right) / 2.0, top)];
    let rects = corners.map(|(x, y)| Rect { left: x, top: y, right: x + width, bottom: y + height });
    rects.into_iter().find(|r| r.left >= p.left && r.bottom <= p.bottom && ink.under(*r, 5.0) == 0)
}

pub(super) fn draw<B: DrawingBackend>(
    legend: &Legend,
    frame: &Frame,
    outer: Rect,
    ink: &mut Ink,
    canvas: &Canvas<B>,
) -> Result<(), FigureError> {
    match legend {
        Legend::Hidden => Ok(()),
        Legend::Inside { entries, rect } => {
            canvas.rectangle((rect.left, rect.top), (rect.right, rect.bottom), Color(255, 255, 255), 0.85)?;
            let outline =
                [(rect.left, rect.top), (rect.right, rect.top), (rect.right, rect.bottom), (rect.left, rect.bottom)];
            for i in 0..4 {
                canvas.line(&[outline[i], outline[(i + 1) % 4]], Color::GRAY.tint(0.4), 0.8, LineStyle::Solid)?;
            }
            ink.add_box(*rect);
            entries.iter().enumerate().try_for_each(|(i, entry)| {
                draw_entry(entry, (rect.left + PAD, rect.top + ROW * (i as f64 + 0.5) + PAD / 2.0), canvas)
            })
        }
        Legend::Below { rows, height } => rows.iter().enumerate().try_for_each(|(i, row)| {
            let y = outer.bottom - height + ROW * (i as f64 + 0.5) - 2.0;
            let total: f64 = row.iter().map(|e| entry_width(e) + 2.0 * PAD).sum::<f64>() - 2.0 * PAD;
            let mut x = ((frame.plot.left + frame.plot.right - total) / 2.0).max(outer.left + 4.0);
            row.iter().try_for_each(|entry| {
                draw_entry(entry, (x, y), canvas)?;
                x += entry_width(entry) + 2.0 * PAD;
                Ok(())
            })
        }),
    }
}

/// `at`: the left end of the key, at mid height.
fn draw_entry<B: DrawingBackend>(
    entry: &LegendEntry,
    (x, y): (f64, f64),
    canvas: &Canvas<B>,
) -> Result<(), FigureError> {
    let (end, middle) = (x + key_width(entry) - 8.0, x + (key_width(entry) - 8.0) / 2.0);
    match entry.key {
        LegendKey::Line(style, width, marker) => {
            if let Some(style) = style {
                canvas.line(&[(x, y), (end, y)], entry.color, width, style)?;
            }
            if let Some(marker) = marker {
                canvas.marker((middle, y), marker, 4.0, entry.color)?;
            }
        }
        LegendKey::Area | LegendKey::Bands => canvas.rectangle((x, y - 5.0), (end, y + 5.0), entry.color, 0.25)?,
        LegendKey::Interval => {
            canvas.line(&[(middle, y - 6.0), (middle, y + 6.0)], entry.color, 1.4, LineStyle::Solid)?;
            for side in [y - 6.0, y + 6.0] {
                canvas.line(&[(middle - 4.0, side), (middle + 4.0, side)], entry.color, 1.4, LineStyle::Solid)?;
            }
        }
    }
    canvas.text(&entry.label, (x + key_width(entry), y + 0.36 * TICK_EM), TextStyle::new(TICK_EM, 0.0))
}
