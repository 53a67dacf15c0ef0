//! The speed of this machine relative to the machine on which the cost model was fitted. It is measured in about 50 ms,
//! so that estimates are valid on all processors from the start.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::cost::update_cost;
use crate::data::stream::{normal, stream};
use crate::quantizer::{Codebooks, Init, Method, QuantizerSettings, Search, training_assigner};
use crate::training::{Optimizer, OptimizerState, accumulate_gradient};

/// The timed work: updates of a quantizer of 4 × 7 bits for vectors with 64 coordinates.
const DIMENSION: usize = 64;
const STAGES: usize = 4;
const BITS: u32 = 7;
const BATCH: usize = 256;

/// How long the updates of one method are timed.
const TIME: Duration = Duration::from_millis(15);

/// Seconds of this machine per second of the model, for cells of this method. Measured at the first call in a process.
pub fn pace(method: Method) -> f64 {
    static KNOWN: Mutex<Option<HashMap<Method, f64>>> = Mutex::new(None);
    // Other methods use the same kernels.
    let method = match (method.is_product(), method.is_joint()) {
        (true, _) => Method::Pvq,
        (false, true) => Method::Avq,
        (false, false) => Method::Rvq,
    };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    *known.get_or_insert_default().entry(method).or_insert_with(|| measure(method))
}

fn measure(method: Method) -> f64 {
    let beam = method.has_beam().then_some(1);
    let quantizer = QuantizerSettings {
        method,
        stages: STAGES,
        bits_per_stage: BITS,
        beam_width: beam,
        training_beam_width: beam,
        search: beam.map(|_| Search::Beam),
        init: Init::Normal,
        init_updates: None,
        init_learning_rate: None,
    };
    let Ok(mut books) = Codebooks::zeros(method, DIMENSION, STAGES, 1 << BITS) else { return 1.0 };
    let mut rng = stream("pace");
    books.values_mut().iter_mut().for_each(|v| *v = normal(&mut rng));
    let batch: Vec<f32> = (0..BATCH * DIMENSION).map(|_| normal(&mut rng)).collect();
    let mut assign = training_assigner(method, beam.map(|width| (Search::Beam, width)), BATCH);
    let adam = Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let mut optimizer = OptimizerState::new(&adam, books.values().len());
    let (mut residual, mut indices) = (batch.clone(), vec![0; BATCH * STAGES]);
    let mut gradient = vec![0.0; books.values().len()];
    let mut update = || {
        let begin = Instant::now();
        residual.copy_from_slice(&batch);
        assign.prepare(&books);
        assign.assign(&books, &mut residual, &mut indices);
        accumulate_gradient(&books, &residual, &indices, &mut gradient);
        optimizer.step(books.values_mut(), &mut gradient, 1e-3);
        begin.elapsed()
    };
    // The minimum of many, because other work on the machine only adds time.
    let (begin, mut least) = (Instant::now(), update());
    while begin.elapsed() < TIME {
        least = least.min(update());
    }
    least.as_secs_f64() / update_cost(&quantizer, BATCH, DIMENSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_a_pace() {
        for method in Method::ALL {
            let found = pace(method);
            assert!(found.is_finite() && found > 0.0);
            // Measured once.
            assert_eq!(pace(method), found);
        }
    }
}
