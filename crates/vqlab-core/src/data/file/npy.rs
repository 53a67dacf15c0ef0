//! The header of npy files, versions 1 to 3: magic, version, length, and a Python dictionary with three entries.
//!
//! This is used instead of the crate `npyz`. The header reader of `npyz` is recursive without a limit, so that 4,000
//! parentheses in a file overflow the stack and abort the process, and its errors carry no position. Only the headers
//! that NumPy writes for plain arrays are accepted here.

use super::MAX_DIMENSION;
use super::element::{Element, conversion, names};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The longest header that is read; NumPy itself reads up to 10,000 characters, and writes 118 for a plain array.
const LONGEST: usize = 1 << 16;

/// Size of the header that [`header`] writes. Any shape fits, so the header can be written again when the rows are
/// counted.
pub const HEADER: usize = 128;

/// The content of a header.
#[derive(Debug, PartialEq)]
pub struct Header {
    pub element: Element,
    pub rows: usize,
    pub columns: usize,
    /// The offset of the first number.
    pub start: usize,
}

/// The reason of an error, and the byte of the file where it is.
#[derive(Debug, PartialEq)]
pub struct Fault {
    pub offset: usize,
    pub reason: String,
}

fn fault<T>(offset: usize, reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { offset, reason: reason.into() })
}

/// The header of [`HEADER`] bytes of a C-ordered array.
pub fn header(element: Element, rows: usize, columns: usize) -> [u8; HEADER] {
    let text = format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}", element.descr());
    let mut bytes = [b' '; HEADER];
    bytes[..6].copy_from_slice(MAGIC);
    bytes[6..10].copy_from_slice(&[1, 0, (HEADER - 10) as u8, 0]);
    // 2 × 20 digits at most, so the text has 103 bytes at most.
    bytes[10..10 + text.len()].copy_from_slice(text.as_bytes());
    bytes[HEADER - 1] = b'\n';
    bytes
}

/// Reads the header of a file.
///
/// # Errors
/// Whatever is not a C-ordered two-dimensional array of one of these types with 1 to [`MAX_DIMENSION`] columns and at
/// least one row.
pub fn parse(file: &[u8], allowed: &[Element]) -> Result<Header, Fault> {
    let (element, (shape, shape_at), start) = parse_array(file, allowed)?;
    header_of(element, (&shape, shape_at), start)
}

/// As [`parse`], for arrays of any shape. Returns the type, the shape with its position in the file, and the offset of
/// the first number.
///
/// # Errors
/// Whatever is not a C-ordered array of one of these types.
pub fn parse_array(file: &[u8], allowed: &[Element]) -> Result<(Element, Placed<Vec<usize>>, usize), Fault> {
    if !file.starts_with(MAGIC) {
        return fault(0, "this is not an npy file: it does not begin with \\x93NUMPY");
    }
    let (length, start) = match file[MAGIC.len()..] {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([a, b])), 10),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]) as usize, 12),
        [major @ (0 | 4..), ..] => return fault(6, format!("npy version {major} is unknown; known are 1, 2 and 3")),
        _ => return fault(6, "the file ends inside the npy header; copy it again"),
    };
    if length > LONGEST {
        return fault(8, format!("an npy header of {length} bytes is too long; allowed are {LONGEST}"));
    }
    let Some(text) = file.get(start..start + length) else {
        let left = file.len() - start;
        return fault(8, format!("the npy header has {length} bytes, but only {left} follow; copy the file again"));
    };
    let Entries { descr: (descr, descr_at), fortran: (fortran, fortran_at), shape } =
        Dictionary { text, at: 0, start }.read()?;
    let element = Element::of_descr(&descr);
    let Some(element) = element.filter(|element| allowed.contains(element)) else {
        let two = if descr.ends_with("V2") { " (two bytes without a type, as NumPy saves bfloat16)" } else { "" };
        let found =
            element.map_or(format!("the type is {descr:?}{two}"), |element| format!("it holds {}", element.name()));
        let allowed: Vec<Element> = Element::NPY.into_iter().filter(|element| allowed.contains(element)).collect();
        let (allowed, conversion) = (names(&allowed), conversion(&allowed));
        return fault(descr_at, format!("{found}, allowed here: {allowed}, little-endian; save {conversion}"));
    };
    if fortran {
        return fault(fortran_at, "the array is in Fortran order; save numpy.ascontiguousarray(array)");
    }
    Ok((element, shape, start + length))
}

/// A value and its position in the file.
pub type Placed<T> = (T, usize);

/// The entries of the dictionary.
struct Entries {
    descr: Placed<String>,
    fortran: Placed<bool>,
    shape: Placed<Vec<usize>>,
}

fn header_of(element: Element, (shape, shape_at): (&[usize], usize), start: usize) -> Result<Header, Fault> {
    let &[rows, columns] = shape else {
        let reason = format!("the shape is {shape:?}; two dimensions, rows × columns, are needed: array.reshape(n, d)");
        return fault(shape_at, reason);
    };
    if rows == 0 {
        return fault(shape_at, "the array has no rows; at least one is needed");
    }
    if !(1..=MAX_DIMENSION).contains(&columns) {
        return fault(shape_at, format!("the array has {columns} columns; allowed are 1 to {MAX_DIMENSION}"));
    }
    Ok(Header { element, rows, columns, start })
}

/// Reader of the dictionary; it never recurses.
struct Dictionary<'a> {
    text: &'a [u8],
    at: usize,
    /// The offset of the text in the file.
    start: usize,
}

impl Dictionary<'_> {
    fn read(mut self) -> Result<Entries, Fault> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.take(b'}') {
            let (key, key_at) = self.string()?;
            self.expect(b':')?;
            let again = match key.as_str() {
                "descr" => descr.replace(self.string()?).is_some(),
                "fortran_order" => fortran.replace(self.truth()?).is_some(),
                "shape" => shape.replace(self.tuple()?).is_some(),
                _ => return fault(key_at, format!("unknown key {key:?} in the npy header")),
            };
            if again {
                return fault(key_at, format!("the key {key:?} appears twice in the npy header"));
            }
            if !self.take(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        if self.peek().is_some() {
            return self.unexpected("nothing after the dictionary");
        }
        match (descr, fortran, shape) {
            (Some(descr), Some(fortran), Some(shape)) => Ok(Entries { descr, fortran, shape }),
            _ => fault(self.start, "the npy header needs the keys 'descr', 'fortran_order' and 'shape'"),
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.get(self.at..)?;
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.take(byte) { Ok(()) } else { self.unexpected(&format!("'{}'", char::from(byte))) }
    }

    fn unexpected<T>(&mut self, expected: &str) -> Result<T, Fault> {
        let found = self.peek().map_or("its end".into(), |byte| format!("'{}'", byte.escape_ascii()));
        fault(self.start + self.at, format!("the npy header has {found} where {expected} is expected"))
    }

    /// A text without escapes: no key and no plain type has escapes.
    fn string(&mut self) -> Result<Placed<String>, Fault> {
        let quote = match self.peek() {
            Some(quote @ (b'\'' | b'"')) => quote,
            Some(b'[') => return self.unexpected("a plain type (structured arrays can't be read)"),
            _ => return self.unexpected("a quoted text"),
        };
        let at = self.start + self.at;
        let rest = &self.text[self.at + 1..];
        let Some(length) = rest.iter().position(|byte| *byte == quote) else {
            return fault(at, "the npy header has a quoted text without an end");
        };
        self.at += length + 2;
        Ok((String::from_utf8_lossy(&rest[..length]).into_owned(), at))
    }

    fn truth(&mut self) -> Result<Placed<bool>, Fault> {
        self.peek();
        let (at, rest) = (self.start + self.at, &self.text[self.at..]);
        for (word, value) in [("True", true), ("False", false)] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok((value, at));
            }
        }
        self.unexpected("True or False")
    }

    fn tuple(&mut self) -> Result<Placed<Vec<usize>>, Fault> {
        self.expect(b'(')?;
        let at = self.start + self.at - 1;
        let mut numbers = Vec::new();
        while !self.take(b')') {
            numbers.push(self.number()?);
            if !self.take(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok((numbers, at))
    }

    fn number(&mut self) -> Result<usize, Fault> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.unexpected("a whole number");
        }
        let rest = &self.text[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&rest[..digits]).ok().and_then(|digits| digits.parse().ok());
        let Some(number) = number else {
            return fault(self.start + self.at, format!("a number of {digits} digits is too large for a shape"));
        };
        self.at += digits;
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(text: &str) -> Result<Header, Fault> {
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((text.len() as u16).to_le_bytes());
        file.extend(text.as_bytes());
        parse(&file, &Element::ALL)
    }

    #[test]
    fn the_written_header_is_read_again_for_every_type_and_shape() {
        for element in Element::NPY {
            for (rows, columns) in [(1, 1), (1_000_000, 128), (usize::MAX, MAX_DIMENSION)] {
                let bytes = header(element, rows, columns);
                assert_eq!(parse(&bytes, &[element]), Ok(Header { element, rows, columns, start: HEADER }));
            }
        }
    }

    #[test]
    fn the_versions_with_long_headers_are_read() {
        let text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}\n";
        for major in [2, 3] {
            let mut file = b"\x93NUMPY".to_vec();
            file.extend([major, 0, text.len() as u8, 0, 0, 0]);
            file.extend(text);
            let expected = Header { element: Element::F64, rows: 2, columns: 3, start: file.len() };
            assert_eq!(parse(&file, &Element::ALL), Ok(expected));
        }
    }

    #[test]
    fn a_type_that_is_not_allowed_is_named_with_one_that_is() {
        for (element, allowed, advice) in [
            (Element::F32, &Element::IDS[..], "array.astype('<i8')"),
            (Element::I64, &Element::CODES, "array.astype('<u2')"),
        ] {
            let fault = parse(&header(element, 2, 3), allowed).unwrap_err();
            let known = format!("it holds {}, allowed here: {}, little-endian", element.name(), names(allowed));
            assert!(fault.reason.starts_with(&known) && fault.reason.ends_with(advice), "{fault:?}");
        }
        let fault = of_text("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }").unwrap_err();
        assert!(fault.reason.ends_with("array.astype('<f4')"), "{fault:?}");
    }

    #[test]
    fn faults_are_named_with_their_place() {
        let cases = [
            ("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", 20, "\">f4\""),
            ("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }", 20, "allowed here: uint8"),
            ("{'descr': '<V2', 'fortran_order': False, 'shape': (2, 3), }", 20, "NumPy saves bfloat16"),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }", 20, "structured"),
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 44, "Fortran order"),
            ("{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3), }", 44, "True or False"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 60, "[3]"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0), }", 60, "0 columns"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }", 60, "no rows"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1000001), }", 60, "1000001 columns"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 99999999999999999999), }", 64, "20 digits"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, -1), }", 64, "whole number"),
            ("{'descr': '<f4', 'descr': '<f4'}", 27, "twice"),
            ("{'descr': '<f4', 'order': 'C'}", 27, "unknown key \"order\""),
            ("{'descr': '<f4'}", 10, "needs the keys"),
            ("{'descr': '<f4", 20, "without an end"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x", 68, "'x'"),
            ("", 10, "its end"),
        ];
        for (text, offset, part) in cases {
            let fault = of_text(text).unwrap_err();
            assert!(fault.offset == offset && fault.reason.contains(part), "{text}: {fault:?}");
        }
        let nested = format!("{{'shape': {}", "(".repeat(60_000));
        assert!(of_text(&nested).is_err());
        let fault = |file: &[u8]| parse(file, &Element::ALL).unwrap_err();
        assert_eq!(fault(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{").offset, 8);
        assert_eq!(fault(b"\x93NUMPY\x01\x00\xff\x00{").offset, 8);
        assert_eq!(fault(b"\x93NUMPY\x09\x00\xff\x00{").offset, 6);
        assert_eq!(fault(b"\x93NUMPY\x01").offset, 6);
        assert_eq!(fault(b"PK\x03\x04").offset, 0);
    }
}
