//! Writes FLAC files with uncompressed samples.

use md5::{Digest, Md5};

/// Samples of a frame.
const FRAME: usize = 4096;

/// A 16-bit file. All channels have the same length.
pub fn flac(rate: u32, channels: &[Vec<i16>]) -> Vec<u8> {
    let n = channels[0].len();
    let mut sum = Md5::new();
    (0..n).for_each(|i| channels.iter().for_each(|channel| sum.update(channel[i].to_le_bytes())));
    let mut out = b"fLaC".to_vec();
    // The only metadata: 34 bytes of stream information.
    out.extend([0x80, 0, 0, 34]);
    out.extend([(FRAME as u16).to_be_bytes(), (FRAME as u16).to_be_bytes()].as_flattened());
    out.extend([0; 6]);
    let packed = u64::from(rate) << 44 | (channels.len() as u64 - 1) << 41 | 15 << 36 | n as u64;
    out.extend(packed.to_be_bytes());
    out.extend(sum.finalize());
    for (number, first) in (0..n).step_by(FRAME).enumerate() {
        let samples = first..n.min(first + FRAME);
        // A block size of 16 bits; rate and width as above; a number below 128.
        let mut frame = vec![0xff, 0xf8, 0x70, (channels.len() as u8 - 1) << 4 | 0b1000, number as u8];
        frame.extend((samples.len() as u16 - 1).to_be_bytes());
        frame.push(crc8(&frame));
        for channel in channels {
            // Verbatim.
            frame.push(0b10);
            frame.extend(channel[samples.clone()].iter().flat_map(|sample| sample.to_be_bytes()));
        }
        seal(&mut frame);
        out.extend(frame);
    }
    out
}

/// Bytes before the first frame, and before the sub-frames within a frame.
pub const START: usize = 42;
pub const HEAD: usize = 8;

/// Appends the checksum of a frame.
fn seal(frame: &mut Vec<u8>) {
    let crc = frame.iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| crc << 1 ^ if crc >> 15 == 1 { 0x8005 } else { 0 })
    });
    frame.extend(crc.to_be_bytes());
}

pub fn crc8(bytes: &[u8]) -> u8 {
    bytes
        .iter()
        .fold(0, |crc, byte| (0..8).fold(crc ^ byte, |crc: u8, _| crc << 1 ^ if crc >> 7 == 1 { 0x07 } else { 0 }))
}
