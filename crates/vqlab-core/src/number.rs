//! Numbers for people: a few significant digits at any magnitude. And numbers that are none.

/// Exponents of ten of the numbers that are written without an exponent; all others have one at the end.
const PLAIN: std::ops::Range<i32> = -5..9;

/// Writes `digits` significant digits, at least 1, with trailing zeros: 116.0, 0.06760, 2.410e-50. Integer digits are
/// never cut off: 123456789.
pub fn digits(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let rounded = format!("{value:.0$e}", digits.max(1) - 1);
    // Rounding may carry into another digit (9.9996), so the exponent is read after it; NaN and infinity have none.
    let Some(exponent) = rounded.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()) else {
        return value.to_string();
    };
    if !PLAIN.contains(&exponent) {
        return rounded;
    }
    let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
    format!("{value:.decimals$}")
}

/// At most five significant digits, without trailing zeros: 116, 0.0676, 2.41e-50. At most 12 characters.
pub fn short(value: f64) -> String {
    trimmed(value, 5)
}

/// As [`digits`], without trailing zeros.
pub fn trimmed(value: f64, most: usize) -> String {
    let text = digits(value, most);
    let (number, exponent) = text.split_at(text.find('e').unwrap_or(text.len()));
    let number = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    format!("{number}{exponent}")
}

/// Four significant digits, with a true minus sign: 116.0, 5.012, 0.06760.
pub fn significant(value: f64) -> String {
    minus(digits(value, 4))
}

/// A number with its sign and this number of decimals. Zero has no sign.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{value:+.decimals$}");
    if text.bytes().all(|b| matches!(b, b'+' | b'-' | b'0' | b'.')) { text[1..].to_string() } else { minus(text) }
}

/// A number with this number of decimals. Large numbers have significant digits instead.
pub fn decimals(value: f64, decimals: usize) -> String {
    if value.abs() < 1e6 { format!("{value:.decimals$}") } else { significant(value) }
}

/// A share of 0.672 as 67.2 %.
pub fn share(share: f64) -> String {
    format!("{} %", decimals(100.0 * share, 1))
}

/// 1234567 as 1,234,567.
pub fn whole(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `12, 16 and 20`.
pub fn enumerate<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    match items.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// A size as 512 B, 16 KiB or 1.5 MiB.
pub fn bytes(count: usize) -> String {
    match count {
        0..1024 => format!("{count} B"),
        1024..1_048_576 => format!("{} KiB", trimmed(count as f64 / 1024.0, 4)),
        _ => format!("{} MiB", trimmed(count as f64 / 1_048_576.0, 4)),
    }
}

fn minus(text: String) -> String {
    text.strip_prefix('-').map_or(text.clone(), |number| format!("−{number}"))
}

/// Row, column and value of the first number that is NaN or infinite, in rows of `width` values.
pub fn not_finite(values: &[f32], width: usize) -> Option<(usize, usize, f32)> {
    // A fold without an early exit vectorizes; the position is searched only where there is a fault.
    if values.iter().fold(true, |finite, v| finite & v.is_finite()) {
        return None;
    }
    let at = values.iter().position(|v| !v.is_finite())?;
    Some((at / width, at % width, values[at]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_number_that_is_none_has_a_place() {
        assert_eq!(not_finite(&[1.0, 2.0, 3.0, 4.0, f32::INFINITY, f32::NAN], 3), Some((1, 1, f32::INFINITY)));
        assert_eq!((not_finite(&[1.0, -1.0], 2), not_finite(&[], 2)), (None, None));
    }

    #[test]
    fn numbers_of_any_magnitude_are_short() {
        let given = [26284.14, 5.0, 0.06760, 9.99996, 2.41e-50, 1.234e20, -3.5e-7, 123456789.0, 0.0, -0.0];
        let expected = ["26284", "5", "0.0676", "10", "2.41e-50", "1.234e20", "-3.5e-7", "123456789", "0", "0"];
        assert_eq!(given.map(short), expected);
        let given = [26284.14, 5.0, 0.06760, 9.99996, 2.41e-50, f64::NAN, f64::INFINITY, -f64::INFINITY];
        let expected = ["26284", "5.000", "0.06760", "10.00", "2.410e-50", "NaN", "inf", "-inf"];
        assert_eq!(given.map(|value| digits(value, 4)), expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(5000) })]

        #[test]
        fn the_text_reads_back_within_its_digits(
            value in prop_oneof![any::<f64>(), -1e10..1e10, (-330.0..308.0).prop_map(|e: f64| 10f64.powf(e))]
        ) {
            // Beyond this, rounding exceeds the range of numbers.
            prop_assume!(value.abs() < 1.797e308);
            for (text, precise) in [(short(value), 5), (digits(value, 4), 4), (digits(value, 6), 6)] {
                prop_assert!(text.len() <= 7 + precise, "{value:e}: {text}");
                let back: f64 = text.parse().unwrap();
                let error = (back - value).abs();
                prop_assert!(error <= value.abs() * 0.50001 * 10f64.powi(1 - precise as i32), "{value:e}: {text}");
                prop_assert!(value == 0.0 || back != 0.0, "{value:e}: {text}");
            }
        }
    }
}
