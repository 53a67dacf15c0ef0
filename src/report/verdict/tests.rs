use super::*;
use crate::compare::compare_plan;
use crate::results::{aggregate, fixture, published};

fn sentences_of(lines: Vec<Line>) -> Vec<String> {
    lines.iter().map(Line::to_string).collect()
}

/// The published values times (1 + shift) at each point, with three seeds.
fn sentences(shift: impl Fn(usize) -> f64) -> String {
    let plan = fixture::plan(3);
    let file = published("Figure 2/correlated_dataset_Fig2-a.json").unwrap();
    let mut aggregates: Vec<Aggregate> = aggregate(&plan, &fixture::records(&plan));
    for (at, point) in aggregates[0].points.iter_mut().enumerate() {
        let theirs = file.mean_at(point.contender.label(), point.at).unwrap();
        for (i, sample) in point.samples.iter_mut().enumerate() {
            sample.1 = theirs * (1.0 + shift(at) + 0.0001 * (i as f64 - 1.0));
        }
    }
    sentences_of(lines(&plan, &compare_plan(&plan, &aggregates))).join("\n")
}

#[test]
fn a_panel_of_ones_own_says_which_method_is_best_where() {
    let mut plan = fixture::plan(1);
    let mut aggregates = aggregate(&plan, &fixture::records(&plan));
    assert_eq!(sentences_of(best_lines(&plan, &aggregates, |_| false)), Vec::<String>::new());
    plan.panels[0].published_file = None;
    // AVQ, RVQ and PVQ at 12 and 16 bits.
    for (point, mse) in aggregates[0].points.iter_mut().zip([5.0, 3.0, 4.0, 4.6, 4.5, 7.0]) {
        point.samples[0].1 = mse;
    }
    // A single seed has no range to overlap.
    let sentence = "Figure 2a: lowest MSE on the training set: RVQ at 12 bits, AVQ at 16 bits";
    assert_eq!(sentences_of(best_lines(&plan, &aggregates, |_| true)), [sentence]);
    // AVQ at 12 bits reaches down to 3.9.
    aggregates[0].points[0].samples = vec![(1, 6.1), (2, 3.9)];
    let sentence = "Figure 2a: lowest MSE on the training set: RVQ or AVQ at 12 bits, AVQ at 16 bits";
    assert_eq!(sentences_of(best_lines(&plan, &aggregates, |_| true)), [sentence]);
    // Test items differ more from each other than methods do on the same item.
    let mut with_items = aggregates.clone();
    for (place, items) in [(0, [1.0, 9.0, 5.0]), (2, [0.1, 7.9, 4.0]), (4, [1.5, 9.4, 5.4])] {
        with_items[0].points[place].items = items.into();
    }
    let sentence = "Figure 2a: lowest MSE on the training set: RVQ at 12 bits, AVQ at 16 bits";
    assert_eq!(sentences_of(best_lines(&plan, &with_items, |_| true)), [sentence]);
    // RVQ and PVQ were not measured.
    let mut alone = aggregates.clone();
    alone[0].points.truncate(2);
    let sentence = "Figure 2a: MSE on the training set with AVQ: 5.000 at 12 bits, 3.000 at 16 bits";
    assert_eq!(sentences_of(best_lines(&plan, &alone, |_| true)), [sentence]);
    let mut lines = best_lines(&plan, &aggregates, |_| true);
    without_name(&mut lines, &plan);
    assert!(lines[0].to_string().starts_with("Lowest MSE on the training set: "), "{}", lines[0]);
}

#[test]
fn positions_without_a_gap_are_a_range() {
    let numbers = ["12", "16", "20", "24"].map(String::from);
    let all = [[0, 1, 2].as_slice(), &[1, 2], &[0, 2, 3], &[3]].map(|chosen| in_order(chosen, &numbers));
    assert_eq!(all, ["12 to 20", "16 and 20", "12, 20 and 24", "24"]);
}

#[test]
fn where_the_best_method_changes_often_the_best_at_one_position_are_ranked() {
    let plan = fixture::plan(1);
    let mut aggregates = aggregate(&plan, &fixture::records(&plan));
    for (point, mse) in aggregates[0].points.iter_mut().zip([5.0, 3.0, 4.0, 4.6, 4.5, 7.0]) {
        point.samples[0].1 = mse;
    }
    let line = ranking(&plan.panels[0], &aggregates[0], "lowest MSE: ").unwrap();
    assert_eq!(line.to_string(), "lowest MSE: AVQ 3.000, RVQ 4.600, PVQ 7.000 at 16 bits, of 3 methods");
}

#[test]
fn a_panel_on_other_data_says_first_what_came_out() {
    let plan = fixture::plan(1);
    let aggregates = aggregate(&plan, &fixture::records(&plan));
    let mut comparisons = compare_plan(&plan, &aggregates);
    let with_verdict = answer_sentences(&plan, &comparisons, &aggregates);
    assert_eq!(with_verdict[..1], sentences_of(lines(&plan, &comparisons)));
    comparisons[0].not_comparable = Some("other data".into());
    let all = answer_sentences(&plan, &comparisons, &aggregates);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[0].starts_with("Figure 2a: lowest MSE on the training set: "), "{all:?}");
    assert_eq!(all[1], "Figure 2a, MSE: not comparable: other data");
}

#[test]
fn panels_with_the_same_reason_share_a_sentence() {
    let plan = fixture::plan(1);
    let all = compare_plan(&plan, &aggregate(&plan, &fixture::records(&plan)));
    let mut first = all[0].clone();
    first.not_comparable = Some("other data".into());
    let other = PanelComparison { panel: "other".into(), ..first.clone() };
    let sentences = sentences_of(lines(&plan, &[first, all[0].clone(), other]));
    assert_eq!(sentences.len(), 2, "{sentences:?}");
    assert_eq!(sentences[0], "Figure 2a, MSE; other: not comparable: other data");
}

#[test]
fn a_sentence_says_what_came_out() {
    let all = sentences(|_| 0.0);
    assert!(all.starts_with("Figure 2a, MSE: reproduced, 6 of 6 points within "), "{all}");
    assert!(all.ends_with(", 3 seeds"), "{all}");
    let better = sentences(|at| if at == 1 { -0.3 } else { 0.0 });
    assert!(better.starts_with("Figure 2a, MSE: reproduced or better, 5 of 6 points within "), "{better}");
    assert!(better.contains(", 1 better"), "{better}");
    let worse = sentences(|at| if at == 0 { 0.3 } else { 0.0 });
    assert!(worse.contains("2a, MSE: worse, 5 of 6 points") && worse.contains("1 worse (AVQ at "), "{worse}");
    assert!(worse.contains("bits +30.00 %)"), "{worse}");
}
