//! Product VQ: the vector is split into M equal parts, each with a codebook of its own.

use super::{Cost, Definition, Kmeans, LineStyle, Marker, Style, rvq};
use crate::baseline::stagewise;
use crate::complexity;

pub static PVQ: Definition = Definition {
    kind: Some("product"),
    is_product: true,
    train: Some(stagewise::train),
    kmeans: Some(Kmeans { label: "PVQ (k-means)", color: [0x4e, 0x37, 0x8c] }),
    cost: Cost { encode_in_training: None, fit: |_| 4.0 },
    style: Style { color: [0x1a, 0x1a, 0x1a], line: LineStyle::DashDot, marker: Marker::Triangle },
    ..Definition::new("PVQ", rvq::assign, complexity::pvq)
};
