//! Codebook files, speech codecs, and coded speech.

use serde_json::{Value, json};

use super::{Inspected, inspected};
use crate::data::folder::hex;
use crate::data::speech::RATE;
use crate::quantizer::checkpoint::parse;
use crate::quantizer::{Codebooks, Provenance};
use crate::speech::{Header, Model};

/// Codebooks, with the speech codec if the file has one.
pub fn codebooks(bytes: &[u8]) -> Result<Inspected, String> {
    let (books, provenance) = parse(bytes)?;
    let mut holds = of_codebooks(&books, &provenance);
    if !Model::is_in(bytes) {
        return Ok(inspected("codebooks", holds));
    }
    let model = Model::parse(bytes)?;
    holds["identity"] = json!(hex(&model.identity()));
    holds["search"] = json!(model.search);
    holds["codec"] = json!(model.settings);
    Ok(inspected("speech codec", holds))
}

fn of_codebooks(books: &Codebooks, provenance: &Provenance) -> Value {
    let power = |stage: usize| {
        let words = books.stage(stage);
        // Relative to all D coordinates, so that the values of product and additive methods are comparable.
        let squares: f64 = words.iter().map(|v| f64::from(*v).powi(2)).sum();
        squares / (books.size() * books.dimension()) as f64
    };
    let mut holds = json!({
        "method": books.method().label().to_lowercase(),
        "dimension": books.dimension(),
        "stages": books.stages(),
        "codebook_size": books.size(),
        "bits_per_vector": books.stages() as f64 * (books.size() as f64).log2(),
        "bits_per_coordinate": books.stages() as f64 * (books.size() as f64).log2() / books.dimension() as f64,
        "codebook_bytes": size_of_val(books.values()),
        "power_by_stage": (0..books.stages()).map(power).collect::<Vec<_>>(),
    });
    if books.method().has_rotation() {
        holds["rotation"] = json!(if books.rotation().is_some() { "D × D" } else { "identity" });
    }
    if books.method().has_beam() {
        holds["beam_width"] = json!(provenance.beam_width);
    }
    holds["trainer"] = json!(provenance.trainer);
    holds["provenance"] = json!(provenance.provenance);
    holds
}

/// The header alone. It has a digest of the codec.
pub fn coded_speech(bytes: &[u8]) -> Result<Inspected, String> {
    let (header, payload) = Header::parse(bytes).map_err(|error| error.to_string())?;
    let seconds = f64::from(header.samples) / f64::from(RATE);
    let bitrate = 8.0 * bytes.len() as f64 / seconds;
    Ok(inspected(
        "coded speech",
        json!({
            "identity_of_codec": hex(&header.model),
            "samples": header.samples,
            "seconds": seconds,
            "bytes": bytes.len(),
            "bytes_of_payload": payload.len(),
            "bitrate": Some(bitrate).filter(|rate| rate.is_finite()),
        }),
    ))
}
