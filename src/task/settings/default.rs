//! The default of a field as a value, read from its text.

use super::field::{Field, Kind};
use super::value::{self, Node};

impl Field {
    /// The default as TOML, if it is one value: `16` of "…; default: 16." None of "default: a tenth of all".
    pub fn default_toml(&self) -> Option<String> {
        let (_, text) = self.about.split_once("default: ")?;
        let text = text.strip_suffix('.')?;
        let is_free_text = match self.kind {
            Kind::Text | Kind::TextList | Kind::Names => true,
            Kind::Choice(_)
            | Kind::Flag
            | Kind::Whole(..)
            | Kind::Number(..)
            | Kind::Beam
            | Kind::Vectors
            | Kind::WholeList(..)
            | Kind::ChoiceList(_)
            | Kind::Method
            | Kind::MethodList
            | Kind::NamedMethod
            | Kind::NamedMethods
            | Kind::Seeds => false,
        };
        // The texts have commas between thousands, TOML has underscores.
        let candidates = [text.replace(',', "_"), format!("\"{text}\"")];
        candidates.into_iter().filter(|_| !is_free_text).find(|candidate| self.allows(candidate))
    }

    /// Whether a value in TOML passes the check of this field.
    fn allows(&self, toml: &str) -> bool {
        let parsed = value::parse(&format!("value = {toml}"), 0);
        let passes = |node: &Node| self.kind.check(self.path, node).is_ok();
        parsed.is_ok_and(|table| table.get("value").is_some_and(passes))
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Bound::Unbounded;

    use super::*;
    use crate::task::settings::field::{COUNT, cell};

    #[test]
    fn a_default_is_read_if_it_is_one_value() {
        let default = |kind, about| cell("a.b", kind).about(about).default_toml();
        assert_eq!(default(COUNT, "Vectors; default: 500,000."), Some("500_000".into()));
        assert_eq!(default(Kind::Number((Unbounded, Unbounded), ""), "Adam; default: 1e-8."), Some("1e-8".into()));
        assert_eq!(default(Kind::Choice(&["adam", "sgd"]), "Optimizer; default: adam."), Some("\"adam\"".into()));
        assert_eq!(default(COUNT, "Updates; default: a tenth of all."), None);
        assert_eq!(default(COUNT, "Vectors; default: all; 20,000 of synthetic data."), None);
        assert_eq!(default(Kind::Text, "Folder; default: none."), None);
        assert_eq!(default(COUNT, "Updates."), None);
    }
}
