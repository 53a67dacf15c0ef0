//! Image experiments: what joint training takes, and what a frozen network does.

use super::Case;

#[test]
fn joint_baselines() {
    Case::image().edit("stages = [4]", "stages = [4]\nbaselines = [\"pvq\"]").refused(
            r#"
spec.toml:10:14: k-means can't train codebooks together with the network
   |
10 | baselines = ["pvq"]
   |              ^^^^^
allowed: sweep.baselines and training.trainer = "kmeans" where network.frozen = true
hint: set network.frozen = true, in a [variant.NAME] for instance: the codebooks are then trained on its latent vectors"#,
        );
}

#[test]
fn joint_kmeans() {
    Case::image()
        .edit("[training]\nlearning-rate = 0.001\nupdates = 1000", "[training]\ntrainer = \"kmeans\"")
        .refused(
            r#"
spec.toml:19:11: k-means can't train codebooks together with the network
   |
19 | trainer = "kmeans"
   |           ^^^^^^^^
allowed: sweep.baselines and training.trainer = "kmeans" where network.frozen = true
hint: set network.frozen = true, in a [variant.NAME] for instance: the codebooks are then trained on its latent vectors"#,
        );
}

#[test]
fn joint_opq() {
    Case::image().edit("[\"avq\", \"rvq\", \"pvq\"]", "[\"opq\"]").refused(
            r#"
spec.toml:7:12: OPQ can't be trained together with the network
  |
7 | methods = ["opq"]
  |            ^^^^^
allowed: "avq", "rvq", "pvq"
hint: set network.frozen = true, in a [variant.NAME] for instance: the codebooks are then trained on its latent vectors, and list "opq" in sweep.baselines"#,
        );
}

#[test]
fn joint_warm_start() {
    Case::image()
        .edit("beam-width = 16", "beam-width = 16\ninit = \"rvq\"\ninit-updates = 10")
        .edit("[\"avq\", \"rvq\", \"pvq\"]", "[\"avq\"]")
        .refused(
            r#"
spec.toml:17:8: `quantizer.init` can't be "rvq" where network and codebooks are trained together
   |
17 | init = "rvq"
   |        ^^^^^
allowed: "kmeans" (the default), "data": from outputs of the encoder; "uniform", as in the paper's toy experiment
hint: set network.frozen = true, in a [variant.NAME] for instance: the codebooks are then trained on its latent vectors"#,
        );
}

#[test]
fn commitment_of_nsvq() {
    Case::image().edit("beam-width = 16", "beam-width = 16\ncommitment = 0.5").refused(
        r#"
spec.toml:17:14: `quantizer.commitment` has no meaning where `quantizer.estimator` is left at its default
   |
17 | commitment = 0.5
   |              ^^^
allowed: only with quantizer.estimator = "ste" or "rotation"
hint: remove it"#,
    );
}

#[test]
fn noise_of_straight_through() {
    Case::image().edit("beam-width = 16", "beam-width = 16\nestimator = \"ste\"\nnoise = \"stage\"").refused(
        r#"
spec.toml:18:9: `quantizer.noise` has no meaning where `quantizer.estimator` is "ste"
   |
18 | noise = "stage"
   |         ^^^^^^^
allowed: only with quantizer.estimator = "nsvq" or "diveq"
hint: remove it"#,
    );
}

#[test]
fn unknown_estimator() {
    Case::image().edit("beam-width = 16", "estimator = \"rotatio\"").refused(
        r#"
spec.toml:16:13: `quantizer.estimator` can't be "rotatio"
   |
16 | estimator = "rotatio"
   |             ^^^^^^^^^
allowed: "nsvq", "ste", "rotation", "diveq"
hint: did you mean "rotation"?"#,
    );
}

#[test]
fn exact_updates_beyond_the_end() {
    Case::image().edit("updates = 1000", "updates = 1000\nexact-updates = 1001").refused(
        r#"
spec.toml:21:17: `training.exact-updates` can't be 1001
   |
21 | exact-updates = 1001
   |                 ^^^^
allowed: up to training.updates, which is 1000"#,
    );
}

#[test]
fn estimator_of_a_frozen_network() {
    Case::image()
        .edit("latent-dimension = 64", "latent-dimension = 64\nfrozen = true")
        .edit("beam-width = 16", "beam-width = 16\nestimator = \"nsvq\"")
        .refused(
            r#"
spec.toml:18:13: `quantizer.estimator` has no meaning where `network.frozen` is true
   |
18 | estimator = "nsvq"
   |             ^^^^^^
allowed: only with network.frozen = false
hint: remove it"#,
        );
}

#[test]
fn untrained_frozen_network() {
    Case::image().edit("latent-dimension = 64", "latent-dimension = 64\nfrozen = true\nupdates = 0").refused(
        r#"
spec.toml:15:11: `network.updates` can't be 0
   |
15 | updates = 0
   |           ^
allowed: 1 or more where network.frozen = true: an untrained network would be frozen"#,
    );
}

#[test]
fn latent_dimension_not_divisible() {
    Case::image().edit("latent-dimension = 64", "latent-dimension = 66").refused(
        r#"
spec.toml:13:20: D = 66 can't be divided by M = 4 (D/M = 16.500): PVQ cuts each vector into M equal parts
   |
13 | latent-dimension = 66
   |                    ^^
allowed: multiples of 4; the nearest: 64, 68"#,
    );
}

#[test]
fn fewer_images_than_a_batch() {
    Case::image().add("[data]\nimages = 10\n").refused(
        r#"
spec.toml:22:10: 10 training images are fewer than one batch of 32
   |
22 | images = 10
   |          ^^
allowed: data.images = 32 or more, or network.batch-size = 10 or less"#,
    );
}

#[test]
fn no_such_folder() {
    Case::image().add("[data]\npath = \"no/such\"\n").refused(
            r#"
spec.toml:22:8: `data.path`: cannot read no/such: No such file or directory (os error 2)
   |
22 | path = "no/such"
   |        ^^^^^^^^^
allowed: a folder with the binary files of CIFAR-10 (data_batch_1.bin and so on, test_batch.bin), or with PNG images in the folders train and test"#,
        );
}

#[test]
fn seed_of_files() {
    Case::image().add("[data]\npath = \"no/such\"\nseed = 2\n").refused(
        r#"
spec.toml:23:8: `data.seed` has no meaning where `data.path` is "no/such"
   |
23 | seed = 2
   |        ^
allowed: only with synthetic images, without data.path
hint: remove it"#,
    );
}

#[test]
fn network_of_a_toy() {
    Case::default().add("[network]\nwidth = 8\n").refused(
        r#"
spec.toml:24:1: `network.width` has no meaning here: task "toy" draws its vectors and measures their error
   |
24 | width = 8
   | ^^^^^
allowed: nothing in [network]"#,
    );
}

#[test]
fn margin_in_db_of_a_toy() {
    Case::default().add("[comparison]\nmargin-db = 0.2\n").refused(
        r#"
spec.toml:24:1: `comparison.margin-db` has no meaning here: task "toy" draws its vectors and measures their error
   |
24 | margin-db = 0.2
   | ^^^^^^^^^
allowed: comparison.margin, comparison.comparable, comparison.reason, comparison.anomalies"#,
    );
}

#[test]
fn unknown_metric() {
    Case::image().add("[evaluation]\nmetric = \"psrn\"\n").refused(
        r#"
spec.toml:22:10: `evaluation.metric` can't be "psrn"
   |
22 | metric = "psrn"
   |          ^^^^^^
allowed: "psnr", "ssim", "psnr-images", "ssim-uniform", "ssim-gray", "pixel-mse", "latent-nmse"
hint: did you mean "psnr"?"#,
    );
}

#[test]
fn metric_of_a_claim_on_complexity() {
    Case::image()
        .add("[[claim]]\ntext = \"x\"\nmetric = \"complexity\"\nbest-by-complexity = [\"pvq\", \"rvq\"]\n")
        .refused(
            r#"
spec.toml:23:10: `claim.metric` has no meaning beside `best-by-complexity`
   |
23 | metric = "complexity"
   |          ^^^^^^^^^^^^
allowed: the panel's own metric, over the paper's count of operations
hint: remove it"#,
        );
}

#[test]
fn one_method_by_complexity() {
    Case::image().add("[[claim]]\ntext = \"x\"\nbest-by-complexity = [\"pvq\"]\n").refused(
        r#"
spec.toml:23:22: `claim.best-by-complexity` can't be a list
   |
23 | best-by-complexity = ["pvq"]
   |                      ^^^^^^^
allowed: two methods or more, the best for the fewest operations first"#,
    );
}
