//! Tests of the lanes: every level computes what plain loops compute.

use super::*;
use crate::level::each;

/// All operations of a register, over ten values that include NaN, infinity and ties.
struct All<'a>(&'a [f32], &'a [f32]);

impl Kernel for All<'_> {
    type Output = (Vec<f32>, Vec<u32>, [Vec<f32>; 2]);

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> Self::Output {
        let (mut values, mut numbers) = (vec![0.0; self.0.len()], vec![0u32; self.0.len()]);
        let mut ends = [values.clone(), values.clone()];
        for at in (0..self.0.len()).step_by(L::LANES) {
            let (a, b) = (l.load(&self.0[at..]), l.load(&self.1[at..]));
            let product = l.sub(l.mul_add(a, b, l.splat(1.5)), l.splat(1.5));
            let (least, number) = l.improve(product, l.splat_number(3), b, l.splat_number(7));
            l.store(least, &mut values[at..]);
            l.store_numbers(number, &mut numbers[at..]);
            l.store(l.least(a, b), &mut ends[0][at..]);
            l.store(l.most(a, b), &mut ends[1][at..]);
        }
        (values, numbers, ends)
    }
}

struct Below<'a>(&'a [f32; 16], f32);

impl Kernel for Below<'_> {
    type Output = u32;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> u32 {
        l.below(self.0, self.1)
    }
}

#[test]
fn bits_of_every_level_are_those_of_the_loop() {
    let mut values: [f32; 16] = std::array::from_fn(|i| (i * 7 % 16) as f32);
    (values[2], values[9], values[15]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
    for threshold in [-1.0, 3.0, 8.5, f32::INFINITY, f32::NAN] {
        each(|level| {
            let bits = run(
                #[inline(always)]
                |cpu| below(cpu, &values, threshold),
            );
            assert_eq!(bits, below_by_loop(&values, threshold), "{level}, {threshold}");
            assert_eq!(in_lanes(Below(&values, threshold)), bits, "{level}, {threshold}");
        });
    }
}

#[test]
fn registers_of_every_level_do_what_arrays_do() {
    let mut a: Vec<f32> = (0..32).map(|i| i as f32 * 0.25 - 3.0).collect();
    let b: Vec<f32> = (0..32).map(|i| (i % 7) as f32 - 2.5).collect();
    (a[3], a[8], a[20], a[21]) = (f32::NAN, f32::INFINITY, 1.0, f32::NEG_INFINITY);
    let right = All(&a, &b).run(Arrays);
    assert!(right.1.contains(&7) && right.1.contains(&3) && right.1[3] == 7);
    each(|level| {
        let found = in_lanes(All(&a, &b));
        // Quarters and halves are exact, so that fusing changes nothing.
        assert_eq!(found, right, "{level}");
    });
}
