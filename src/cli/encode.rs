//! `vqlab encode`: vectors → codes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::codec::{CodecOptions, load_codebooks, open_vectors, refused, wrote};
use super::meter::human_rate;
use super::outcome::failed;
use super::{CliError, print};
use crate::codec::{Encoded, Encoder};
use crate::data::file::CodeWriter;
use crate::number::short;
use crate::quantizer::{Codebooks, Search};
use crate::runner::human_seconds;

const EXAMPLES: &str = "\
Examples:
  vqlab encode books.safetensors base.fvecs -o codes.npy
  vqlab encode books.safetensors base.npy -o codes.npy --beam-width 32 --json

The codes are an npy array of N × M: uint8 for codebooks of up to 256 codewords, else
uint16. The data are streamed: a file may be larger than the memory. The mean squared
error is per coordinate.";

/// Encodes the vectors of a file with trained codebooks.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct EncodeArgs {
    /// Codebook file
    #[arg(value_name = "CODEBOOKS")]
    codebooks: PathBuf,
    /// Vectors: .npy, .fvecs, .bvecs, .ivecs, .fbin, .u8bin, .i8bin, .ibin, .idx3-ubyte (or .gz of it), .csv or .safetensors
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Output file of codes, .npy
    #[arg(long, short, value_name = "CODES")]
    output: PathBuf,
    /// Beam width of AVQ's beam search [default: from the codebook file]
    #[arg(long, value_name = "W")]
    beam_width: Option<usize>,
    /// Order of the codebooks in AVQ's beam search [default: the one with the lower error on the first 1024 vectors]
    #[arg(long, value_name = "SEARCH")]
    search: Option<SearchName>,
    #[command(flatten)]
    options: CodecOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SearchName {
    /// In the given order; then each codeword is chosen again given the others
    Ordered,
    /// In any order, as in the paper
    Beam,
}

/// # Errors
/// [`CliError::Usage`]: files that don't fit together, or an existing output. [`CliError::Failed`]: NaN in the data, a
/// full disk, or Ctrl-C.
pub fn run(args: EncodeArgs) -> Result<(), CliError> {
    let (books, made) = load_codebooks(&args.codebooks)?;
    let data = open_vectors(&args.data)?;
    let encoder = Encoder::new(&books, made.beam_width, args.beam_width, &data).map_err(refused)?;
    let encoder = match args.search {
        None => encoder,
        Some(SearchName::Ordered) => encoder.with_search(Search::Ordered).map_err(refused)?,
        Some(SearchName::Beam) => encoder.with_search(Search::Beam).map_err(refused)?,
    };
    let output = args.options.output(&args.output, &[&args.codebooks, &args.data]);
    let mut codes = CodeWriter::create(output, books.stages(), books.size()).map_err(refused)?;
    let encoded = args.options.work(data.len(), |jobs| encoder.memory(jobs), |work| encoder.run(work, &mut codes))?;
    let bytes = codes.bytes();
    codes.finish().map_err(failed)?;
    wrote(&args.output);
    let text = if args.options.json { json(&args, &books, &encoder, &encoded, bytes) } else { line(&books, &encoded) };
    print(&format!("{text}\n"))
}

fn line(books: &Codebooks, encoded: &Encoded) -> String {
    let Encoded { vectors, mse, search, seconds } = *encoded;
    let rate = human_rate(vectors as f64 / seconds.max(1e-9));
    let (method, stages, size) = (books.method().label(), books.stages(), books.size());
    let order = match (books.method().has_beam(), search) {
        (true, Search::Ordered) => " (codebooks in the given order)",
        (true, Search::Beam | Search::Released) => " (codebooks in any order)",
        (false, _) => "",
    };
    let plural = if vectors == 1 { "vector" } else { "vectors" };
    format!(
        "{vectors} {plural} as {method} codes of {stages} × {size}{order} in {} ({rate}), MSE {}",
        human_seconds(seconds),
        short(mse)
    )
}

fn json(args: &EncodeArgs, books: &Codebooks, encoder: &Encoder, encoded: &Encoded, bytes: usize) -> String {
    let value = serde_json::json!({
        "output": args.output.display().to_string(),
        "vectors": encoded.vectors,
        "dimension": books.dimension(),
        "method": books.method().label().to_lowercase(),
        "stages": books.stages(),
        "codebook_size": books.size(),
        "beam_width": encoder.beam_width(),
        "search": books.method().has_beam().then_some(encoded.search),
        "bytes_per_vector": bytes,
        "mse": encoded.mse,
        "seconds": encoded.seconds,
        "vectors_per_second": encoded.vectors as f64 / encoded.seconds.max(1e-9),
    });
    format!("{value:#}")
}
