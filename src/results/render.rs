//! JSON exactly as the authors' Python writes it: `json.dump(…, indent=1)`, insertion order, no final newline.

use super::file::{CurveValues, ResultsError, ResultsFile};

impl ResultsFile {
    /// The file's text, byte for byte as Python's `json.dumps(…, indent=1)` writes the same content.
    ///
    /// # Errors
    /// [`ResultsError::NotFinite`]: JSON has no NaN and no infinity.
    pub fn to_text(&self) -> Result<String, ResultsError> {
        let mut members: Vec<(String, String)> = Vec::new();
        for (key, value) in &self.labels {
            members.push((key.clone(), python_string(value)));
        }
        members.push((self.axis.name.clone(), python_list(self.axis.ticks.iter().map(|t| python_string(t)))));
        for curve in &self.curves {
            let mut add = |key: String, values: &[Option<f64>]| -> Result<(), ResultsError> {
                let items = values.iter().map(|v| python_number(*v, &key)).collect::<Result<Vec<_>, _>>()?;
                members.push((key, python_list(items.into_iter())));
                Ok(())
            };
            match &curve.values {
                CurveValues::Plain(values) => add(curve.name.clone(), values)?,
                CurveValues::Spread { mean, low, high } => {
                    add(format!("Mean ({})", curve.name), mean)?;
                    add(format!("Quantile Low ({})", curve.name), low)?;
                    add(format!("Quantile High ({})", curve.name), high)?;
                }
            }
        }
        let lines: Vec<String> = members.into_iter().map(|(k, v)| format!(" {}: {v}", python_string(&k))).collect();
        Ok(format!("{{\n{}\n}}", lines.join(",\n")))
    }
}

fn python_list(items: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = items.map(|item| format!("  {item}")).collect();
    if lines.is_empty() { "[]".into() } else { format!("[\n{}\n ]", lines.join(",\n")) }
}

fn python_number(value: Option<f64>, key: &str) -> Result<String, ResultsError> {
    match value {
        None => Ok("null".into()),
        Some(v) if v.is_finite() => Ok(python_float(v)),
        Some(v) => Err(ResultsError::NotFinite { key: key.into(), value: v }),
    }
}

/// Python's `repr` of a finite float: the shortest digits that read back to the same value. Values below 1e-4 and from
/// 1e16 on have an exponent of at least two digits.
fn python_float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) || value == 0.0 {
        let plain = value.to_string();
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// A JSON string with everything beyond ASCII escaped, as Python does by default.
fn python_string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let mut ascii = String::with_capacity(quoted.len());
    for c in quoted.chars() {
        if c.is_ascii() {
            ascii.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            ascii.push_str(&format!("\\u{unit:04x}"));
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_python_prints_them() {
        // python3 -c "print([repr(x) for x in (0.0, -0.0, 1.0, 1e-05, 1.5e-07, 0.0001, 1e16, 1e15, 123456789012345680.0, .1+.2)])"
        let pairs = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e-4, "0.0001"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (0.1 + 0.2, "0.30000000000000004"),
        ];
        for (value, text) in pairs {
            assert_eq!(python_float(value), text);
        }
    }

    #[test]
    fn strings_beyond_ascii_are_escaped() {
        assert_eq!(python_string("Bäck \"q\" 😀"), r#""B\u00e4ck \"q\" \ud83d\ude00""#);
    }
}
