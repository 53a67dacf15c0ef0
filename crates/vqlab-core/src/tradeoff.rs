//! Trade-offs of points that have costs and a loss: Pareto fronts, the points worth their cost, and the best choice
//! within a budget. All numbers are finite, and small is good.
//! ```
//! use vqlab_core::tradeoff::{best_by_budget, front, steps};
//!
//! let points = [[1.0, 5.0], [2.0, 3.0], [3.0, 4.0]]; // (cost, loss)
//! assert_eq!(front(&points), [true, true, false]);
//! assert_eq!(steps(&points), [0, 1]);
//! let ranges = best_by_budget(&[("a", vec![(1.0, 5.0)]), ("b", vec![(2.0, 3.0)])]);
//! assert_eq!((ranges[1].from, ranges[1].choice), (2.0, "b"));
//! ```

/// Marks the rows that no other row beats. A row beats another if it is nowhere larger and somewhere smaller.
pub fn front<const N: usize>(rows: &[[f64; N]]) -> Vec<bool> {
    let beats = |a: &[f64; N], b: &[f64; N]| a.iter().zip(b).all(|(a, b)| a <= b) && a != b;
    rows.iter().map(|row| !rows.iter().any(|other| beats(other, row))).collect()
}

/// The front of points [cost, loss] as indices by ascending cost: each has less loss than all cheaper points. Of equal
/// points, the earlier one is chosen.
pub fn steps(points: &[[f64; 2]]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| {
        let ([cost, loss], [other_cost, other_loss]) = (points[*a], points[*b]);
        cost.total_cmp(&other_cost).then(loss.total_cmp(&other_loss))
    });
    let mut least = f64::INFINITY;
    order.retain(|i| {
        let is_better = points[*i][1] < least;
        least = least.min(points[*i][1]);
        is_better
    });
    order
}

/// Budgets from `from` to `to` (`None` = unlimited) for which `choice` has the lowest loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetRange<T> {
    pub from: f64,
    pub to: Option<f64>,
    pub choice: T,
}

/// The lower envelope of the curves, as ranges from the cheapest point on. Neighboring ranges have different choices. A
/// curve is linear between its points (cost, loss) and never rises. It starts at the cheapest point and is constant
/// beyond the most expensive one, because a budget need not be used up. Of equal choices, the earlier one in the list
/// is chosen.
pub fn best_by_budget<T: Copy + PartialEq>(curves: &[(T, Vec<(f64, f64)>)]) -> Vec<BudgetRange<T>> {
    let curves: Vec<_> = curves.iter().map(|(choice, points)| (*choice, falling(points))).collect();
    let mut knots: Vec<f64> = curves.iter().flat_map(|(_, points)| points).map(|(x, _)| *x).collect();
    knots.sort_by(f64::total_cmp);
    knots.dedup();
    let Some(last) = knots.last().copied() else { return Vec::new() };
    let mut bounds = knots.clone();
    for pair in knots.windows(2) {
        bounds.extend(crossings(&curves, pair[0], pair[1]));
    }
    bounds.sort_by(f64::total_cmp);
    let mut ranges: Vec<BudgetRange<T>> = Vec::new();
    for (i, from) in bounds.iter().enumerate() {
        let to = bounds.get(i + 1).copied();
        let middle = (from + to.unwrap_or(last + 1.0)) / 2.0;
        let Some(choice) = best_at(&curves, middle) else { continue };
        match ranges.last_mut() {
            Some(range) if range.choice == choice => range.to = to,
            _ => ranges.push(BudgetRange { from: *from, to, choice }),
        }
    }
    ranges
}

/// The budgets at which the best choice changes, with the choices below and above. Figures have vertical lines there.
pub fn changes<T: Copy>(ranges: &[BudgetRange<T>]) -> Vec<(f64, T, T)> {
    ranges.windows(2).map(|pair| (pair[1].from, pair[0].choice, pair[1].choice)).collect()
}

/// The points by cost, each with the least loss up to that cost.
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

fn best_at<T: Copy>(curves: &[(T, Vec<(f64, f64)>)], x: f64) -> Option<T> {
    let values = curves.iter().filter_map(|(choice, points)| Some((value(points, x)?, *choice)));
    values.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, choice)| choice)
}

/// The crossings of two curves between two neighboring knots. All curves are straight between knots.
fn crossings<T>(curves: &[(T, Vec<(f64, f64)>)], a: f64, b: f64) -> Vec<f64> {
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

    const AVQ: &str = "AVQ";
    const RVQ: &str = "RVQ";
    const PVQ: &str = "PVQ";

    #[test]
    fn fronts_leave_beaten_rows_out() {
        let rows = [[1.0, 5.0, 1.0], [1.0, 5.0, 2.0], [2.0, 3.0, 9.0], [2.0, 6.0, 0.5], [1.0, 5.0, 1.0]];
        assert_eq!(front(&rows), [true, false, true, true, true]);
    }

    #[test]
    fn what_costs_more_and_gives_no_less_loss_is_no_step() {
        assert_eq!(steps(&[[1.0, 5.0], [0.2, 7.0], [0.1, 7.0]]), [2, 0]);
        assert_eq!(steps(&[[1.0, 8.0], [0.2, 7.0], [0.2, 9.0], [0.2, 7.0]]), [1]);
        assert_eq!(steps(&[]), [0usize; 0]);
    }

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
        let choices: Vec<_> = ranges.iter().map(|r| r.choice).collect();
        assert_eq!(choices, [PVQ, RVQ, AVQ]);
        // 10 − 4x = 9 − 7(x − 0.5) gives x = 2.5/3.
        assert!((ranges[1].from - 2.5 / 3.0).abs() < 1e-12);
        assert_eq!((ranges[0].from, ranges[2].from, ranges[2].to), (0.0, 2.0, None));
        let lines = changes(&ranges);
        assert_eq!((lines.len(), lines[1]), (2, (2.0, RVQ, AVQ)));
    }

    #[test]
    fn rising_and_empty_curves() {
        assert_eq!(best_by_budget(&[(AVQ, vec![])]), []);
        // A point with a higher cost and a higher error does not end a choice's range.
        let ranges = best_by_budget(&[(AVQ, vec![(0.0, 2.0), (1.0, 5.0)]), (RVQ, vec![(0.5, 3.0)])]);
        assert_eq!(ranges, [BudgetRange { from: 0.0, to: None, choice: AVQ }]);
    }
}
