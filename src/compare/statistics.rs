//! The statistics behind the verdicts: estimates, the spread from a pair of quantiles, Welch's interval and TOST.

use statrs::distribution::{Continuous, ContinuousCDF, Normal, StudentsT};
use statrs::function::factorial::ln_factorial;

use super::Estimate;
use crate::results::quantile;

/// The number of runs of every published point (inferred from the digits of Figure 5).
pub const PUBLISHED_RUNS: usize = 10;

impl Estimate {
    /// From the values over seeds. `None` without values. A single value has the standard deviation 0, with no
    /// information.
    pub fn of_values(values: &[f64]) -> Option<Estimate> {
        let n = values.len();
        let (low, high) = (quantile(values, 0.025)?, quantile(values, 0.975)?);
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        Some(Estimate {
            mean,
            low,
            high,
            standard_deviation: (squares / (n.max(2) - 1) as f64).sqrt(),
            n,
            freedom: n - 1,
        })
    }

    /// From a mean and the 2.5 % and 97.5 % quantiles over `n` runs. The standard deviation is chosen so that `n`
    /// normal values have this distance between their quantiles on average.
    pub fn of_quantiles(mean: f64, low: f64, high: f64, n: usize) -> Estimate {
        let width = expected_quantile_width(n);
        let standard_deviation = if width > 0.0 { (high - low).abs() / width } else { 0.0 };
        Estimate { mean, low, high, standard_deviation, n, freedom: n.saturating_sub(1) }
    }

    /// A value without spread, such as an operation count.
    pub fn exact(value: f64) -> Estimate {
        Estimate { mean: value, low: value, high: value, standard_deviation: 0.0, n: 1, freedom: 0 }
    }

    /// A value that counts as exact, like the mean of infinitely many runs.
    pub fn certain(value: f64) -> Estimate {
        Estimate { n: usize::MAX, freedom: usize::MAX, ..Estimate::exact(value) }
    }
}

/// The expected distance between the linearly interpolated 2.5 % and 97.5 % quantiles of `n` standard normal values; 0 for
/// `n` ≤ 1. For n = 10 it is 2.8357.
pub fn expected_quantile_width(n: usize) -> f64 {
    if n <= 1 {
        return 0.0;
    }
    let position = 0.975 * (n - 1) as f64;
    let below = position.floor() as usize;
    let share = position - below as f64;
    let mut quantile = (1.0 - share) * expected_order_statistic(below + 1, n);
    if below + 2 <= n {
        quantile += share * expected_order_statistic(below + 2, n);
    }
    // The lower quantile is the mirror image.
    2.0 * quantile
}

/// E of the `rank`-th smallest (from 1) of `n` standard normal values: ∫ x·n!/((r−1)!(n−r)!)·Φ^(r−1)·(1−Φ)^(n−r)·φ dx by
/// the trapezoid rule, which is exact to rounding for an integrand that vanishes at both ends.
fn expected_order_statistic(rank: usize, n: usize) -> f64 {
    let (below, above) = ((rank - 1) as u64, (n - rank) as u64);
    let scale = ln_factorial(n as u64) - ln_factorial(below) - ln_factorial(above);
    let normal = Normal::standard();
    let power = |base: f64, exponent: u64| if exponent == 0 { 0.0 } else { exponent as f64 * base.ln() };
    let density = |x: f64| (scale + power(normal.cdf(x), below) + power(normal.sf(x), above) + normal.ln_pdf(x)).exp();
    let step = 0.01;
    (-1200..=1200).map(|i| f64::from(i) * step).map(|x| x * density(x) * step).sum()
}

/// The difference of two means with its standard error and Welch's degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    pub difference: f64,
    pub standard_error: f64,
    /// Infinite if neither side has spread.
    pub freedom: f64,
}

impl Welch {
    /// `a` − `b`; `None` unless the spread of both sides is known.
    pub fn new(a: &Estimate, b: &Estimate) -> Option<Welch> {
        if a.freedom == 0 || b.freedom == 0 {
            return None;
        }
        let [va, vb] = [a, b].map(|e| e.standard_deviation.powi(2) / e.n as f64);
        let freedom = if va + vb > 0.0 {
            (va + vb).powi(2) / (va.powi(2) / a.freedom as f64 + vb.powi(2) / b.freedom as f64)
        } else {
            f64::INFINITY
        };
        Some(Welch { difference: a.mean - b.mean, standard_error: (va + vb).sqrt(), freedom })
    }

    /// The two-sided interval at `level`, such as 0.95.
    pub fn interval(&self, level: f64) -> (f64, f64) {
        let half = self.standard_error * self.distribution().map_or(0.0, |t| t.inverse_cdf(0.5 + level / 2.0));
        (self.difference - half, self.difference + half)
    }

    /// The larger p value of the two one-sided tests (Schuirmann) against |difference| ≥ `margin`. A value below the
    /// level shows equivalence.
    pub fn equivalence_p(&self, margin: f64) -> f64 {
        match self.distribution() {
            None if self.difference.abs() < margin => 0.0,
            None => 1.0,
            Some(t) => {
                let above_lower = t.sf((self.difference + margin) / self.standard_error);
                let below_upper = t.cdf((self.difference - margin) / self.standard_error);
                above_lower.max(below_upper)
            }
        }
    }

    /// `None` if neither side has spread.
    fn distribution(&self) -> Option<StudentsT> {
        if self.standard_error > 0.0 { StudentsT::new(0.0, 1.0, self.freedom).ok() } else { None }
    }
}

/// Points with fewer runs take their spread from the neighboring points of their method.
pub const FEW_RUNS: usize = 5;

/// The pooled standard deviation of runs over several points, each in its own unit (value and unit), with its degrees
/// of freedom. Two runs of one point say little about its spread. Five points of two runs say as much as six runs.
/// `None` if no point has two runs.
pub fn pooled_spread(points: &[(Estimate, f64)]) -> Option<(f64, usize)> {
    let with_spread = points.iter().filter(|(point, unit)| point.freedom > 0 && *unit > 0.0);
    let (squares, freedom) = with_spread.fold((0.0, 0), |(squares, freedom), (point, unit)| {
        (squares + point.freedom as f64 * (point.standard_deviation / unit).powi(2), freedom + point.freedom)
    });
    (freedom > 0).then(|| ((squares / freedom as f64).sqrt(), freedom))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_width_as_integrated_by_scipy() {
        // from math import comb, floor
        // from scipy.integrate import quad
        // from scipy.stats import norm
        // def e(r, n): return quad(lambda x: x*n*comb(n-1, r-1)*norm.cdf(x)**(r-1)*norm.sf(x)**(n-r)*norm.pdf(x), -12, 12, epsabs=1e-13)[0]
        // def w(n): p = .975*(n-1); b = floor(p); s = p-b; return 2*((1-s)*e(b+1, n) + s*e(b+2, n))
        // print([(n, w(n)) for n in (2, 3, 10, 50)])
        for (n, width) in
            [(2, 1.0719602087407374), (3, 1.6079403131111059), (10, 2.8356774028536345), (50, 3.607937015292619)]
        {
            assert!((expected_quantile_width(n) - width).abs() < 1e-9, "{n}: {}", expected_quantile_width(n));
        }
        assert_eq!(expected_quantile_width(1), 0.0);
    }

    #[test]
    fn welch_and_tost_as_scipy_computes_them() {
        // from scipy.stats import ttest_ind_from_stats as t, t as T
        // a, b = (10.2, .3, 5), (10.0, .5, 10)
        // va, vb = a[1]**2/a[2], b[1]**2/b[2]; se = (va+vb)**.5; df = (va+vb)**2/(va**2/4 + vb**2/9)
        // print(df, *[a[0]-b[0]+s*T.ppf(.975, df)*se for s in (-1, 1)])
        // m = .5; print(max(t(a[0]+m, *a[1:], *b, equal_var=False, alternative="greater").pvalue,
        //                   t(a[0]-m, *a[1:], *b, equal_var=False, alternative="less").pvalue))
        let of =
            |mean, standard_deviation, n| Estimate { mean, low: 0.0, high: 0.0, standard_deviation, n, freedom: n - 1 };
        let welch = Welch::new(&of(10.2, 0.3, 5), &of(10.0, 0.5, 10)).unwrap();
        assert!((welch.freedom - 12.290251107828654).abs() < 1e-9);
        let (low, high) = welch.interval(0.95);
        assert!((low - -0.25062766725517976).abs() < 1e-8 && (high - 0.6506276672551783).abs() < 1e-8, "{low} {high}");
        assert!((welch.equivalence_p(0.5) - 0.08649625384133389).abs() < 1e-9, "{}", welch.equivalence_p(0.5));
    }

    #[test]
    fn without_spread_the_difference_itself_decides() {
        let of = |mean| Estimate { n: 3, freedom: 2, ..Estimate::exact(mean) };
        let welch = Welch::new(&of(1.5), &of(1.0)).unwrap();
        assert_eq!(welch.interval(0.95), (0.5, 0.5));
        assert_eq!((welch.equivalence_p(0.6), welch.equivalence_p(0.4)), (0.0, 1.0));
        assert_eq!(Welch::new(&of(1.5), &Estimate::exact(1.0)), None);
    }
}
