//! Operation counts of the methods at equal bitrates: `cargo run --release --example complexity`.

use vqlab::complexity::{ComplexityError, Model, Precision, count};
use vqlab::quantizer::Method;

fn main() -> Result<(), ComplexityError> {
    const DIMENSION: usize = 64;
    println!("WMOPS of encoding one vector of {DIMENSION} coordinates with 4 stages, all stages counted");
    println!("{:<14} {:>9} {:>9} {:>9} {:>9}", "", "12 bits", "20 bits", "28 bits", "36 bits");
    let rows = [(Method::Pvq, None), (Method::Rvq, None), (Method::Avq, Some(1)), (Method::Avq, Some(16))];
    for (method, beam) in rows {
        for model in [Model::Corrected, Model::Lookup] {
            let name = format!("{} {}", method.label(), beam.map_or(String::new(), |width| format!("beam {width}")));
            print!("{name:<14}");
            for bits in [12, 20, 28, 36] {
                // The corrected count has no meaning for a beam that is wider than a codebook.
                let size = 1 << (bits / 4);
                let beam = beam.map(|width: usize| width.min(size));
                let operations = count(method, DIMENSION, 4, size, beam, model)?;
                print!(" {:>9.4}", operations.wmops(Precision::Single));
            }
            println!("  {}", model.name());
        }
    }
    Ok(())
}
