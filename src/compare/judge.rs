//! The verdict on one point.

use super::statistics::Welch;
use super::{Estimate, Verdict};
use crate::metric::Direction;
use crate::spec::Margin;

/// Level of the two one-sided tests.
const TEST_LEVEL: f64 = 0.05;
const INTERVAL_LEVEL: f64 = 0.95;
/// Absolute tolerance for equal numbers without spread. The published files are exact to about 1e-15.
const EXACT_TOLERANCE: f64 = 1e-12;

/// The verdict on a point. The fields are as in [`super::PointComparison`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    pub difference: f64,
    pub interval: Option<(f64, f64)>,
    pub verdict: Verdict,
}

/// The verdict on measured means. *Reproduced*: TOST shows that the difference, in the margin's unit, is within
/// ±`margin`. *Better* or *worse*: the 95 % Welch interval excludes 0, and the difference is beyond the margin.
/// *Inconclusive*: none of these, or the spread of one side is unknown.
pub fn judge(ours: &Estimate, published: &Estimate, margin: Margin, direction: Direction) -> Judgement {
    let (scale, margin) = (margin.scale(published.mean), margin.width());
    let difference = (ours.mean - published.mean) / scale;
    let Some(welch) = Welch::new(ours, published).filter(|_| scale > 0.0) else {
        return Judgement { difference, interval: None, verdict: Verdict::Inconclusive };
    };
    let (low, high) = welch.interval(INTERVAL_LEVEL);
    let interval = (low / scale, high / scale);
    let good = match direction {
        Direction::LowerIsBetter => difference < 0.0,
        Direction::HigherIsBetter => difference > 0.0,
    };
    let distinct = interval.0 > 0.0 || interval.1 < 0.0;
    let verdict = if welch.equivalence_p(margin * scale) < TEST_LEVEL {
        Verdict::Reproduced
    } else if !distinct || difference.abs() <= margin {
        Verdict::Inconclusive
    } else if good {
        Verdict::Better
    } else {
        Verdict::Worse
    };
    Judgement { difference, interval: Some(interval), verdict }
}

/// The verdict on computed values, such as operation counts: *reproduced* if they agree within 1e-12, otherwise
/// *worse*, in either direction.
pub fn judge_exact(ours: f64, published: f64) -> Judgement {
    let equal = (ours - published).abs() <= EXACT_TOLERANCE;
    let difference = if ours == published { 0.0 } else { (ours - published) / published.abs() };
    let verdict = if equal { Verdict::Reproduced } else { Verdict::Worse };
    Judgement { difference, interval: None, verdict }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(mean: f64, standard_deviation: f64, n: usize) -> Verdict {
        let published = Estimate { standard_deviation: 0.1, n: 10, freedom: 9, ..Estimate::exact(100.0) };
        let ours = Estimate { standard_deviation, n, freedom: n - 1, ..Estimate::exact(mean) };
        judge(&ours, &published, Margin::Relative(0.005), Direction::LowerIsBetter).verdict
    }

    #[test]
    fn verdicts_follow_tests_and_margin() {
        assert_eq!(verdict(100.2, 0.1, 10), Verdict::Reproduced);
        assert_eq!(verdict(100.2, 1.0, 3), Verdict::Inconclusive);
        assert_eq!(verdict(102.0, 0.1, 10), Verdict::Worse);
        assert_eq!(verdict(98.0, 0.1, 10), Verdict::Better);
        assert_eq!(verdict(102.0, 3.0, 3), Verdict::Inconclusive);
        // The means differ, but the difference may be within the margin or beyond it.
        assert_eq!(verdict(100.48, 0.1, 10), Verdict::Inconclusive);
        // One run is inconclusive even if the means are equal.
        assert_eq!(verdict(100.0, 0.0, 1), Verdict::Inconclusive);
        let [ours, published] =
            [102.0, 100.0].map(|m| Estimate { standard_deviation: 0.1, n: 10, freedom: 9, ..Estimate::exact(m) });
        assert_eq!(
            judge(&ours, &published, Margin::Relative(0.005), Direction::HigherIsBetter).verdict,
            Verdict::Better
        );
        // A margin in dB is not relative to the mean.
        let in_db = judge(&ours, &published, Margin::Decibel(3.0), Direction::HigherIsBetter);
        assert_eq!((in_db.verdict, in_db.difference), (Verdict::Reproduced, ours.mean - published.mean));
    }

    #[test]
    fn exact_values_are_equal_or_not() {
        assert_eq!(judge_exact(-0.3, -0.3 + 1e-13).verdict, Verdict::Reproduced);
        assert_eq!(judge_exact(-0.3, -0.3 + 1e-11).verdict, Verdict::Worse);
        assert_eq!(judge_exact(0.0, 0.0).difference, 0.0);
        assert!((judge_exact(-0.2, -0.4).difference - 0.5).abs() < 1e-12);
    }
}
