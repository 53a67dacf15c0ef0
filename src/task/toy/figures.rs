//! A toy experiment has the general figures only: errors, trade-offs, gaps and differences over the bitrate.

use super::Toy;
use crate::figure::Figures;

impl Figures for Toy {}
