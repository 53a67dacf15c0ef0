//! The content of a figure, independent of its drawing: axes, series, bands, marks and a legend, in data coordinates.
//! A [`Figure`] is a grid of charts. It becomes one file.

pub use vqlab_core::method::{LineStyle, Marker};

/// An opaque sRGB color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub u8, pub u8, pub u8);

impl Color {
    pub const BLACK: Color = Color(0x1a, 0x1a, 0x1a);
    pub const GRAY: Color = Color(0x6e, 0x6e, 0x6e);

    /// The color mixed with white: 0 is white, 1 the color itself.
    pub fn tint(self, strength: f64) -> Color {
        let mix = |c: u8| (255.0 - (255.0 - f64::from(c)) * strength.clamp(0.0, 1.0)).round() as u8;
        Color(mix(self.0), mix(self.1), mix(self.2))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Linear,
    /// Base 10; values must be positive.
    Log,
}

#[derive(Clone, Debug)]
pub struct Axis {
    /// With the unit in parentheses.
    pub label: String,
    pub scale: Scale,
    /// `None`: the range of the data with a small margin.
    pub range: Option<(f64, f64)>,
    /// `None`: round numbers.
    pub ticks: Option<Vec<(f64, String)>>,
    /// A value that the range always contains (0 for differences).
    pub include: Option<f64>,
}

impl Axis {
    pub fn linear(label: impl Into<String>) -> Self {
        Axis { label: label.into(), scale: Scale::Linear, range: None, ticks: None, include: None }
    }

    pub fn log(label: impl Into<String>) -> Self {
        Axis { scale: Scale::Log, ..Axis::linear(label) }
    }

    pub fn including(self, value: f64) -> Self {
        Axis { include: Some(value), ..self }
    }

    /// A linear axis with a tick at each of these whole numbers, such as bitrates.
    pub fn whole(label: impl Into<String>, values: &[u32]) -> Self {
        let ticks = values.iter().map(|v| (f64::from(*v), v.to_string())).collect();
        Axis { ticks: Some(ticks), ..Axis::linear(label) }
    }
}

/// One curve. Parts that are `None` are not drawn.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its entry in the legend.
    pub label: Option<String>,
    /// The label of the series that it belongs to, if it has no label of its own. For pages.
    pub name: Option<String>,
    /// Whether the numbers are published ones. Pages can hide them.
    pub published: bool,
    /// Names of the points on pages. `None`: made from the label and the axes.
    pub names: Option<Vec<String>>,
    pub color: Color,
    pub line: Option<LineStyle>,
    /// In pixels of the drawing.
    pub width: f64,
    pub marker: Option<Marker>,
    pub points: Vec<(f64, f64)>,
    /// (x, low, high), filled transparently.
    pub band: Vec<(f64, f64, f64)>,
    /// (x, low, high), drawn as vertical bars with ends.
    pub intervals: Vec<(f64, f64, f64)>,
    /// The area down to this value is filled (histograms).
    pub fill_to: Option<f64>,
}

impl Series {
    pub fn line(label: impl Into<String>, color: Color, style: LineStyle, points: Vec<(f64, f64)>) -> Self {
        Series {
            label: Some(label.into()),
            name: None,
            published: false,
            names: None,
            color,
            line: Some(style),
            width: 2.0,
            marker: None,
            points,
            band: Vec::new(),
            intervals: Vec::new(),
            fill_to: None,
        }
    }

    /// Without an entry in the legend. On pages it is a part of the series that has its label.
    pub fn unlabeled(self) -> Self {
        Series { label: None, name: self.label.filter(|label| !label.is_empty()), ..self }
    }

    pub fn published(self) -> Self {
        Series { published: true, ..self }
    }

    pub fn names(self, names: Vec<String>) -> Self {
        Series { names: Some(names), ..self }
    }

    pub fn unnamed_points(self) -> Self {
        self.names(Vec::new())
    }

    pub fn width(self, width: f64) -> Self {
        Series { width, ..self }
    }

    pub fn marker(self, marker: Marker) -> Self {
        Series { marker: Some(marker), ..self }
    }

    pub fn unmarked(self) -> Self {
        Series { marker: None, ..self }
    }

    pub fn band(self, band: Vec<(f64, f64, f64)>) -> Self {
        Series { band, ..self }
    }
}

/// A legend entry that describes more than one series.
#[derive(Clone, Debug)]
pub struct LegendEntry {
    pub label: String,
    pub color: Color,
    pub key: LegendKey,
    /// Whether the switch on pages is off at first.
    pub is_off: bool,
}

impl LegendEntry {
    /// A gray entry.
    pub fn new(label: impl Into<String>, key: LegendKey) -> Self {
        Self { label: label.into(), color: Color::GRAY, key, is_off: false }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LegendKey {
    /// Line with its width, and marker.
    Line(Option<LineStyle>, f64, Option<Marker>),
    Area,
    /// The bands of all series.
    Bands,
    Interval,
}

/// A vertical line over the full height, with text along it.
#[derive(Clone, Debug)]
pub struct VerticalMark {
    pub x: f64,
    pub label: String,
}

/// A horizontal strip over the full width, such as an equivalence margin.
#[derive(Clone, Debug)]
pub struct Strip {
    pub low: f64,
    pub high: f64,
    pub color: Color,
}

/// Text in the right margin, at the ends of curves.
#[derive(Clone, Debug)]
pub struct EndLabel {
    pub y: f64,
    pub text: String,
    pub color: Color,
}

/// The name of a point, beside it where there is room.
#[derive(Clone, Debug)]
pub struct PointLabel {
    pub at: (f64, f64),
    pub text: String,
    /// Bold labels are placed first, and are drawn even if there is no room.
    pub bold: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegendPlace {
    /// In a free corner, or below the chart if no corner is free.
    Auto,
    Below,
    Hidden,
}

#[derive(Clone, Debug)]
pub struct Chart {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
    pub marks: Vec<VerticalMark>,
    pub strips: Vec<Strip>,
    pub end_labels: Vec<EndLabel>,
    pub point_labels: Vec<PointLabel>,
    /// Entries after those of the labeled series.
    pub legend_extra: Vec<LegendEntry>,
    pub legend: LegendPlace,
}

impl Chart {
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Chart {
            title: title.into(),
            x,
            y,
            series: Vec::new(),
            marks: Vec::new(),
            strips: Vec::new(),
            end_labels: Vec::new(),
            point_labels: Vec::new(),
            legend_extra: Vec::new(),
            legend: LegendPlace::Auto,
        }
    }

    /// True when no series has a point, a band or an interval.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|s| s.points.is_empty() && s.band.is_empty() && s.intervals.is_empty())
    }

    pub(super) fn legend_entries(&self) -> Vec<LegendEntry> {
        let own = self.series.iter().filter_map(|s| {
            let label = s.label.clone()?;
            let key = if s.fill_to.is_some() { LegendKey::Area } else { LegendKey::Line(s.line, s.width, s.marker) };
            Some(LegendEntry { color: s.color, ..LegendEntry::new(label, key) })
        });
        own.chain(self.legend_extra.iter().cloned()).collect()
    }
}

/// A grid of charts. It becomes one file.
#[derive(Clone, Debug)]
pub struct Figure {
    pub rows: Vec<Vec<Chart>>,
    /// Pixels at scale 1.
    pub width: u32,
    pub row_height: u32,
}

impl Figure {
    pub fn single(chart: Chart) -> Self {
        Figure { rows: vec![vec![chart]], width: 800, row_height: 520 }
    }

    /// Charts side by side: up to two in one row, four in two rows, other numbers in rows of up to three.
    pub fn grid(charts: Vec<Chart>) -> Self {
        if charts.len() == 1 {
            return charts.into_iter().next().map(Self::single).unwrap_or_else(Self::none);
        }
        let columns = match charts.len() {
            0..=2 => 2,
            4 => 2,
            _ => 3,
        };
        let mut rows: Vec<Vec<Chart>> = Vec::new();
        for chart in charts {
            match rows.last_mut() {
                Some(row) if row.len() < columns => row.push(chart),
                _ => rows.push(vec![chart]),
            }
        }
        Figure { rows, width: 430 * columns as u32, row_height: 420 }
    }

    fn none() -> Self {
        Figure { rows: Vec::new(), width: 800, row_height: 0 }
    }

    pub fn height(&self) -> u32 {
        self.row_height * self.rows.len() as u32
    }
}
