//! The report of a toy experiment: its data and measurement in words, and the generalization gap.

use std::path::Path;

use super::Toy;
use crate::report::document::{Cell, Document, Table, text};
use crate::report::findings::{Gap, gaps};
use crate::report::format::{enumerate, signed, significant, whole};
use crate::report::overview::distinct;
use crate::report::{ReportInput, Sections, Words, panel_name};
use crate::spec::{CellSettings, Contender, Distribution, Panel, Plan, Primary, ToyData, ToySettings, Vectors};
use crate::task::Task;

impl Sections for Toy {
    fn words(&self, primary: Primary) -> Words {
        Words {
            points: "Mean squared error per coordinate (MSE; lower is better). Ours is the mean over the seeds, ± half \
                 the range that holds the middle 95 % of them.",
            difference: "The difference is ours against the published mean, with its 95 % interval (Welch).",
            verdicts: format!(
                "The published numbers are compared with the error on {}. Every table shows the other measurement \
                 beside it. ",
                self.measured_on(primary).unwrap_or_default()
            ),
            beside: match primary {
                Primary::Training => &[("#test vectors", "fresh")],
                Primary::Fresh => &[("#training set", "training")],
            },
            data: Some("drawn from the inferred distribution"),
        }
    }

    fn data_in_words(&self, settings: &CellSettings) -> String {
        if let CellSettings::Toy(toy) = settings { toy_in_words(&toy.data) } else { String::new() }
    }

    fn measurement_in_words(&self, plan: &Plan) -> Option<String> {
        let cells = plan.cells();
        let mut settings: Vec<&ToySettings> = Vec::new();
        for cell in &cells {
            if let CellSettings::Toy(toy) = &cell.settings {
                settings.push(toy);
            }
        }
        (!settings.is_empty()).then(|| measurement(&settings))
    }

    fn sections(&self, input: &ReportInput, _: &Path, document: &mut Document) {
        generalization(input, document);
    }
}

fn toy_in_words(data: &ToyData) -> String {
    let vectors = match data.vectors {
        Vectors::Fixed(n) => format!("a fixed set of {} vectors", whole(n)),
        Vectors::Stream => "an endless stream of new vectors".into(),
    };
    let rank = data.rank.unwrap_or(data.dimension);
    let law = match data.distribution {
        Distribution::Uniform => "independent uniform coordinates".to_string(),
        Distribution::UniformIntegers => "independent coordinates, each a uniform integer".into(),
        Distribution::Normal => "independent normal coordinates".into(),
        Distribution::Laplace => "independent Laplace coordinates".into(),
        Distribution::Ar1 => format!("first-order autoregression with coefficient {}", data.correlation.unwrap_or(0.0)),
        Distribution::LowRankMixture => format!("{rank} uniform sources mixed by one fixed random matrix"),
        Distribution::ChainedMaps => {
            format!("uniform sources squeezed through {rank} dimensions by two fixed random matrices")
        }
    };
    let mixing = data.mixing_seed.map(|seed| format!(" (seed of the matrix: {seed})")).unwrap_or_default();
    format!(
        "{vectors} of dimension {}: {law}{mixing}, variance {} per coordinate",
        data.dimension,
        significant(data.variance)
    )
}

/// The number of vectors on which the errors are measured.
fn measurement(settings: &[&ToySettings]) -> String {
    let training = distinct(settings, |s| match (s.evaluation.training_vectors, s.data.vectors) {
        (Some(n), Vectors::Fixed(all)) if n < all => format!("the first {} training vectors", whole(n)),
        (_, Vectors::Fixed(_)) => "all training vectors".into(),
        (n, Vectors::Stream) => format!("the first {} vectors of the stream", whole(n.unwrap_or(s.evaluation.vectors))),
    });
    let fresh = distinct(settings, |s| whole(s.evaluation.vectors));
    format!(
        "Measurement: the training set error is over {}, the test error over {} test vectors.",
        training.join(" or "),
        fresh.join(" or ")
    )
}

fn generalization(input: &ReportInput, document: &mut Document) {
    let panels: Vec<(&Panel, Vec<Gap>)> = input.plan.panels.iter().map(|p| (p, gaps(input, p))).collect();
    if panels.iter().all(|(_, gaps)| gaps.is_empty()) {
        return;
    }
    document.section("Training set error and test error");
    document.paragraph(
        "The same codebooks are measured on the training set and on test vectors of the same distribution. The gap is \
         the test error minus the training set error, in % of the training set error. It measures overfitting. The \
         test error is the error in use.",
    );
    document.list(panels.iter().filter_map(|(panel, gaps)| gap_text(panel, gaps)).map(text).collect());
    for (panel, gaps) in panels.iter().filter(|(_, gaps)| !gaps.is_empty()) {
        document.subsection(format!("Gap in %: {}", panel_name(panel)));
        document.table(gap_table(&input.plan.contenders, gaps));
    }
}

fn gap_text(panel: &Panel, gaps: &[Gap]) -> Option<String> {
    let most_bits = gaps.iter().map(|g| g.1).max()?;
    let at_end: Vec<String> = gaps
        .iter()
        .filter(|g| g.1 == most_bits)
        .map(|(contender, _, gap)| format!("{} % for {}", signed(gap.0, 2), contender.label()))
        .collect();
    let (contender, bits, widest) = gaps.iter().max_by(|a, b| a.2.0.abs().total_cmp(&b.2.0.abs()))?;
    Some(format!(
        "{}: at {most_bits} bits the test error differs from the training set error by {}. The widest gap is {} % ({} \
         at {bits} bits).",
        panel_name(panel),
        enumerate(&at_end),
        signed(widest.0, 2),
        contender.label(),
    ))
}

fn gap_table(contenders: &[Contender], gaps: &[Gap]) -> Table {
    let mut bits: Vec<u32> = gaps.iter().map(|g| g.1).collect();
    bits.sort_unstable();
    bits.dedup();
    let present: Vec<Contender> = contenders.iter().copied().filter(|m| gaps.iter().any(|g| g.0 == *m)).collect();
    let titles: Vec<String> =
        std::iter::once("#bits".to_string()).chain(present.iter().map(|m| format!("#{}", m.label()))).collect();
    let mut table = Table::new(&titles);
    for bits in bits {
        let cell = |contender: &Contender| {
            let gap = gaps.iter().find(|g| g.0 == *contender && g.1 == bits);
            gap.map_or("–".into(), |(_, _, (mean, low, high))| match low == high {
                true => signed(*mean, 2),
                false => format!("{} ({} … {})", signed(*mean, 2), signed(*low, 2), signed(*high, 2)),
            })
        };
        table.row(std::iter::once(bits.to_string()).chain(present.iter().map(cell)).map(Cell::from).collect());
    }
    table
}
