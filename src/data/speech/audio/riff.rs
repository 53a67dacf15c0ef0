//! Parses the chunks of a WAV file into the format and the bytes of its samples: RIFF, RIFX (big-endian), RF64 and BW64
//! (64-bit lengths). No crate reads all of them correctly. hound 3.5 takes 24 valid bits in 4 bytes as the low bits.
//! symphonia 0.6 supports neither RIFX nor RF64, and reads a truncated file as a shorter one without an error.

/// Bytes of a chunk's name and length.
const HEAD: usize = 8;

/// The last 14 bytes of the format identifier of a WAVE_FORMAT_EXTENSIBLE file; the first two are the format tag.
const SUB_FORMAT: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

/// Format tags.
const INTEGER: u16 = 1;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const EXTENSIBLE: u16 = 0xfffe;
/// Other format tags, with names.
const NAMES: [(u16, &str); 5] =
    [(0x02, "Microsoft ADPCM"), (0x11, "IMA ADPCM"), (0x31, "GSM 6.10"), (0x50, "MPEG audio"), (0x55, "MP3")];

/// The parsed content of a file.
pub struct Wave<'a> {
    pub format: Format,
    /// Whole frames. A frame has one value per channel.
    pub data: &'a [u8],
    pub order: Order,
}

pub struct Format {
    pub kind: Kind,
    pub channels: u16,
    pub rate: u32,
    /// Bytes of a value.
    pub width: usize,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// 1 to 4 bytes. If fewer bits are valid, they are the upper bits, so they need no special care.
    Integer,
    /// 4 or 8 bytes.
    Float,
    ALaw,
    MuLaw,
}

/// The order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    Little,
    Big,
}

impl Order {
    /// The first `N` bytes at this position, the lowest byte first; zeros after the end.
    pub fn bytes<const N: usize>(self, bytes: &[u8]) -> [u8; N] {
        let mut out = [0; N];
        out.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        if self == Self::Big {
            out[..bytes.len().min(N)].reverse();
        }
        out
    }

    fn u16(self, bytes: &[u8], at: usize) -> u16 {
        u16::from_le_bytes(self.bytes(&bytes[at..]))
    }

    fn u32(self, bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(&bytes[at..]))
    }
}

impl<'a> Wave<'a> {
    /// Finds the format and the samples in the bytes of a file.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let order = if bytes.starts_with(b"RIFX") { Order::Big } else { Order::Little };
        match bytes.get(8..12) {
            None => return Err(damaged("it ends too early, in its first 12 bytes")),
            Some(b"WAVE") => {}
            Some(form) => return Err(damaged(&format!("its form is \"{}\", not \"WAVE\"", form.escape_ascii()))),
        }
        let mut rest = &bytes[12..];
        let (mut format, mut long) = (None, None);
        while let Some((head, after)) = rest.split_at_checked(HEAD) {
            let (name, length) = (&head[..4], order.u32(head, 4));
            if name == b"data" {
                let format: Format = format.ok_or(damaged("there is no fmt chunk before its data chunk"))?;
                let data = samples(after, length, long, usize::from(format.channels) * format.width)?;
                return Ok(Self { format, data, order });
            }
            let content = part(after, name, length.into())?;
            match name {
                b"fmt " => format = Some(Format::parse(content, order)?),
                b"ds64" if content.len() >= 16 => long = Some(u64::from_le_bytes(order.bytes(&content[8..]))),
                _ => {}
            }
            // A chunk of odd length is followed by a byte of padding.
            rest = after.get(content.len() + content.len() % 2..).unwrap_or_default();
        }
        Err(damaged("it ends too early, without a data chunk"))
    }
}

/// The frames of a data chunk with this length, or with the 64-bit length of an RF64 file.
fn samples(after: &[u8], length: u32, long: Option<u64>, frame: usize) -> Result<&[u8], String> {
    let length = long.filter(|_| length == u32::MAX).unwrap_or(length.into());
    if !is_of_a_pipe(length) {
        let data = part(after, b"data", length)?;
        return match data.len() % frame.max(1) {
            0 => Ok(data),
            _ => Err(damaged(&format!("its data chunk has {length} bytes, but a frame has {frame}"))),
        };
    }
    // All bytes that follow. An odd number of frames with an odd number of bytes has a padding byte, which is dropped.
    match after.len() % frame.max(1) {
        0 => Ok(after),
        1 if after.ends_with(&[0]) => Ok(&after[..after.len() - 1]),
        _ => Err(damaged("it ends too early, within a frame")),
    }
}

/// Whether a program wrote this length to a pipe. Such programs don't know the length beforehand and can't go back.
/// ffmpeg leaves 0xFFFFFFFF, sox 0x7FFFF000, arecord 0x7FFFFF00 or 0x80000000, others a little less than one of these.
/// No accepted file is as long.
fn is_of_a_pipe(length: u64) -> bool {
    (0x7fff_0000..=0x8000_0000).contains(&length) || (0xffff_0000..=0xffff_ffff).contains(&length) || length == u64::MAX
}

/// The first `length` bytes of a chunk.
fn part<'a>(after: &'a [u8], name: &[u8], length: u64) -> Result<&'a [u8], String> {
    usize::try_from(length).ok().and_then(|length| after.get(..length)).ok_or_else(|| {
        let (name, found) = (name.escape_ascii(), after.len());
        damaged(&format!("it ends too early: chunk \"{name}\" has {length} bytes by its header, but {found} follow"))
    })
}

impl Format {
    /// Parses a fmt chunk. Bytes after its 16 bytes (or 40 bytes of an extensible one) are ignored.
    fn parse(chunk: &[u8], order: Order) -> Result<Self, String> {
        let least = |least: usize| match chunk.len() {
            length if length < least => {
                Err(damaged(&format!("its fmt chunk has {length} bytes, required: {least} or more")))
            }
            _ => Ok(()),
        };
        least(16)?;
        let [tag, channels, align, bits] = [0, 2, 12, 14].map(|at| order.u16(chunk, at));
        let rate = order.u32(chunk, 4);
        let tag = if tag == EXTENSIBLE {
            least(40)?;
            let valid = order.u16(chunk, 18);
            if valid > bits {
                return Err(damaged(&format!("{valid} of {bits} bits are valid by its header")));
            }
            if chunk[26..40] != SUB_FORMAT {
                return Err(unknown(&format!("a sub-format of WAV ({})", chunk[24..40].escape_ascii())));
            }
            order.u16(chunk, 24)
        } else {
            tag
        };
        let (kind, is_allowed) = match tag {
            INTEGER => (Kind::Integer, (1..=32).contains(&bits)),
            FLOAT => (Kind::Float, bits == 32 || bits == 64),
            A_LAW => (Kind::ALaw, bits == 8),
            MU_LAW => (Kind::MuLaw, bits == 8),
            _ => {
                let name = NAMES.iter().find(|(known, _)| *known == tag).map_or("a kind of WAV", |(_, name)| name);
                return Err(unknown(&format!("{name} (format tag {tag:#06x})")));
            }
        };
        if !is_allowed {
            return Err(unknown(&format!("values of {bits} bits (format tag {tag:#06x})")));
        }
        let width = usize::from(bits.div_ceil(8));
        if usize::from(align) != width * usize::from(channels) {
            return Err(damaged(&format!(
                "its header contradicts itself: {align} bytes a frame, but {channels} channels of {bits} bits"
            )));
        }
        Ok(Self { kind, channels, rate, width })
    }
}

fn damaged(what: &str) -> String {
    format!("not a complete WAV file ({what})")
}

fn unknown(what: &str) -> String {
    format!("its samples are {what}, which is not supported")
}
