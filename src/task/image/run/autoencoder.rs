//! The autoencoder's own updates, without a quantizer. Cells of one seed with the same network share them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::batches::{Batches, variance};
use super::{Work, failed};
use crate::data::folder::hex;
use crate::network::{Autoencoder, Trainer, TrainerPlan, load_network, save_network};
use crate::task::TaskError;
use crate::training::{Optimizer, Schedule, TrainingSettings};

/// One lock per autoencoder. Cells that need it at the same time wait for the first of them.
static LOCKS: Mutex<Option<HashMap<String, Arc<Mutex<()>>>>> = Mutex::new(None);

/// The network after its own updates. The progress ends at `share`.
///
/// # Errors
/// [`TaskError`].
pub(super) fn trained(work: &Work, share: f64) -> Result<Autoencoder, TaskError> {
    let network = work.fresh()?;
    if work.settings.network.updates == 0 {
        return Ok(network);
    }
    let name = identity(work);
    let path = |ending: &str| work.context.shared_folder().map(|f| f.join(format!("autoencoder-{name}{ending}")));
    let (whole, part) = (path(".safetensors"), path(".part.safetensors"));
    let lock = lock(&name);
    let _guard = loop {
        match lock.try_lock() {
            Ok(guard) => break guard,
            // A panic elsewhere can't damage the files.
            Err(TryLockError::Poisoned(poisoned)) => break poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
        }
        work.context.check()?;
    };
    if whole.as_ref().is_some_and(|path| load_network(path, &network, &name).is_ok()) {
        return Ok(network);
    }
    // A file of another version may have set a part of the parameters.
    let network = work.fresh()?;
    let plan = plan(work);
    let mut batches = batches(work, plan.training.batch_size);
    let mut trainer = Trainer::new(network, None, plan, &name).map_err(failed)?;
    work.advance(&mut trainer, &mut batches, part.clone(), (0.0, share))?;
    if let Some(path) = whole {
        save_network(&path, &trainer.network, &name)?;
    }
    if let Some(part) = part {
        // A file that remains does no harm.
        let _ = std::fs::remove_file(part);
    }
    Ok(trainer.network)
}

/// The name of everything that these updates depend on.
fn identity(work: &Work) -> String {
    let settings = work.settings;
    let identity = serde_json::json!({
        "data": settings.data,
        "network": settings.network,
        "frozen": settings.joint.is_none(),
        "optimizer": plan(work).training.optimizer,
        "seed": work.seed,
        "program-version": env!("CARGO_PKG_VERSION"),
    });
    hex(&Sha256::digest(identity.to_string()))
}

fn plan(work: &Work) -> TrainerPlan {
    let network = &work.settings.network;
    let joint = work.settings.joint.as_ref().and(work.settings.training.nsvq());
    let schedule = match joint {
        Some(_) => Schedule::Constant,
        None => Schedule::Cosine { final_rate: network.learning_rate / 100.0 },
    };
    let adam = Optimizer::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let training = TrainingSettings {
        optimizer: joint.map_or(adam, |training| training.optimizer.clone()),
        learning_rate: network.learning_rate,
        schedule,
        batch_size: network.batch_size,
        updates: network.updates,
        log_every: (network.updates / 20).max(1),
        replacement: None,
    };
    TrainerPlan { training, learning_rate: network.learning_rate, variance: variance(work.images.training()) }
}

/// The batches of a cell. Their order depends only on data and seed, so all methods see the same batches.
pub(super) fn batches(work: &Work, size: usize) -> Batches {
    let name = format!("order/image/{}/{}", work.settings.data.name, work.seed);
    Batches::new(work.images.clone(), size, name)
}

fn lock(name: &str) -> Arc<Mutex<()>> {
    let mut locks = LOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    locks.get_or_insert_default().entry(name.to_owned()).or_default().clone()
}
