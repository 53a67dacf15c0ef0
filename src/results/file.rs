//! The paper's Results format: labels, one x axis, and curves over it. A curve has plain values, or means with
//! quantiles.

use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::write::write_atomic;

/// One Results file.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultsFile {
    /// The leading entries, in order: ("Data", "Correlated"), ("Metric", "MSE").
    pub labels: Vec<(String, String)>,
    pub axis: Axis,
    pub curves: Vec<Curve>,
}

/// The x axis: its key and its ticks, which are text in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// `VQ Bitrate`, `Sampling Rate`, `T`.
    pub name: String,
    /// `12 bits`, `8 kbits/sec`, `1`.
    pub ticks: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// `AVQ`, `RVQ proposed`, `PVQ baseline`.
    pub name: String,
    pub values: CurveValues,
}

/// One value per tick. `None` (null in the file) if nothing was measured.
#[derive(Clone, Debug, PartialEq)]
pub enum CurveValues {
    /// Stored under the curve's name.
    Plain(Vec<Option<f64>>),
    /// Stored as `Mean (NAME)`, `Quantile Low (NAME)` and `Quantile High (NAME)`: 2.5 % and 97.5 %.
    Spread { mean: Vec<Option<f64>>, low: Vec<Option<f64>>, high: Vec<Option<f64>> },
}

/// An error in a Results or provenance file.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{file} is not a JSON object: {reason}")]
    Json { file: String, reason: String },
    #[error("{file}: key {key:?}: {reason}")]
    Key { file: String, key: String, reason: String },
    #[error("{file}: {reason}")]
    Content { file: String, reason: String },
    #[error("{key:?} holds {value}, which JSON can't represent; allowed are finite numbers")]
    NotFinite { key: String, value: f64 },
}

impl ResultsFile {
    /// # Errors
    /// As [`ResultsFile::parse`], and a file that can't be read.
    pub fn read(path: &Path) -> Result<ResultsFile, ResultsError> {
        let text = std::fs::read_to_string(path).map_err(|source| ResultsError::Read { path: path.into(), source })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// `file` names the text in errors.
    ///
    /// # Errors
    /// The text is not a JSON object, a key is repeated, there is not exactly one x axis, a value has a wrong type,
    /// quantiles lack a mean or the reverse, or the number of values of a curve differs from the number of ticks.
    pub fn parse(text: &str, file: &str) -> Result<ResultsFile, ResultsError> {
        let Entries(entries) =
            serde_json::from_str(text).map_err(|e| ResultsError::Json { file: file.into(), reason: e.to_string() })?;
        Reader { file, labels: Vec::new(), axis: None, series: Vec::new() }.take(entries)
    }

    /// Writes the file in the published format, atomically.
    ///
    /// # Errors
    /// A value that is not finite, or a file system error.
    pub fn write(&self, path: &Path) -> Result<(), ResultsError> {
        write_atomic(path, self.to_text()?.as_bytes())
    }

    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// The label "Metric": `MSE`, `Complexity (log10 WMOPS)`, ….
    pub fn metric(&self) -> Option<&str> {
        self.label("Metric")
    }

    pub fn curve(&self, name: &str) -> Option<&Curve> {
        self.curves.iter().find(|c| c.name == name)
    }

    /// The position of a tick on the axis.
    pub fn tick(&self, tick: &str) -> Option<usize> {
        self.axis.ticks.iter().position(|t| t == tick)
    }

    /// The mean (or plain value) of a curve at a bitrate.
    pub fn mean_at(&self, curve: &str, bits: u32) -> Option<f64> {
        self.curve(curve)?.mean().get(self.tick(&format!("{bits} bits"))?).copied().flatten()
    }
}

impl Axis {
    /// The positions of the ticks, ascending: total bits, T, or bit/s.
    pub fn places(&self) -> Vec<u32> {
        let number = |tick: &String| {
            let (number, unit) = tick.split_once(' ').unwrap_or((tick, ""));
            if unit == "kbits/sec" { bit_rate(number) } else { number.parse().ok() }
        };
        let mut places: Vec<u32> = self.ticks.iter().filter_map(number).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Total bits of every tick of the form `12 bits`.
    pub fn bits(&self) -> Vec<Option<u32>> {
        self.ticks.iter().map(|t| t.strip_suffix(" bits").and_then(|n| n.trim().parse().ok())).collect()
    }
}

/// Converts kbit/s to bit/s.
fn bit_rate(kilobits: &str) -> Option<u32> {
    let rate = 1e3 * kilobits.parse::<f64>().ok()?;
    (0.0..=f64::from(u32::MAX)).contains(&rate).then(|| rate.round() as u32)
}

impl Curve {
    /// The means, or the plain values.
    pub fn mean(&self) -> &[Option<f64>] {
        match &self.values {
            CurveValues::Plain(values) => values,
            CurveValues::Spread { mean, .. } => mean,
        }
    }

    /// The 2.5 % and 97.5 % quantiles at a tick.
    pub fn quantiles(&self, tick: usize) -> Option<(f64, f64)> {
        match &self.values {
            CurveValues::Plain(_) => None,
            CurveValues::Spread { low, high, .. } => Some(((*low.get(tick)?)?, (*high.get(tick)?)?)),
        }
    }
}

/// The members of a JSON object in file order, including repeated keys.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object with labels, an axis and curves")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// The row of a curve that a key names.
#[derive(Clone, Copy, PartialEq)]
enum Row {
    Plain,
    Mean,
    Low,
    High,
}

impl Row {
    fn of(key: &str) -> (Row, &str) {
        let inside = |prefix: &str| key.strip_prefix(prefix)?.strip_suffix(')');
        if let Some(name) = inside("Mean (") {
            (Row::Mean, name)
        } else if let Some(name) = inside("Quantile Low (") {
            (Row::Low, name)
        } else if let Some(name) = inside("Quantile High (") {
            (Row::High, name)
        } else {
            (Row::Plain, key)
        }
    }
}

type Values = Vec<Option<f64>>;

struct Reader<'a> {
    file: &'a str,
    labels: Vec<(String, String)>,
    axis: Option<Axis>,
    /// Curve name with its rows: plain, mean, low, high.
    series: Vec<(String, [Option<Values>; 4])>,
}

impl Reader<'_> {
    fn take(mut self, entries: Vec<(String, Value)>) -> Result<ResultsFile, ResultsError> {
        let mut seen = std::collections::HashSet::new();
        for (key, value) in entries {
            if !seen.insert(key.clone()) {
                return Err(self.wrong(&key, "is repeated"));
            }
            self.entry(key, value)?;
        }
        let Some(axis) = self.axis.take() else {
            let reason =
                "has no x axis: it needs one key with a list of strings, such as \"VQ Bitrate\": [\"12 bits\", …]";
            return Err(ResultsError::Content { file: self.file.into(), reason: reason.into() });
        };
        let mut curves = Vec::new();
        for (name, rows) in std::mem::take(&mut self.series) {
            curves.push(self.curve(name, rows, axis.ticks.len())?);
        }
        Ok(ResultsFile { labels: self.labels, axis, curves })
    }

    fn entry(&mut self, key: String, value: Value) -> Result<(), ResultsError> {
        match value {
            Value::String(text) => self.labels.push((key, text)),
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => {
                if let Some(axis) = &self.axis {
                    let reason = format!("a second x axis beside {:?}; allowed is one per file", axis.name);
                    return Err(self.wrong(&key, &reason));
                }
                let ticks = items.iter().filter_map(Value::as_str).map(String::from).collect();
                self.axis = Some(Axis { name: key, ticks });
            }
            Value::Array(items) => {
                let values =
                    items.iter().enumerate().map(|(i, v)| self.number(&key, i, v)).collect::<Result<_, _>>()?;
                let (row, name) = Row::of(&key);
                let at = self.series.iter().position(|(n, _)| n == name).unwrap_or_else(|| {
                    self.series.push((name.into(), [const { None }; 4]));
                    self.series.len() - 1
                });
                self.series[at].1[row as usize] = Some(values);
            }
            _ => {
                return Err(
                    self.wrong(&key, "must be a string (label), a list of strings (axis) or of numbers (curve)")
                );
            }
        }
        Ok(())
    }

    fn number(&self, key: &str, at: usize, value: &Value) -> Result<Option<f64>, ResultsError> {
        match value {
            Value::Null => Ok(None),
            Value::Number(n) => Ok(n.as_f64()),
            other => Err(self.wrong(key, &format!("value {} is {other}; allowed are numbers and null", at + 1))),
        }
    }

    fn curve(&self, name: String, rows: [Option<Values>; 4], ticks: usize) -> Result<Curve, ResultsError> {
        for values in rows.iter().flatten() {
            if values.len() != ticks {
                let reason = format!("a curve with {} values over an axis with {ticks} ticks", values.len());
                return Err(self.wrong(&name, &reason));
            }
        }
        let values = match rows {
            [Some(values), None, None, None] => CurveValues::Plain(values),
            [None, Some(mean), Some(low), Some(high)] => CurveValues::Spread { mean, low, high },
            _ => {
                let reason = "needs either plain values, or Mean, Quantile Low and Quantile High together";
                return Err(self.wrong(&name, reason));
            }
        };
        Ok(Curve { name, values })
    }

    fn wrong(&self, key: &str, reason: &str) -> ResultsError {
        ResultsError::Key { file: self.file.into(), key: key.into(), reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"{"Metric": "MSE", "VQ Bitrate": ["12 bits", "16 bits"],
        "Mean (AVQ)": [1.5, null], "Quantile Low (AVQ)": [1.0, null], "Quantile High (AVQ)": [2, null], "PVQ": [3e0, 4]}"#;

    #[test]
    fn reads_spread_plain_and_null() {
        let file = ResultsFile::parse(SMALL, "small").unwrap();
        assert_eq!(file.metric(), Some("MSE"));
        assert_eq!(file.axis.bits(), [Some(12), Some(16)]);
        let ticks = ["9.6 kbits/sec", "8 kbits/sec", "x kbits/sec"].map(String::from).to_vec();
        assert_eq!(Axis { name: String::new(), ticks }.places(), [8000, 9600]);
        assert_eq!(file.mean_at("AVQ", 12), Some(1.5));
        assert_eq!(file.mean_at("AVQ", 16), None);
        assert_eq!(file.mean_at("PVQ", 16), Some(4.0));
        assert_eq!(file.curve("AVQ").unwrap().quantiles(0), Some((1.0, 2.0)));
        assert_eq!(file.curve("AVQ").unwrap().quantiles(1), None);
        let again = ResultsFile::parse(&file.to_text().unwrap(), "again").unwrap();
        assert_eq!(again, file);
    }

    #[test]
    fn errors_name_file_and_key() {
        let message = |text: &str| ResultsFile::parse(text, "x.json").unwrap_err().to_string();
        let cases = [
            (r#"[1]"#, "x.json is not a JSON object"),
            (r#"{"Metric": "MSE"}"#, "x.json: has no x axis"),
            (r#"{"T": ["1"], "AVQ": [1, 2]}"#, r#"key "AVQ": a curve with 2 values over an axis with 1 ticks"#),
            (r#"{"T": ["1"], "AVQ": ["a", 2]}"#, r#"key "AVQ": value 1 is "a""#),
            (r#"{"T": ["1"], "U": ["1"]}"#, r#"key "U": a second x axis beside "T""#),
            (r#"{"T": ["1"], "Mean (A)": [1]}"#, r#"key "A": needs either plain"#),
            (r#"{"T": ["1"], "A": [1], "A": [2]}"#, r#"key "A": is repeated"#),
            (r#"{"T": ["1"], "A": 7}"#, r#"key "A": must be a string"#),
        ];
        for (text, part) in cases {
            assert!(message(text).contains(part), "{} lacks {part}", message(text));
        }
        let mut file = ResultsFile::parse(SMALL, "small").unwrap();
        file.curves[1].values = CurveValues::Plain(vec![Some(f64::NAN), None]);
        assert!(file.to_text().unwrap_err().to_string().contains("PVQ"));
    }
}
