//! The best method for a complexity budget: the lower envelope of the contenders' error over log10 WMOPS.

use crate::spec::Contender;

/// Budgets from `from` to `to` (log10 WMOPS; `None` = unlimited) for which `contender` has the lowest error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetRange {
    pub from: f64,
    pub to: Option<f64>,
    pub contender: Contender,
}

/// The ranges from the cheapest point on. Neighboring ranges have different contenders. A contender's curve is linear
/// between its points (log10 WMOPS, error) and never rises. It starts at the cheapest point and is constant beyond the
/// most expensive one, because a budget need not be used up. Of equal contenders, the earlier one in the list is
/// chosen.
pub fn best_by_budget(curves: &[(Contender, Vec<(f64, f64)>)]) -> Vec<BudgetRange> {
    let curves: Vec<_> = curves.iter().map(|(contender, points)| (*contender, falling(points))).collect();
    let mut knots: Vec<f64> = curves.iter().flat_map(|(_, points)| points).map(|(x, _)| *x).collect();
    knots.sort_by(f64::total_cmp);
    knots.dedup();
    let Some(last) = knots.last().copied() else { return Vec::new() };
    let mut bounds = knots.clone();
    for pair in knots.windows(2) {
        bounds.extend(crossings(&curves, pair[0], pair[1]));
    }
    bounds.sort_by(f64::total_cmp);
    let mut ranges: Vec<BudgetRange> = Vec::new();
    for (i, from) in bounds.iter().enumerate() {
        let to = bounds.get(i + 1).copied();
        let middle = (from + to.unwrap_or(last + 1.0)) / 2.0;
        let Some(contender) = best_at(&curves, middle) else { continue };
        match ranges.last_mut() {
            Some(range) if range.contender == contender => range.to = to,
            _ => ranges.push(BudgetRange { from: *from, to, contender }),
        }
    }
    ranges
}

/// The positions (log10 WMOPS) at which the best contender changes, with the contenders below and above. The figure has
/// vertical lines there.
pub fn changes(ranges: &[BudgetRange]) -> Vec<(f64, Contender, Contender)> {
    ranges.windows(2).map(|pair| (pair[1].from, pair[0].contender, pair[1].contender)).collect()
}

/// The points by complexity, each with the least error up to that complexity.
fn falling(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut points = points.to_vec();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    points.dedup_by_key(|(x, _)| *x);
    let mut least = f64::INFINITY;
    for (_, y) in &mut points {
        least = least.min(*y);
        *y = least;
    }
    points
}

fn value(points: &[(f64, f64)], x: f64) -> Option<f64> {
    let after = points.partition_point(|(knot, _)| *knot <= x);
    let (x0, y0) = points[after.checked_sub(1)?];
    Some(points.get(after).map_or(y0, |(x1, y1)| y0 + (y1 - y0) * (x - x0) / (x1 - x0)))
}

fn best_at(curves: &[(Contender, Vec<(f64, f64)>)], x: f64) -> Option<Contender> {
    let values = curves.iter().filter_map(|(contender, points)| Some((value(points, x)?, *contender)));
    values.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, contender)| contender)
}

/// The crossings of two curves between two neighboring knots. All curves are straight between knots.
fn crossings(curves: &[(Contender, Vec<(f64, f64)>)], a: f64, b: f64) -> Vec<f64> {
    let ends: Vec<_> = curves.iter().filter_map(|(_, points)| Some((value(points, a)?, value(points, b)?))).collect();
    let mut found = Vec::new();
    for (i, first) in ends.iter().enumerate() {
        for second in &ends[i + 1..] {
            let (at_a, at_b) = (first.0 - second.0, first.1 - second.1);
            if at_a * at_b < 0.0 {
                found.push(a + (b - a) * at_a / (at_a - at_b));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Method;

    const AVQ: Contender = Contender::proposed(Method::Avq);
    const RVQ: Contender = Contender::proposed(Method::Rvq);
    const PVQ: Contender = Contender::proposed(Method::Pvq);

    #[test]
    fn the_envelope_changes_at_crossings_and_at_starts() {
        let curves = [
            // Starts at 2, already below PVQ's level end of 6.
            (AVQ, vec![(2.0, 5.0), (3.0, 1.0)]),
            // Crosses PVQ before 1.
            (RVQ, vec![(0.5, 9.0), (1.0, 5.5), (2.5, 5.2)]),
            (PVQ, vec![(0.0, 10.0), (1.0, 6.0)]),
        ];
        let ranges = best_by_budget(&curves);
        let contenders: Vec<_> = ranges.iter().map(|r| r.contender).collect();
        assert_eq!(contenders, [PVQ, RVQ, AVQ]);
        // 10 − 4x = 9 − 7(x − 0.5) gives x = 2.5/3.
        assert!((ranges[1].from - 2.5 / 3.0).abs() < 1e-12);
        assert_eq!((ranges[0].from, ranges[2].from, ranges[2].to), (0.0, 2.0, None));
        let lines = changes(&ranges);
        assert_eq!((lines.len(), lines[1]), (2, (2.0, RVQ, AVQ)));
    }

    #[test]
    fn rising_and_empty_curves() {
        assert_eq!(best_by_budget(&[(AVQ, vec![])]), []);
        // A point with a higher cost and a higher error does not end a contender's range.
        let ranges = best_by_budget(&[(AVQ, vec![(0.0, 2.0), (1.0, 5.0)]), (RVQ, vec![(0.5, 3.0)])]);
        assert_eq!(ranges, [BudgetRange { from: 0.0, to: None, contender: AVQ }]);
    }
}
