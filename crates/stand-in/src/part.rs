//! Parts of a set.

/// The use of a set: one part for training, and one part that no training sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Training,
    Test,
}

impl Part {
    pub const ALL: [Part; 2] = [Self::Training, Self::Test];
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(match self {
            Self::Training => "training",
            Self::Test => "test",
        })
    }
}
