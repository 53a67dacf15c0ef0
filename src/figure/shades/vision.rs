//! The colors of the methods are apart for readers with any color vision, on light and on dark pages.

use super::*;
use crate::figure::curves;
use crate::spec::{Contender, Method, Trainer};

/// Color visions as matrices on linear sRGB, for full dichromacy (Machado, Oliveira and Fernandes 2009, severity 1).
const VISIONS: [(&str, Matrix); 4] = [
    ("normal", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    ("protanopia", [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    (
        "deuteranopia",
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    ),
    ("tritanopia", [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
];

/// The least difference (CIEDE2000) of two methods. A difference of 2 is just visible side by side; thin lines and dots
/// need several times that.
const APART: f64 = 12.0;
/// The same where one of the two is a k-means baseline, whose lines are solid.
const APART_BASELINE: f64 = 8.0;

/// CIELAB under D65.
fn lab(linear: [f64; 3]) -> [f64; 3] {
    const XYZ: Matrix =
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]];
    let [x, y, z] = product(&XYZ, linear.map(|value| value.clamp(0.0, 1.0)));
    let [x, y, z] = [x / 0.95047, y, z / 1.08883]
        .map(|value| if value > 216.0 / 24389.0 { value.cbrt() } else { (24389.0 / 27.0 * value + 16.0) / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// CIEDE2000 (Sharma, Wu and Dalal 2005).
fn difference([l1, a1, b1]: [f64; 3], [l2, a2, b2]: [f64; 3]) -> f64 {
    let seventh = |c: f64| (c.powi(7) / (c.powi(7) + 25f64.powi(7))).sqrt();
    let g = 1.5 - 0.5 * seventh((a1.hypot(b1) + a2.hypot(b2)) / 2.0);
    let (a1, a2) = (g * a1, g * a2);
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| b.atan2(a).to_degrees().rem_euclid(360.0);
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let has_hues = c1 * c2 > 0.0;
    let turn = match h2 - h1 {
        _ if !has_hues => 0.0,
        turn if turn > 180.0 => turn - 360.0,
        turn if turn < -180.0 => turn + 360.0,
        turn => turn,
    };
    let h = if has_hues { h1 + turn / 2.0 } else { h1 + h2 };
    let (l, c) = ((l1 + l2) / 2.0, (c1 + c2) / 2.0);
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0) - 0.2 * cos(4.0 * h - 63.0);
    let lightness = (l2 - l1) / (1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt());
    let chroma = (c2 - c1) / (1.0 + 0.045 * c);
    let tone = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin() / (1.0 + 0.015 * c * t);
    let angle = 60.0 * (-((h.rem_euclid(360.0) - 275.0) / 25.0).powi(2)).exp();
    let rotation = -angle.to_radians().sin() * 2.0 * seventh(c);
    (lightness.powi(2) + chroma.powi(2) + tone.powi(2) + rotation * chroma * tone).sqrt()
}

/// Pairs of the test data of Sharma, Wu and Dalal.
#[test]
fn differences_are_those_of_the_reference() {
    let pairs = [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([50.0, -0.001, 2.49], [50.0, 0.0011, -2.49], 4.7461),
        ([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082),
    ];
    for (one, other, expected) in pairs {
        assert!((difference(one, other) - expected).abs() < 1e-4, "{} {expected}", difference(one, other));
    }
}

#[test]
fn methods_are_apart_for_every_color_vision() {
    let contenders = Method::ALL.iter().flat_map(|method| {
        let trainers = [Trainer::Nsvq, Trainer::Kmeans].map(|trainer| Contender { method: *method, trainer });
        trainers.into_iter().filter(|c| c.trainer != Trainer::Kmeans || c.kmeans().is_some())
    });
    let all: Vec<Contender> = contenders.collect();
    assert!(all.len() >= 8, "{all:?}");
    let mut near = Vec::new();
    for (place, one) in all.iter().enumerate() {
        for other in &all[..place] {
            let apart = if [one, other].iter().all(|c| c.kmeans().is_none()) { APART } else { APART_BASELINE };
            for (page, shade) in [("light", (|color| color) as fn(Color) -> Color), ("dark", on_dark)] {
                for (vision, matrix) in &VISIONS {
                    let seen = |c: &Contender| lab(product(matrix, linear(shade(curves::color(*c)))));
                    let found = difference(seen(one), seen(other));
                    if found < apart {
                        near.push(format!("{} and {}: {found:.1}, {vision}, {page}", one.label(), other.label()));
                    }
                }
            }
        }
    }
    assert!(near.is_empty(), "{near:#?}");
}

#[test]
fn methods_stand_out_from_light_and_dark_pages() {
    for method in Method::ALL {
        let color = curves::method_color(method);
        let found = [contrast(color, WHITE), contrast(on_dark(color), DARK)];
        // The paper's green has 4.45 on white.
        assert!(found[0] > 4.4 && found[1] >= CONTRAST, "{} {found:?}", method.label());
    }
    assert_eq!(on_dark(Color(0xff, 0xc0, 0x60)), Color(0xff, 0xc0, 0x60));
}
