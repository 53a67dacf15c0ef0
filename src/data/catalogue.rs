//! The data sets that the experiments know.

use super::fetch::Archive;
use super::{descriptors, images, speech};

/// A data set: where it comes from and who may use it.
#[derive(Clone, Copy, Debug)]
pub struct KnownData {
    pub name: &'static str,
    pub what: &'static str,
    pub origin: &'static str,
    pub licence: &'static str,
    /// What to download; None for what is made here.
    pub archive: Option<Archive<'static>>,
    /// Which command takes it.
    pub used_by: &'static str,
}

/// All of them; those of several archives are not fetched. Checksums are those that the publishers state (of ANN_SIFT in the file MD5SUM beside the archives, of
/// CIFAR-10 on its page); sizes and the SHA-256 were measured by others, the latter in the list of TensorFlow Datasets.
pub const KNOWN: [KnownData; 7] = [
    KnownData {
        name: "sift1m",
        what: "ANN_SIFT1M: SIFT descriptors, D = 128; 100,000 to learn from, base of 1,000,000, 10,000 queries",
        origin: "http://corpus-texmex.irisa.fr (Jégou, Douze, Schmid, PAMI 2011)",
        licence: "see the page of origin",
        archive: Some(Archive {
            url: "ftp://ftp.irisa.fr/local/texmex/corpus/sift.tar.gz",
            bytes: Some(168_280_445),
            md5: Some("b23d1b3b2ee8469d819b61ca900ef0ed"),
            sha256: None,
            files: &["sift_learn.fvecs", "sift_base.fvecs", "sift_query.fvecs", "sift_groundtruth.ivecs"],
        }),
        used_by: SEARCH,
    },
    KnownData {
        name: "siftsmall",
        what: "ANN_SIFT10K: SIFT descriptors, D = 128; 25,000 to learn from, base of 10,000, 100 queries",
        origin: "http://corpus-texmex.irisa.fr (Jégou, Douze, Schmid, PAMI 2011)",
        licence: "see the page of origin",
        archive: Some(Archive {
            url: "ftp://ftp.irisa.fr/local/texmex/corpus/siftsmall.tar.gz",
            bytes: Some(5_305_734),
            md5: Some("0b8324a7a82d7f2663d7dcbd57642df7"),
            sha256: None,
            files: &[
                "siftsmall_learn.fvecs",
                "siftsmall_base.fvecs",
                "siftsmall_query.fvecs",
                "siftsmall_groundtruth.ivecs",
            ],
        }),
        used_by: SEARCH,
    },
    KnownData {
        name: "cifar10",
        what: "CIFAR-10, binary version: 60,000 colour images of 32 × 32 pixels in ten classes",
        origin: "https://www.cs.toronto.edu/~kriz/cifar.html (Krizhevsky 2009)",
        licence: "none stated; customary for research with citation",
        archive: Some(Archive {
            url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            bytes: Some(170_052_171),
            md5: Some("c32a1d4ab5d03f1284b67883e8d87530"),
            sha256: Some("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
            files: &[
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_3.bin",
                "data_batch_4.bin",
                "data_batch_5.bin",
                "test_batch.bin",
            ],
        }),
        used_by: IMAGE,
    },
    KnownData {
        name: "librispeech",
        what: "LibriSpeech: English audiobooks read by 2,484 speakers, FLAC files of 16 kHz in train-*, dev-* and test-*; unpack \
               one of train-* and one of test-* side by side",
        origin: "https://www.openslr.org/12 (Panayotov, Chen, Povey, Khudanpur, ICASSP 2015)",
        licence: "CC BY 4.0",
        archive: None,
        used_by: SPEECH,
    },
    KnownData {
        name: descriptors::SYNTHETIC,
        what: "SIFT descriptors of dead-leaves images, D = 128, as many as asked for",
        origin: "made here: `vqlab data make`",
        licence: "that of vqlab",
        archive: None,
        used_by: SEARCH,
    },
    KnownData {
        name: images::SYNTHETIC,
        what: "dead-leaves images in colour with natural statistics, 32 × 32 pixels, as many as asked for",
        origin: "made here: `vqlab data make`",
        licence: "that of vqlab",
        archive: None,
        used_by: IMAGE,
    },
    KnownData {
        name: speech::SYNTHETIC,
        what: "synthetic speech with the spectra and levels of read English, 16 kHz, as many utterances as asked for",
        origin: "made here: `vqlab data make`",
        licence: "that of vqlab",
        archive: None,
        used_by: SPEECH,
    },
];

const IMAGE: &str = "run, image experiments: data.path";
const SPEECH: &str = "run, speech experiments: data.path";
const SEARCH: &str = "run, search experiments: data.path; encode, search: the files";

/// The data set of this name.
pub fn known(name: &str) -> Option<&'static KnownData> {
    KNOWN.iter().find(|data| data.name == name)
}
