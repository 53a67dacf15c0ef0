//! A task from outside of the crate, in one file: unit vectors in random directions, quantized by k-means codebooks and
//! measured by their mean squared error. It is registered, swept by a spec, computed by the runner, written as Results files
//! and plotted.

use std::path::Path;
use std::sync::Once;
use std::sync::atomic::AtomicBool;

use vqlab::baseline;
use vqlab::compare::check_claims;
use vqlab::compare::tradeoff::Tradeoffs;
use vqlab::data::cache::Places;
use vqlab::data::stream::{normal, stream};
use vqlab::figure::{
    Axis, Chart, Figure, FigureInput, Figures, Format, Options as Shown, Sketch, curves, draw_experiment, general,
};
use vqlab::quantizer::{assigner, encode};
use vqlab::report::document::{Document, Table};
use vqlab::report::{ReportInput, Sections, Words, write};
use vqlab::results::{ResultsFile, aggregate, write_results};
use vqlab::runner::{Options, Quiet, Status, Store, TaskFns, run};
use vqlab::spec::{Cell, CellSettings, CustomSettings, LoadOptions, Primary, parse};
use vqlab::task::settings::field::cell;
use vqlab::task::settings::{Checked, Field, Kind, Point, Settings, Span, quantizer, resolve};
use vqlab::task::{Context, Outcome, Resolver, Task, TaskError, Wanted, register};

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

// ---- How its results are shown: the general figures and one of its own, a section of its own. ----

impl Figures for Directions {
    fn sketches(&self, input: &FigureInput) -> Vec<Sketch> {
        let FigureInput { plan, aggregates, .. } = *input;
        let mut sketches = general(input);
        for panel in &plan.panels {
            let y = Axis::linear("error of unit vectors").including(0.0);
            let mut chart = Chart::new("Directions", curves::bits_axis([panel]), y);
            let ours = curves::ours(plan, panel, aggregates, "mse-fresh");
            chart.series.extend(ours.iter().map(curves::our_series));
            sketches.push(Sketch {
                id: format!("directions-{}", panel.name),
                title: "Error of unit vectors".into(),
                caption: "Mean squared error per coordinate. Without quantization it is 0.".into(),
                figure: Figure::single(chart),
            });
        }
        sketches
    }
}

impl Sections for Directions {
    fn words(&self, _: Primary) -> Words {
        Words { points: "Mean squared error per coordinate of unit vectors.", ..Words::default() }
    }

    fn data_in_words(&self, settings: &CellSettings) -> String {
        let CellSettings::Custom(CustomSettings { values, .. }) = settings else { return String::new() };
        format!("{} unit vectors of dimension {}", values["vectors"], values["dimension"])
    }

    fn sections(&self, input: &ReportInput, _: &Path, document: &mut Document) {
        document.section("Error of a whole vector");
        document.paragraph("The mean squared error of a coordinate, times the dimension.");
        let mut table = Table::new(&["method", "#bits", "#error"]);
        for (panel, aggregate) in input.plan.panels.iter().zip(input.aggregates) {
            for point in &aggregate.points {
                let error = point.mean().map_or("–".into(), |mean| format!("{:.3}", mean * panel.dimension as f64));
                table.row(vec![point.contender.label().into(), point.at.to_string().into(), error.into()]);
            }
        }
        document.table(table);
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
    let tradeoffs = Tradeoffs::new(&plan, &aggregates);
    let options = Shown { comparisons: &[], tradeoffs: &tradeoffs, published: false, files: None };
    let drawn = draw_experiment(&plan, &aggregates, &done.records, folder.path(), &[Format::Svg], options).unwrap();
    let ids: Vec<&str> = drawn.iter().map(|figure| figure.id.as_str()).collect();
    assert!(ids.contains(&"error-directions") && ids.contains(&"directions-directions"), "{ids:?}");
    let own = drawn.iter().find(|figure| figure.id == "directions-directions").unwrap();
    assert!(own.svg.contains("<polyline") && own.svg.contains("error of unit vectors"), "no curve was drawn");

    let claims = check_claims(&plan, &aggregates);
    let input = ReportInput {
        plan: &plan,
        aggregates: &aggregates,
        records: &done.records,
        comparisons: &[],
        claims: &claims,
        tradeoffs: &tradeoffs,
        figures: &drawn,
        files: None,
    };
    let [_, markdown] = write(&input, folder.path()).unwrap().map(|path| std::fs::read_to_string(path).unwrap());
    assert!(markdown.contains("2000 unit vectors of dimension 8"), "{markdown}");
    let section = markdown.split("## Error of a whole vector").nth(1).expect("the section of the task");
    let error = aggregates[0].points[0].mean().unwrap();
    assert!(section.contains(&format!("{:.3}", 8.0 * error)), "{section}");
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
