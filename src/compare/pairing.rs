//! Pairs the files to compare, and finds their numbers of runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::metric::{self, Metric};
use crate::results::{ProvenanceFile, ResultsError, read_provenance};
use crate::spec::{Contender, Method, Trainer};

/// Files to compare, by their path below the two folders (or the published file's name).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairing {
    /// Name, ours, published.
    pub pairs: Vec<(String, PathBuf, PathBuf)>,
    /// Files only below our folder, and files only below the published one.
    pub unpaired: [Vec<String>; 2],
}

/// Pairs two files, or all JSON files with equal relative paths below two folders (without provenance/ and cells/).
///
/// # Errors
/// A path does not exist, one path is a file and the other a folder, or a folder can't be listed.
pub fn pair(ours: &Path, published: &Path) -> Result<Pairing, ResultsError> {
    match (ours.is_dir(), published.is_dir()) {
        (true, true) => pair_folders(ours, published),
        (false, false) => {
            let name = published.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Pairing { pairs: vec![(name, ours.into(), published.into())], ..Pairing::default() })
        }
        (ours_is_folder, _) => {
            let (file, folder) = if ours_is_folder { (published, ours) } else { (ours, published) };
            let reason = format!("is not a folder, but {} is; give two files or two folders", folder.display());
            Err(ResultsError::Content { file: file.display().to_string(), reason })
        }
    }
}

fn pair_folders(ours: &Path, published: &Path) -> Result<Pairing, ResultsError> {
    let mut names = [BTreeSet::new(), BTreeSet::new()];
    for (names, folder) in names.iter_mut().zip([ours, published]) {
        list(folder, "", names).map_err(|source| ResultsError::Read { path: folder.into(), source })?;
    }
    let both = names[0].intersection(&names[1]);
    let pairs = both.map(|name| (name.clone(), ours.join(name), published.join(name))).collect();
    let only = |a: usize, b: usize| names[a].difference(&names[b]).cloned().collect();
    Ok(Pairing { pairs, unpaired: [only(0, 1), only(1, 0)] })
}

fn list(folder: &Path, prefix: &str, names: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let below = format!("{prefix}{name}");
        if path.is_dir() {
            if !["provenance", "cells", "codebooks", "checkpoints"].contains(&name.as_str()) {
                list(&path, &format!("{below}/"), names)?;
            }
        } else if path.extension().is_some_and(|e| e == "json") {
            names.insert(below);
        }
    }
    Ok(())
}

/// The provenance files for a Results file: all files in the folder provenance/ beside it or at most two folders above.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// The Results file's path below the profile's folder.
    name: String,
    files: Vec<ProvenanceFile>,
}

impl Runs {
    /// # Errors
    /// An existing provenance file can't be read.
    pub fn find(results_file: &Path) -> Result<Runs, ResultsError> {
        for profile in results_file.ancestors().skip(1).take(3) {
            let folder = profile.join("provenance");
            if !folder.is_dir() {
                continue;
            }
            let mut names = BTreeSet::new();
            list(&folder, "", &mut names).map_err(|source| ResultsError::Read { path: folder.clone(), source })?;
            let files = names.iter().map(|n| read_provenance(&folder.join(n))).collect::<Result<_, _>>()?;
            let name = results_file.strip_prefix(profile).unwrap_or(results_file).to_string_lossy().into_owned();
            return Ok(Runs { name, files });
        }
        Ok(Runs::default())
    }

    /// The number of runs of a point, by curve name (`AVQ`) and tick (`12 bits`), if a provenance file states it.
    pub fn of(&self, curve: &str, tick: &str) -> Option<usize> {
        let (contenders, bits) = point(curve, tick)?;
        contenders.iter().find_map(|own| self.files.iter().find_map(|f| f.runs(&self.name, *own, bits)))
    }

    /// The command that computed the Results file, if a provenance file states it.
    pub fn command(&self) -> Option<String> {
        let is_of_file =
            |file: &&ProvenanceFile| file.panels.iter().any(|panel| panel.results_files.contains(&self.name));
        self.files.iter().find(is_of_file).map(|file| file.command.clone()).filter(|command| !command.is_empty())
    }

    /// The values of the finished runs of a point, from the record metric whose mean is `mean`. `None` if the spread is
    /// over test items, or if no provenance file has the values.
    pub fn values(&self, curve: &str, tick: &str, mean: f64, metric: &Metric) -> Option<Vec<f64>> {
        let (contenders, bits) = point(curve, tick)?;
        if metric.is_over_items() {
            return None;
        }
        let of_metric = |name: &str| {
            let of = |own: &Contender| self.files.iter().find_map(|f| f.values(&self.name, *own, bits, name));
            let values = contenders.iter().find_map(of)?;
            let own = values.iter().sum::<f64>() / values.len() as f64;
            ((own - mean).abs() <= 1e-9 * mean.abs()).then_some(values)
        };
        let names: BTreeSet<&String> =
            self.files.iter().flat_map(|f| &f.cells).flat_map(|c| c.metrics.keys()).collect();
        let is_of_label = |name: &&String| metric::find(name).is_some_and(|row| row.label == metric.label);
        names.into_iter().filter(is_of_label).find_map(|name| of_metric(name))
    }
}

/// The contenders that a curve's point may have, the likeliest first, and its bits if the axis is the bits. Where k-means
/// trains all methods of a panel, its curves have the plain names.
fn point(curve: &str, tick: &str) -> Option<(Vec<Contender>, Option<u32>)> {
    let (name, trainers) = match curve.split_once(' ') {
        None => (curve, &[Trainer::Nsvq, Trainer::Kmeans][..]),
        Some((name, "proposed")) => (name, &[Trainer::Nsvq][..]),
        Some((name, _)) => (name, &[Trainer::Kmeans][..]),
    };
    let method = Method::find(name)?;
    let bits = tick.strip_suffix(" bits").map(|bits| bits.parse().ok());
    let bits = if let Some(bits) = bits { Some(bits?) } else { None };
    Some((trainers.iter().map(|trainer| Contender { method, trainer: *trainer }).collect(), bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{aggregate, fixture, write_provenance, write_results};

    #[test]
    fn folders_pair_by_relative_path_and_runs_come_from_provenance() {
        let plan = fixture::plan(4);
        let records = fixture::records(&plan);
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let written = write_results(&plan, &aggregate(&plan, &records), root.path()).unwrap();
        write_provenance(&plan, &records, root.path()).unwrap();
        std::fs::create_dir_all(other.path().join("Figure 2")).unwrap();
        std::fs::copy(&written[0], other.path().join("Figure 2/correlated.json")).unwrap();
        std::fs::copy(&written[0], other.path().join("extra.json")).unwrap();
        let profile = root.path().join("quick");
        let pairing = pair(&profile, other.path()).unwrap();
        assert_eq!(pairing.pairs.len(), 1);
        assert_eq!(pairing.pairs[0].0, "Figure 2/correlated.json");
        assert_eq!(pairing.unpaired, [vec!["Figure 2/correlated-fresh.json".to_owned()], vec!["extra.json".into()]]);
        let runs = Runs::find(&written[1]).unwrap();
        assert_eq!((runs.of("RVQ", "12 bits"), runs.of("RVQ", "20 bits")), (Some(4), None));
        let aggregates = aggregate(&plan, &records);
        let point = &aggregates[1].points[2];
        let values: Vec<f64> = point.samples.iter().map(|(_, value)| *value).collect();
        let mse = crate::metric::find("mse-fresh").unwrap();
        let tick = format!("{} bits", point.at);
        assert_eq!(runs.values(point.contender.label(), &tick, point.mean().unwrap(), mse), Some(values));
        assert_eq!(runs.values(point.contender.label(), &tick, 2.0 * point.mean().unwrap(), mse), None);
        assert_eq!(Runs::find(&other.path().join("extra.json")).unwrap().of("RVQ", "12 bits"), None);
        assert!(pair(&profile, &written[0]).unwrap_err().to_string().contains("two files or two folders"));
    }
}
