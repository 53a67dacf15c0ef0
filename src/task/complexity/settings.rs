//! The settings of a complexity cell: the shape of a quantizer.

use serde::{Deserialize, Serialize};

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

/// The settings of a complexity cell.
pub fn resolve(settings: &Settings, point: Point) -> Checked<ComplexitySettings> {
    let Point { method, stages, bits_per_stage, .. } = point;
    let dimension = dimension(settings, point.head)?;
    let why = format!("{} cuts each vector into M equal parts", method.label());
    check_dimension(settings, point, dimension, method.is_product(), &why)?;
    if method == Method::Lsq {
        return Err(Fault::new(point.name, "LSQ has no published operation count")
            .allowed("\"avq\", \"rvq\", \"pvq\", \"opq\""));
    }
    let is_avq = method == Method::Avq;
    if !is_avq && stages == 1 {
        let span = settings.node("sweep.stages").map_or(point.head, |node| node.span);
        let message = format!("the published model counts no distance of {} with one stage", method.label());
        return Err(Fault::new(span, message).allowed("2 stages or more for RVQ and PVQ; 1 for AVQ alone"));
    }
    let beam_width =
        if is_avq { Some(quantizer::beam(settings, "quantizer.beam-width", BEAM_WIDTH, point)?) } else { None };
    Ok(ComplexitySettings { method, dimension, stages, bits_per_stage, beam_width })
}
