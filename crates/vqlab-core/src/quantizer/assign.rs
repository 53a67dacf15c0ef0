//! How a method chooses codewords: one trait for all methods.

use super::codebooks::{CodeError, Codebooks};

/// Chooses the codewords of vectors. Implementations keep their scratch memory from call to call.
pub trait Assign: Send {
    /// Updates the internal state for changed codebooks. Call it before [`Assign::assign`] whenever they changed.
    fn prepare(&mut self, books: &Codebooks);

    /// For n vectors: `residual` (n × D) holds the vectors x on entry and x − q on return. `indices` (n × M) receives m·K + k of
    /// the chosen codewords. For every method except the released search, `indices[·][m]` belongs to
    /// codebook m.
    fn assign(&mut self, books: &Codebooks, residual: &mut [f32], indices: &mut [u32]);
}

/// Number of vectors that [`encode`] passes to the assignment at once: their residuals stay in the second-level cache.
const BLOCK: usize = 384;

/// Encodes vectors (n × D) as codes (n × M).
///
/// # Errors
/// [`CodeError::RepeatedCodebook`] where the released search chose a tuple that no code can hold.
pub fn encode(books: &Codebooks, assign: &mut dyn Assign, x: &[f32]) -> Result<Vec<u16>, CodeError> {
    let (dimension, stages) = (books.dimension(), books.stages());
    let mut codes = vec![0u16; x.len() / dimension * stages];
    let (mut residual, mut indices) = (Vec::new(), Vec::new());
    assign.prepare(books);
    for (block, (x, codes)) in x.chunks(BLOCK * dimension).zip(codes.chunks_mut(BLOCK * stages)).enumerate() {
        residual.clear();
        residual.extend_from_slice(x);
        indices.resize(codes.len(), 0);
        assign.assign(books, &mut residual, &mut indices);
        write_codes(books, &indices, codes)
            .map_err(|vector| CodeError::RepeatedCodebook { vector: block * BLOCK + vector })?;
    }
    Ok(codes)
}

/// Converts codeword indices m·K + k to codes.
///
/// # Errors
/// As [`encode`].
pub fn codes(books: &Codebooks, indices: &[u32]) -> Result<Vec<u16>, CodeError> {
    let mut codes = vec![0u16; indices.len()];
    write_codes(books, indices, &mut codes).map_err(|vector| CodeError::RepeatedCodebook { vector })?;
    Ok(codes)
}

/// As [`codes`], into a slice. The error is the index of the first vector that no code can represent.
fn write_codes(books: &Codebooks, indices: &[u32], codes: &mut [u16]) -> Result<(), usize> {
    let size = books.size() as u32;
    let rows = indices.chunks_exact(books.stages()).zip(codes.chunks_exact_mut(books.stages()));
    for (vector, (indices, codes)) in rows.enumerate() {
        // Most searches return codewords in stage order, where no division is needed.
        let mut first = 0;
        let mut in_order = true;
        for (index, code) in indices.iter().zip(codes.iter_mut()) {
            let number = index.wrapping_sub(first);
            in_order &= number < size;
            *code = number as u16;
            first += size;
        }
        if in_order {
            continue;
        }
        if repeats_codebook(indices, books.size()) {
            return Err(vector);
        }
        for index in indices {
            codes[(index / size) as usize] = (index % size) as u16;
        }
    }
    Ok(())
}

/// Whether two of the codewords belong to the same codebook.
pub fn repeats_codebook(indices: &[u32], size: usize) -> bool {
    let stage = |index: &u32| *index as usize / size;
    // Most searches return codewords in stage order.
    if indices.is_sorted_by(|a, b| stage(a) < stage(b)) {
        return false;
    }
    let mut stages: Vec<usize> = indices.iter().map(stage).collect();
    stages.sort_unstable();
    stages.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_codebooks_are_found_among_any_number_of_stages() {
        for stages in [2, 16, 33, 96, 300] {
            let mut indices: Vec<u32> = (0..stages).map(|stage| 4 * stage + stage % 4).collect();
            assert!(!repeats_codebook(&indices, 4));
            indices.reverse();
            assert!(!repeats_codebook(&indices, 4));
            indices[0] = 1;
            assert!(repeats_codebook(&indices, 4), "{stages}");
        }
    }
}
