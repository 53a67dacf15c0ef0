//! A method from outside of the crate, as docs/adding-a-method.md tells: plain VQ with a single codebook, registered under
//! a name of its own, swept by a spec, computed by the runner, written as Results files, plotted, kept in a codebook file.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use vqlab::baseline::{self, Error, Progress, Watch};
use vqlab::compare::tradeoff::Tradeoffs;
use vqlab::complexity::{ComplexityError, Model, Operations, Precision, Shape, count};
use vqlab::data::stream::{normal, stream};
use vqlab::figure::{Format, Options as Figures, draw_experiment};
use vqlab::quantizer::{
    Assign, Codebooks, Definition, Method, Provenance, RegisterError, TrainRequest, assigner, encode, load, register,
    save,
};
use vqlab::results::{ResultsFile, aggregate, write_results};
use vqlab::runner::{Options, Quiet, Status, Store, TaskFns, run};
use vqlab::spec::{LoadOptions, parse};

// ---- The method: how codewords are chosen, how they are trained, and what it is called. ----

/// The nearest codeword of one codebook.
struct PlainVq;

fn distance(x: &[f32], codeword: &[f32]) -> f32 {
    x.iter().zip(codeword).map(|(a, b)| (a - b).powi(2)).sum()
}

impl Assign for PlainVq {
    /// Nothing is kept from call to call.
    fn prepare(&mut self, _books: &Codebooks) {}

    fn assign(&mut self, books: &Codebooks, residual: &mut [f32], picks: &mut [u32]) {
        for (x, pick) in residual.chunks_exact_mut(books.dimension()).zip(picks) {
            let near = |a: &u32, b: &u32| {
                let [a, b] = [a, b].map(|number| distance(x, books.codeword(*number as usize)));
                a.total_cmp(&b)
            };
            *pick = (0..books.size() as u32).min_by(near).unwrap_or(0);
            books.subtract(&[*pick], x);
        }
    }
}

/// Lloyd's algorithm from the first vectors.
fn train(request: &TrainRequest, progress: &mut Progress, _: &mut Watch) -> Result<Codebooks, Error> {
    let TrainRequest { method, vectors, dimension, stages, size, iterations, .. } = *request;
    let few = || request.error("there are fewer vectors than codewords");
    let first = vectors.get(..size * dimension).ok_or_else(few)?;
    let mut books = Codebooks::new(method, dimension, stages, size, first.to_vec())?;
    for iteration in 0..iterations {
        progress.done(iteration as f64 / iterations as f64)?;
        let codes = encode(&books, &mut PlainVq, vectors).map_err(|e| request.error(e))?;
        let (mut sums, mut counts) = (vec![0f32; size * dimension], vec![0f32; size]);
        for (x, code) in vectors.chunks_exact(dimension).zip(codes.iter().map(|code| usize::from(*code))) {
            counts[code] += 1.0;
            sums[code * dimension..].iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
        }
        let cells = sums.chunks_exact(dimension).zip(&counts).zip(books.values_mut().chunks_exact_mut(dimension));
        for ((sum, count), codeword) in cells.filter(|((_, count), _)| **count > 0.0) {
            codeword.iter_mut().zip(sum).for_each(|(c, sum)| *c = sum / count);
        }
    }
    Ok(books)
}

/// K distances (D differences, squares and sums each), and the least of them.
fn operations(shape: &Shape) -> Result<Operations, ComplexityError> {
    let [d, k] = [shape.dimension, shape.size].map(|n| n as u128);
    Ok(Operations { additions: k * (2 * d - 1) + k - 1, multiplications: k * d, moves: k - 1, branches: 0 })
}

const PLAIN: Definition = Definition {
    about: Some("Plain VQ has one codebook."),
    most_stages: 1,
    train: Some(train),
    ..Definition::new("VQ", |_| Box::new(PlainVq), operations)
};

// ---- What the registration gives. ----

/// Once for all tests of this programme.
fn plain() -> Method {
    static METHOD: OnceLock<Method> = OnceLock::new();
    *METHOD.get_or_init(|| register(PLAIN).unwrap())
}

const SPEC: &str = r#"
[experiment]
name = "plain"
title = "Plain VQ"
task = "toy"
[sweep]
methods = ["vq", "rvq"]
baselines = ["vq"]
bits = [2, 4, 6]
stages = [1]
seeds = 2
[data]
distribution = "normal"
dimension = 4
variance = 1
vectors = 4000
[quantizer]
init = "data"
[training]
learning-rate = 0.02
updates = 1000
[evaluation]
vectors = 2000
[[claim]]
text = "with one stage RVQ is plain VQ"
order = ["vq", "rvq"]
"#;

#[test]
fn a_registered_method_is_swept_recorded_and_plotted() {
    plain();
    let folder = tempfile::tempdir().unwrap();
    let plan = parse(Path::new("plain.toml"), SPEC, &LoadOptions::default()).unwrap_or_else(|e| panic!("{e}"));
    let store = Store::open(folder.path().join("cells")).unwrap();
    let done =
        run(&plan.cells(), &store, &Options::default(), TaskFns::real(), &Quiet, &AtomicBool::new(false)).unwrap();
    assert_eq!((done.computed, &done.failed), (18, &vec![]));
    assert!(done.records.values().all(|record| record.status == Status::Done));

    let aggregates = aggregate(&plan, &done.records);
    let written = write_results(&plan, &aggregates, folder.path()).unwrap();
    // Without published numbers beside it, the error on the test set comes first.
    let file = ResultsFile::read(&written[0]).unwrap();
    assert_eq!(file.label(vqlab::results::MEASURED_ON), Some("test set"));
    let errors = |name: &str| -> Vec<f64> {
        let curve = file.curves.iter().find(|curve| curve.name == name).unwrap_or_else(|| panic!("no curve {name}"));
        curve.mean().iter().map(|mean| mean.unwrap()).collect()
    };
    for name in ["VQ", "VQ baseline", "RVQ"] {
        let errors = errors(name);
        assert!(errors.windows(2).all(|pair| pair[1] < pair[0]), "{name}: {errors:?}");
        // Gaussian data at B/D = 1.5 bits a coordinate: no code is better than 2^-3.
        assert!((0.125..0.3).contains(&errors[2]), "{name}: {errors:?}");
    }

    let options =
        Figures { comparisons: &[], tradeoffs: &Tradeoffs::new(&plan, &aggregates), published: false, files: None };
    let drawn = draw_experiment(&plan, &aggregates, &done.records, folder.path(), &[Format::Svg], options).unwrap();
    assert!(drawn.iter().any(|figure| figure.svg.contains("<polyline")), "no curve was drawn");
}

/// With a single stage an RVQ is the plain VQ.
#[test]
fn it_agrees_with_the_crates_own_and_goes_into_a_codebook_file() {
    let mut rng = stream("adding a method");
    let vectors: Vec<f32> = (0..2000 * 4).map(|_| normal(&mut rng)).collect();
    let settings = baseline::Settings { iterations: 10, ..baseline::Settings::new(plain(), 1, 16) };
    let books = baseline::train(&settings, &vectors, 4, "a test", &mut |_| true).unwrap();
    let codes = encode(&books, assigner(books.method(), None).as_mut(), &vectors).unwrap();
    let twin = Codebooks::new(Method::Rvq, 4, 1, 16, books.values().to_vec()).unwrap();
    let own = encode(&twin, assigner(Method::Rvq, None).as_mut(), &vectors).unwrap();
    let equal = own.iter().zip(&codes).filter(|(a, b)| a == b).count();
    // Rounding may tell two codewords at the same distance either way.
    assert!(equal >= codes.len() - 2, "{equal} of {}", codes.len());

    // Its own error, and its stop, reach the caller.
    let few = baseline::train(&settings, &vectors[..40], 4, "a test", &mut |_| true).unwrap_err();
    assert_eq!(few.to_string(), "VQ: there are fewer vectors than codewords");
    assert_eq!(baseline::train(&settings, &vectors, 4, "a test", &mut |_| false).unwrap_err(), Error::Stopped);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.safetensors");
    let provenance = Provenance { beam_width: 1, trainer: "kmeans".into(), provenance: "a test".into() };
    save(&path, &books, &provenance).unwrap();
    assert_eq!(load(&path).unwrap().0, books);

    let wmops = |method, model| count(method, 4, 1, 16, None, model).unwrap().wmops(Precision::Single);
    assert_eq!(wmops(plain(), Model::Corrected), 1e-6 * (16.0 * 7.0 + 15.0 + 64.0 + 15.0));
}

#[test]
fn what_it_cannot_be_is_refused() {
    plain();
    assert_eq!(register(PLAIN).unwrap_err(), RegisterError::Known("VQ"));
    assert_eq!(register(Definition { label: "avq", ..PLAIN }).unwrap_err(), RegisterError::Known("avq"));
    assert_eq!(register(Definition { label: "a b", ..PLAIN }).unwrap_err(), RegisterError::Label("a b"));
    assert!(Codebooks::zeros(plain(), 4, 2, 16).unwrap_err().to_string().contains("2 stages are more than 1"));
    let two = SPEC.replace("stages = [1]", "stages = [2]");
    let error = parse(Path::new("plain.toml"), &two, &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("VQ can't have 2 stages") && error.contains("stages = [2]"), "{error}");
    let none = SPEC.replace("\"vq\", \"rvq\"", "\"vqx\"");
    let error = parse(Path::new("plain.toml"), &none, &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("\"avq\", \"rvq\", \"pvq\", \"opq\", \"lsq\", \"vq\""), "{error}");
}
