//! Files of codes and of vectors.

use std::path::Path;

use serde_json::json;

use super::{InspectError, Inspected, inspected};
use crate::data::file::{CodeFile, Element, FileError, VectorFile};
use crate::quantizer::MAX_STAGES;

/// The number of values that are read at once.
const BLOCK: usize = 1 << 18;

pub fn inspect(path: &Path) -> Result<Inspected, InspectError> {
    let vectors = VectorFile::open(path)?;
    match CodeFile::open(path) {
        // Wider arrays are vectors of integers. Counting their codes would take 8 KiB per byte of the file.
        Ok(file) if file.stages() <= MAX_STAGES => Ok(codes(&file, vectors.element())?),
        _ => Ok(self::vectors(&vectors)?),
    }
}

fn codes(file: &CodeFile, element: Element) -> Result<Inspected, FileError> {
    let stages = file.stages();
    let mut used = vec![vec![false; 1 << (8 * element.size())]; stages];
    let mut rows = vec![0u16; (BLOCK / stages).clamp(1, file.len()) * stages];
    let step = rows.len() / stages;
    for first in (0..file.len()).step_by(step) {
        let rows = &mut rows[..step.min(file.len() - first) * stages];
        file.read(first, rows)?;
        for row in rows.chunks_exact(stages) {
            row.iter().zip(&mut used).for_each(|(code, used)| used[usize::from(*code)] = true);
        }
    }
    let largest = used.iter().map(|used| used.iter().rposition(|u| *u));
    let different = used.iter().map(|used| used.iter().filter(|u| **u).count());
    Ok(inspected(
        "codes",
        json!({
            "vectors": file.len(),
            "stages": stages,
            "type": element.name(),
            "bytes_per_vector": stages * element.size(),
            "largest_code_by_stage": largest.collect::<Vec<_>>(),
            "different_codes_by_stage": different.collect::<Vec<_>>(),
        }),
    ))
}

pub fn vectors(file: &VectorFile) -> Result<Inspected, FileError> {
    let dimension = file.dimension();
    let step = (BLOCK / dimension).clamp(1, file.len());
    let mut rows = vec![0f32; step * dimension];
    let (mut least, mut most) = (f32::INFINITY, f32::NEG_INFINITY);
    let mut sums = vec![[0f64; 2]; dimension];
    // Sums are relative to the first vector, so that an offset does not cost digits of the variance.
    let mut origin = vec![0f32; dimension];
    file.read(0, &mut origin)?;
    for first in (0..file.len()).step_by(step) {
        let rows = &mut rows[..step.min(file.len() - first) * dimension];
        file.read(first, rows)?;
        for row in rows.chunks_exact(dimension) {
            for ((value, origin), [sum, squares]) in row.iter().zip(&origin).zip(&mut sums) {
                (least, most) = (least.min(*value), most.max(*value));
                let shifted = f64::from(*value) - f64::from(*origin);
                *sum += shifted;
                *squares += shifted.powi(2);
            }
        }
    }
    let n = file.len() as f64;
    let means = sums.iter().zip(&origin).map(|([sum, _], origin)| f64::from(*origin) + sum / n);
    let mean = means.sum::<f64>() / dimension as f64;
    let variance = sums.iter().map(|[sum, squares]| (squares / n - (sum / n).powi(2)).max(0.0)).sum::<f64>();
    let mut holds = json!({
            "vectors": file.len(),
            "dimension": dimension,
            "type": file.element().name(),
            "least": least,
            "largest": most,
            "mean": mean,
            "variance_per_coordinate": variance / dimension as f64,
    });
    if let Some(note) = file.note() {
        holds["note"] = note.into();
    }
    Ok(inspected("vectors", holds))
}
