//! Number formats of the report and the terminal.

pub(crate) use crate::number::{enumerate, share, signed, significant, whole};
use crate::spec::Margin;

/// A relative difference in signed percent, with two decimals.
pub(crate) fn percent(ratio: f64) -> String {
    signed(100.0 * ratio, 2)
}

/// A margin of 0.005 as ±0.5 %, ±0.25 dB, or ±0.1 MOS.
pub(crate) fn margin(margin: Margin) -> String {
    let width = margin.width() * if unit(margin) == "%" { 100.0 } else { 1.0 };
    format!("±{} {}", (width * 1e6).round() / 1e6, unit(margin))
}

/// The unit of differences that the margin judges.
pub(crate) fn unit(margin: Margin) -> &'static str {
    match margin {
        Margin::Relative(_) => "%",
        Margin::Decibel(_) => "dB",
        Margin::Score(_) => "MOS",
    }
}

/// A difference to a published mean, signed, in the unit of the margin.
pub(crate) fn difference(difference: f64, margin: Margin) -> String {
    match margin {
        Margin::Relative(_) => percent(difference),
        Margin::Decibel(_) => signed(difference, 2),
        Margin::Score(_) => signed(difference, 3),
    }
}

/// Seconds in a suitable unit: 0.3 s, 12 s, 3 min 20 s, 2 h 05 min.
pub(crate) fn duration(seconds: f64) -> String {
    let total = seconds.round() as u64;
    match total {
        _ if seconds < 10.0 => format!("{seconds:.1} s"),
        0..120 => format!("{total} s"),
        120..7200 => format!("{} min {:02} s", total / 60, total % 60),
        _ => format!("{} h {:02} min", total / 3600, total % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_sensible_digits() {
        let four: Vec<String> = [116.03, 5.0118, 0.0676, 9.99996, 1e-9, -0.31026, 0.0, -1e-9].map(significant).to_vec();
        assert_eq!(four, ["116.0", "5.012", "0.06760", "10.00", "1.000e-9", "−0.3103", "0", "−1.000e-9"]);
        assert_eq!([share(1e-9), share(1e300)], ["0.0 %", "1.000e302 %"]);
        assert_eq!([percent(-0.01234), percent(0.0), percent(1e-7), percent(0.5)], ["−1.23", "0.00", "0.00", "+50.00"]);
        assert_eq!(margin(Margin::Decibel(0.25)), "±0.25 dB");
        assert_eq!(
            [margin(Margin::Relative(0.005)), share(0.6718), whole(1234567), whole(12)],
            ["±0.5 %", "67.2 %", "1,234,567", "12"]
        );
        assert_eq!(
            [duration(0.31), duration(61.0), duration(200.0), duration(7500.0)],
            ["0.3 s", "61 s", "3 min 20 s", "2 h 05 min"]
        );
        assert_eq!([enumerate(&[1, 2, 3]), enumerate(&[1]), enumerate::<u32>(&[])], ["1, 2 and 3", "1", ""]);
    }
}
