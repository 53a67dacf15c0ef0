//! Parts of a set.

/// What a set is for: one part to train with, one that no training sees.
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
