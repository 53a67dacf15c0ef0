//! The settings of a complexity cell: the shape of a quantizer.

use serde::{Deserialize, Serialize};

use crate::complexity::{ComplexityError, Model, count};
use crate::quantizer::{BEAM_WIDTH, Method};
use crate::task::settings::resolve::{Point, check_dimension, dimension};
use crate::task::settings::{Checked, Fault, Settings, quantizer};

/// Operation counts need no training, only the shape of the quantizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ComplexitySettings {
    pub method: Method,
    pub dimension: usize,
    pub stages: usize,
    pub bits_per_stage: u32,
    /// Only for AVQ.
    pub beam_width: Option<usize>,
}

/// Whether the published model counts a method, tried with a shape that is valid for all others.
fn has_published_count(method: Method) -> bool {
    let beam = method.has_beam().then_some(1);
    !matches!(count(method, 2, 2, 2, beam, Model::Published), Err(ComplexityError::NotCounted { .. }))
}

/// The settings of a complexity cell.
pub fn resolve(settings: &Settings, point: Point) -> Checked<ComplexitySettings> {
    let Point { method, stages, bits_per_stage, .. } = point;
    let dimension = dimension(settings, point.head)?;
    let why = format!("{} cuts each vector into M equal parts", method.label());
    check_dimension(settings, point, dimension, method.is_product(), &why)?;
    if !has_published_count(method) {
        let counted = Method::known().into_iter().filter(|method| has_published_count(*method));
        let names: Vec<String> = counted.map(|method| format!("\"{}\"", method.name())).collect();
        return Err(Fault::new(point.name, format!("{} has no published operation count", method.label()))
            .allowed(names.join(", ")));
    }
    let has_beam = method.has_beam();
    if !has_beam && stages == 1 {
        let span = settings.node("sweep.stages").map_or(point.head, |node| node.span);
        let message = format!("the published model counts no distance of {} with one stage", method.label());
        return Err(Fault::new(span, message).allowed("2 stages or more for RVQ and PVQ; 1 for AVQ alone"));
    }
    let beam_width =
        if has_beam { Some(quantizer::beam(settings, "quantizer.beam-width", BEAM_WIDTH, point)?) } else { None };
    Ok(ComplexitySettings { method, dimension, stages, bits_per_stage, beam_width })
}
