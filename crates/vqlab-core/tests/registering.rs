//! Methods that only their own trainer trains. The registry belongs to the process, so these tests have one of their own.

use vqlab_core::fit::{FitError, FitSettings, Trainer, fit};
use vqlab_core::quantizer::{
    Codebooks, Definition, Method, RegisterError, TrainRequest, assigner, register, register_without_nsvq,
};

/// Codebooks of the first vectors, unchanged.
fn first_vectors(request: &TrainRequest, _go_on: &mut dyn FnMut(f64) -> bool) -> Result<Codebooks, String> {
    let values = request.vectors[..request.size * request.dimension].to_vec();
    Codebooks::new(request.method, request.dimension, 1, request.size, values).map_err(|error| error.to_string())
}

fn named(label: &'static str) -> Definition {
    Definition {
        label,
        is_product: false,
        most_stages: 1,
        assign: || assigner(Method::Rvq, None),
        train: Some(first_vectors),
        operations: |_, _, _| [0; 4],
    }
}

#[test]
fn nsvq_trains_what_is_registered_unless_it_is_left_out() {
    assert!(register(named("with-nsvq")).unwrap().has_nsvq());
    let without = register_without_nsvq(named("without-nsvq")).unwrap();
    assert!(!without.has_nsvq());
    assert_eq!(register_without_nsvq(named("With-NSVQ")), Err(RegisterError::Known("With-NSVQ")));

    let settings = FitSettings { trainer: Trainer::Nsvq, ..FitSettings::new(without, 1, 2) };
    assert!(matches!(settings.check(4), Err(FitError::Trainer(method)) if method == without));
}

#[test]
fn its_own_trainer_gets_the_vectors_as_they_are() {
    // Far from the origin, where other methods are centered.
    let vectors: Vec<f32> = (0..400).map(|i| 1e6 + (i * i % 97) as f32).collect();
    let method = register_without_nsvq(named("as-they-are")).unwrap();
    let fitted = fit(&vectors, &[], 4, &FitSettings::new(method, 1, 2), &mut |_| true).unwrap();
    assert_eq!(fitted.codebooks.values(), &vectors[..16]);
}
