//! Our side of the comparison: one JSON command a line on stdin, one JSON answer a line on stdout, until stdin ends.
//!
//! | command | answer |
//! |---|---|
//! | `{"op": "describe"}` | `version`, `cpu`, `level`, `threads`, `peak` (GFLOP/s of one thread) |
//! | `{"op": "load", "kind": "train" \| "encode" \| "search", "threads": n, "method": …, files…}` | `ok` |
//! | `{"op": "run", "count": n}` | `seconds` for the n repeats together, `losses` (training) |
//! | `{"op": "dump", "path": …}` | `ok`; the codes (u16), ids (u32) or codebooks (f32) are in the file |
//! | `{"op": "count", "method": …, "model": …}` | `operations` to encode one vector, weighted |
//!
//! An `error` stands for any of these where something is wrong. Files hold raw little-endian numbers. `theirs.py`
//! understands the same commands.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/roofline.rs"]
mod roofline;

use std::io::{BufRead, Write};
use std::time::Instant;

use common::{Shape, Steps, encode_all};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use vqlab::complexity::{Model, Precision, count};
use vqlab::quantizer::{Codebooks, Method};
use vqlab::search::{Codes, Index, Norms};

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Command {
    Describe,
    Load(Load),
    Run { count: usize },
    Dump { path: String },
    Count { model: String, shape: Asked },
}

#[derive(Clone, Deserialize)]
struct Asked {
    method: Method,
    dimension: usize,
    stages: usize,
    size: usize,
    beam: Option<usize>,
    ordered: bool,
}

impl Asked {
    fn shape(&self) -> Shape {
        let Self { method, dimension, stages, size, beam, ordered } = *self;
        Shape { method, dimension, stages, size, beam, ordered }
    }
}

#[derive(Deserialize)]
struct Load {
    kind: Kind,
    shape: Asked,
    threads: usize,
    /// M × K × width.
    books: String,
    /// Training: any number of batches. Encoding: the vectors. Search: the queries.
    vectors: String,
    #[serde(default)]
    batch: usize,
    #[serde(default)]
    rate: f64,
    /// N × M codes, u16.
    #[serde(default)]
    codes: String,
    #[serde(default)]
    norms: Stored,
    /// Neighbors of a query.
    #[serde(default)]
    neighbors: usize,
}

/// How the lengths of decoded vectors are stored.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stored {
    #[default]
    Float,
    Byte,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Train,
    Encode,
    Search,
}

/// What is timed.
enum Case {
    /// The batches are taken in turn, from one run to the next.
    Train {
        steps: Box<Steps>,
        batches: Vec<f32>,
        batch: usize,
        done: usize,
    },
    Encode {
        shape: Shape,
        books: Codebooks,
        vectors: Vec<f32>,
        pool: Option<ThreadPool>,
        codes: Vec<u16>,
    },
    Search {
        index: Index,
        queries: Vec<f32>,
        neighbors: usize,
        pool: ThreadPool,
        ids: Vec<u32>,
    },
}

impl Case {
    fn load(load: &Load) -> Result<Self, Failure> {
        let shape = load.shape.shape();
        let books = Codebooks::new(shape.method, shape.dimension, shape.stages, shape.size, read(&load.books)?)?;
        let vectors = read(&load.vectors)?;
        Ok(match load.kind {
            Kind::Train => {
                let batch = load.batch * shape.dimension;
                if batch == 0 || vectors.len() < batch {
                    return Err("the file holds no whole batch".into());
                }
                let steps = Box::new(Steps::new(&shape, books, load.batch, load.rate));
                Self::Train { steps, batches: vectors, batch, done: 0 }
            }
            Kind::Encode => {
                let pool = (load.threads > 1).then(|| ThreadPoolBuilder::new().num_threads(load.threads).build());
                Self::Encode { shape, books, vectors, pool: pool.transpose()?, codes: Vec::new() }
            }
            Kind::Search => {
                let pool = ThreadPoolBuilder::new().num_threads(load.threads).build()?;
                let norms = match load.norms {
                    Stored::Float => Norms::Exact,
                    Stored::Byte => Norms::Byte,
                };
                let index = Index::new(&books, Codes::U16(&read_codes(&load.codes)?), norms)?;
                Self::Search { index, queries: vectors, neighbors: load.neighbors, pool, ids: Vec::new() }
            }
        })
    }

    fn run(&mut self, count: usize) -> Value {
        let mut losses = Vec::new();
        let start = Instant::now();
        for _ in 0..count {
            match self {
                Self::Train { steps, batches, batch, done } => {
                    let at = *done % (batches.len() / *batch) * *batch;
                    losses.push(steps.step(&batches[at..at + *batch]));
                    *done += 1;
                }
                Self::Encode { shape, books, vectors, pool, codes } => {
                    *codes = encode_all(shape, books, vectors, pool.as_ref());
                }
                Self::Search { index, queries, neighbors, pool, ids } => {
                    let found = pool.install(|| index.search(queries, *neighbors));
                    *ids = found.expect("finite queries of the right width").ids;
                }
            }
        }
        json!({ "seconds": start.elapsed().as_secs_f64(), "losses": losses })
    }

    fn dump(&self, path: &str) -> std::io::Result<()> {
        let bytes: Vec<u8> = match self {
            Self::Train { steps, .. } => steps.books.values().iter().flat_map(|v| v.to_le_bytes()).collect(),
            Self::Encode { codes, .. } => codes.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Self::Search { ids, .. } => ids.iter().flat_map(|v| v.to_le_bytes()).collect(),
        };
        std::fs::write(path, bytes)
    }
}

fn read(path: &str) -> Result<Vec<f32>, Failure> {
    let bytes = std::fs::read(path).map_err(|e| format!("{path}: {e}"))?;
    Ok(bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect())
}

fn read_codes(path: &str) -> Result<Vec<u16>, Failure> {
    let bytes = std::fs::read(path).map_err(|e| format!("{path}: {e}"))?;
    Ok(bytes.as_chunks().0.iter().map(|two| u16::from_le_bytes(*two)).collect())
}

fn answer(line: &str, case: &mut Option<Case>) -> Result<Value, Failure> {
    let loaded = "load a case first";
    Ok(match serde_json::from_str(line)? {
        Command::Describe => json!({
            "version": env!("CARGO_PKG_VERSION"),
            "cpu": vqlab::runner::cpu(),
            "level": vqlab::level::level().name(),
            "peak": roofline::peak(),
            "threads": std::thread::available_parallelism()?.get(),
        }),
        Command::Load(load) => {
            *case = None;
            *case = Some(Case::load(&load)?);
            json!({ "ok": true })
        }
        Command::Run { count } => case.as_mut().ok_or(loaded)?.run(count),
        Command::Dump { path } => {
            case.as_ref().ok_or(loaded)?.dump(&path)?;
            json!({ "ok": true })
        }
        Command::Count { model, shape: asked } => {
            let model = Model::ALL.into_iter().find(|m| m.name() == model).ok_or("no such model")?;
            let operations = count(asked.method, asked.dimension, asked.stages, asked.size, asked.beam, model)?;
            json!({ "operations": 1e6 * operations.wmops(Precision::Single) })
        }
    })
}

fn main() -> std::io::Result<()> {
    let mut case = None;
    for line in std::io::stdin().lock().lines() {
        let reply = answer(&line?, &mut case).unwrap_or_else(|failure| json!({ "error": failure.to_string() }));
        let mut out = std::io::stdout().lock();
        writeln!(out, "{reply}")?;
        out.flush()?;
    }
    Ok(())
}
