//! Wideband PESQ of speech.

use super::speech::{Side, SpeechQualityError, check};

/// The shortest signal that PESQ takes, in samples: 0.25 s.
pub const SHORTEST_SPEECH: usize = 4_000;

/// Wideband PESQ (ITU-T P.862.2) as MOS-LQO, about 1.04 (bad) to 4.64 (no audible difference).
///
/// Both signals are mono, at 16 kHz, of one length, with a full scale of ±1; they are rounded to 16 bits, as in a WAV file.
/// Computed by the crate `pesq`.
///
/// # Errors
/// [`SpeechQualityError`]: other lengths, less than [`SHORTEST_SPEECH`], NaN or infinite samples, silence, no speech.
pub fn pesq(reference: &[f32], test: &[f32]) -> Result<f64, SpeechQualityError> {
    check(reference, test)?;
    if reference.len() < SHORTEST_SPEECH {
        return Err(SpeechQualityError::TooShort { samples: reference.len(), least: SHORTEST_SPEECH });
    }
    let [reference, test] = [(Side::Reference, reference), (Side::Test, test)].map(|(side, samples)| {
        let samples: Vec<i16> = samples.iter().map(|x| (x * 32_768.0).round() as i16).collect();
        // The level is brought to a fixed one, which divides by that of silence.
        if samples.iter().all(|x| *x == 0) { Err(SpeechQualityError::Silent { side }) } else { Ok(samples) }
    });
    let score = ::pesq::pesq_wb(&reference?, &test?).map_err(|error| match error {
        ::pesq::PesqError::SignalTooShort { samples } => {
            SpeechQualityError::TooShort { samples, least: SHORTEST_SPEECH }
        }
        ::pesq::PesqError::NoUtterancesFound => SpeechQualityError::NoSpeech,
    })?;
    Ok(f64::from(score))
}
