//! Text files of vectors: one a line, numbers separated by commas, semicolons or white space.
//!
//! Opening goes over the file once and keeps where each line begins; numbers are read when they are asked for.

use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::error::FileError;
use super::map;
use super::table::MAX_DIMENSION;

/// The most characters of a wrong number that an error shows.
const SHOWN: usize = 40;

/// A mapped text file.
#[derive(Debug)]
pub(super) struct Lines {
    pub path: PathBuf,
    map: Mmap,
    /// Where the lines with vectors begin, and their numbers in the file, from 1.
    starts: Vec<(u64, u64)>,
    pub columns: usize,
}

impl Lines {
    /// Maps a file and finds its lines. Empty lines, and lines that begin with #, are passed over; so is one head line, in
    /// which nothing is a number.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let map = map::map(path)?;
        let (mut starts, mut at, mut head) = (Vec::new(), 0, false);
        if map.starts_with(b"\xef\xbb\xbf") {
            at = 3;
        }
        let mut number = 0;
        while at < map.len() {
            let line = line(&map[at..]);
            number += 1;
            let blank = line.iter().all(u8::is_ascii_whitespace) || line.starts_with(b"#");
            let heads = |line| fields(line).all(|field| parse(field).is_none());
            if !blank && starts.is_empty() && !head && heads(line) {
                head = true;
            } else if !blank {
                starts.push((at as u64, number));
            }
            at += line.len() + 1;
        }
        let Some((first, number)) = starts.first().copied() else {
            return Err(FileError::content(path, 0, "there is no line with numbers; at least one is needed"));
        };
        let columns = fields(line(&map[first as usize..])).count();
        if !(1..=MAX_DIMENSION).contains(&columns) {
            let reason = format!("there are {columns} numbers; allowed are 1 to {MAX_DIMENSION}");
            return Err(FileError::Line { path: path.into(), line: number, column: columns as u64, reason });
        }
        Ok(Self { path: path.into(), map, starts, columns })
    }

    pub fn rows(&self) -> usize {
        self.starts.len()
    }

    /// Reads a row of `columns` numbers; `row` < [`Lines::rows`].
    ///
    /// # Errors
    /// [`FileError::Line`]: no number, one that is not finite, or another count of them than in the first line.
    pub fn read(&self, row: usize, out: &mut [f32]) -> Result<(), FileError> {
        let (start, number) = self.starts[row];
        let line = line(&self.map[start as usize..]);
        let wrong = |column: usize, reason| FileError::Line {
            path: self.path.clone(),
            line: number,
            column: column as u64 + 1,
            reason,
        };
        let mut found = 0;
        for field in fields(line) {
            if let Some(out) = out.get_mut(found) {
                *out = parse(field).ok_or_else(|| wrong(found, format!("{} is no number", shown(field))))?;
                if !out.is_finite() {
                    let reason = "only finite numbers that fit into float32 are allowed: remove or replace such rows";
                    return Err(wrong(found, format!("it holds {}; {reason}", shown(field))));
                }
            }
            found += 1;
        }
        if found == self.columns {
            return Ok(());
        }
        let (first, columns) = (self.starts[0].1, self.columns);
        Err(wrong(found.min(columns), format!("the line has {found} numbers, line {first} has {columns}")))
    }
}

/// Up to the end of the line.
fn line(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    &bytes[..end]
}

/// By semicolons where there are any, else by commas, else by white space.
fn fields(line: &[u8]) -> Box<dyn Iterator<Item = &[u8]> + '_> {
    let line = line.trim_ascii();
    match [b';', b','].into_iter().find(|separator| line.contains(separator)) {
        Some(separator) => Box::new(line.split(move |byte| *byte == separator).map(<[u8]>::trim_ascii)),
        None => Box::new(line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty())),
    }
}

fn parse(field: &[u8]) -> Option<f32> {
    let field = field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")).unwrap_or(field);
    str::from_utf8(field).ok()?.parse().ok()
}

fn shown(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field);
    match text.chars().count() {
        0 => "an empty field".into(),
        1..=SHOWN => format!("{text:?}"),
        _ => format!("{:?}…", text.chars().take(SHOWN).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::VectorFile;
    use super::*;

    fn all(bytes: &[u8]) -> Result<(usize, Vec<f32>), FileError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, bytes).unwrap();
        let file = VectorFile::open(&path)?;
        let mut values = vec![0.0; file.len() * file.dimension()];
        file.read(0, &mut values)?;
        Ok((file.dimension(), values))
    }

    #[test]
    fn separators_head_lines_and_ends_of_lines() {
        let expected = (3, vec![1.0, 2.5, -3.0, 4e2, 5.0, 6.0]);
        for text in [
            "1,2.5,-3\n4e2,5,6\n",
            "1;2.5;-3\r\n400;5;6",
            "  1 2.5\t-3\n\n4e2 5 6\n\n",
            "\u{feff}a,b,c\n1, 2.5, -3\n\"4e2\",\"5\",\"6\"\n",
            "# made by numpy.savetxt\n1,2.5,-3\n4e2,5,6",
            "x y z\n1 2.5 -3\n4e2 5 6",
        ] {
            assert_eq!(all(text.as_bytes()).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn errors_say_line_and_column() {
        for (text, said) in [
            ("a,b\n1,2\n1,x\n", "line 3, column 2 (counted from 1): \"x\" is no number"),
            ("a,b\n1,2\n\n1\n", "line 4, column 2 (counted from 1): the line has 1 numbers, line 2 has 2"),
            ("1,2\n1,2,3\n", "line 2, column 3 (counted from 1): the line has 3 numbers, line 1 has 2"),
            ("1,2\n1,\n", "line 2, column 2 (counted from 1): an empty field is no number"),
            ("1,2\nnan,1\n", "line 2, column 1 (counted from 1): it holds \"nan\""),
            ("1,1e39\n", "line 1, column 2 (counted from 1): it holds \"1e39\""),
            ("1,b\n1,2", "line 1, column 2 (counted from 1): \"b\" is no number"),
            ("a,b\nc,d\n", "line 2, column 1"),
            ("", "empty"),
            ("\n \n", "no line with numbers"),
            ("a,b\n", "no line with numbers"),
        ] {
            let error = all(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{text:?}: {error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop::sample::select(b"0159.,; \n\r\t-+enaif\"#\xff\0".to_vec()), 0..80)) {
            if let Ok((dimension, values)) = all(&bytes) {
                prop_assert!(dimension > 0 && values.len() <= bytes.len());
            }
        }
    }
}
