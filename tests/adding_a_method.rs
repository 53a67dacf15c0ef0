//! A method from outside of the crate, as docs/adding-a-method.md tells: plain VQ with a single codebook, swept by a spec,
//! computed by the runner, written as a Results file and plotted.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use vqlab::data::stream::{normal, stream};
use vqlab::figure::{Format, Options as Figures, draw_experiment};
use vqlab::quantizer::{Assign, Codebooks, Method, assigner, encode};
use vqlab::results::{ResultsFile, aggregate, write_results};
use vqlab::runner::{Options, Quiet, Status, Store, TaskFns, run};
use vqlab::spec::{Cell, CellSettings, LoadOptions, parse};
use vqlab::task::{Context, Outcome, TaskError};

// ---- The method: how codewords are chosen, and how they are trained. ----

/// The nearest codeword of one codebook.
struct PlainVq;

fn distance(x: &[f32], codeword: &[f32]) -> f32 {
    x.iter().zip(codeword).map(|(a, b)| (a - b).powi(2)).sum()
}

impl Assign for PlainVq {
    /// Nothing is kept from call to call.
    fn prepare(&mut self, _books: &Codebooks) {}

    fn assign(&mut self, books: &Codebooks, remainder: &mut [f32], picks: &mut [u32]) {
        for (x, pick) in remainder.chunks_exact_mut(books.dimension()).zip(picks) {
            let near = |a: &u32, b: &u32| {
                let [a, b] = [a, b].map(|number| distance(x, books.codeword(*number as usize)));
                a.total_cmp(&b)
            };
            *pick = (0..books.size() as u32).min_by(near).unwrap_or(0);
            books.subtract(&[*pick], x);
        }
    }
}

/// Lloyd's algorithm from random vectors.
fn train(vectors: &[f32], dimension: usize, size: usize, iterations: usize) -> Codebooks {
    let first = vectors[..size * dimension].to_vec();
    let mut books = Codebooks::new(Method::Rvq, dimension, 1, size, first).unwrap();
    for _ in 0..iterations {
        let codes = encode(&books, &mut PlainVq, vectors).unwrap();
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
    books
}

// ---- What a cell of the sweep computes with it. ----

fn vectors(part: &str, seed: u64, dimension: usize) -> Vec<f32> {
    let mut rng = stream(&format!("{part}/{seed}"));
    (0..2000 * dimension).map(|_| normal(&mut rng)).collect()
}

fn error(books: &Codebooks, assign: &mut dyn Assign, vectors: &[f32]) -> f64 {
    let mut decoded = vec![0.0; vectors.len()];
    books.decode(&encode(books, assign, vectors).unwrap(), &mut decoded).unwrap();
    vectors.iter().zip(&decoded).map(|(x, y)| f64::from(x - y).powi(2)).sum::<f64>() / vectors.len() as f64
}

fn compute(cell: &Cell, context: &Context) -> Result<Outcome, TaskError> {
    let CellSettings::Toy(settings) = &cell.settings else { return Err(TaskError::Failed("not a toy cell".into())) };
    context.check()?;
    let dimension = settings.data.dimension;
    let (training, fresh) = (vectors("training", cell.seed, dimension), vectors("fresh", cell.seed, dimension));
    let books = train(&training, dimension, settings.quantizer.codebook_size(), 10);
    let metrics = [("training", &training), ("fresh", &fresh)];
    let metrics = metrics.map(|(name, x)| (format!("mse-{name}"), error(&books, &mut PlainVq, x)));
    Ok(Outcome { metrics: BTreeMap::from(metrics), ..Outcome::default() })
}

const SPEC: &str = r#"
[experiment]
name = "plain"
title = "Plain VQ"
task = "toy"
[sweep]
methods = ["rvq"]
bits = [2, 4, 6]
stages = [1]
seeds = 2
[data]
distribution = "normal"
dimension = 4
variance = 1
[training]
learning-rate = 0.1
updates = 1000
"#;

#[test]
fn a_method_of_ones_own_is_swept_recorded_and_plotted() {
    let folder = tempfile::tempdir().unwrap();
    let plan = parse(Path::new("plain.toml"), SPEC, &LoadOptions::default()).unwrap_or_else(|e| panic!("{e}"));
    let cells = plan.cells();
    let store = Store::open(folder.path().join("cells")).unwrap();
    let task = TaskFns { run: &compute, cost: &|cell| f64::from(1 << cell.total_bits()) };
    let done = run(&cells, &store, &Options::default(), task, &Quiet, &AtomicBool::new(false)).unwrap();
    assert_eq!(done.computed, 6);
    assert!(done.records.values().all(|record| record.status == Status::Done));

    let aggregates = aggregate(&plan, &done.records);
    let written = write_results(&plan, &aggregates, folder.path()).unwrap();
    let errors = ResultsFile::read(&written[0]).unwrap().curves[0].mean().to_vec();
    assert!(errors.windows(2).all(|pair| pair[1] < pair[0]), "{errors:?}");
    // Gaussian data at B/D = 1.5 bits a coordinate: no code is better than 2^-3, the training set apart.
    let fresh = ResultsFile::read(&written[1]).unwrap().curves[0].mean()[2].unwrap();
    assert!((0.125..0.3).contains(&fresh), "{fresh}");

    let options = Figures { comparisons: &[], published: false, pictures: None };
    let drawn = draw_experiment(&plan, &aggregates, &done.records, folder.path(), &[Format::Svg], options).unwrap();
    assert!(drawn.iter().any(|figure| figure.svg.contains("<polyline")), "no curve was drawn");
}

/// With a single stage an RVQ is the plain VQ.
#[test]
fn it_agrees_with_the_crates_own() {
    let training = vectors("training", 1, 4);
    let books = train(&training, 4, 16, 10);
    let own = encode(&books, assigner(Method::Rvq, None).as_mut(), &training).unwrap();
    let codes = encode(&books, &mut PlainVq, &training).unwrap();
    let equal = own.iter().zip(&codes).filter(|(a, b)| a == b).count();
    // Rounding may tell two codewords at the same distance either way.
    assert!(equal >= codes.len() - 2, "{equal} of {}", codes.len());
}
