//! The settings of an image cell: the network, and the training of network and codebooks, together or in sequence.

use serde::{Deserialize, Serialize};

use crate::data::images::ImageData;
use crate::network::{JointSettings, LATENTS, NetworkSettings};
use crate::quantizer::{Estimator, Init, Method, Noise, QuantizerSettings};
use crate::task::settings::resolve::{Point, TRAINER, training};
use crate::task::settings::training::at_most;
use crate::task::settings::{Checked, Fault, Settings, quantizer};
use crate::training::{Trainer, Training};

/// Default channels, residual blocks, D and updates.
const WIDTH: u64 = 64;
const BLOCKS: u64 = 2;
const DIMENSION: u64 = 64;
const UPDATES: u64 = 1_500;
const LEARNING_RATE: f64 = 1e-3;
/// Images per batch.
const BATCH: u64 = 32;
/// Weight of the commitment loss, as in the first VQ-VAE.
const COMMITMENT: f64 = 0.25;

const FROZEN: &str = "network.frozen";
const ESTIMATOR: &str = "quantizer.estimator";
const NOISE: &str = "quantizer.noise";
const INIT: &str = "quantizer.init";
const EXACT: &str = "training.exact-updates";

/// Image compression: a quantizer between the encoder and the decoder of an autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ImageSettings {
    pub data: ImageData,
    pub network: NetworkSettings,
    pub quantizer: QuantizerSettings,
    /// None: the network is trained alone and then frozen, and `training` trains the codebooks on its latent vectors.
    pub joint: Option<JointSettings>,
    /// Training of the codebooks. In joint training it is always [`Training::Nsvq`], whatever the estimator, and its
    /// batches are in images.
    pub training: Training,
}

/// D.
pub fn dimension(settings: &Settings) -> usize {
    settings.whole("network.latent-dimension").unwrap_or(DIMENSION) as usize
}

/// The settings of an image cell on the images `data`.
pub fn resolve(settings: &Settings, point: Point, data: ImageData) -> Checked<ImageSettings> {
    let is_frozen = settings.flag(FROZEN).unwrap_or(false);
    let joint_only = format!("{FROZEN} = false");
    for path in [ESTIMATOR, "quantizer.commitment", NOISE, EXACT] {
        settings.depends(path, FROZEN, !is_frozen, &joint_only)?;
    }
    if !is_frozen {
        check_joint(settings, point)?;
    }
    let network = network(settings, is_frozen)?;
    let mut quantizer = quantizer::resolve(settings, point, network.dimension)?;
    let mut training = training(settings, point, None)?;
    check_enough(settings, point, &data, network.batch_size as u64, "network.batch-size")?;
    if is_frozen {
        return Ok(ImageSettings { data, network, quantizer, joint: None, training });
    }
    if settings.node(INIT).is_none() {
        quantizer.init = Init::Kmeans;
    }
    if let Training::Nsvq(nsvq) = &mut training {
        const SIZE: &str = "training.batch-size";
        let size = settings.whole(SIZE).unwrap_or(BATCH);
        check_enough(settings, point, &data, size, SIZE)?;
        nsvq.batch_size = size as usize;
    }
    let updates = training.nsvq().map_or(0, |nsvq| nsvq.updates);
    let joint = joint(settings, point.method, updates)?;
    Ok(ImageSettings { data, network, quantizer, joint: Some(joint), training })
}

fn network(settings: &Settings, is_frozen: bool) -> Checked<NetworkSettings> {
    const PATH: &str = "network.updates";
    let whole = |path: &str, default: u64| settings.whole(path).unwrap_or(default);
    let updates = whole(PATH, UPDATES);
    if let Some(node) = settings.node(PATH).filter(|_| is_frozen && updates == 0) {
        return Err(node
            .cannot_be(PATH)
            .allowed(format!("1 or more where {FROZEN} = true: an untrained network would be frozen")));
    }
    Ok(NetworkSettings {
        width: whole("network.width", WIDTH) as usize,
        blocks: whole("network.blocks", BLOCKS) as usize,
        dimension: dimension(settings),
        updates,
        learning_rate: settings.number("network.learning-rate").unwrap_or(LEARNING_RATE),
        batch_size: whole("network.batch-size", BATCH) as usize,
    })
}

/// Rejects settings that need a frozen network.
fn check_joint(settings: &Settings, point: Point) -> Checked<()> {
    let help = format!(
        "set {FROZEN} = true, in a [variant.NAME] for instance: the codebooks are then trained on its latent vectors"
    );
    if point.trainer(settings) == Trainer::Kmeans {
        let span = match point.trainer {
            Some(_) => point.name,
            None => settings.node(TRAINER).map_or(point.name, |node| node.span),
        };
        let message = "k-means can't train codebooks together with the network";
        return Err(Fault::new(span, message)
            .allowed(format!("sweep.baselines and training.trainer = \"kmeans\" where {FROZEN} = true"))
            .help(help));
    }
    if !point.method.has_nsvq() {
        let message = format!("{} can't be trained together with the network", point.method.label());
        return Err(Fault::new(point.name, message)
            .allowed("\"avq\", \"rvq\", \"pvq\"")
            .help(format!("{help}, and list \"{}\" in sweep.baselines", point.method.label().to_lowercase())));
    }
    match settings.node(INIT) {
        Some(node) if !matches!(node.text(), Some("uniform" | "data" | "kmeans")) => {
            let message = format!("`{INIT}` can't be {node} where network and codebooks are trained together");
            Err(Fault::new(node.span, message)
                .allowed("\"kmeans\" (the default), \"data\": from outputs of the encoder; \"uniform\", as in the paper's toy experiment")
                .help(help))
        }
        _ => Ok(()),
    }
}

fn joint(settings: &Settings, method: Method, updates: u64) -> Checked<JointSettings> {
    let named = |estimator: &Estimator| Some(estimator.name()) == settings.text(ESTIMATOR);
    let estimator = Estimator::ALL.into_iter().find(named).unwrap_or(Estimator::Nsvq);
    let has_commitment = estimator.has_commitment();
    const PATH: &str = "quantizer.commitment";
    settings.depends(PATH, ESTIMATOR, has_commitment, "quantizer.estimator = \"ste\" or \"rotation\"")?;
    settings.depends(NOISE, ESTIMATOR, !has_commitment, "quantizer.estimator = \"nsvq\" or \"diveq\"")?;
    // Codewords of AVQ and RVQ are added and have no coordinates of their own.
    let by_stage = settings.text(NOISE) == Some("stage") && !has_commitment && method.is_product();
    Ok(JointSettings {
        estimator,
        commitment: has_commitment.then(|| settings.number(PATH).unwrap_or(COMMITMENT)),
        noise: if by_stage { Noise::Stage } else { Noise::Vector },
        exact_updates: at_most(settings, EXACT, updates, 0)?,
    })
}

/// The training images must fill one batch, and their latent vectors must fill one codebook.
fn check_enough(settings: &Settings, point: Point, data: &ImageData, batch: u64, path: &str) -> Checked<()> {
    let span = |first: &str| settings.node("data.images").or(settings.node(first)).map_or(point.bits.span, |n| n.span);
    if data.training < batch {
        let message = format!("{} training images are fewer than one batch of {batch}", data.training);
        return Err(Fault::new(span(path), message)
            .allowed(format!("data.images = {batch} or more, or {path} = {} or less", data.training)));
    }
    let (vectors, size) = (data.training * LATENTS as u64, point.codebook_size() as u64);
    if vectors < size {
        let message = format!(
            "{} training images have {vectors} latent vectors, fewer than the {size} codewords of a codebook of {}",
            data.training,
            point.label()
        );
        let least = size.div_ceil(LATENTS as u64);
        return Err(Fault::new(span("data.images"), message).allowed(format!("data.images = {least} or more")));
    }
    Ok(())
}
