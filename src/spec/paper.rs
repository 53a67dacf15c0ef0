//! The specs that reproduce the paper. They are embedded, so an installed program needs no files. Their text equals the
//! files in experiments/, and their cells equal those of `vqlab run experiments/…`.

use std::path::PathBuf;

use super::{LoadOptions, Plan, SpecError, parse, profiles_of};

/// The purpose of an experiment in the reproduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It draws figures of the paper.
    Figures,
    /// It measures a defect of the methods as published.
    Defects,
    /// It examines what the paper does not state.
    Study,
}

/// One spec of experiments/.
#[derive(Clone, Copy, Debug)]
pub struct PaperSpec {
    /// Its file name.
    pub file: &'static str,
    pub purpose: Purpose,
    text: &'static str,
}

macro_rules! embedded {
    ($($purpose:ident $file:literal),* $(,)?) => {
        &[$(PaperSpec {
            file: $file,
            purpose: Purpose::$purpose,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/", $file)),
        }),*]
    };
}

/// All specs in the order of the paper's figures. Specs that go beyond the paper are last.
pub const PAPER: &[PaperSpec] = embedded![
    Figures "speech.toml",
    Figures "toy.toml",
    Figures "toy-dimension.toml",
    Figures "image.toml",
    Figures "complexity.toml",
    Figures "search.toml",
    Figures "search-bitrate.toml",
    Defects "toy-search.toml",
    Defects "image-search.toml",
    Study "toy-draws.toml",
    Study "toy-recipe.toml",
    Study "toy-updates.toml",
    Study "toy-descent.toml",
    Study "image-estimators.toml",
    Study "speech-end-to-end.toml",
];

impl PaperSpec {
    /// The file's text.
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// Its plan. If it does not have the requested profile, the spec's own values are used.
    ///
    /// # Errors
    /// As [`super::load`].
    pub fn plan(&self, options: &LoadOptions) -> Result<Plan, SpecError> {
        let path = PathBuf::from("experiments").join(self.file);
        let known = profiles_of(&path, self.text)?;
        let profile = options.profile.clone().filter(|wanted| known.contains(wanted));
        parse(&path, self.text, &LoadOptions { profile, ..options.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_spec_of_experiments_is_there_and_has_its_place() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
        let mut files: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        files.retain(|file| file.ends_with(".toml"));
        files.sort();
        let mut embedded: Vec<&str> = PAPER.iter().map(|spec| spec.file).collect();
        embedded.sort_unstable();
        assert_eq!(embedded, files);
        for spec in PAPER {
            let plan = spec.plan(&LoadOptions::default()).unwrap();
            assert_eq!(plan.figures.is_empty(), spec.purpose != Purpose::Figures, "{}", spec.file);
        }
    }

    #[test]
    fn a_spec_without_the_profile_has_its_own_values() {
        let options = LoadOptions { profile: Some("paper".into()), ..LoadOptions::default() };
        let profile = |file| PAPER.iter().find(|spec| spec.file == file).unwrap().plan(&options).unwrap().profile;
        assert_eq!([profile("toy.toml"), profile("complexity.toml")], ["paper", "default"]);
    }
}
