//! Cells of a few made-up utterances.
