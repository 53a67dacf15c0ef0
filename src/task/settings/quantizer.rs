//! Resolves `[quantizer]` of a point to [`QuantizerSettings`]: beam widths, search and initialization, as far as the
//! method has them.

use super::error::{Checked, Fault};
use super::field::beam_limit;
use super::layer::Settings;
use super::resolve::{Point, check_dimension};
use crate::quantizer::{BEAM_WIDTH, MAX_BEAM, RELEASED_LIMIT};
use crate::task::cell::{Init, Method, QuantizerSettings, Search, Trainer};

/// Maximum number of values in all codebooks together, 1 GiB of f32. Training holds five times as much.
const MOST_VALUES: u64 = 1 << 28;

/// The quantizer of a point for vectors of `dimension` coordinates.
pub fn resolve(settings: &Settings, point: Point, dimension: usize) -> Checked<QuantizerSettings> {
    let Point { method, stages, bits_per_stage, .. } = point;
    let why = format!("{} cuts each vector into M equal parts", method.label());
    check_dimension(settings, point, dimension, method.is_product(), &why)?;
    check_stages(settings, point)?;
    check_memory(point, dimension)?;
    let is_kmeans = point.trainer(settings) == Trainer::Kmeans;
    // k-means has its own initialization.
    let (init, init_updates) = if is_kmeans { (Init::Kmeans, None) } else { init(settings, point, dimension)? };
    let (mut beam_width, mut training_beam_width, mut search) = (None, None, None);
    if method.has_beam() {
        let width = beam(settings, "quantizer.beam-width", BEAM_WIDTH, point)?;
        beam_width = Some(width);
        training_beam_width = Some(beam(settings, "quantizer.training-beam-width", width, point)?);
        search = Some(settings.choice("quantizer.search")?.unwrap_or(Search::Beam));
        if search == Some(Search::Released) {
            check_released(settings, "quantizer.search", point)?;
        }
    }
    Ok(QuantizerSettings {
        method,
        stages,
        bits_per_stage,
        beam_width,
        training_beam_width,
        search,
        init,
        init_updates,
        init_learning_rate: init_updates.and_then(|_| init_learning_rate(settings)),
    })
}

/// User-defined methods may allow fewer stages than the built-in ones.
fn check_stages(settings: &Settings, point: Point) -> Checked<()> {
    let (stages, most) = (point.stages, point.method.most_stages());
    if stages <= most {
        return Ok(());
    }
    let span = settings.node("sweep.stages").map_or(point.head, |node| node.span);
    let message = format!("{} can't have {stages} stages", point.method.label());
    Err(Fault::new(span, message).allowed(if most == 1 { "1".into() } else { format!("1 to {most}") }))
}

/// A beam width, with `min(K, N)` evaluated. It is at most the M·K codewords of the first search step, and at most the
/// maximum of the search.
pub fn beam(settings: &Settings, path: &str, default: usize, point: Point) -> Checked<usize> {
    let size = point.codebook_size();
    let most = point.codewords().min(MAX_BEAM);
    let Some(node) = settings.node(path) else {
        return if default <= most {
            Ok(default)
        } else {
            let message = format!(
                "the default beam width {default} is wider than the M·K = {most} codewords of {}",
                point.label()
            );
            Err(Fault::new(point.bits.span, message)
                .allowed(format!("1 to {most} at these bits"))
                .help(narrower(point)))
        };
    };
    let width = match node.text().and_then(beam_limit) {
        Some(limit) => limit.min(size),
        None => node.whole().unwrap_or_default() as usize,
    };
    if (1..=most).contains(&width) {
        return Ok(width);
    }
    let message = if width > MAX_BEAM && most == MAX_BEAM {
        format!("`{path}` is {node}, wider than any beam may be")
    } else {
        format!("`{path}` is {node}, wider than the M·K = {most} codewords of {}", point.label())
    };
    Err(Fault::new(node.span, message).allowed(format!("1 to {most} at these bits")).help(narrower(point)))
}

fn narrower(point: Point) -> String {
    let bits = point.total_bits();
    format!(
        "\"min(K, N)\" follows the codebook size; an [[override]] with where = {{ bits = [{bits}] }} sets these bits alone"
    )
}

const INIT_LEARNING_RATE: &str = "quantizer.init-learning-rate";

/// Only if it differs from the training's learning rate, so that equal work has an equal key.
fn init_learning_rate(settings: &Settings) -> Option<f64> {
    settings.number(INIT_LEARNING_RATE).filter(|rate| Some(*rate) != settings.number("training.learning-rate"))
}

fn init(settings: &Settings, point: Point, dimension: usize) -> Checked<(Init, Option<u64>)> {
    const INIT: &str = "quantizer.init";
    const UPDATES: &str = "quantizer.init-updates";
    let init = settings.choice(INIT)?.unwrap_or(Init::Uniform);
    let is_trained = matches!(init, Init::Pvq | Init::Rvq);
    let fits = match init {
        Init::Rvq => point.method == Method::Avq,
        Init::Pvq => point.method != Method::Pvq,
        Init::Uniform | Init::Normal | Init::Data | Init::Kmeans => true,
    };
    if let Some(node) = settings.node(INIT).filter(|_| !fits) {
        let label = point.method.label();
        let allowed = match point.method {
            Method::Rvq => "\"uniform\", \"normal\", \"data\", \"kmeans\", \"pvq\"",
            _ => "\"uniform\", \"normal\", \"data\", \"kmeans\"",
        };
        let method = label.to_lowercase();
        return Err(Fault::new(node.span, format!("{label} can't start from {node}"))
            .allowed(format!("{allowed} for {label}"))
            .help(format!(
                "keep {node} for the other methods and add\n  [[override]]\n  where = {{ methods = [\"{method}\"] }}\n  quantizer.init = \"uniform\""
            )));
    }
    for field in [UPDATES, INIT_LEARNING_RATE] {
        settings.depends(field, INIT, is_trained, "quantizer.init = \"pvq\" or \"rvq\"")?;
    }
    check_dimension(
        settings,
        point,
        dimension,
        init == Init::Pvq,
        "init = \"pvq\" starts from a PVQ, which cuts each vector into M equal parts",
    )?;
    let updates = settings.whole(UPDATES).filter(|_| is_trained);
    match settings.node(INIT) {
        Some(node) if is_trained && updates.is_none() => {
            Err(Fault::new(node.span, format!("`{INIT}` = {node} needs `{UPDATES}`"))
                .allowed("a whole number, 1 or more: the updates of the warm start"))
        }
        _ => Ok((init, updates)),
    }
}

/// The codebooks with their gradients, moments and usage must fit into memory.
fn check_memory(point: Point, dimension: usize) -> Checked<()> {
    let (width, words) = if point.method.is_product() { (dimension / point.stages, "D/M") } else { (dimension, "D") };
    let values = point.codewords() as u64 * width as u64;
    if values <= MOST_VALUES {
        return Ok(());
    }
    let message = format!(
        "the codebooks of {} have M·K·{words} = {} × {width} = {values} values: {:.1} GiB of f32, five times that in training",
        point.label(),
        point.codewords(),
        values as f64 * 4.0 / (1u64 << 30) as f64
    );
    Err(Fault::new(point.bits.span, message)
        .allowed(format!("up to {MOST_VALUES} values, 1 GiB"))
        .help("use fewer bits per stage, or a smaller data.dimension"))
}

/// The released search keeps a matrix of (M·K)² entries. The value at `path` requests this search.
pub fn check_released(settings: &Settings, path: &str, point: Point) -> Checked<()> {
    let words = point.codewords();
    let Some(node) = settings.node(path).filter(|_| words > RELEASED_LIMIT) else { return Ok(()) };
    let message = format!(
        "`{path}` is {node}, but the released search can't take the M·K = {words} codewords of {}",
        point.label()
    );
    let help = match path {
        "quantizer.search" => "set search = \"beam\"".to_owned(),
        _ => format!(
            "set it to 0 there:\n  [[override]]\n  where = {{ methods = [\"avq\"], bits = [{}] }}\n  {path} = 0",
            point.total_bits()
        ),
    };
    Err(Fault::new(node.span, message)
        .allowed(format!("M·K up to {RELEASED_LIMIT}: the search keeps a matrix of (M·K)² entries"))
        .help(help))
}
