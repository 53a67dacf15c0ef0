//! Explorers of experiments and of recommendations, and their numbers as JSON.

use serde_json::{Value, json};

use super::{Budget, By, Entry, Explorer, Group, Scale};
use crate::compare::tradeoff::{PanelTradeoff, TradeoffPoint, Tradeoffs, error_of, is_decibel, takes_part};
use crate::complexity::Model;
use crate::figure::{Color, curves, drawn_once};
use crate::metric;
use crate::recommend::{Choice, Recommendation};
use crate::report::{panel_name, tradeoffs};
use crate::results::{Aggregate, find_aggregate};
use crate::spec::{Panel, Plan};

impl Explorer {
    /// The points of all panels with trade-offs; `None` without any. Contenders that take no part in the report's
    /// choices are left out.
    pub fn of_experiment(plan: &Plan, tradeoffs: &Tradeoffs, aggregates: &[Aggregate]) -> Option<Self> {
        let shown = drawn_once(plan);
        let results = tradeoffs.panels.iter().filter(|result| shown.contains(&result.panel.as_str()));
        let of = |result: &PanelTradeoff| {
            let panel = plan.panels.iter().find(|panel| panel.name == result.panel)?;
            Some(of_panel(panel, result, aggregates)).filter(|group| !group.entries.is_empty())
        };
        let groups: Vec<Group> = results.filter_map(of).collect();
        let baselines = match plan.panels.iter().any(|p| p.points.iter().any(|x| !takes_part(p, x.contender))) {
            true => " Baselines beside published numbers are left out.",
            false => "",
        };
        let note = format!(
            "The choice has the lowest error within all budgets; of equal errors, the one with the fewest operations, \
             then the fewest bits. Operations are WMOPS for encoding one vector. ±: half the range that holds the middle \
             95 % of the seeds or test items.{baselines}"
        );
        (!groups.is_empty()).then(|| Self { note, by: By::Data, groups, limits: Budget::default() })
    }

    /// The candidates of all bitrates, with the limits of the request.
    pub fn of_recommendation(found: &Recommendation) -> Self {
        let limits = Budget {
            wmops: found.limits.wmops,
            ms: found.limits.ms_per_vector,
            codebook_bytes: found.limits.codebook_bytes.map(|bytes| bytes as f64),
            ..Budget::default()
        };
        let groups = found.choices.iter().map(|choice| of_bitrate(found, choice)).collect();
        let note = "The choice is the cheapest quantizer, by operations, of those whose error can't be distinguished \
                    from the lowest error within the budgets (paired by vector). Operations are WMOPS for encoding one \
                    vector. ±: standard error over the held-out vectors. ms: measured encoding time of one vector on \
                    one thread."
            .into();
        Self { note, by: By::Bits, groups, limits }
    }

    /// The numbers, for the script and for readers.
    pub(super) fn json(&self) -> Value {
        json!({
            "by": match self.by { By::Data => "data", By::Bits => "bits" },
            "limits": {
                "wmops": self.limits.wmops,
                "ms": self.limits.ms,
                "codebook_bytes": self.limits.codebook_bytes,
            },
            "groups": self.groups.iter().map(Group::json).collect::<Vec<_>>(),
        })
    }
}

impl Group {
    fn json(&self) -> Value {
        let scale = match self.scale {
            Scale::Decibel => "decibel",
            Scale::Power => "power",
            Scale::Other => "other",
        };
        let (name, key, error) = (&self.name, &self.key, &self.error);
        let entries: Vec<Value> = self.entries.iter().map(|entry| entry.json(self.scale)).collect();
        json!({ "name": name, "key": key, "error": error, "scale": scale, "entries": entries })
    }

    /// The error as text, with its uncertainty.
    pub(super) fn shown(&self, entry: &Entry) -> String {
        entry.shown(self.scale)
    }

    /// The error as it is shown.
    pub(super) fn value(&self, entry: &Entry) -> f64 {
        if self.scale == Scale::Decibel { -entry.error } else { entry.error }
    }
}

impl Entry {
    fn json(&self, scale: Scale) -> Value {
        let [published, corrected, lookup] = self.wmops;
        let [red, green, blue] = self.color;
        json!({
            "name": self.name,
            "method": self.method,
            "bits": self.bits,
            "error": self.error,
            "plus_minus": self.plus_minus,
            "shown": self.shown(scale),
            "wmops": { "published": published, "corrected": corrected, "lookup": lookup },
            "ms": self.ms,
            "codebook_bytes": self.codebook_bytes,
            "alike": self.alike,
            "style": crate::figure::shades(Color(red, green, blue)),
        })
    }

    fn shown(&self, scale: Scale) -> String {
        let number = |value: f64| match scale {
            Scale::Decibel => format!("{value:.2}"),
            _ => crate::report::format::significant(value),
        };
        let value = if scale == Scale::Decibel { -self.error } else { self.error };
        let range = self.plus_minus.filter(|range| *range > 0.0 && range.is_finite());
        let range = range.map_or(String::new(), |range| format!(" ± {}", digits(range)));
        format!("{}{range}", number(value).replacen('-', "−", 1))
    }
}

/// Two significant digits.
fn digits(value: f64) -> String {
    crate::number::digits(value, 2)
}

fn of_panel(panel: &Panel, result: &PanelTradeoff, aggregates: &[Aggregate]) -> Group {
    let aggregate = find_aggregate(aggregates, &panel.name, &result.metric);
    let points = result.points.iter().filter(|point| takes_part(panel, point.contender));
    let entries = points.filter_map(|point| of_point(panel, result, point, aggregate)).collect();
    let squared = metric::find(&result.metric).is_some_and(|row| ["mse", "pixel-mse"].contains(&row.name));
    let scale = match () {
        () if is_decibel(&result.metric) => Scale::Decibel,
        () if squared => Scale::Power,
        () => Scale::Other,
    };
    let error = tradeoffs::error_name(result);
    Group { name: panel_name(panel), key: panel.name.clone(), error, scale, entries }
}

fn of_point(
    panel: &Panel,
    result: &PanelTradeoff,
    point: &TradeoffPoint,
    aggregate: Option<&Aggregate>,
) -> Option<Entry> {
    let planned = panel.planned(point.contender, point.bits)?;
    let size = 1usize.checked_shl(planned.bits_per_stage)?;
    let spread = aggregate.and_then(|all| all.point(point.contender, point.bits)).and_then(|found| {
        let error = |value: f64| error_of(&result.metric, value);
        Some((error(found.quantile_high()?) - error(found.quantile_low()?)).abs() / 2.0)
    });
    let Color(red, green, blue) = curves::color(point.contender);
    let method = point.contender.label();
    Some(Entry {
        name: format!("{method}, {} bits", point.bits),
        method: method.to_string(),
        color: [red, green, blue],
        bits: point.bits,
        wmops: Model::ALL.map(|model| point.log10_wmops(model).map(|log10| 10f64.powf(log10))),
        ms: None,
        codebook_bytes: point.contender.method.codebook_bytes(panel.dimension, planned.stages, size),
        error: point.error,
        plus_minus: spread,
        alike: Vec::new(),
    })
}

fn of_bitrate(found: &Recommendation, choice: &Choice) -> Group {
    let places = 0..found.candidates.len();
    let own: Vec<usize> = places.filter(|i| found.candidates[*i].shape.bits() == choice.bits).collect();
    let entry = |place: &usize| {
        let candidate = &found.candidates[*place];
        let Color(red, green, blue) = curves::method_color(candidate.shape.method);
        let is_alike = |(_, other): &(usize, &usize)| **other != *place && found.are_alike(**other, *place);
        Entry {
            name: candidate.label(),
            method: candidate.shape.method.label().to_string(),
            color: [red, green, blue],
            bits: choice.bits,
            wmops: [candidate.wmops_published, Some(candidate.wmops), candidate.wmops_lookup],
            ms: Some(candidate.ms_per_vector),
            codebook_bytes: candidate.codebook_bytes,
            error: candidate.mse.mean,
            plus_minus: Some(candidate.mse.standard_error),
            alike: own.iter().enumerate().filter(is_alike).map(|(at, _)| at).collect(),
        }
    };
    Group {
        name: format!("{} bits per vector", choice.bits),
        key: choice.bits.to_string(),
        error: "MSE".into(),
        scale: Scale::Power,
        entries: own.iter().map(entry).collect(),
    }
}
