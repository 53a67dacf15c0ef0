//! Methods that only their own trainer trains. The registry belongs to the process, so these tests have one of their own.

use vqlab_core::baseline::{Error, Progress, Watch};
use vqlab_core::complexity::Operations;
use vqlab_core::fit::{FitError, FitSettings, Trainer, fit};
use vqlab_core::quantizer::{Codebooks, Definition, Method, RegisterError, TrainRequest, assigner, register};

/// Codebooks of the first vectors, unchanged.
fn first_vectors(request: &TrainRequest, _: &mut Progress, _: &mut Watch) -> Result<Codebooks, Error> {
    let values = request.vectors[..request.size * request.dimension].to_vec();
    Ok(Codebooks::new(request.method, request.dimension, 1, request.size, values)?)
}

fn named(label: &'static str) -> Definition {
    Definition {
        most_stages: 1,
        train: Some(first_vectors),
        ..Definition::new(label, |_| assigner(Method::Rvq, None), |_| Ok(Operations::default()))
    }
}

/// A method that only its own trainer trains.
fn alone(label: &'static str) -> Definition {
    Definition { has_nsvq: false, is_linear: false, ..named(label) }
}

#[test]
fn nsvq_trains_what_is_registered_unless_it_is_left_out() {
    assert!(register(named("with-nsvq")).unwrap().has_nsvq());
    let without = register(alone("without-nsvq")).unwrap();
    assert!(!without.has_nsvq());
    assert_eq!(register(alone("With-NSVQ")), Err(RegisterError::Known("With-NSVQ")));

    let settings = FitSettings { trainer: Trainer::Nsvq, ..FitSettings::new(without, 1, 2) };
    assert!(matches!(settings.check(4), Err(FitError::Trainer(method)) if method == without));
}

#[test]
fn its_own_trainer_gets_the_vectors_as_they_are() {
    // Far from the origin, where other methods are centered.
    let vectors: Vec<f32> = (0..400).map(|i| 1e6 + (i * i % 97) as f32).collect();
    let method = register(alone("as-they-are")).unwrap();
    let fitted = fit(&vectors, &[], 4, &FitSettings::new(method, 1, 2), &mut |_| true).unwrap();
    assert_eq!(fitted.codebooks.values(), &vectors[..16]);
}
