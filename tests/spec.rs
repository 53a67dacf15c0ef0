//! Broken specs and what they are told: the place, the line with the value underlined, what is allowed. Each case is
//! one small valid spec with an edit.

use std::path::Path;

use vqlab::spec::{CellSettings, LoadOptions, load, parse, profiles};

#[path = "specs/form.rs"]
mod form;
#[path = "specs/image.rs"]
mod image;
#[path = "specs/points.rs"]
mod points;
#[path = "specs/speech.rs"]
mod speech;
#[path = "specs/values.rs"]
mod values;

const VALID: &str = r#"[experiment]
name = "toy"
title = "Toy"
task = "toy"

[sweep]
methods = ["avq", "rvq", "pvq"]
bits = [12, 16]
stages = [4]
seeds = 3

[data]
distribution = "normal"
dimension = 64
variance = 1.0

[quantizer]
beam-width = 16

[training]
learning-rate = 0.1
updates = 1000
"#;

const IMAGE: &str = r#"[experiment]
name = "image"
title = "Images"
task = "image"

[sweep]
methods = ["avq", "rvq", "pvq"]
bits = [12, 16]
stages = [4]
seeds = 1

[network]
latent-dimension = 64

[quantizer]
beam-width = 16

[training]
learning-rate = 0.001
updates = 1000
"#;

const SPEECH: &str = r#"[experiment]
name = "speech"
title = "Speech"
task = "speech"

[sweep]
methods = ["avq", "rvq", "pvq"]
bits = [24]
stages = [8]
seeds = 1

[codec]
bands = 24

[quantizer]
beam-width = 16

[training]
learning-rate = 0.1
updates = 1000

[evaluation]
bitrates = [8000, 16400]
"#;

/// A spec and the options it is loaded with.
struct Case {
    valid: &'static str,
    edits: Vec<(&'static str, &'static str)>,
    added: &'static str,
    options: LoadOptions,
}

impl Default for Case {
    fn default() -> Self {
        Case { valid: VALID, edits: Vec::new(), added: "", options: LoadOptions::default() }
    }
}

impl Case {
    /// Begins with [`IMAGE`].
    fn image() -> Self {
        Case { valid: IMAGE, ..Case::default() }
    }

    /// Begins with [`SPEECH`].
    fn speech() -> Self {
        Case { valid: SPEECH, ..Case::default() }
    }

    /// Replaces a part of [`VALID`].
    fn edit(mut self, from: &'static str, to: &'static str) -> Self {
        self.edits.push((from, to));
        self
    }

    /// Adds lines at the end.
    fn add(mut self, text: &'static str) -> Self {
        self.added = text;
        self
    }

    fn set(mut self, assignment: &str) -> Self {
        self.options.set.push(assignment.to_owned());
        self
    }

    fn profile(mut self, name: &str) -> Self {
        self.options.profile = Some(name.to_owned());
        self
    }

    fn seeds(mut self, seeds: usize) -> Self {
        self.options.seeds = Some(seeds);
        self
    }

    /// The whole message, after a first line break.
    #[track_caller]
    fn refused(self, expected: &str) {
        assert_eq!(self.error(), expected.trim_start_matches('\n'));
    }

    #[track_caller]
    fn error(self) -> String {
        let mut text = self.valid.to_owned();
        for (from, to) in self.edits {
            assert!(text.contains(from), "the valid spec has no {from:?}");
            text = text.replacen(from, to, 1);
        }
        text.push_str(self.added);
        parse(Path::new("spec.toml"), &text, &self.options).expect_err("the spec is refused").to_string()
    }
}

#[test]
fn the_spec_under_test_is_valid() {
    let plan = parse(Path::new("spec.toml"), VALID, &LoadOptions::default()).expect("a valid spec");
    assert_eq!(plan.cells().len(), 3 * 2 * 3);
}

#[test]
fn the_image_spec_under_test_is_valid() {
    let plan = parse(Path::new("spec.toml"), IMAGE, &LoadOptions::default()).expect("a valid spec");
    assert_eq!((plan.cells().len(), plan.panels[0].metric.as_str(), plan.primary.name()), (3 * 2, "psnr", "fresh"));
}

#[test]
fn the_speech_spec_under_test_is_valid() {
    let load = |text: &str| parse(Path::new("spec.toml"), text, &LoadOptions::default()).expect("a valid spec");
    let plan = load(SPEECH);
    assert_eq!((plan.cells().len(), plan.panels[0].metric.as_str(), plan.panels[0].dimension), (3, "pesq", 24));
    assert_eq!(plan.panels[0].measured_at, [8000, 16400]);
    // Over bits, bitrates may stand in any order, and each has a file of its own.
    let plan = load(&SPEECH.replace("[24]", "[16, 24]").replace("[8000, 16400]", "[16400, 8000]"));
    assert_eq!(vqlab::results::result_metrics(&plan, &plan.panels[0]), ["pesq@16400", "pesq@8000"]);
    // What other panels need is measured by the same cells.
    let also = load(&format!("{SPEECH}also-bitrates = [32000]\n"));
    let CellSettings::Speech(speech) = &also.cells()[0].settings else { panic!("not a speech cell") };
    assert_eq!((&speech.evaluation.bitrates[..], speech.evaluation.opus), (&[8000, 16400, 32000][..], true));
    assert_eq!(also.panels[0].measured_at, [8000, 16400]);
    let end = load(&format!("{SPEECH}[end-to-end]\nupdates = 10\n"));
    let CellSettings::Speech(speech) = &end.cells()[0].settings else { panic!("not a speech cell") };
    let end = speech.end_to_end.as_ref().expect("end-to-end training");
    assert_eq!((end.updates, end.learning_rate, end.batch_size, end.estimator.name()), (10, 0.01, 256, "nsvq"));
}

#[test]
fn the_full_example_loads_under_all_its_profiles() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/specs/toy.toml");
    let names = profiles(&path).expect("profiles");
    assert_eq!(names, ["default", "paper", "reference", "warm"]);
    for name in names {
        let plan = load(&path, &LoadOptions { profile: Some(name.clone()), ..LoadOptions::default() });
        let plan = plan.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((plan.profile, plan.panels.len()), (name, 2));
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = load(Path::new("no/such.toml"), &LoadOptions::default()).expect_err("no such file");
    assert_eq!(error.position, None);
    assert!(error.to_string().starts_with("no/such.toml: can't read the spec: "), "{error}");
}
