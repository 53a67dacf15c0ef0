//! Methods from outside of the crate: registered under names of their own, they stand in specs, Results files, figures,
//! codebook files and commands beside the crate's.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{PoisonError, RwLock};

use super::assign::Assign;
use super::codebooks::Codebooks;
use super::settings::Method;

/// A method, as [`register`] takes it.
#[derive(Clone, Copy)]
pub struct Definition {
    /// Its name in Results files and figures, such as `VQ`; in lower case that of specs and commands. Letters, digits and
    /// hyphens.
    pub label: &'static str,
    /// Whether codewords are parts of the vector that stand side by side (K × D/M a stage), instead of adding up.
    pub is_product: bool,
    /// The most codebooks that it can have; 1 for a plain VQ.
    pub most_stages: usize,
    /// How codewords are chosen.
    pub assign: fn() -> Box<dyn Assign>,
    /// Its own trainer, of `baselines` in a spec and `--trainer kmeans`; None where it is trained by NSVQ alone, as any
    /// method can be.
    pub train: Option<Train>,
    /// Additions, multiplications, moves and branches for encoding one vector with D, M and K, as
    /// [`crate::complexity::Operations`] counts them.
    pub operations: fn(dimension: usize, stages: usize, size: usize) -> [u64; 4],
}

/// Trains codebooks; the text of an error is shown to the user. `go_on` is told the share of the work that is done, several
/// times a second, and ends it by false: then any error will do.
pub type Train = fn(request: &TrainRequest, go_on: &mut dyn FnMut(f64) -> bool) -> Result<Codebooks, String>;

/// What a trainer is given.
#[derive(Clone, Copy, Debug)]
pub struct TrainRequest<'a> {
    /// The method that was registered, for [`Codebooks::new`].
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
    #[error("a method can't be called {0:?}: allowed are letters, digits and hyphens, a letter first")]
    Label(&'static str),
    #[error("there is a method {0} already")]
    Known(&'static str),
}

/// A method that was registered.
#[derive(Clone, Copy)]
pub struct Registered(&'static Definition);

static REGISTRY: RwLock<Vec<Registered>> = RwLock::new(Vec::new());

/// Makes a method known to the whole program, until it ends. Records of its cells bear its name alone: who changes what it
/// does gives it another name, or deletes them.
///
/// # Errors
/// [`RegisterError`].
pub fn register(definition: Definition) -> Result<Method, RegisterError> {
    let label = definition.label;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !label.chars().all(allowed) || !label.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(RegisterError::Label(label));
    }
    let mut registry = REGISTRY.write().unwrap_or_else(PoisonError::into_inner);
    let is_known = |known: &str| known.eq_ignore_ascii_case(label);
    if Method::ALL.iter().any(|m| is_known(m.label())) || registry.iter().any(|r| is_known(r.label)) {
        return Err(RegisterError::Known(label));
    }
    let registered = Registered(Box::leak(Box::new(definition)));
    registry.push(registered);
    Ok(Method::Registered(registered))
}

/// Those that were registered, in their order.
pub(super) fn registered() -> Vec<Method> {
    let registry = REGISTRY.read().unwrap_or_else(PoisonError::into_inner);
    registry.iter().copied().map(Method::Registered).collect()
}

impl std::ops::Deref for Registered {
    type Target = Definition;

    fn deref(&self) -> &Definition {
        self.0
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.label)
    }
}

// No two have one label.
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
