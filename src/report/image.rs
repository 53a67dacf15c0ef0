//! What an image experiment's report has beside the others.

use super::format::whole;
use crate::network::LATENTS;
use crate::spec::ImageSettings;

/// The images, and what is trained on them.
pub(super) fn data_in_words(settings: &ImageSettings) -> String {
    let (data, network) = (&settings.data, &settings.network);
    let what = match data.digest.is_some() {
        true => data.name.clone(),
        false => format!("{} (made by this program, not photographs; seed {})", data.name, data.seed.unwrap_or(1)),
    };
    let trained = match (&settings.joint, network.updates) {
        (None, updates) => format!(
            "the network is trained alone ({} updates) and frozen, and quantizers are trained on its latent vectors",
            whole(updates)
        ),
        (Some(joint), 0) => format!("network and codebooks are trained together by {}", joint.estimator.label()),
        (Some(joint), updates) => format!(
            "the network is trained alone for {} updates, then together with the codebooks by {}",
            whole(updates),
            joint.estimator.label()
        ),
    };
    format!(
        "{what}: {} images to train on, {} to test on, 32 × 32 pixels in colour, {LATENTS} latent vectors of dimension {} an \
         image; {trained}",
        whole(data.training),
        whole(data.test),
        network.dimension
    )
}
