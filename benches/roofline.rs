//! The limits of this processor at the present level of instructions, one thread: `cargo bench --bench roofline`, for another level
//! with `VQLAB_CPU=avx2` before it. docs/performance.md says how near the kernels come.

#[path = "common/roofline.rs"]
mod roofline;

fn main() {
    println!("{}", vqlab::runner::cpu());
    println!("multiplications and additions: {:.1} GFLOP/s", roofline::peak());
    for (what, bytes) in
        [("16 KiB (L1)", 16 << 10), ("256 KiB (L2)", 256 << 10), ("4 MiB (L3)", 4 << 20), ("256 MiB", 256 << 20)]
    {
        println!("loads from {what}: {:.1} GB/s", roofline::loads(bytes));
    }
}
