//! Text files of vectors: one vector per line, numbers separated by commas, semicolons or white space.
//!
//! Opening reads the file once and stores where each line begins; numbers are read on request.

use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::MAX_DIMENSION;
use super::error::FileError;
use super::map;

/// A line 0,1,2 of this many whole numbers or more is a header line.
const LEAST_COUNTED: usize = 3;

/// The maximum number of characters of a wrong number in an error.
const SHOWN: usize = 40;

/// A mapped text file.
#[derive(Debug)]
pub(super) struct Lines {
    pub path: PathBuf,
    map: Mmap,
    /// The offsets of the lines with vectors, and their line numbers in the file, from 1.
    starts: Vec<(u64, u64)>,
    pub columns: usize,
    /// Index columns before the coordinates.
    skipped: usize,
    /// Whether a first line 0,1,2,… was taken for a header.
    counted: bool,
}

impl Lines {
    /// Maps a file and finds its lines. Empty lines, and lines that begin with #, are skipped. One header line, in
    /// which nothing is a number, is skipped, too. An empty first cell in the header line, as pandas writes it, marks
    /// the first column as an index; this column is skipped as well. A first line 0,1,2,… is the header line that pandas
    /// writes above columns without names.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let map = map::map(path)?;
        check_encoding(path, &map)?;
        let mut lines = Self { path: path.into(), map, starts: Vec::new(), columns: 0, skipped: 0, counted: false };
        let mut at = if lines.map.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let (mut number, mut head) = (0, false);
        while at < lines.map.len() {
            let line = line(&lines.map[at..]);
            let (start, length) = (at as u64, line.len());
            number += 1;
            if let Some(inside) = line.trim_ascii_end().iter().position(|byte| *byte == b'\r') {
                let reason = "a carriage return alone does not end a line: the lines end as in classic Mac OS; \
                              convert them: tr '\\r' '\\n' < OLD.csv > NEW.csv";
                return Err(lines.wrong(number, inside, reason.into()));
            }
            let blank = line.iter().all(u8::is_ascii_whitespace) || line.starts_with(b"#");
            if !blank && lines.starts.is_empty() && !head && (is_head(line) || has_index(line) || is_counted(line)) {
                (head, lines.skipped) = (true, usize::from(has_index(line)));
                lines.counted = is_counted(line);
            } else if !blank {
                lines.starts.push((start, number));
            }
            at += length + 1;
        }
        let Some((first, number)) = lines.starts.first().copied() else {
            return Err(FileError::content(path, 0, "there is no line with numbers; at least one is needed"));
        };
        lines.columns = fields(line(&lines.map[first as usize..])).skip(lines.skipped).count();
        if !(1..=MAX_DIMENSION).contains(&lines.columns) {
            let reason = format!("there are {} numbers; allowed are 1 to {MAX_DIMENSION}", lines.columns);
            return Err(lines.wrong(number, lines.columns.max(1) - 1, reason));
        }
        Ok(lines)
    }

    pub fn rows(&self) -> usize {
        self.starts.len()
    }

    /// A note about skipped values that may have been meant as coordinates.
    pub fn note(&self) -> Option<String> {
        let text = "the first column has no name in the header line: it is taken for an index, as pandas writes it, and skipped";
        let counted =
            "the first line counts the columns from 0: it is taken for a header line, as pandas writes it, and skipped";
        let text = if self.counted { counted } else { text };
        (self.skipped > 0 || self.counted).then(|| format!("{}: {text}", self.path.display()))
    }

    /// Reads a row of `columns` numbers; `row` < [`Lines::rows`].
    ///
    /// # Errors
    /// [`FileError::Line`]: a field that is not a number, a number that is not finite, or another count of numbers than
    /// in the first line.
    pub fn read(&self, row: usize, out: &mut [f32]) -> Result<(), FileError> {
        let (start, number) = self.starts[row];
        let line = line(&self.map[start as usize..]);
        let mut found = 0;
        for field in fields(line).skip(self.skipped) {
            if let Some(out) = out.get_mut(found) {
                let place = self.skipped + found;
                *out = parse::<f32>(field).ok_or_else(|| self.wrong(number, place, no_number(field, line)))?;
                if !out.is_finite() {
                    let reason = "only finite numbers that fit into float32 are allowed: remove or replace such rows";
                    return Err(self.wrong(number, place, format!("it holds {}; {reason}", shown(field))));
                }
            }
            found += 1;
        }
        if found == self.columns {
            return Ok(());
        }
        let (first, columns) = (self.starts[0].1, self.columns);
        let place = self.skipped + found.min(columns);
        Err(self.wrong(number, place, format!("the line has {found} numbers, line {first} has {columns}")))
    }

    /// Reads a row as float64. False if it is not `columns` finite numbers.
    pub fn read_wide(&self, row: usize, out: &mut [f64]) -> bool {
        let line = line(&self.map[self.starts[row].0 as usize..]);
        let mut found = fields(line).skip(self.skipped);
        let all = out.iter_mut().all(|out| {
            let number: Option<f64> = found.next().and_then(parse);
            *out = number.unwrap_or(f64::NAN);
            out.is_finite()
        });
        all && found.next().is_none()
    }

    /// `line` is counted from 1, `column` from 0.
    fn wrong(&self, line: u64, column: usize, reason: String) -> FileError {
        FileError::Line { path: self.path.clone(), line, column: column as u64 + 1, reason }
    }
}

/// Rejects text of two or four bytes a character: at least half of its bytes are zeros where it is ASCII.
fn check_encoding(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let name = match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => "UTF-32",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16",
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => "UTF-16BE",
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => "UTF-16LE",
        _ => return Ok(()),
    };
    let reason = format!(
        "it is text in {name}, as Excel and PowerShell write it; convert it to UTF-8: iconv -f {name} -t UTF-8 OLD.csv > \
         NEW.csv"
    );
    Err(FileError::content(path, 0, reason))
}

/// The bytes up to the end of the line.
fn line(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    &bytes[..end]
}

/// Whether no field is a number, not even with a decimal comma.
fn is_head(line: &[u8]) -> bool {
    fields(line).all(|field| parse::<f32>(field).is_none() && !has_decimal_comma(field)) && !has_decimal_commas(line)
}

/// Whether this is a header line with an empty first cell. The other cells are names, or the numbers from 0 on that
/// pandas uses for columns without names.
fn has_index(line: &[u8]) -> bool {
    let is_empty = |field: &[u8]| field.is_empty() || field == b"\"\"";
    let names: Vec<&[u8]> = match line.strip_prefix(b"\t") {
        Some(names) => fields(names).collect(),
        None => {
            let mut cells = fields(line);
            if !cells.next().is_some_and(is_empty) {
                return false;
            }
            cells.collect()
        }
    };
    let is_number = |(at, name): (usize, &&[u8])| parse(name) == Some(at as f32);
    !names.is_empty()
        && !names.iter().any(|name| is_empty(name))
        && (names.iter().all(|name| parse::<f32>(name).is_none()) || names.iter().enumerate().all(is_number))
}

/// Whether the line is 0,1,2,… as pandas writes it above columns without names.
fn is_counted(line: &[u8]) -> bool {
    let names: Vec<&[u8]> = fields(line).collect();
    let is_place = |(at, name): (usize, &&[u8])| str::from_utf8(name).is_ok_and(|name| name == at.to_string());
    names.len() >= LEAST_COUNTED && line.contains(&b',') && names.iter().enumerate().all(is_place)
}

/// Splits by semicolons where there are any, otherwise by commas, otherwise by white space.
fn fields(line: &[u8]) -> Box<dyn Iterator<Item = &[u8]> + '_> {
    let line = line.trim_ascii();
    match [b';', b','].into_iter().find(|separator| line.contains(separator)) {
        Some(separator) => Box::new(line.split(move |byte| *byte == separator).map(<[u8]>::trim_ascii)),
        None => Box::new(line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty())),
    }
}

fn parse<T: std::str::FromStr>(field: &[u8]) -> Option<T> {
    let field = field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")).unwrap_or(field);
    str::from_utf8(field).ok()?.parse().ok()
}

/// Whether it would be a number if its comma were a point.
fn has_decimal_comma(field: &[u8]) -> bool {
    let point: Vec<u8> = field.iter().map(|byte| if *byte == b',' { b'.' } else { *byte }).collect();
    field.contains(&b',') && !field.ends_with(b",") && parse::<f32>(&point).is_some()
}

/// Whether commas that would separate fields are decimal commas: white space or quotes surround numbers with commas.
fn has_decimal_commas(line: &[u8]) -> bool {
    let by_space = || line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let mut in_quotes = line.split(|byte| *byte == b'"').skip(1).step_by(2);
    let spaced = !line.contains(&b';') && by_space().count() > 1 && by_space().all(has_decimal_comma);
    spaced || in_quotes.any(has_decimal_comma)
}

fn no_number(field: &[u8], line: &[u8]) -> String {
    match has_decimal_comma(field) || has_decimal_commas(line) {
        true => format!("{} has a decimal comma; write decimal points: sed 's/,/./g' OLD.csv > NEW.csv", shown(line)),
        false => format!("{} is not a number", shown(field)),
    }
}

fn shown(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field.trim_ascii());
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
            ("a,b\n1,2\n1,x\n", "line 3, column 2 (counted from 1): \"x\" is not a number"),
            ("a,b\n1,2\n\n1\n", "line 4, column 2 (counted from 1): the line has 1 numbers, line 2 has 2"),
            ("1,2\n1,2,3\n", "line 2, column 3 (counted from 1): the line has 3 numbers, line 1 has 2"),
            ("1,2\n1,\n", "line 2, column 2 (counted from 1): an empty field is not a number"),
            ("1,2\nnan,1\n", "line 2, column 1 (counted from 1): it holds \"nan\""),
            ("1,1e39\n", "line 1, column 2 (counted from 1): it holds \"1e39\""),
            ("1,b\n1,2", "line 1, column 2 (counted from 1): \"b\" is not a number"),
            ("a,b\nc,d\n", "line 2, column 1"),
            ("", "empty"),
            ("\n \n", "no line with numbers"),
            ("a,b\n", "no line with numbers"),
            (",2,3\n1,2,3\n", "line 1, column 1 (counted from 1): an empty field is not a number"),
            (",a,b\n7,1,x\n", "line 2, column 3 (counted from 1): \"x\" is not a number"),
            (",a,b\n7,1\n8,1,2\n", "line 3, column 3 (counted from 1): the line has 2 numbers, line 2 has 1"),
            ("1,2\r3,4\r", "line 1, column 4 (counted from 1): a carriage return alone does not end a line"),
            ("1 2\n3 4\r5 6\r\n", "line 2, column 4 (counted from 1): a carriage return"),
        ] {
            let error = all(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{text:?}: {error}");
        }
    }

    /// `pandas.DataFrame([[1, 2.5], [-3, 4]]).to_csv()` of pandas 3.1.1, with `columns=["x", "y"]`, `index=["a", "b"]`,
    /// `sep="\t"` and `quoting=csv.QUOTE_ALL`.
    #[test]
    fn the_index_of_pandas_is_dropped_and_told() {
        for text in [
            ",0,1\n0,1,2.5\n1,-3,4.0\n",
            ",x,y\na,1,2.5\nb,-3,4.0\n",
            "\t0\t1\n0\t1\t2.5\n1\t-3\t4.0\n",
            "\"\",\"0\",\"1\"\n\"0\",\"1\",\"2.5\"\n\"1\",\"-3\",\"4.0\"\n",
        ] {
            assert_eq!(all(text.as_bytes()).unwrap(), (2, vec![1.0, 2.5, -3.0, 4.0]), "{text:?}");
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x.csv");
            std::fs::write(&path, text).unwrap();
            assert!(VectorFile::open(&path).unwrap().note().is_some_and(|note| note.contains("taken for an index")));
            std::fs::write(&path, "x,y\n1,2\n").unwrap();
            assert_eq!(VectorFile::open(&path).unwrap().note(), None);
        }
    }

    #[test]
    fn text_of_other_kinds_is_named() {
        let wide = |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        for (bytes, said) in [
            (wide("\u{feff}1,2\n", u16::to_le_bytes), "byte 0: it is text in UTF-16, "),
            (wide("\u{feff}1,2\n", u16::to_be_bytes), "byte 0: it is text in UTF-16, "),
            (wide("1,2\n", u16::to_le_bytes), "iconv -f UTF-16LE"),
            (wide("1,2\n", u16::to_be_bytes), "iconv -f UTF-16BE"),
            (b"\xff\xfe\0\x001\0\0\0".to_vec(), "UTF-32"),
            (b"1,5;2,5\n".to_vec(), "line 1, column 1 (counted from 1): \"1,5;2,5\" has a decimal comma"),
            (b"a;b\n1;2,5\n".to_vec(), "line 2, column 2 (counted from 1): \"1;2,5\" has a decimal comma"),
            (b"x\ty\n1,5\t-2,5e3\n".to_vec(), "has a decimal comma; write decimal points"),
            (b"1,5 2,5 3,5\n".to_vec(), "has a decimal comma"),
            (b"\"1,5\",\"2,5\"\n".to_vec(), "has a decimal comma"),
        ] {
            let error = all(&bytes).unwrap_err().to_string();
            assert!(error.contains(said), "{}: {error}", bytes.escape_ascii());
        }
        // Commas between quoted numbers, and commas followed by blanks, are not decimal commas.
        for text in ["\"1\",\"2\"\n\"x\",\"2\"\n", "1, 2\n1, x\n"] {
            assert!(all(text.as_bytes()).unwrap_err().to_string().ends_with("is not a number"), "{text:?}");
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
