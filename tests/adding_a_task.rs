//! A task from outside of the crate, in one file: unit vectors in random directions, quantized by k-means codebooks and
//! measured by their mean squared error. It is registered, swept by a spec, computed by the runner, written as Results files
//! and plotted.

use std::path::Path;
use std::sync::Once;
use std::sync::atomic::AtomicBool;

use vqlab::baseline;
use vqlab::compare::tradeoff::Tradeoffs;
use vqlab::data::cache::Places;
use vqlab::data::stream::{normal, stream};
use vqlab::figure::{Format, Options as Figures, draw_experiment};
use vqlab::quantizer::{assigner, encode};
use vqlab::results::{ResultsFile, aggregate, write_results};
use vqlab::runner::{Options, Quiet, Status, Store, TaskFns, run};
use vqlab::spec::{Cell, CellSettings, CustomSettings, LoadOptions, Primary, parse};
use vqlab::task::settings::field::cell;
use vqlab::task::settings::{Checked, Field, Kind, Point, Settings, Span, quantizer, resolve};
use vqlab::task::{Context, Outcome, Resolver, Task, TaskError, Wanted, Words, register};

// ---- The task: its settings, its cells, what they compute. ----

struct Directions;

impl Task for Directions {
    fn name(&self) -> &'static str {
        "directions"
    }

    fn purpose(&self) -> &'static str {
        "draws unit vectors and measures their error"
    }

    fn fields(&self) -> &'static [Field] {
        const FIELDS: &[Field] =
            &[cell("data.dimension", Kind::Whole(2, 64)).of_panel(), cell("data.vectors", Kind::Whole(100, 1_000_000))];
        FIELDS
    }

    fn wanted(&self, _: &Settings) -> Vec<Wanted> {
        vec![("data.dimension", "8")]
    }

    fn resolver(&self) -> Box<dyn Resolver> {
        Box::new(Directions)
    }

    fn metric(&self, _: &Settings) -> String {
        "mse".into()
    }

    fn parts(&self) -> Vec<&'static str> {
        vec!["fresh"]
    }

    fn primary_part(&self, _: Primary) -> Option<&'static str> {
        Some("fresh")
    }

    fn words(&self, _: Primary) -> Words {
        Words { points: "Mean squared error per coordinate of unit vectors.", ..Words::default() }
    }

    fn run(&self, cell: &Cell, context: &Context) -> Result<Outcome, TaskError> {
        let CellSettings::Custom(CustomSettings { quantizer, values, .. }) = &cell.settings else {
            return Err(TaskError::Failed("a cell of another task".into()));
        };
        let failed = |error: &dyn std::fmt::Display| TaskError::Failed(error.to_string());
        let size = |name: &str| values[name].as_u64().unwrap_or_default() as usize;
        let (dimension, count) = (size("dimension"), size("vectors"));
        let [training, test] = ["training", "test"].map(|part| directions(part, cell.seed, count, dimension));
        let settings = baseline::Settings::new(quantizer.method, quantizer.stages, quantizer.codebook_size());
        let mut go_on = |_| context.check().is_ok();
        let books = baseline::train(&settings, &training, dimension, "directions", &mut go_on);
        let books = books.map_err(|error| failed(&error))?;
        let mut assign = assigner(quantizer.method, quantizer.search.zip(quantizer.beam_width));
        let codes = encode(&books, assign.as_mut(), &test).map_err(|error| failed(&error))?;
        let mut decoded = vec![0.0; test.len()];
        books.decode(&codes, &mut decoded).map_err(|error| failed(&error))?;
        let squares: f64 = test.iter().zip(&decoded).map(|(x, y)| f64::from(x - y).powi(2)).sum();
        let metrics = [("mse-fresh".to_owned(), squares / test.len() as f64)].into();
        Ok(Outcome { metrics, ..Outcome::default() })
    }

    fn cost(&self, cell: &Cell) -> f64 {
        0.01 * f64::from(cell.total_bits())
    }
}

impl Resolver for Directions {
    fn dimension(&mut self, settings: &Settings, head: Span, _: &Places) -> Checked<usize> {
        resolve::dimension(settings, head)
    }

    fn cell(&mut self, settings: &Settings, point: Point, _: &Places) -> Checked<CellSettings> {
        let dimension = resolve::dimension(settings, point.head)?;
        let vectors = settings.whole("data.vectors").unwrap_or(2_000);
        Ok(CellSettings::Custom(CustomSettings {
            task: "directions".into(),
            quantizer: quantizer::resolve(settings, point, dimension)?,
            training: resolve::training(settings, point, None)?,
            values: [("dimension".to_owned(), dimension.into()), ("vectors".to_owned(), vectors.into())]
                .into_iter()
                .collect(),
        }))
    }
}

fn directions(part: &str, seed: u64, count: usize, dimension: usize) -> Vec<f32> {
    let mut rng = stream(&format!("directions/{seed}/{part}"));
    let mut vectors: Vec<f32> = (0..count * dimension).map(|_| normal(&mut rng)).collect();
    for x in vectors.chunks_exact_mut(dimension) {
        let length = x.iter().map(|v| v * v).sum::<f32>().sqrt();
        x.iter_mut().for_each(|v| *v /= length);
    }
    vectors
}

// ---- What the registration gives. ----

fn registered() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| register(&Directions).unwrap());
}

const SPEC: &str = r#"
[experiment]
name = "directions"
title = "Unit vectors"
task = "directions"
[sweep]
methods = ["rvq", "pvq"]
bits = [4, 8]
stages = [2]
seeds = 2
[data]
dimension = 8
[training]
trainer = "kmeans"
iterations = 10
[[claim]]
text = "RVQ is better than PVQ"
order = ["rvq", "pvq"]
"#;

#[test]
fn a_registered_task_is_swept_recorded_resumed_and_plotted() {
    registered();
    let folder = tempfile::tempdir().unwrap();
    let plan = parse(Path::new("directions.toml"), SPEC, &LoadOptions::default()).unwrap_or_else(|e| panic!("{e}"));
    let store = Store::open(folder.path().join("cells")).unwrap();
    let compute =
        || run(&plan.cells(), &store, &Options::default(), TaskFns::real(), &Quiet, &AtomicBool::new(false)).unwrap();
    let done = compute();
    assert_eq!((done.computed, &done.failed), (8, &vec![]));
    assert!(done.records.values().all(|record| record.status == Status::Done));
    // The records are read back under the same keys.
    assert_eq!(compute().computed, 0);

    let aggregates = aggregate(&plan, &done.records);
    let written = write_results(&plan, &aggregates, folder.path()).unwrap();
    let file = ResultsFile::read(&written[0]).unwrap();
    for curve in &file.curves {
        let errors: Vec<f64> = curve.mean().iter().map(|mean| mean.unwrap()).collect();
        // A coordinate of a unit vector has the variance 1/8.
        assert!(errors[1] < errors[0] && errors[0] < 0.125, "{}: {errors:?}", curve.name);
    }
    let options =
        Figures { comparisons: &[], tradeoffs: &Tradeoffs::new(&plan, &aggregates), published: false, pictures: None };
    let drawn = draw_experiment(&plan, &aggregates, &done.records, folder.path(), &[Format::Svg], options).unwrap();
    assert!(drawn.iter().any(|figure| figure.svg.contains("<polyline")), "no curve was drawn");
}

#[test]
fn its_specs_are_checked_as_all_others() {
    registered();
    assert_eq!(register(&Directions).unwrap_err(), "directions");
    let error = |spec: &str| parse(Path::new("x.toml"), spec, &LoadOptions::default()).unwrap_err().to_string();
    let foreign = error(&SPEC.replace("dimension = 8", "dimension = 8\nrank = 2"));
    assert!(foreign.contains("task \"directions\" draws unit vectors"), "{foreign}");
    assert!(foreign.contains("data.dimension, data.vectors"), "{foreign}");
    assert!(error(&SPEC.replace("dimension = 8", "dimension = 1")).contains("2 to 64"));
    assert!(error(&SPEC.replace("dimension = 8", "")).contains("dimension = 8"));
    let unknown = error(&SPEC.replace("task = \"directions\"", "task = \"direction\""));
    assert!(unknown.contains("\"complexity\", \"directions\""), "{unknown}");
}
