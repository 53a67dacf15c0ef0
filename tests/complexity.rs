//! The operation counts against the published figures, and what must hold for any shape.

use proptest::prelude::*;
use vqlab::complexity::{Model, Operations, Precision, count};
use vqlab::results::published;
use vqlab::spec::Method;

fn compare(name: &str, dim: usize, beam: fn(usize) -> usize) {
    let file = published(name).unwrap();
    for method in Method::PAPER {
        for bits in file.axis.bits().into_iter().flatten() {
            let size = 1 << (bits / 4);
            let beam = (method == Method::Avq).then(|| beam(size));
            let ours = count(method, dim, 4, size, beam, Model::Published).unwrap().log10_wmops(Precision::Single);
            let theirs = file.mean_at(method.label(), bits).unwrap();
            assert!((ours - theirs).abs() < 1e-12, "{name}: {method:?} at {bits} bits: {ours} against {theirs}");
        }
    }
}

#[test]
fn figure_4c_is_exact() {
    compare("Figure 4/Complexity_Fig4-c.json", 64, |_| 16);
}

#[test]
fn figure_6b_is_exact() {
    compare("Figure 6/Complexity_Fig6-b.json", 128, |size| size.min(64));
}

fn total(method: Method, shape: (usize, usize, usize, usize), model: Model) -> u128 {
    let (dim, stages, size, beam) = shape;
    let beam = (method == Method::Avq).then_some(beam);
    let Operations { additions, multiplications, moves, branches } =
        count(method, dim * stages, stages, size, beam, model).unwrap();
    additions + multiplications + moves + 4 * branches
}

proptest! {
    /// Wider vectors, more stages, larger codebooks and wider beams cost more, in every model.
    #[test]
    fn counts_grow(part in 1usize..40, stages in 2usize..6, size in 1usize..80, beam in 1usize..80, model in 0usize..3) {
        let model = Model::ALL[model];
        let beam = beam.min(size);
        let shape = (part, stages, size, beam);
        for method in Method::PAPER {
            let base = total(method, shape, model);
            prop_assert!(total(method, (part + 1, stages, size, beam), model) > base);
            prop_assert!(total(method, (part, stages, size + 1, beam), model) > base);
            prop_assert!(total(method, (part, stages + 1, size, beam), model) > base);
        }
        if beam < size {
            prop_assert!(total(Method::Avq, (part, stages, size, beam + 1), model) > total(Method::Avq, shape, model));
        }
    }

    /// The look-up never costs more multiplications, and all stages cost more than all but one.
    #[test]
    fn models_are_ordered(part in 1usize..40, stages in 2usize..6, size in 1usize..80) {
        let dim = part * stages;
        let of = |method, beam, model| count(method, dim, stages, size, beam, model).unwrap();
        for method in [Method::Rvq, Method::Pvq] {
            let wmops = |model| of(method, None, model).wmops(Precision::Single);
            prop_assert!(wmops(Model::Published) < wmops(Model::Corrected));
            prop_assert!(wmops(Model::Lookup) <= wmops(Model::Corrected));
        }
        let avq = |model| of(Method::Avq, Some(size), model).multiplications;
        prop_assert!(avq(Model::Lookup) <= avq(Model::Corrected));
    }
}
