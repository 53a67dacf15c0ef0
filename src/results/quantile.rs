//! Sample quantiles as NumPy computes them by default.

/// The `q`-quantile (0..=1) of the values with linear interpolation between order statistics, at position q·(n − 1)
/// (type 7 of Hyndman and Fan, `numpy.quantile`'s default). `None` for no values.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let position = q.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let share = position - below as f64;
    // NumPy's formula: it starts from the nearer end, so that q = 1 gives the maximum exactly.
    Some(if share >= 0.5 { high - (high - low) * (1.0 - share) } else { low + (high - low) * share })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_numpy() {
        // import numpy as np
        // x = [3.1, -2.0, 7.25, 0.5, 11.0, 4.4, 4.4, 9.75, -6.5, 1.0]
        // print(np.quantile(x, [0.025, 0.3, 0.5, 0.975]).tolist(), np.quantile(x[:3], [0.025, 0.975]).tolist())
        let x = [3.1, -2.0, 7.25, 0.5, 11.0, 4.4, 4.4, 9.75, -6.5, 1.0];
        let expected = [(0.025, -5.4875), (0.3, 0.8499999999999999), (0.5, 3.75), (0.975, 10.71875)];
        for (q, value) in expected {
            assert!((quantile(&x, q).unwrap() - value).abs() < 1e-14, "{q}");
        }
        assert!((quantile(&x[..3], 0.025).unwrap() - -1.745).abs() < 1e-14);
        assert!((quantile(&x[..3], 0.975).unwrap() - 7.0424999999999995).abs() < 1e-14);
    }

    #[test]
    fn ends_and_small_samples() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[2.5], 0.975), Some(2.5));
        assert_eq!(quantile(&[2.0, 1.0], 0.0), Some(1.0));
        assert_eq!(quantile(&[2.0, 1.0], 1.0), Some(2.0));
    }
}
