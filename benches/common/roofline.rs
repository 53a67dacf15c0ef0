//! What the processor can do at the present level: the most multiplications and additions, and how fast floats come from each cache.

use std::hint::black_box;
use std::time::Instant;

use vqlab::lanes::{Kernel, Lanes, in_lanes};

/// Independent sums: enough to keep both units of any processor busy, few enough for the registers of AVX2.
const SUMS: usize = 10;

/// Seconds of the fastest of several runs.
fn least(mut run: impl FnMut()) -> f64 {
    let time = |_| {
        let begin = Instant::now();
        run();
        begin.elapsed().as_secs_f64()
    };
    (0..15).map(time).fold(f64::INFINITY, f64::min)
}

struct Multiply(usize);

impl Kernel for Multiply {
    type Output = f32;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> f32 {
        let (x, y) = (lanes.splat(black_box(0.999)), lanes.splat(black_box(0.001)));
        let mut sums = [lanes.splat(black_box(1.0)); SUMS];
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = lanes.mul_add(*sum, x, y);
            }
        }
        let mut all = [0f32; 16];
        sums.iter().map(|sum| (lanes.store(*sum, &mut all), all[0]).1).sum()
    }
}

struct Floats;

impl Kernel for Floats {
    type Output = usize;

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> usize {
        L::LANES
    }
}

/// 10⁹ multiplications and additions a second of one thread.
pub fn peak() -> f64 {
    const ROUNDS: usize = 200_000;
    let seconds = least(|| {
        black_box(in_lanes(Multiply(ROUNDS)));
    });
    (2 * SUMS * in_lanes(Floats) * ROUNDS) as f64 / seconds / 1e9
}

struct Load<'a>(&'a [f32]);

impl Kernel for Load<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> f32 {
        let mut sums = [lanes.splat(0.0); 8];
        for block in self.0.chunks_exact(8 * L::LANES) {
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = lanes.sub(*sum, lanes.load(&block[i * L::LANES..]));
            }
        }
        let mut all = [0f32; 16];
        sums.iter().map(|sum| (lanes.store(*sum, &mut all), all[0]).1).sum()
    }
}

/// Gigabytes a second that one thread loads from memory of so many bytes.
#[allow(dead_code, reason = "not every bench that has this module asks")]
pub fn loads(bytes: usize) -> f64 {
    // Not zeros: the system gives those as one page for all.
    let values = vec![1f32; bytes / 4];
    let rounds = (64 << 20) / bytes.max(1) + 1;
    let seconds = least(|| {
        for _ in 0..rounds {
            black_box(in_lanes(Load(black_box(&values))));
        }
    });
    (rounds * bytes) as f64 / seconds / 1e9
}
