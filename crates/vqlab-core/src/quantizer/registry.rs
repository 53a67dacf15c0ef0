//! Methods from outside the crate. A registered name works in specs, Results files, figures, codebook files and
//! commands, like the names of the crate's own methods.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{PoisonError, RwLock};

use super::assign::Assign;
use super::codebooks::Codebooks;
use super::settings::Method;

/// A method, as [`register`] takes it.
#[derive(Clone, Copy)]
pub struct Definition {
    /// The name in Results files and figures, such as `VQ`. Specs and commands use it in lower case. Allowed are
    /// letters, digits and hyphens.
    pub label: &'static str,
    /// Whether codewords are parts of the vector that are concatenated (K × D/M a stage) instead of added.
    pub is_product: bool,
    /// The maximum number of codebooks; 1 for a plain VQ.
    pub most_stages: usize,
    /// How codewords are chosen.
    pub assign: fn() -> Box<dyn Assign>,
    /// The method's own trainer, for `baselines` in a spec and `--trainer kmeans`. None = the method is trained by NSVQ
    /// alone, which can train any method.
    pub train: Option<Train>,
    /// Additions, multiplications, moves and branches for encoding one vector with D, M and K, as
    /// [`crate::complexity::Operations`] counts them.
    pub operations: fn(dimension: usize, stages: usize, size: usize) -> [u64; 4],
}

/// Trains codebooks; the text of an error is shown to the user. The trainer calls `go_on` several times a second with
/// the share of the work that is done. Where `go_on` returns false, the trainer must stop with any error.
pub type Train = fn(request: &TrainRequest, go_on: &mut dyn FnMut(f64) -> bool) -> Result<Codebooks, String>;

/// What a trainer is given.
#[derive(Clone, Copy, Debug)]
pub struct TrainRequest<'a> {
    /// The registered method, for [`Codebooks::new`].
    pub method: Method,
    /// n × D, finite, at least one.
    pub vectors: &'a [f32],
    /// D.
    pub dimension: usize,
    /// M.
    pub stages: usize,
    /// K.
    pub size: usize,
    pub iterations: usize,
    /// Names the random stream ([`crate::data::stream`](mod@crate::data::stream)): equal requests give equal codebooks.
    pub name: &'a str,
}

/// Why a method could not be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    #[error("{0:?} is not a valid method name: allowed are letters, digits and hyphens, with a letter first")]
    Label(&'static str),
    #[error("the method {0} exists already")]
    Known(&'static str),
}

/// A registered method.
#[derive(Clone, Copy)]
pub struct Registered(&'static Entry);

struct Entry {
    definition: Definition,
    /// Whether NSVQ trains it.
    nsvq: bool,
}

impl Registered {
    /// Whether NSVQ trains it, besides a trainer of its own.
    pub(super) fn has_nsvq(self) -> bool {
        self.0.nsvq
    }
}

static REGISTRY: RwLock<Vec<Registered>> = RwLock::new(Vec::new());

/// Registers a method for the whole program, until it ends. Records of its cells contain only its name. If you change
/// what a method does, give it another name or delete its records.
///
/// # Errors
/// [`RegisterError`].
pub fn register(definition: Definition) -> Result<Method, RegisterError> {
    add(Entry { definition, nsvq: true })
}

/// As [`register`], for a method that only its own trainer trains, on the vectors as they are. NSVQ, and the centering
/// and scaling before a training, assume that codewords are added (or, for products, concatenated); use this where that
/// is not so.
///
/// # Errors
/// [`RegisterError`].
pub fn register_without_nsvq(definition: Definition) -> Result<Method, RegisterError> {
    add(Entry { definition, nsvq: false })
}

fn add(entry: Entry) -> Result<Method, RegisterError> {
    let label = entry.definition.label;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !label.chars().all(allowed) || !label.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(RegisterError::Label(label));
    }
    let mut registry = REGISTRY.write().unwrap_or_else(PoisonError::into_inner);
    let is_known = |known: &str| known.eq_ignore_ascii_case(label);
    if Method::ALL.iter().any(|m| is_known(m.label())) || registry.iter().any(|r| is_known(r.label)) {
        return Err(RegisterError::Known(label));
    }
    let registered = Registered(Box::leak(Box::new(entry)));
    registry.push(registered);
    Ok(Method::Registered(registered))
}

/// The registered methods, in the order of registration.
pub(super) fn registered() -> Vec<Method> {
    let registry = REGISTRY.read().unwrap_or_else(PoisonError::into_inner);
    registry.iter().copied().map(Method::Registered).collect()
}

impl std::ops::Deref for Registered {
    type Target = Definition;

    fn deref(&self) -> &Definition {
        &self.0.definition
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.label)
    }
}

// Labels are unique.
impl PartialEq for Registered {
    fn eq(&self, other: &Self) -> bool {
        self.label == other.label
    }
}

impl Eq for Registered {}

impl Hash for Registered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.label.hash(state);
    }
}

impl PartialOrd for Registered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Registered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.label.cmp(other.label)
    }
}
