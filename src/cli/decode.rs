//! `vqlab decode`: codes → vectors.

use std::path::PathBuf;

use clap::Args;

use super::codec::{CodecOptions, load_codebooks, refused, wrote};
use super::meter::human_rate;
use super::outcome::failed;
use super::{CliError, print};
use crate::codec::Decoder;
use crate::data::file::{CodeFile, VectorWriter};
use crate::runner::human_seconds;

const EXAMPLES: &str = "\
Examples:
  vqlab decode books.safetensors codes.npy -o vectors.npy
  vqlab decode books.safetensors codes.npy -o vectors.fvecs --force

The vectors are float32. The ending of the output selects npy or fvecs.";

/// Decodes codes that `vqlab encode` wrote with the same codebooks.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DecodeArgs {
    /// Codebook file
    #[arg(value_name = "CODEBOOKS")]
    codebooks: PathBuf,
    /// Codes, .npy
    #[arg(value_name = "CODES")]
    codes: PathBuf,
    /// Output file of vectors, .npy or .fvecs
    #[arg(long, short, value_name = "DATA")]
    output: PathBuf,
    #[command(flatten)]
    options: CodecOptions,
}

/// # Errors
/// [`CliError::Usage`]: files that don't fit together, or an existing output. [`CliError::Failed`]: a code out of
/// range, a full disk, or Ctrl-C.
pub fn run(args: DecodeArgs) -> Result<(), CliError> {
    let (books, _) = load_codebooks(&args.codebooks)?;
    let codes = CodeFile::open(&args.codes).map_err(refused)?;
    let decoder = Decoder::new(&books, &codes).map_err(refused)?;
    let output = args.options.output(&args.output, &[&args.codebooks, &args.codes]);
    let mut vectors = VectorWriter::create(output, books.dimension()).map_err(refused)?;
    let decoded =
        args.options.work(codes.len(), |jobs| decoder.memory(jobs), |work| decoder.run(work, &mut vectors))?;
    vectors.finish().map_err(failed)?;
    wrote(&args.output);
    let (count, seconds) = (decoded.vectors, decoded.seconds);
    let rate = count as f64 / seconds.max(1e-9);
    let text = if args.options.json {
        let value = serde_json::json!({
            "output": args.output.display().to_string(),
            "vectors": count,
            "dimension": books.dimension(),
            "seconds": seconds,
            "vectors_per_second": rate,
        });
        format!("{value:#}")
    } else {
        let plural = if count == 1 { "vector" } else { "vectors" };
        let dimension = books.dimension();
        format!("{count} {plural} of dimension {dimension} in {} ({})", human_seconds(seconds), human_rate(rate))
    };
    print(&format!("{text}\n"))
}
