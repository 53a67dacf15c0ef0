//! Where figures draw their data: the pixels of a chart's line, band and markers, mapped back by its own axis ticks, are
//! the data.

use vqlab::figure::{Axis, Chart, Color, Figure, LegendPlace, LineStyle, Marker, Series, to_svg};

type Place = (f64, f64);

/// Data without symmetry: x in [12, 40], y over more than two decades.
const LINE: [Place; 4] = [(12.0, 80.0), (20.0, 9.0), (28.0, 2.5), (40.0, 0.4)];
const BAND: [(f64, f64, f64); 4] = [(12.0, 70.0, 95.0), (20.0, 8.0, 11.0), (28.0, 2.0, 2.6), (40.0, 0.3, 0.45)];
const COLOR: Color = Color(0x12, 0x34, 0x56);

/// An element of an SVG file that plotters wrote: its line, and the line of text after it.
struct Element<'a> {
    line: &'a str,
    text: &'a str,
}

impl<'a> Element<'a> {
    fn all(svg: &'a str) -> Vec<Self> {
        let lines: Vec<&str> = svg.lines().collect();
        let text = |i: usize| lines.get(i + 1).copied().unwrap_or_default();
        lines.iter().enumerate().map(|(i, line)| Element { line, text: text(i) }).collect()
    }

    fn attribute(&self, name: &str) -> Option<&'a str> {
        let value = self.line.split_once(&format!(" {name}=\""))?.1;
        Some(value.split_once('"')?.0)
    }

    fn is(&self, element: &str, paint: &str, color: &str) -> bool {
        self.line.starts_with(&format!("<{element} ")) && self.attribute(paint) == Some(color)
    }

    fn points(&self) -> Vec<Place> {
        let number = |text: &str| text.parse::<f64>().unwrap();
        let points = self.attribute("points").unwrap().split_whitespace();
        points.map(|point| point.split_once(',').map(|(x, y)| (number(x), number(y))).unwrap()).collect()
    }
}

/// The ticks of both axes, as (pixel, value).
fn ticks(elements: &[Element]) -> [Vec<Place>; 2] {
    let mut axes = [Vec::new(), Vec::new()];
    for pair in elements.windows(2).filter(|pair| pair[1].line.starts_with("<text ")) {
        let (Some(_), Ok(value)) = (pair[0].attribute("points"), pair[1].text.parse::<f64>()) else { continue };
        match pair[0].points().as_slice() {
            [a, b] if a.0 == b.0 => axes[0].push((a.0, value)),
            [a, b] if a.1 == b.1 => axes[1].push((a.1, value)),
            points => panic!("a tick of {} points", points.len()),
        }
    }
    axes
}

/// The value at a pixel, by the first and the last tick.
fn value(pixel: f64, ticks: &[Place]) -> f64 {
    let (from, to) = (ticks[0], ticks[ticks.len() - 1]);
    from.1 + (pixel - from.0) / (to.0 - from.0) * (to.1 - from.1)
}

#[test]
fn data_are_drawn_where_the_ticks_say() {
    let line = Series::line("measured", COLOR, LineStyle::Solid, LINE.to_vec());
    let mut chart = Chart::new("Placement", Axis::linear("bits"), Axis::log("error"));
    chart.series.push(line.marker(Marker::Circle).band(BAND.to_vec()));
    chart.legend = LegendPlace::Hidden;
    let svg = to_svg(&Figure::single(chart)).unwrap();
    let elements = Element::all(&svg);

    let [x, mut y] = ticks(&elements);
    assert!(x.len() >= 3 && y.len() >= 3, "{x:?} {y:?}");
    // Larger values are further right, and further up.
    assert!(x.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1), "{x:?}");
    assert!(y.windows(2).all(|pair| pair[0].0 > pair[1].0 && pair[0].1 < pair[1].1), "{y:?}");
    y.iter_mut().for_each(|tick| tick.1 = tick.1.ln());
    // Every tick is on its own scale, linear or logarithmic.
    for (ticks, slack) in [(&x, 0.02), (&y, 0.01)] {
        assert!(ticks.iter().all(|(pixel, own)| (value(*pixel, ticks) - own).abs() < slack), "{ticks:?}");
    }

    let check = |what: &str, pixels: &[Place], data: &[Place]| {
        assert_eq!(pixels.len(), data.len(), "{what}");
        for (pixel, (at, height)) in pixels.iter().zip(data) {
            let found = (value(pixel.0, &x), value(pixel.1, &y).exp());
            let is_near = (found.0 - at).abs() < 0.02 && (found.1 / height - 1.0).abs() < 0.01;
            assert!(is_near, "{what}: {found:?} is drawn instead of {:?}", (at, height));
        }
    };
    let drawn: Vec<&Element> = elements.iter().filter(|e| e.is("polyline", "stroke", "#123456")).collect();
    assert_eq!(drawn.len(), 1);
    check("line", &drawn[0].points(), &LINE);

    let filled = elements.iter().filter(|e| e.is("polygon", "fill", "#123456"));
    let (markers, bands): (Vec<&Element>, Vec<&Element>) = filled.partition(|e| e.attribute("opacity") == Some("1"));
    let center = |circle: &&Element| {
        let points = circle.points();
        let mean = |of: fn(&Place) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
        (mean(|p| p.0), mean(|p| p.1))
    };
    check("marker", &markers.iter().map(center).collect::<Vec<_>>(), &LINE);

    assert_eq!(bands.len(), 1);
    // Along one side of the band and back along the other one.
    let high = BAND.iter().map(|(x, _, high)| (*x, *high));
    let low = BAND.iter().map(|(x, low, _)| (*x, *low));
    let mut outline = bands[0].points();
    outline.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let sides: Vec<Place> = high.zip(low).flat_map(|(high, low)| [high, low]).collect();
    check("band", &outline, &sides);
}
