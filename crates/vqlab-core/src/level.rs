//! The level of vector instructions that the kernels use: the highest one of the CPU, or a lower one from the
//! environment variable `VQLAB_CPU`. With a lower level, a machine can measure, test and reproduce the results of other
//! CPUs. A kernel is written once, in plain loops over arrays, and [`run`] compiles it for each level.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// The environment variable that sets the level.
pub const VARIABLE: &str = "VQLAB_CPU";

/// The instructions that kernels may use. A higher level includes all lower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// The instructions of every CPU of the architecture: SSE2 on x86-64, NEON on aarch64.
    Portable = 1,
    /// AVX2 and FMA: 8 floats per instruction.
    Avx2 = 2,
    /// AVX-512 F, BW, DQ and VL: 16 floats per instruction, 32 registers.
    Avx512 = 3,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

    /// The name in `VQLAB_CPU` and in records.
    pub fn name(self) -> &'static str {
        match self {
            Level::Portable => "portable",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    /// The highest level of this CPU.
    pub fn highest() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            let avx2 = has!("avx2") && has!("fma") && has!("bmi1") && has!("bmi2") && has!("popcnt") && has!("lzcnt");
            let avx512 = has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
            match (avx2, avx512) {
                (true, true) => Level::Avx512,
                (true, false) => Level::Avx2,
                (false, _) => Level::Portable,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Level::Portable
    }

    /// Whether a product and a sum are one instruction, rounded once.
    pub const fn fuses(self) -> bool {
        !matches!(self, Level::Portable) || cfg!(target_arch = "aarch64")
    }

    /// The level in `VQLAB_CPU`; the default is the highest one.
    ///
    /// # Errors
    /// An unknown name, and a level that the CPU doesn't have.
    pub fn from_environment() -> Result<Self, LevelError> {
        match std::env::var_os(VARIABLE) {
            None => Ok(Self::highest()),
            Some(name) => Self::named(&name.to_string_lossy(), Self::highest()),
        }
    }

    fn named(name: &str, highest: Self) -> Result<Self, LevelError> {
        let level = Self::ALL.into_iter().find(|level| level.name() == name);
        level.filter(|level| *level <= highest).ok_or_else(|| LevelError { name: name.to_string(), highest })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `VQLAB_CPU` names a level that is not available.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelError {
    name: String,
    highest: Level,
}

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let there: Vec<&str> = Level::ALL.iter().filter(|level| **level <= self.highest).map(|l| l.name()).collect();
        let why = match Level::ALL.iter().any(|level| level.name() == self.name) {
            true => "which this CPU does not have",
            false => "which is not a level",
        };
        write!(f, "{VARIABLE} is \"{}\", {why}; allowed here: {}", self.name.escape_debug(), there.join(", "))
    }
}

impl std::error::Error for LevelError {}

/// The level of this process. An unavailable level in `VQLAB_CPU` is reported once on stderr, and the highest level is
/// used. Programs that want an error call [`Level::from_environment`] at their start.
#[inline]
pub fn level() -> Level {
    static CHOSEN: AtomicU8 = AtomicU8::new(0);
    if let Some(forced) = forced::level() {
        return forced;
    }
    match CHOSEN.load(Ordering::Relaxed) {
        1 => Level::Portable,
        2 => Level::Avx2,
        3 => Level::Avx512,
        _ => {
            let level = Level::from_environment().unwrap_or_else(|error| {
                eprintln!("vqlab: {error}; using {}", Level::highest());
                Level::highest()
            });
            CHOSEN.store(level as u8, Ordering::Relaxed);
            level
        }
    }
}

/// The level that the kernels use here (`avx512`, `avx2` or `portable`) and the CPU's name, for provenance: the last bits of a
/// number may differ between machines.
pub fn cpu() -> &'static str {
    static CPU: OnceLock<String> = OnceLock::new();
    CPU.get_or_init(|| format!("{}, {}", level(), model_name().as_deref().unwrap_or(std::env::consts::ARCH)))
}

/// Linux only; elsewhere the architecture stands in its place.
fn model_name() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_string())
}

/// Whether kernels may multiply bytes (AVX-512 VNNI).
pub fn has_vnni() -> bool {
    #[cfg(target_arch = "x86_64")]
    return level() == Level::Avx512 && is_x86_feature_detected!("avx512vnni");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Whether kernels may look up bytes in tables of two registers (AVX-512 VBMI).
pub fn has_vbmi() -> bool {
    #[cfg(target_arch = "x86_64")]
    return level() == Level::Avx512 && is_x86_feature_detected!("avx512vbmi");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// A level that the CPU is known to support: only [`run`] creates it.
#[derive(Clone, Copy)]
pub struct Cpu(Level);

impl Cpu {
    #[inline(always)]
    pub fn level(self) -> Level {
        self.0
    }
}

/// Runs the kernel at the level of this process. The kernel is compiled for each level and receives the level as a
/// constant. It must be an `#[inline(always)]` closure, because only inlined code is compiled for the level; the same
/// applies to the functions it calls.
#[inline(always)]
pub fn run<R>(kernel: impl FnOnce(Cpu) -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,popcnt,lzcnt")]
        fn avx512<R>(kernel: impl FnOnce(Cpu) -> R) -> R {
            kernel(Cpu(Level::Avx512))
        }

        #[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt,lzcnt")]
        fn avx2<R>(kernel: impl FnOnce(Cpu) -> R) -> R {
            kernel(Cpu(Level::Avx2))
        }

        match level() {
            // SAFETY: `level` is at most `Level::highest`, which checked for each of these features.
            Level::Avx512 => unsafe { avx512(kernel) },
            // SAFETY: as above.
            Level::Avx2 => unsafe { avx2(kernel) },
            Level::Portable => kernel(Cpu(Level::Portable)),
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    kernel(Cpu(Level::Portable))
}

#[doc(hidden)]
pub use forced::each;

/// Levels for tests, of this crate and of others.
mod forced {
    use std::cell::Cell;

    use super::Level;

    thread_local! {
        static FORCED: Cell<Option<Level>> = const { Cell::new(None) };
    }

    pub fn level() -> Option<Level> {
        FORCED.get()
    }

    /// Runs the test at every level of the CPU. Kernels on other threads stay at the level of the process.
    pub fn each(mut test: impl FnMut(Level)) {
        struct Restore;
        impl Drop for Restore {
            fn drop(&mut self) {
                FORCED.set(None);
            }
        }
        for level in Level::ALL.into_iter().filter(|level| *level <= Level::highest()) {
            let _restore = Restore;
            FORCED.set(Some(level));
            test(level);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_against_what_the_cpu_has() {
        assert_eq!(Level::named("avx2", Level::Avx512), Ok(Level::Avx2));
        let error = |name, highest| Level::named(name, highest).unwrap_err().to_string();
        assert_eq!(
            error("avx512", Level::Avx2),
            "VQLAB_CPU is \"avx512\", which this CPU does not have; allowed here: portable, avx2"
        );
        assert_eq!(error("", Level::Portable), "VQLAB_CPU is \"\", which is not a level; allowed here: portable");
    }

    #[test]
    fn every_level_of_the_cpu_runs() {
        let mut seen = Vec::new();
        each(|level| {
            assert_eq!(super::level(), level);
            seen.push(run(
                #[inline(always)]
                |cpu| cpu.level(),
            ));
        });
        assert_eq!(seen.last(), Some(&Level::highest()));
        assert!(seen.is_sorted() && seen[0] == Level::Portable);
    }
}
