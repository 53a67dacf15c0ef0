//! Checks of the available memory. A Linux system grants allocations that it can't back and kills the program later; an
//! allocation that it does not grant aborts the program. Large work therefore compares the memory it needs with the
//! available memory before it begins.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// A need for more memory than is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Bytes.
    pub needed: u64,
    /// Bytes.
    pub available: u64,
}

impl std::fmt::Display for Shortage {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "about {} of memory, and {} are available", human(self.needed), human(self.available))
    }
}

/// Bytes that the program can still take: those of the machine, or of its control group where the group allows less. On
/// a system that reports neither, the whole address space.
pub fn available() -> u64 {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(memory);
    match system.available_memory() {
        0 => isize::MAX as u64,
        // File pages of a control group are released on demand, so that only its own pages count.
        machine => {
            system.cgroup_limits().map_or(machine, |group| machine.min(group.total_memory.saturating_sub(group.rss)))
        }
    }
}

/// Rejects a need for more bytes than `available`.
///
/// # Errors
/// [`Shortage`].
pub fn check(needed: u64, available: u64) -> Result<(), Shortage> {
    if needed <= available { Ok(()) } else { Err(Shortage { needed, available }) }
}

/// As `12 MB` or `3.4 GB`, powers of ten.
pub fn human(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{} MB", bytes.div_ceil(1_000_000)),
        1_000_000_000..10_000_000_000 => format!("{:.1} GB", bytes as f64 / 1e9),
        _ => format!("{:.0} GB", bytes as f64 / 1e9),
    }
}

/// The product of sizes in bytes; where it overflows, the largest value.
pub fn product(sizes: &[usize]) -> u64 {
    sizes.iter().fold(1, |product: u64, size| product.saturating_mul(*size as u64))
}

/// The sum of bytes; where it overflows, the largest value.
pub fn sum(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |sum: u64, part| sum.saturating_add(*part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_is_neither_nothing_nor_everything() {
        let found = available();
        assert!(found > 1 << 24 && found < 1 << 50, "{found}");
        assert_eq!(check(found, found), Ok(()));
        let message = check(812_345_678_901, 21_000_000_000).unwrap_err().to_string();
        assert_eq!(message, "about 812 GB of memory, and 21 GB are available");
        assert_eq!([human(1), human(999_999_999), human(3_440_000_000)], ["1 MB", "1000 MB", "3.4 GB"]);
    }

    #[test]
    fn sizes_beyond_all_bounds_are_the_most_there_is() {
        assert_eq!(product(&[8, 1 << 40, 1 << 40]), u64::MAX);
        assert_eq!(sum(&[u64::MAX, 5]), u64::MAX);
        assert_eq!((product(&[4, 3, 2]), sum(&[4, 3, 2])), (24, 9));
    }
}
