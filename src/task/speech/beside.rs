//! The parts that only a comparison of speech codecs has: paired gaps between methods, and Opus.

use std::collections::HashMap;

use crate::results::{Aggregate, PairedGap, find_aggregate, primary_metric, published};
use crate::runner::Record;
use crate::spec::{Contender, Method, Panel, Plan};

/// The value of one method minus the value of another.
#[derive(Clone, Debug)]
pub struct Gap {
    pub first: Contender,
    pub second: Contender,
    /// By position on the panel's axis, ascending.
    pub places: Vec<GapAt>,
}

#[derive(Clone, Copy, Debug)]
pub struct GapAt {
    pub at: u32,
    pub ours: Option<PairedGap>,
    /// The gap between the published means.
    pub published: Option<f64>,
}

/// The gaps in a panel's metric: AVQ minus RVQ, and RVQ minus PVQ, as far as the panel has these methods.
pub fn gaps(plan: &Plan, panel: &Panel, aggregates: &[Aggregate]) -> Vec<Gap> {
    const PAIRS: [(Method, Method); 2] = [(Method::Avq, Method::Rvq), (Method::Rvq, Method::Pvq)];
    let aggregate = find_aggregate(aggregates, &panel.name, &primary_metric(plan, panel));
    let Some(aggregate) = aggregate else { return Vec::new() };
    let file = panel.published_file.as_deref().and_then(published);
    let theirs = |contender: Contender, at: u32| {
        let file = file.as_ref()?;
        file.curve(&panel.curve_name(contender))?.mean().get(file.tick(&panel.axis.tick(at))?).copied().flatten()
    };
    let trainer = panel.trainer();
    let pairs = PAIRS.map(|pair| [pair.0, pair.1].map(|method| Contender { method, trainer }));
    let has = |contender: &Contender| panel.points.iter().any(|point| point.contender == *contender);
    let gap = |[first, second]: [Contender; 2]| {
        let at = |at: u32| GapAt {
            at,
            ours: aggregate.point(first, at).and_then(|own| own.paired_gap(aggregate.point(second, at)?)),
            published: theirs(first, at).zip(theirs(second, at)).map(|(first, second)| first - second),
        };
        Gap { first, second, places: aggregate.places().into_iter().map(at).collect() }
    };
    pairs.into_iter().filter(|pair| pair.iter().all(has)).map(gap).collect()
}

/// Opus at one target bitrate: means over the test utterances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpusAt {
    /// The target bitrate in bit/s.
    pub at: u32,
    /// The real bitrate in bit/s.
    pub bitrate: f64,
    pub pesq: f64,
    /// Perceptual SNR in dB.
    pub psnr: Option<f64>,
}

/// The measurements of Opus by target bitrate, from the first cell that has them. All cells on the same utterances have
/// the same values. Empty if the Opus tools were not installed.
pub fn opus(panel: &Panel, records: &HashMap<String, Record>) -> Vec<OpusAt> {
    let cells: Vec<&Record> =
        panel.points.iter().flat_map(|p| &p.cells).filter_map(|cell| records.get(&cell.key())).collect();
    let first = |metric: String| cells.iter().find_map(|record| record.metrics.get(&metric).copied());
    let at = |at: &u32| {
        let bitrate = first(format!("bitrate-opus@{at}"))?;
        let psnr = first(format!("psnr-perceptual-opus@{at}"));
        Some(OpusAt { at: *at, bitrate, pesq: first(format!("pesq-opus@{at}"))?, psnr })
    };
    panel.measured_at.iter().filter_map(at).collect()
}
