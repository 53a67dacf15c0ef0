//! Methods from outside the crate. A registered name works in specs, Results files, figures, codebook files and
//! commands, like the names of the crate's own methods.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{PoisonError, RwLock};

use super::{Definition, Method};

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
pub struct Registered(&'static Definition);

static REGISTRY: RwLock<Vec<Registered>> = RwLock::new(Vec::new());

/// Registers a method for the whole program, until it ends. Records of its cells contain only its name. If you change
/// what a method does, give it another name or delete its records.
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
    if Method::ALL.iter().any(|m| is_known(m.label())) || registry.iter().any(|r| is_known(r.0.label)) {
        return Err(RegisterError::Known(label));
    }
    let registered = Registered(Box::leak(Box::new(definition)));
    registry.push(registered);
    Ok(Method::Registered(registered))
}

/// The registered methods, in the order of registration.
pub(super) fn registered() -> Vec<Method> {
    let registry = REGISTRY.read().unwrap_or_else(PoisonError::into_inner);
    registry.iter().copied().map(Method::Registered).collect()
}

impl Registered {
    pub(super) fn definition(self) -> &'static Definition {
        self.0
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.0.label)
    }
}

// Labels are unique.
impl PartialEq for Registered {
    fn eq(&self, other: &Self) -> bool {
        self.0.label == other.0.label
    }
}

impl Eq for Registered {}

impl Hash for Registered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.label.hash(state);
    }
}

impl PartialOrd for Registered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Registered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.label.cmp(other.0.label)
    }
}
