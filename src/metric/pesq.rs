//! Wideband PESQ of speech with the crate `pesq`. Its stages are called one by one, so that two of them can be changed
//! to agree with the ITU's code.

use std::panic::catch_unwind;

use ::pesq::types::{RATE_16K, SignalBuffer, Utterance};
use ::pesq::{PesqError, disturbance, input, psychoacoustic, score};

use super::speech::{Side, SpeechQualityError, check};

/// The shortest signal that PESQ takes, in samples: 0.25 s.
pub const SHORTEST_SPEECH: usize = 4_000;

/// Wideband PESQ (ITU-T P.862.2) as MOS-LQO, about 1.04 (bad) to 4.64 (no audible difference).
///
/// Both signals are mono, at 16 kHz, of one length, with a full scale of ±1; they are rounded to 16 bits, as in a WAV file.
///
/// The reference is the ITU's code (PyPI `pesq` 0.0.4), on 1,011 pairs made of LibriSpeech: noise, clipping,
/// quantization, low-pass, gaps, gains, digital silence, excerpts from 0.4 s, delays that change within the signal,
/// other tempos. The difference is at most .0006 for 1,005 pairs. It is .003, .005, .047, .069 and .133 for five pairs
/// whose last half second is bad, because the crate realigns one more frame. It is .007 for one pair in which two
/// delays fit equally well.
///
/// # Errors
/// [`SpeechQualityError`]: different lengths, less than [`SHORTEST_SPEECH`], NaN or infinite samples, silence, no
/// speech.
pub fn pesq(reference: &[f32], test: &[f32]) -> Result<f64, SpeechQualityError> {
    check(reference, test)?;
    if reference.len() < SHORTEST_SPEECH {
        return Err(SpeechQualityError::TooShort { samples: reference.len(), least: SHORTEST_SPEECH });
    }
    let [reference, test] = [(Side::Reference, reference), (Side::Test, test)].map(|(side, samples)| {
        let samples: Vec<i16> = samples.iter().map(|x| (x * 32_768.0).round() as i16).collect();
        // The level is normalized to a fixed one, which divides by the level; silence has level 0.
        if samples.iter().all(|x| *x == 0) { Err(SpeechQualityError::Silent { side }) } else { Ok(samples) }
    });
    let (reference, test) = (reference?, test?);
    // For some signals without anything in common, the crate's search for delays reads beyond their ends.
    match catch_unwind(|| mean_opinion_score(&reference, &test)) {
        Ok(Ok(score)) if score.is_finite() => Ok(f64::from(score)),
        Ok(Ok(score)) => Err(SpeechQualityError::Failed(format!("the score was {score}"))),
        Ok(Err(PesqError::SignalTooShort { samples })) => {
            Err(SpeechQualityError::TooShort { samples, least: SHORTEST_SPEECH })
        }
        Ok(Err(PesqError::NoUtterancesFound)) => Err(SpeechQualityError::NoSpeech),
        Err(_) => Err(SpeechQualityError::Failed(
            "the delay between the signals can't be found; use a test signal with the same speech at the same position"
                .into(),
        )),
    }
}

/// Does the same as the crate's `pesq_wb`, in the same order, with [`hear_from_the_start`] and [`small_steps`] between
/// its stages.
fn mean_opinion_score(reference: &[i16], test: &[i16]) -> Result<f32, PesqError> {
    let buffer = |samples| SignalBuffer::from_pcm_at(samples, RATE_16K);
    let mut pair = input::process_pair_wideband(buffer(reference)?, buffer(test)?)?;
    let first_frame = psychoacoustic::frame_range(&pair.reference, pair.nominal_max()).start;
    hear_from_the_start(&mut pair.reference);
    let utterances = small_steps(&pair.utterances);
    let frames = disturbance::frame_disturbances(&pair.reference, &pair.degraded, &utterances);
    let found = disturbance::aggregate(&frames, first_frame);
    Ok(score::mos_lqo_wb(f64::from(score::raw_score(found.symmetric, found.asymmetric))))
}

/// Makes the crate process all frames, like the ITU's code, which excludes the silent frames at the start from the mean
/// only.
///
/// The crate starts the smoothing of its scale, and the search for bad intervals, at the first frame that is loud in
/// the reference. This costs up to .09 MOS with digital silence before speech, and up to .33 MOS in noise. One loud
/// sample at the start makes frame 0 the first loud frame. No spectrum changes, because the Hann window is 0 at the
/// first sample of that frame.
fn hear_from_the_start(reference: &mut SignalBuffer) {
    const LOUD: f32 = 1000.0;
    let start = reference.signal_start();
    reference.samples[start] = LOUD;
}

/// Splits changes of the delay that the crate wrongly takes for jumps. Frames are skipped where the delay falls by more
/// than half a frame (256 samples at 16 kHz). The crate skips them from 128 samples on, half a frame at 8 kHz.
///
/// An utterance of length zero in between halves the step. No frame gets its delay, because the next utterance starts
/// at the same place.
fn small_steps(utterances: &[Utterance]) -> Vec<Utterance> {
    const SKIPPED_BY_CRATE: i32 = -128;
    const SKIPPED: i32 = -256;
    let mut all: Vec<Utterance> = Vec::with_capacity(utterances.len());
    for utterance in utterances {
        if let Some(last) = all.last() {
            let step = utterance.fine_delay - last.fine_delay;
            if (SKIPPED..SKIPPED_BY_CRATE).contains(&step) {
                all.push(Utterance { fine_delay: last.fine_delay + step / 2, ..*utterance });
            }
        }
        all.push(*utterance);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::made::{REFERENCE, pair};
    use super::*;

    #[test]
    fn agrees_with_the_reference_code_of_the_itu() {
        for (n, name, expected, _) in REFERENCE {
            let [reference, test] = pair(n, name);
            let found = pesq(&reference, &test).unwrap();
            assert!((found - expected).abs() < 0.0002, "{n} {name}: {found} against {expected}");
        }
    }

    /// If this fails, the crate has fixed both differences, and [`hear_from_the_start`] and [`small_steps`] can be
    /// removed.
    #[test]
    fn the_crate_alone_differs_after_silence_and_at_small_jumps() {
        for name in ["noise 100 after 8000", "240 cut"] {
            let (n, _, expected, _) = REFERENCE.iter().find(|case| case.1 == name).unwrap();
            let [reference, test] = pair(*n, name).map(|x| x.iter().map(|x| (x * 32_768.0) as i16).collect::<Vec<_>>());
            let found = f64::from(::pesq::pesq_wb(&reference, &test).unwrap());
            assert!((found - expected).abs() > 0.0003, "{name}: {found} against {expected}");
        }
    }

    #[test]
    fn steps_of_more_than_half_a_frame_stay_and_smaller_ones_are_halved() {
        let utterance = |fine_delay, start_window| Utterance {
            start_window,
            end_window: start_window + 60,
            coarse_delay: 0,
            fine_delay,
            confidence: 1.0,
            split_frame: None,
        };
        for (step, between) in [(-257, None), (-256, Some(-128)), (-129, Some(-64)), (-128, None), (200, None)] {
            let all = small_steps(&[utterance(10, 75), utterance(10 + step, 200)]);
            let found: Vec<(i32, usize)> = all.iter().map(|u| (u.fine_delay - 10, u.start_window)).collect();
            let mut expected = vec![(0, 75), (step, 200)];
            between.into_iter().for_each(|delay| expected.insert(1, (delay, 200)));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_can_not_be_compared_is_refused() {
        let refused = |a: &[f32], b: &[f32]| pesq(a, b).unwrap_err();
        let [speech, _] = pair(20_000, "same");
        let short = SpeechQualityError::TooShort { samples: 3_999, least: 4_000 };
        assert_eq!(refused(&speech[..3_999], &speech[..3_999]), short);
        assert_eq!(refused(&[], &[]), SpeechQualityError::TooShort { samples: 0, least: 4_000 });
        let lengths = SpeechQualityError::Lengths { reference: 20_000, test: 19_999 };
        assert_eq!(refused(&speech, &speech[1..]), lengths);
        let mut broken = speech.clone();
        broken[7] = f32::NAN;
        assert_eq!(refused(&broken, &speech), SpeechQualityError::NotFinite { side: Side::Reference, at: 7 });
        let quiet = vec![1e-6; 20_000];
        assert_eq!(refused(&quiet, &speech), SpeechQualityError::Silent { side: Side::Reference });
        assert_eq!(refused(&speech, &quiet), SpeechQualityError::Silent { side: Side::Test });
        let mut brief = vec![0.0; 20_000];
        brief[8_000..9_000].copy_from_slice(&speech[3_000..4_000]);
        assert_eq!(refused(&brief, &brief), SpeechQualityError::NoSpeech);
    }

    /// The crate's panic appears on stderr; the caller gets an error.
    #[test]
    fn what_the_crate_can_not_align_is_refused() {
        let step = |i: i32| (1000.0 * (43.0 * 0.026 * f64::from(i)).sin()).trunc();
        let tone: Vec<f32> = (0..60_000).map(|i| (step(i) / 32_768.0) as f32).collect();
        let half = [&[0.0; 30_001], &tone[30_001..]].concat();
        assert!(pesq(&tone, &half).unwrap_err().to_string().contains("delay"));
    }

    /// Samples beyond full scale are clipped, as in a WAV file.
    #[test]
    fn levels_are_those_of_16_bits() {
        let [speech, test] = pair(20_000, "noise 100");
        let loud = |x: &[f32]| -> Vec<f32> { x.iter().map(|x| x * 20.0).collect() };
        let clipped = |x: &[f32]| -> Vec<f32> { x.iter().map(|x| (x * 20.0).clamp(-1.0, 1.0)).collect() };
        assert_eq!(pesq(&loud(&speech), &loud(&test)), pesq(&clipped(&speech), &clipped(&test)));
    }

    /// `cargo test --release --lib metric::pesq -- --ignored --nocapture`
    #[test]
    #[ignore = "a measurement"]
    fn time_of_a_minute() {
        let pairs: Vec<_> = (0..10).map(|i| pair(96_000 + i, "noise 100")).collect();
        let start = std::time::Instant::now();
        let sum: f64 = pairs.iter().map(|[a, b]| pesq(a, b).unwrap()).sum();
        println!("{:.3} in {:.3} s", sum / 10.0, start.elapsed().as_secs_f64());
        let start = std::time::Instant::now();
        let sum: f64 = pairs.iter().map(|[a, b]| super::super::perceptual_snr(a, b).unwrap()).sum();
        println!("perceptual SNR {:.3} in {:.3} s", sum / 10.0, start.elapsed().as_secs_f64());
    }
}
