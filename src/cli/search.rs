//! `vqlab search`: nearest-neighbor search. Codes and queries → ids of the nearest neighbors.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::codec::{CodecOptions, load_codebooks, open_vectors, refused, tell, wrote};
use super::outcome::failed;
use super::{CliError, print};
use crate::codec::{BaseFile, Searched, Searcher};
use crate::data::file::IdWriter;
use crate::number::short;
use crate::quantizer::Codebooks;
use crate::runner::human_seconds;
use crate::search::Norms;

const EXAMPLES: &str = "\
Examples:
  vqlab search books.safetensors codes.npy query.fvecs -k 100 -o ids.ivecs
  vqlab search books.safetensors base.fvecs query.npy -k 10 -o ids.npy --norms byte --json

BASE is a code file (npy of uint8 or uint16 with M columns, as `vqlab encode` writes
it) or a vector file, which is encoded first. IDS has rows of k int32 numbers: the
rows of BASE, counted from 0, nearest first. Ties are in the order of their ids. The
distances are asymmetric (ADC): from the unquantized queries to the decoded vectors.";

/// Finds the nearest encoded vectors of each query: asymmetric distances (ADC) with look-up tables (LUT).
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct SearchArgs {
    /// Codebook file
    #[arg(value_name = "CODEBOOKS")]
    codebooks: PathBuf,
    /// Codes (.npy) or vectors, in any format of QUERIES
    #[arg(value_name = "BASE")]
    base: PathBuf,
    /// Vectors: .npy, .fvecs, .bvecs, .ivecs, .fbin, .u8bin, .i8bin, .ibin, .idx3-ubyte (or .gz of it), .csv or .safetensors
    #[arg(value_name = "QUERIES")]
    queries: PathBuf,
    /// Neighbors per query
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    k: u32,
    /// Output file of ids, .ivecs or .npy
    #[arg(long, short, value_name = "IDS")]
    output: PathBuf,
    /// Bits for the squared norm of each decoded AVQ or RVQ vector: exact = 32, byte = 8, omitted = 0 (ranks by the
    /// inner product alone). PVQ needs no norms [default: exact]
    #[arg(long, value_name = "HOW")]
    norms: Option<NormsName>,
    #[command(flatten)]
    options: CodecOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum NormsName {
    Exact,
    Byte,
    /// `none` in earlier versions
    #[value(alias = "none")]
    Omitted,
}

/// # Errors
/// [`CliError::Usage`]: files that don't fit together, or an existing output. [`CliError::Failed`]: NaN in the data, a
/// code out of range, a full disk, or Ctrl-C.
pub fn run(args: SearchArgs) -> Result<(), CliError> {
    let (books, made) = load_codebooks(&args.codebooks)?;
    let base = BaseFile::open(&args.base, &books).map_err(refused)?;
    if let BaseFile::Vectors(base) = &base {
        tell(base);
    }
    let queries = open_vectors(&args.queries)?;
    let norms = args.norms.map(|name| match name {
        NormsName::Exact => Norms::Exact,
        NormsName::Byte => Norms::Byte,
        NormsName::Omitted => Norms::Omitted,
    });
    let k = args.k as usize;
    let searcher = Searcher::new(&books, made.beam_width, &base, &queries, k, norms).map_err(refused)?;
    let output = args.options.output(&args.output, &[&args.codebooks, &args.base, &args.queries]);
    let mut ids = IdWriter::create(output, k).map_err(refused)?;
    let searched =
        args.options.work(searcher.total(), |jobs| searcher.memory(jobs), |work| searcher.run(work, &mut ids))?;
    ids.finish().map_err(failed)?;
    wrote(&args.output);
    let text = if args.options.json { json(&args, &books, &searched) } else { line(&books, &searched) };
    print(&format!("{text}\n"))
}

fn line(books: &Codebooks, searched: &Searched) -> String {
    let Searched { queries, base, bits_per_vector, .. } = *searched;
    let seconds = searched.seconds.max(1e-9);
    let (rate, each) = (queries as f64 / seconds, 1e3 * seconds / queries as f64);
    let plural = if queries == 1 { "query" } else { "queries" };
    let encoded = searched.encode_seconds.map_or(String::new(), |s| format!(" (encoded in {})", human_seconds(s)));
    let code = books.stages() as u32 * books.size().next_power_of_two().trailing_zeros();
    let norms = match bits_per_vector.saturating_sub(code) {
        0 => String::new(),
        norm => format!(" and norms of {norm}"),
    };
    format!(
        "{queries} {plural} among {base} {} codes of {code} bits{norms}{encoded} in {}: {rate:.0} queries/s, \
         {} ms/query",
        books.method().label(),
        human_seconds(searched.seconds),
        short(each)
    )
}

fn json(args: &SearchArgs, books: &Codebooks, searched: &Searched) -> String {
    let seconds = searched.seconds.max(1e-9);
    let norms = match args.norms {
        _ if books.method().is_product() => None,
        None | Some(NormsName::Exact) => Some("exact"),
        Some(NormsName::Byte) => Some("byte"),
        Some(NormsName::Omitted) => Some("omitted"),
    };
    let value = serde_json::json!({
        "output": args.output.display().to_string(),
        "queries": searched.queries,
        "k": args.k,
        "base_vectors": searched.base,
        "method": books.method().label().to_lowercase(),
        "norms": norms,
        "bits_per_vector": searched.bits_per_vector,
        "encode_seconds": searched.encode_seconds,
        "index_seconds": searched.index_seconds,
        "seconds": searched.seconds,
        "queries_per_second": searched.queries as f64 / seconds,
        "ms_per_query": 1e3 * seconds / searched.queries as f64,
    });
    format!("{value:#}")
}
