//! Image experiments: what joint training takes, and what a frozen network does.

use super::Case;

#[test]
fn joint_baselines() {
    Case::image().edit("stages = [4]", "stages = [4]\nbaselines = [\"pvq\"]").refused("?");
}

#[test]
fn joint_kmeans() {
    Case::image()
        .edit("[training]\nlearning-rate = 0.001\nupdates = 1000", "[training]\ntrainer = \"kmeans\"")
        .refused("?");
}

#[test]
fn joint_opq() {
    Case::image().edit("[\"avq\", \"rvq\", \"pvq\"]", "[\"opq\"]").refused("?");
}

#[test]
fn joint_warm_start() {
    Case::image()
        .edit("beam-width = 16", "beam-width = 16\ninit = \"rvq\"\ninit-updates = 10")
        .edit("[\"avq\", \"rvq\", \"pvq\"]", "[\"avq\"]")
        .refused("?");
}

#[test]
fn commitment_of_nsvq() {
    Case::image().edit("beam-width = 16", "beam-width = 16\ncommitment = 0.5").refused("?");
}

#[test]
fn noise_of_straight_through() {
    Case::image().edit("beam-width = 16", "beam-width = 16\nestimator = \"ste\"\nnoise = \"stage\"").refused("?");
}

#[test]
fn unknown_estimator() {
    Case::image().edit("beam-width = 16", "estimator = \"rotatio\"").refused("?");
}

#[test]
fn exact_updates_beyond_the_end() {
    Case::image().edit("updates = 1000", "updates = 1000\nexact-updates = 1001").refused("?");
}

#[test]
fn estimator_of_a_frozen_network() {
    Case::image()
        .edit("latent-dimension = 64", "latent-dimension = 64\nfrozen = true")
        .edit("beam-width = 16", "beam-width = 16\nestimator = \"nsvq\"")
        .refused("?");
}

#[test]
fn untrained_frozen_network() {
    Case::image().edit("latent-dimension = 64", "latent-dimension = 64\nfrozen = true\nupdates = 0").refused("?");
}

#[test]
fn latent_dimension_not_divisible() {
    Case::image().edit("latent-dimension = 64", "latent-dimension = 66").refused("?");
}

#[test]
fn fewer_images_than_a_batch() {
    Case::image().add("[data]\nimages = 10\n").refused("?");
}

#[test]
fn no_such_folder() {
    Case::image().add("[data]\npath = \"no/such\"\n").refused("?");
}

#[test]
fn seed_of_files() {
    Case::image().add("[data]\npath = \"no/such\"\nseed = 2\n").refused("?");
}

#[test]
fn network_of_a_toy() {
    Case::default().add("[network]\nwidth = 8\n").refused("?");
}

#[test]
fn margin_in_db_of_a_toy() {
    Case::default().add("[comparison]\nmargin-db = 0.2\n").refused("?");
}

#[test]
fn unknown_metric() {
    Case::image().add("[evaluation]\nmetric = \"psrn\"\n").refused("?");
}

#[test]
fn metric_of_a_claim_on_complexity() {
    Case::image()
        .add("[[claim]]\ntext = \"x\"\nmetric = \"complexity\"\nbest-by-complexity = [\"pvq\", \"rvq\"]\n")
        .refused("?");
}

#[test]
fn one_method_by_complexity() {
    Case::image().add("[[claim]]\ntext = \"x\"\nbest-by-complexity = [\"pvq\"]\n").refused("?");
}
