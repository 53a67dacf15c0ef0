//! `vqlab complexity`: the operation count of one quantizer.

use clap::{Args, ValueEnum};

use super::{CliError, print};
use crate::complexity::{Model, Operations, Precision, count};
use crate::number::digits;
use crate::spec::Method;

/// Prints the weighted million operations (WMOPS) of encoding one vector, and the counts behind them.
#[derive(Args, Debug)]
#[command(after_help = "Example, a point of the paper's Figure 4c:\n  \
    vqlab complexity --method avq --dim 64 --stages 4 --codebook-size 256 --beam 16")]
pub struct ComplexityArgs {
    /// avq, rvq, pvq, opq or lsq.
    #[arg(long, value_name = "METHOD", value_parser = parse_method)]
    method: Method,
    /// Dimension D of a vector.
    #[arg(long, value_name = "D")]
    dim: usize,
    /// Number of codebooks (stages) M.
    #[arg(long, value_name = "M")]
    stages: usize,
    /// Codebook size K: codewords per stage.
    #[arg(long, value_name = "K")]
    codebook_size: usize,
    /// Beam width W. AVQ needs it, the other methods have none.
    #[arg(long, value_name = "W")]
    beam: Option<usize>,
    /// Precision. The weights of addition, multiplication, move and branch are 1, 1, 1, 4 (single) or 2, 2, 2, 4
    /// (double).
    #[arg(long, value_enum, default_value = "single")]
    precision: PrecisionName,
    /// Operation count. published: as in the paper, which omits one stage of RVQ and PVQ; corrected: all stages;
    /// lookup: AVQ and RVQ with look-up tables of codeword products (Gram matrix).
    #[arg(long, value_enum, default_value = "published")]
    model: ModelName,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// # Errors
/// An unknown name. The message lists the known methods.
pub fn parse_method(name: &str) -> Result<Method, String> {
    Method::try_from(name.to_string())
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PrecisionName {
    Single,
    Double,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModelName {
    Published,
    Corrected,
    Lookup,
}

/// Prints the counts to stdout.
///
/// # Errors
/// [`CliError::Usage`]: the shape has no operation count. [`CliError::Failed`]: stdout can't be written.
pub fn run(args: ComplexityArgs) -> Result<(), CliError> {
    let precision = match args.precision {
        PrecisionName::Single => Precision::Single,
        PrecisionName::Double => Precision::Double,
    };
    let model = match args.model {
        ModelName::Published => Model::Published,
        ModelName::Corrected => Model::Corrected,
        ModelName::Lookup => Model::Lookup,
    };
    let operations = count(args.method, args.dim, args.stages, args.codebook_size, args.beam, model)
        .map_err(|e| CliError::Usage(e.to_string()))?;
    let text = if args.json { json(&operations, precision) } else { table(&operations, precision) };
    print(&format!("{text}\n"))
}

fn json(operations: &Operations, precision: Precision) -> String {
    // Not every JSON reader takes integers of more than 64 bits. Larger counts are written as floats.
    let number = |n: u128| u64::try_from(n).map_or_else(|_| serde_json::json!(n as f64), |n| serde_json::json!(n));
    let value = serde_json::json!({
        "wmops": operations.wmops(precision),
        "log10_wmops": operations.log10_wmops(precision),
        "additions": number(operations.additions),
        "multiplications": number(operations.multiplications),
        "moves": number(operations.moves),
        "branches": number(operations.branches),
    });
    format!("{value:#}")
}

fn table(operations: &Operations, precision: Precision) -> String {
    let rows = [
        ("WMOPS", digits(operations.wmops(precision), 6)),
        ("log10 WMOPS", digits(operations.log10_wmops(precision), 6)),
        ("additions", operations.additions.to_string()),
        ("multiplications", operations.multiplications.to_string()),
        ("moves", operations.moves.to_string()),
        ("branches", operations.branches.to_string()),
    ];
    let width = rows.iter().map(|(_, value)| value.len()).max().unwrap_or(0);
    let lines: Vec<String> = rows.iter().map(|(name, value)| format!("{name:<15}  {value:>width$}")).collect();
    lines.join("\n")
}
