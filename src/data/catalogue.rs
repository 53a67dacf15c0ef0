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
    /// The archive to download. None for generated data.
    pub archive: Option<Archive<'static>>,
    /// How its files are recognized. None for generated data.
    pub contents: Option<Contents>,
    /// Its path below the folder of the data sets ([`super::cache`]).
    pub place: &'static str,
    /// The commands that use it.
    pub used_by: &'static str,
}

/// Identifies the files of a data set.
#[derive(Clone, Copy, Debug)]
pub enum Contents {
    /// File names with their MD5 sums.
    Files(&'static [(&'static str, &'static str)]),
    /// Numbers of learn, base and query vectors; D = 128.
    Descriptors([u64; 3]),
    /// Number of FLAC files.
    Utterances(usize),
}

/// A data set as an experiment asks for it (`data.set`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataSet {
    pub name: &'static str,
    /// Names that its folder may have: the name that `data fetch` gives it, then the name in the publisher's archive.
    pub folders: &'static [&'static str],
    /// The entries of [`KNOWN`] that must be fetched for it.
    pub parts: &'static [&'static str],
}

impl DataSet {
    /// The commands that fetch all of it.
    pub fn commands(&self) -> Vec<String> {
        self.parts.iter().map(|part| format!("vqlab data fetch {part}")).collect()
    }
}

/// The sets that `data.set` takes.
pub const SETS: [DataSet; 4] = [
    DataSet { name: "sift1m", folders: &["sift1m", "sift"], parts: &["sift1m"] },
    DataSet { name: "siftsmall", folders: &["siftsmall"], parts: &["siftsmall"] },
    DataSet { name: "cifar10", folders: &["cifar10", "cifar-10-batches-bin"], parts: &["cifar10"] },
    DataSet {
        name: "librispeech",
        folders: &["librispeech", "LibriSpeech"],
        parts: &["librispeech-train-clean-100", "librispeech-test-clean"],
    },
];

/// The set of this name.
pub fn data_set(name: &str) -> Option<&'static DataSet> {
    SETS.iter().find(|set| set.name == name)
}

/// MD5 sums of the binary files of CIFAR-10, as public loaders list them.
const CIFAR10: [(&str, &str); 6] = [
    ("data_batch_1.bin", "5dd7e06a14cb22eb9f671a540d1b7c25"),
    ("data_batch_2.bin", "5ea93a67294ea407fff1d09f752e9692"),
    ("data_batch_3.bin", "942cd6a4bcdd0dd3c604fbe906cb4421"),
    ("data_batch_4.bin", "ae636b3ba5c66a11e91e8cb52e771fcb"),
    ("data_batch_5.bin", "53f37980c15c3d472c316c40844f3f0d"),
    ("test_batch.bin", "803d5f7f4d78ea53de84dbe85f74fb6d"),
];

/// A part of LibriSpeech.
const fn librispeech(
    name: &'static str,
    what: &'static str,
    place: &'static str,
    utterances: usize,
    archive: Archive<'static>,
) -> KnownData {
    KnownData {
        name,
        what,
        origin: "https://www.openslr.org/12 (Panayotov, Chen, Povey, Khudanpur, ICASSP 2015)",
        licence: "CC BY 4.0",
        archive: Some(archive),
        contents: Some(Contents::Utterances(utterances)),
        place,
        used_by: SPEECH,
    }
}

/// All known data sets. The publishers state the MD5 sums: ANN_SIFT in the file MD5SUM beside the archives, CIFAR-10 on
/// its page, LibriSpeech in md5sum.txt beside the archives. Sizes and SHA-256 sums were measured by others. The SHA-256
/// sums are from the lists of TensorFlow Datasets and torchaudio.
pub const KNOWN: [KnownData; 9] = [
    KnownData {
        name: "sift1m",
        what: "ANN_SIFT1M: SIFT descriptors, D = 128; 100,000 learn, 1,000,000 base, 10,000 query vectors",
        origin: "http://corpus-texmex.irisa.fr (Jégou, Douze, Schmid, PAMI 2011)",
        licence: "see the origin page",
        archive: Some(Archive {
            url: "ftp://ftp.irisa.fr/local/texmex/corpus/sift.tar.gz",
            bytes: Some(168_280_445),
            md5: Some("b23d1b3b2ee8469d819b61ca900ef0ed"),
            sha256: None,
            root: None,
            files: &["sift_learn.fvecs", "sift_base.fvecs", "sift_query.fvecs", "sift_groundtruth.ivecs"],
        }),
        contents: Some(Contents::Descriptors([100_000, 1_000_000, 10_000])),
        place: "sift1m",
        used_by: SEARCH,
    },
    KnownData {
        name: "siftsmall",
        what: "ANN_SIFT10K: SIFT descriptors, D = 128; 25,000 learn, 10,000 base, 100 query vectors",
        origin: "http://corpus-texmex.irisa.fr (Jégou, Douze, Schmid, PAMI 2011)",
        licence: "see the origin page",
        archive: Some(Archive {
            url: "ftp://ftp.irisa.fr/local/texmex/corpus/siftsmall.tar.gz",
            bytes: Some(5_305_734),
            md5: Some("0b8324a7a82d7f2663d7dcbd57642df7"),
            sha256: None,
            root: None,
            files: &[
                "siftsmall_learn.fvecs",
                "siftsmall_base.fvecs",
                "siftsmall_query.fvecs",
                "siftsmall_groundtruth.ivecs",
            ],
        }),
        contents: Some(Contents::Descriptors([25_000, 10_000, 100])),
        place: "siftsmall",
        used_by: SEARCH,
    },
    KnownData {
        name: "cifar10",
        what: "CIFAR-10, binary version: 60,000 color images of 32 × 32 pixels in ten classes",
        origin: "https://www.cs.toronto.edu/~kriz/cifar.html (Krizhevsky 2009)",
        licence: "none stated; customary for research with citation",
        archive: Some(Archive {
            url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            bytes: Some(170_052_171),
            md5: Some("c32a1d4ab5d03f1284b67883e8d87530"),
            sha256: Some("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
            root: None,
            files: &[
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_3.bin",
                "data_batch_4.bin",
                "data_batch_5.bin",
                "test_batch.bin",
            ],
        }),
        contents: Some(Contents::Files(&CIFAR10)),
        place: "cifar10",
        used_by: IMAGE,
    },
    librispeech(
        "librispeech-train-clean-100",
        "LibriSpeech, English audiobooks: 28,539 utterances of 251 speakers, FLAC files of 16 kHz",
        "librispeech/train-clean-100",
        28_539,
        Archive {
            url: "https://www.openslr.org/resources/12/train-clean-100.tar.gz",
            bytes: Some(6_387_309_499),
            md5: Some("2a93770f6d5c6c964bc36631d331a522"),
            sha256: Some("d4ddd1d5a6ab303066f14971d768ee43278a5f2a0aa43dc716b0e64ecbbbf6e2"),
            root: Some("LibriSpeech/train-clean-100"),
            files: &["103/1240/103-1240-0000.flac"],
        },
    ),
    librispeech(
        "librispeech-test-clean",
        "LibriSpeech, English audiobooks: 2,620 utterances of 40 other speakers, FLAC files of 16 kHz",
        "librispeech/test-clean",
        2_620,
        Archive {
            url: "https://www.openslr.org/resources/12/test-clean.tar.gz",
            bytes: Some(346_663_984),
            md5: Some("32fa31d27d2e1cad72775fee3f4849a9"),
            sha256: Some("39fde525e59672dc6d1551919b1478f724438a95aa55f874b576be21967e6c23"),
            root: Some("LibriSpeech/test-clean"),
            files: &["1089/134686/1089-134686-0000.flac"],
        },
    ),
    librispeech(
        "librispeech-test-other",
        "LibriSpeech, English audiobooks that are harder to understand: 2,939 utterances of 33 other speakers",
        "librispeech/test-other",
        2_939,
        Archive {
            url: "https://www.openslr.org/resources/12/test-other.tar.gz",
            bytes: Some(328_757_843),
            md5: Some("fb5a50374b501bb3bac4815ee91d3135"),
            sha256: Some("d09c181bba5cf717b3dee7d4d592af11a3ee3a09e08ae025c5506f6ebe961c29"),
            root: Some("LibriSpeech/test-other"),
            files: &["1688/142285/1688-142285-0000.flac"],
        },
    ),
    KnownData {
        name: descriptors::SYNTHETIC,
        what: "SIFT descriptors of dead-leaves images, D = 128, any number",
        origin: "generated by `vqlab data make`",
        licence: "as vqlab",
        archive: None,
        contents: None,
        place: descriptors::SYNTHETIC,
        used_by: SEARCH,
    },
    KnownData {
        name: images::SYNTHETIC,
        what: "dead-leaves images in color with natural statistics, 32 × 32 pixels, any number",
        origin: "generated by `vqlab data make`",
        licence: "as vqlab",
        archive: None,
        contents: None,
        place: images::SYNTHETIC,
        used_by: IMAGE,
    },
    KnownData {
        name: speech::SYNTHETIC,
        what: "synthetic speech with the spectra and levels of read English, 16 kHz, any number of utterances",
        origin: "generated by `vqlab data make`",
        licence: "as vqlab",
        archive: None,
        contents: None,
        place: speech::SYNTHETIC,
        used_by: SPEECH,
    },
];

const IMAGE: &str = "run, image experiments: data.set, data.path";
const SPEECH: &str = "run, speech experiments: data.set, data.path";
const SEARCH: &str = "run, search experiments: data.set, data.path; encode, search: the files";

/// The data set of this name.
pub fn known(name: &str) -> Option<&'static KnownData> {
    KNOWN.iter().find(|data| data.name == name)
}
