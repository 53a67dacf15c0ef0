//! What abbreviations and the titles of columns mean, for readers who have not read the paper.

use crate::metric;
use crate::quantizer::Method;
use crate::report::format::enumerate;

/// A term as it stands in titles, and its meaning.
const TERMS: [(&str, &str); 22] = [
    ("MSE", "mean squared error per coordinate"),
    ("dB", "10 log10 of the error relative to the variance of the data"),
    ("WMOPS", "weighted million operations (ITU-T) for encoding one vector, with all stages counted"),
    ("published", "the mean in the published Results files"),
    ("n", "the number of seeds or test items behind the mean"),
    ("ours", "mean over the seeds, ± half the range that holds the middle 95 % of them"),
    ("difference", "our mean relative to the published mean, with its 95 % interval"),
    ("margin", "the largest difference at which a point counts as reproduced, fixed before the run"),
    ("verdict", "reproduced: two one-sided tests place the mean within the margin; better or worse: beyond the margin"),
    ("perplexity", "the effective number of used codewords of a stage; K if all are used equally often"),
    ("used", "the share of codewords that encode at least one vector"),
    ("replaced", "codewords that were replaced in training because no vector used them"),
    ("look-up", "operations of the same search with look-up tables of codeword products"),
    ("ms", "measured milliseconds of encoding one vector on one thread"),
    ("codebooks", "size of the codebooks in float32"),
    ("fit s", "seconds of training"),
    ("front", "costs for which no other quantizer has both a lower error and a lower cost"),
    ("trainer", "k-means, or noise substitution (NSVQ), which starts from k-means"),
    ("R@1", "the share of queries whose true nearest neighbor is found first"),
    ("recall", "the share of queries whose true nearest neighbor is among the first T found"),
    ("PESQ", "perceptual speech quality (ITU-T P.862), up to 4.64"),
    ("from WMOPS", "the smallest complexity budget of the range"),
];

/// The term that a title is or begins with, and its meaning.
pub(super) fn meaning(title: &str) -> Option<(&'static str, &'static str)> {
    let begins =
        |term: &str| title.strip_prefix(term).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ',']));
    TERMS.into_iter().filter(|(term, _)| begins(term)).max_by_key(|(term, _)| term.len())
}

/// The meanings of the methods' labels, of metrics (by their names in records), and of WMOPS: `RVQ and PVQ: residual and
/// product vector quantization. PESQ: …`
pub(super) fn glossary(methods: impl Iterator<Item = Method>, metrics: &[String], has_operations: bool) -> String {
    let own: Vec<Method> = methods.collect();
    let known = Method::known().into_iter().filter(|method| own.contains(method));
    let known: Vec<(&str, &str)> =
        known.filter_map(|method| Some((method.label(), method.definition().kind?))).collect();
    let mut sentences = Vec::new();
    if !known.is_empty() {
        let of = |part: fn(&(&'static str, &'static str)) -> &'static str| {
            enumerate(&known.iter().map(part).map(str::to_owned).collect::<Vec<_>>())
        };
        sentences.push(format!("{}: {} vector quantization.", of(|named| named.0), of(|named| named.1)));
    }
    let mut rows: Vec<&metric::Metric> = Vec::new();
    for row in metrics.iter().filter_map(|name| metric::find(name)) {
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    sentences.extend(rows.into_iter().map(|row| {
        let better = row.direction.better();
        format!("{}: {}; {better} is better.", row.label, uncapitalized(row.description))
    }));
    if has_operations {
        sentences.push("WMOPS: weighted million operations (ITU-T) for encoding one vector.".into());
    }
    sentences.join(" ")
}

/// The text as it stands within a sentence.
fn uncapitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_metrics_and_operations_are_explained_once() {
        let methods = [Method::Rvq, Method::Pvq, Method::Rvq].into_iter();
        let metrics = ["mse-fresh".to_owned(), "mse-training".to_owned()];
        assert_eq!(
            glossary(std::iter::empty(), &["psnr-fresh".into()], false),
            "Peak SNR: peak signal-to-noise ratio in dB; higher is better."
        );
        assert_eq!(
            glossary(methods, &metrics, true),
            "RVQ and PVQ: residual and product vector quantization. MSE: mean squared error per coordinate; lower is \
             better. WMOPS: weighted million operations (ITU-T) for encoding one vector."
        );
        assert_eq!(glossary(std::iter::empty(), &[], false), "");
    }

    #[test]
    fn titles_that_begin_with_a_term_have_its_meaning() {
        assert_eq!(meaning("difference %").map(|found| found.0), Some("difference"));
        assert_eq!(meaning("from WMOPS").map(|found| found.0), Some("from WMOPS"));
        assert_eq!(meaning("newest"), None);
    }
}
