//! Bjøntegaard's rate difference between two methods, on bits and MSE (for Peak SNR, the MSE relative to the peak).
//!
//! The rate is the total number of bits B of a code. The distortion is ln MSE. A monotone piecewise cubic Hermite
//! interpolant (PCHIP, Fritsch and Butland 1984, as in SciPy) of rate over distortion passes through every method's
//! points. Both interpolants are averaged over the MSE range that both methods reach, without extrapolation. Their
//! difference is the number of bits that one method needs more (or fewer, if negative) for the same MSE. The percentage
//! is the same on ln B, as Bjøntegaard defined it for bitrates.

/// The extra rate of the test method against the anchor, for the same MSE.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BdRate {
    /// Mean difference in bits. Negative: the test method saves bits.
    pub bits: f64,
    /// Mean relative difference in percent.
    pub percent: f64,
    /// The averaged MSE range: smallest and largest.
    pub mse_range: (f64, f64),
}

/// From two curves of (bits, MSE) in any order. `None` if a curve has fewer than two points, if an MSE does not fall
/// strictly as the bits grow (the rate is then ambiguous), or if the curves have no common MSE range.
pub fn bd_rate(anchor: &[(f64, f64)], test: &[(f64, f64)]) -> Option<BdRate> {
    let (anchor, test) = (Rate::new(anchor)?, Rate::new(test)?);
    let low = anchor.distortion.first()?.max(*test.distortion.first()?);
    let high = anchor.distortion.last()?.min(*test.distortion.last()?);
    if low >= high {
        return None;
    }
    let mean = |rate: &Rate, values: &[f64]| pchip_integral(&rate.distortion, values, low, high) / (high - low);
    let bits = mean(&test, &test.bits) - mean(&anchor, &anchor.bits);
    let log = mean(&test, &test.log_bits()) - mean(&anchor, &anchor.log_bits());
    Some(BdRate { bits, percent: 100.0 * log.exp_m1(), mse_range: (low.exp(), high.exp()) })
}

/// Bits over ln MSE, by rising distortion.
struct Rate {
    distortion: Vec<f64>,
    bits: Vec<f64>,
}

impl Rate {
    fn new(curve: &[(f64, f64)]) -> Option<Rate> {
        let mut curve = curve.to_vec();
        curve.sort_by(|a, b| b.0.total_cmp(&a.0));
        let falls = curve.windows(2).all(|pair| pair[0].0 > pair[1].0 && pair[0].1 < pair[1].1);
        let positive = curve.iter().all(|(bits, mse)| *bits > 0.0 && *mse > 0.0);
        let (bits, distortion) = curve.iter().map(|(bits, mse)| (*bits, mse.ln())).unzip();
        (curve.len() >= 2 && falls && positive).then_some(Rate { distortion, bits })
    }

    fn log_bits(&self) -> Vec<f64> {
        self.bits.iter().map(|b| b.ln()).collect()
    }
}

/// ∫ of the PCHIP interpolant through (x, y) from `low` to `high`, both within x. Simpson's rule is exact on a cubic.
fn pchip_integral(x: &[f64], y: &[f64], low: f64, high: f64) -> f64 {
    let slopes = pchip_slopes(x, y);
    let mut sum = 0.0;
    for i in 0..x.len() - 1 {
        let (a, b) = (low.max(x[i]), high.min(x[i + 1]));
        if a < b {
            let at = |t: f64| hermite((x[i], x[i + 1]), (y[i], y[i + 1]), (slopes[i], slopes[i + 1]), t);
            sum += (b - a) / 6.0 * (at(a) + 4.0 * at((a + b) / 2.0) + at(b));
        }
    }
    sum
}

fn hermite(x: (f64, f64), y: (f64, f64), slope: (f64, f64), at: f64) -> f64 {
    let h = x.1 - x.0;
    let t = (at - x.0) / h;
    let (t2, t3) = (t * t, t * t * t);
    y.0 * (2.0 * t3 - 3.0 * t2 + 1.0)
        + y.1 * (3.0 * t2 - 2.0 * t3)
        + h * (slope.0 * (t3 - 2.0 * t2 + t) + slope.1 * (t3 - t2))
}

fn pchip_slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let steps: Vec<f64> = x.windows(2).map(|p| p[1] - p[0]).collect();
    let secants: Vec<f64> = y.windows(2).zip(&steps).map(|(p, h)| (p[1] - p[0]) / h).collect();
    let last = secants.len() - 1;
    if last == 0 {
        return vec![secants[0]; 2];
    }
    let mut slopes = vec![end_slope(steps[0], steps[1], secants[0], secants[1])];
    for i in 1..=last {
        let (left, right) = (secants[i - 1], secants[i]);
        let (w1, w2) = (2.0 * steps[i] + steps[i - 1], steps[i] + 2.0 * steps[i - 1]);
        slopes.push(if left * right > 0.0 { (w1 + w2) / (w1 / left + w2 / right) } else { 0.0 });
    }
    slopes.push(end_slope(steps[last], steps[last - 1], secants[last], secants[last - 1]));
    slopes
}

/// The one-sided three-point slope, limited to keep the interpolant monotone.
fn end_slope(step: f64, next_step: f64, secant: f64, next_secant: f64) -> f64 {
    let slope = ((2.0 * step + next_step) * secant - step * next_secant) / (step + next_step);
    if slope * secant <= 0.0 {
        0.0
    } else if secant * next_secant <= 0.0 && slope.abs() > 3.0 * secant.abs() {
        3.0 * secant
    } else {
        slope
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::published;

    #[test]
    fn published_curves_as_scipy_has_them() {
        // import json, numpy as np
        // from scipy.interpolate import PchipInterpolator as P
        // f = json.load(open("results/published/Figure 2/correlated_dataset_Fig2-a.json"))
        // bits = np.arange(12., 41., 4.); c = {m: np.log(f[f"Mean ({m})"]) for m in ("AVQ", "RVQ", "PVQ")}
        // def bd(a, b):
        //     lo, hi = max(c[a].min(), c[b].min()), min(c[a].max(), c[b].max())
        //     g = lambda m, y: P(c[m][::-1], y[::-1]).integrate(lo, hi)/(hi - lo)
        //     return g(b, bits) - g(a, bits), 100*np.expm1(g(b, np.log(bits)) - g(a, np.log(bits))), np.exp(lo), np.exp(hi)
        // print(*bd("PVQ", "AVQ")); print(*bd("RVQ", "AVQ"))
        let file = published("Figure 2/correlated_dataset_Fig2-a.json").unwrap();
        let curve = |name: &str| -> Vec<(f64, f64)> {
            let bits = file.axis.bits().into_iter().flatten().map(f64::from);
            bits.zip(file.curve(name).unwrap().mean().iter().flatten().copied()).collect()
        };
        let check = |anchor: &str, bits: f64, percent: f64, low: f64| {
            let rate = bd_rate(&curve(anchor), &curve("AVQ")).unwrap();
            assert!((rate.bits - bits).abs() < 1e-9 && (rate.percent - percent).abs() < 1e-9, "{rate:?}");
            assert!((rate.mse_range.0 - low).abs() < 1e-12 && (rate.mse_range.1 - 5.0118265328700975).abs() < 1e-12);
        };
        check("PVQ", -23.774280568639142, -63.90942840114313, 4.269080174355591);
        check("RVQ", -2.470809445061146, -9.497877871116123, 0.6327743284863147);
    }

    #[test]
    fn undefined_without_overlap_or_monotony() {
        let a = [(12.0, 5.0), (16.0, 4.0)];
        assert_eq!(bd_rate(&a, &[(12.0, 9.0), (16.0, 8.0)]), None);
        assert_eq!(bd_rate(&a, &[(12.0, 4.0), (16.0, 5.0)]), None);
        assert_eq!(bd_rate(&a, &[(12.0, 4.5)]), None);
        let same = bd_rate(&a, &a).unwrap();
        assert_eq!((same.bits, same.percent), (0.0, 0.0));
    }
}
