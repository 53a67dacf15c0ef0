//! Resamples other rates to 16 kHz.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

use super::super::RATE;
use stand_in::speech::rounded;

/// The minimum number of samples in a block of the filter, at the lower rate. The filter passes everything below 0.96
/// of the lower Nyquist frequency and, with this window, nothing above that Nyquist frequency.
const BLOCK: usize = 1024;

/// Resamples with a band-limiting filter of linear phase, without delay. Sample i of n × 16,000 / `from` (rounded up)
/// is at the time of i / 16,000 s. The samples are rounded to 16 bits.
pub fn resample(samples: &[f32], from: u32) -> Result<Vec<f32>, String> {
    let failed = |error: String| format!("its rate of {from} Hz can't be resampled to {RATE} Hz ({error})");
    let (from_rate, to_rate) = (from as usize, RATE as usize);
    // The shortest block that is whole at both rates. At least two of them are used, so that half a block, the delay,
    // is whole, too.
    let least = from_rate / gcd(from_rate, to_rate);
    let shorter = least.min(to_rate * least / from_rate);
    let block = 2 * least * BLOCK.div_ceil(2 * shorter);
    let mut resampler =
        Fft::<f64>::new_custom(from_rate, to_rate, block, 1, 1, WindowFunction::BlackmanHarris2, FixedSync::Both)
            .map_err(|error| failed(error.to_string()))?;
    let wide: Vec<f64> = samples.iter().map(|sample| f64::from(*sample)).collect();
    let input = InterleavedSlice::new(&wide, 1, wide.len()).map_err(|error| failed(error.to_string()))?;
    let out = resampler.process_all(&input, wide.len(), None).map_err(|error| failed(error.to_string()))?;
    Ok(out.take_data().into_iter().map(rounded).collect())
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
