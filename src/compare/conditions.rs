//! Sentences about the settings that a reader must know beside a panel's numbers: warm starts, beam widths that differ
//! between points, and the released search.

use super::tradeoff::uses_released_search;
use crate::spec::{Init, Panel, PlannedPoint, QuantizerSettings, Trainer};

/// Sentences without a full stop. None if all settings are the paper's.
pub fn conditions(panel: &Panel) -> Vec<String> {
    let mut notes = warm_starts(panel);
    notes.extend(beams(panel));
    notes.extend(released_search(panel));
    notes
}

/// `AVQ at 16 to 40 bits starts from a trained RVQ (2,000 updates)`, for codebooks without the paper's random start.
pub fn warm_starts(panel: &Panel) -> Vec<String> {
    let of_point = |quantizer: &QuantizerSettings| match quantizer.init {
        Init::Uniform => None,
        init => Some((init, quantizer.init_updates)),
    };
    let runs = runs(panel, of_point);
    runs.into_iter().map(|(points, start)| format!("{points} starts from {}", start_name(start.0, start.1))).collect()
}

/// A start in words: `a trained RVQ (2,000 updates)`.
pub fn start_name(init: Init, updates: Option<u64>) -> String {
    let name = match init {
        Init::Uniform => "Uniform(−1/K, 1/K), as in the paper",
        Init::Normal => "N(0, 1/K²)",
        Init::Data => "random training vectors",
        Init::Kmeans => "k-means on a sample",
        Init::Pvq => "a trained PVQ",
        Init::Rvq => "a trained RVQ",
    };
    updates.map_or(name.into(), |n| format!("{name} ({} updates)", thousands(n)))
}

/// The beam widths of training and evaluation, if they differ between bitrates.
fn beams(panel: &Panel) -> Option<String> {
    let runs = runs(panel, |quantizer| Some((quantizer.training_beam_width?, quantizer.beam_width?)));
    let parts: Vec<String> = runs
        .iter()
        .map(|(points, (training, evaluation))| format!("{points} {training} in training, {evaluation} in evaluation"))
        .collect();
    (parts.len() > 1).then(|| format!("beam width: {}", parts.join("; ")))
}

fn released_search(panel: &Panel) -> Option<String> {
    let bits: Vec<u32> = panel.points.iter().filter(|p| uses_released_search(p)).map(|p| p.bits).collect();
    let name = panel.points.iter().find(|p| uses_released_search(p)).map(|p| p.contender.label())?;
    Some(format!(
        "{name} at {} uses the search of the authors' released code; its tuples may use a codebook twice, and such \
         tuples are not valid codes",
        bits_in_words(&bits, panel)
    ))
}

/// Groups the points that NSVQ trains by method and value: `AVQ at 16 to 40 bits` and the value, in the panel's order.
fn runs<T: PartialEq>(panel: &Panel, value: impl Fn(&QuantizerSettings) -> Option<T>) -> Vec<(String, T)> {
    let value = |point: &PlannedPoint| value(point.cells.first()?.settings.quantizer()?);
    let mut found: Vec<(&PlannedPoint, T, Vec<u32>)> = Vec::new();
    for point in panel.points.iter().filter(|p| p.contender.trainer == Trainer::Nsvq) {
        let Some(value) = value(point) else { continue };
        match found.iter_mut().find(|(first, known, _)| first.contender == point.contender && *known == value) {
            Some((_, _, bits)) => bits.push(point.bits),
            None => found.push((point, value, vec![point.bits])),
        }
    }
    let named = |(first, value, bits): (&PlannedPoint, T, Vec<u32>)| {
        (format!("{} at {}", first.contender.label(), bits_in_words(&bits, panel)), value)
    };
    found.into_iter().map(named).collect()
}

/// `16 to 40 bits` for consecutive bitrates of the panel, otherwise a list of such ranges.
pub fn bits_in_words(bits: &[u32], panel: &Panel) -> String {
    let mut all: Vec<u32> = panel.points.iter().map(|p| p.bits).collect();
    all.sort_unstable();
    all.dedup();
    let place = |bits: u32| all.iter().position(|b| *b == bits).unwrap_or(usize::MAX);
    let neighbors = |a: &u32, b: &u32| place(*b).checked_sub(place(*a)) == Some(1);
    let parts: Vec<String> = bits
        .chunk_by(neighbors)
        .flat_map(|run| match run {
            [first, _, .., last] => vec![format!("{first} to {last}")],
            short => short.iter().map(u32::to_string).collect(),
        })
        .collect();
    let list = match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => parts.concat(),
    };
    format!("{list} bits")
}

/// Formats 12000 as 12,000.
fn thousands(n: u64) -> String {
    if n < 1000 { n.to_string() } else { format!("{},{:03}", thousands(n / 1000), n % 1000) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;
    use crate::spec::Search;

    #[test]
    fn what_differs_from_the_paper_or_between_points_is_told() {
        let mut plan = fixture::plan(1);
        assert_eq!(conditions(&plan.panels[0]), Vec::<String>::new());
        let mut settings = plan.panels[0].points.iter_mut().filter_map(|p| p.cells[0].settings.quantizer_mut());
        settings.next().unwrap().search = Some(Search::Released);
        let avq = settings.next().unwrap();
        (avq.init, avq.init_updates, avq.beam_width) = (Init::Rvq, Some(12_000), Some(4));
        let notes = conditions(&plan.panels[0]);
        assert_eq!(notes[0], "AVQ at 16 bits starts from a trained RVQ (12,000 updates)");
        let beams = "beam width: AVQ at 12 bits 16 in training, 16 in evaluation; AVQ at 16 bits 16 in training, 4 in evaluation";
        assert_eq!(notes[1], beams);
        assert!(notes[2].starts_with("AVQ at 12 bits uses the search of the authors' released code"));
        assert_eq!(notes.len(), 3);
    }

    #[test]
    fn bitrates_are_ranges_where_neighbors() {
        let mut panel = fixture::plan(1).panels.remove(0);
        let first = panel.points[0].clone();
        panel.points = [12, 16, 20, 24, 28].map(|bits| PlannedPoint { bits, ..first.clone() }).to_vec();
        let words = |bits: &[u32]| bits_in_words(bits, &panel);
        assert_eq!(words(&[12, 16, 20]), "12 to 20 bits");
        assert_eq!(words(&[12, 20, 24, 28]), "12 and 20 to 28 bits");
        assert_eq!([words(&[12, 16]), words(&[28])], ["12 and 16 bits", "28 bits"]);
    }
}
