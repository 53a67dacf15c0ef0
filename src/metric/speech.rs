//! The errors that the speech metrics share.

/// One of the two signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Reference,
    Test,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Side::Reference => "reference",
            Side::Test => "test",
        })
    }
}

/// Why two signals of speech can't be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpeechQualityError {
    #[error("the reference has {reference} samples, the test {test}; use signals of the same length")]
    Lengths { reference: usize, test: usize },
    #[error("{samples} samples are too few; use at least {least} (at 16 kHz)")]
    TooShort { samples: usize, least: usize },
    #[error("sample {at} of the {side} is NaN or infinite")]
    NotFinite { side: Side, at: usize },
    #[error("the {side} is silent to 16 bits; PESQ is not defined for it")]
    Silent { side: Side },
    #[error("there is no passage of speech that PESQ could align; use signals with at least 0.2 s of speech")]
    NoSpeech,
    #[error("the reference has no frame louder than {quietest} dB re full scale; there is nothing to compare")]
    Quiet { quietest: i32 },
    #[error("PESQ failed: {0}")]
    Failed(String),
}

/// Checks that the lengths are equal and all numbers are finite.
pub(super) fn check(reference: &[f32], test: &[f32]) -> Result<(), SpeechQualityError> {
    if reference.len() != test.len() {
        return Err(SpeechQualityError::Lengths { reference: reference.len(), test: test.len() });
    }
    for (side, samples) in [(Side::Reference, reference), (Side::Test, test)] {
        if let Some(at) = samples.iter().position(|x| !x.is_finite()) {
            return Err(SpeechQualityError::NotFinite { side, at });
        }
    }
    Ok(())
}
