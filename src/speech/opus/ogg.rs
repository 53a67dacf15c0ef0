//! The packets of an Ogg file (RFC 3533) of Opus (RFC 7845).

/// Bytes of a page before its table of segments.
const HEADER: usize = 27;
/// Flags of a page: it begins with the rest of a packet; it is the last page.
const CONTINUED: u8 = 1;
const LAST: u8 = 4;

/// The total bytes of all audio packets, without the two header packets.
///
/// # Errors
/// What is wrong with the file: pages that are damaged, missing or of another stream, or other headers.
pub fn packet_bytes(mut file: &[u8]) -> Result<u64, String> {
    let (mut stream, mut number, mut last) = (None, 0_u32, false);
    let (mut packet, mut open) = (Vec::new(), false);
    let (mut packets, mut bytes) = (0_u64, 0);
    while !file.is_empty() {
        let wrong = |what: &str| Err(format!("page {number}, counted from 0, {what}"));
        let Some((page, table)) = page(file) else { return wrong("is cut off or does not begin like a page") };
        if checksum(&file[..page]) != word(file, 22) {
            return wrong("has a wrong checksum: it is damaged");
        }
        if word(file, 18) != number || *stream.get_or_insert(word(file, 14)) != word(file, 14) || last {
            return wrong("does not follow the previous page");
        }
        if (file[5] & CONTINUED != 0) != open {
            return wrong("does not continue the packet of the previous page");
        }
        last = file[5] & LAST != 0;
        let mut body = &file[HEADER + table.len()..page];
        for length in table {
            let (segment, rest) = body.split_at(usize::from(*length));
            packet.extend_from_slice(segment);
            body = rest;
            // A packet ends with the first segment that is not full.
            open = *length == 255;
            if !open {
                let header: Option<&[u8]> = [&b"OpusHead"[..], b"OpusTags"].get(packets as usize).copied();
                match header {
                    Some(header) if !packet.starts_with(header) => return wrong("holds other headers"),
                    Some(_) => {}
                    None => bytes += packet.len() as u64,
                }
                packets += 1;
                packet.clear();
            }
        }
        file = &file[page..];
        number += 1;
    }
    if !last || open || packets < 3 {
        return Err(format!("it ends after {packets} packets, without a last page"));
    }
    Ok(bytes)
}

/// The length of the page at the start of these bytes, and the lengths of its segments.
fn page(bytes: &[u8]) -> Option<(usize, &[u8])> {
    // The zero is the version.
    if !bytes.starts_with(b"OggS\0") {
        return None;
    }
    let segments = usize::from(*bytes.get(HEADER - 1)?);
    let table = bytes.get(HEADER..HEADER + segments)?;
    let length = HEADER + segments + table.iter().map(|n| usize::from(*n)).sum::<usize>();
    (length <= bytes.len()).then_some((length, table))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([0, 1, 2, 3].map(|i| bytes[at + i]))
}

/// The 32-bit CRC of a page with the polynomial 04c11db7, not reflected. The page's own checksum counts as zeros.
fn checksum(page: &[u8]) -> u32 {
    page.iter().enumerate().fold(0, |crc, (i, byte)| {
        let byte = if (22..26).contains(&i) { 0 } else { *byte };
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| (crc << 1) ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with these segments, flags and number.
    fn made(flags: u8, number: u32, segments: &[&[u8]]) -> Vec<u8> {
        let mut page =
            [&b"OggS\0"[..], &[flags], &[0; 8], &7_u32.to_le_bytes(), &number.to_le_bytes(), &[0; 4]].concat();
        page.push(segments.len() as u8);
        page.extend(segments.iter().map(|s| s.len() as u8));
        page.extend(segments.concat());
        let crc = checksum(&page);
        page[22..26].copy_from_slice(&crc.to_le_bytes());
        page
    }

    fn pages() -> Vec<Vec<u8>> {
        vec![
            made(2, 0, &[b"OpusHead and more"]),
            made(0, 1, &[b"OpusTags"]),
            // A packet of 3 bytes, and the beginning of one of 600.
            made(0, 2, &[&[1; 3], &[2; 255]]),
            made(1, 3, &[&[2; 255], &[2; 90], &[]]),
            made(4, 4, &[&[3; 255], &[]]),
        ]
    }

    #[test]
    fn packets_over_pages_are_counted_without_the_headers() {
        assert_eq!(packet_bytes(&pages().concat()), Ok(3 + 600 + 255));
    }

    /// The check value of this CRC in CRC catalogues.
    #[test]
    fn the_checksum_is_that_of_ogg() {
        let page = made(2, 0, &[b"OpusHead"]);
        assert_eq!(checksum(b"123456789"), 0x89a1_897f);
        assert_eq!(checksum(&page), word(&page, 22));
    }

    #[test]
    fn damage_is_found() {
        let whole = pages().concat();
        for i in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[i] ^= 0x10;
            assert!(packet_bytes(&damaged).is_err(), "byte {i}");
            assert!(packet_bytes(&whole[..i]).is_err(), "cut after {i}");
        }
        for i in 0..pages().len() {
            let mut missing = pages();
            missing.remove(i);
            assert!(packet_bytes(&missing.concat()).is_err(), "page {i} is missing");
        }
        let more = [whole.clone(), made(4, 5, &[b"x"])].concat();
        assert!(packet_bytes(&more).unwrap_err().contains("page 5"));
        let headers = [made(2, 0, &[b"OpusHead"]), made(4, 1, &[b"vorbis", b"x"])].concat();
        assert!(packet_bytes(&headers).unwrap_err().contains("other headers"));
    }
}
