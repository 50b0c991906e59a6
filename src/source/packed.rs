//! A file inside another one: its bytes as they are stored there, maybe compressed, and the way to
//! read them. Nothing is unpacked before somebody asks.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use flate2::Crc;
use flate2::bufread::{DeflateDecoder, ZlibDecoder};

use super::Source;
use crate::jobs::{Cancelled, Token};

/// The bytes of a file inside another one.
#[derive(Clone, Debug)]
pub struct Packed {
    stored: Source,
    packing: Packing,
    len: u64,
    crc32: Option<u32>,
    problem: Option<String>,
}

/// How the bytes are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    Plain,
    /// RFC 1951, as in zip archives.
    Deflate,
    /// RFC 1950.
    Zlib,
}

/// No deflate stream unpacks to more than this many times its length (a match of 258 bytes takes two bits).
const MAX_RATIO: u64 = 1032;
const BLOCK: usize = 1 << 16;

impl Packed {
    /// `len` is what the bytes come to when they are unpacked, `crc32` their checksum, if one is known.
    pub fn new(stored: Source, packing: Packing, len: u64, crc32: Option<u32>) -> Self {
        let is_possible = match packing {
            Packing::Plain => len == stored.len(),
            Packing::Deflate | Packing::Zlib => len <= stored.len().saturating_mul(MAX_RATIO),
        };
        let problem = (!is_possible).then(|| format!("{} stored bytes can't be the {len} that it is said to have", stored.len()));
        Self { stored, packing, len, crc32, problem }
    }

    /// A file that is listed, but can't be read; one sentence why.
    pub fn unreadable(stored: Source, len: u64, problem: impl Into<String>) -> Self {
        Self { stored, packing: Packing::Plain, len, crc32: None, problem: Some(problem.into()) }
    }

    /// Its length in bytes, unpacked.
    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The length in bytes that it takes in the file around it.
    pub fn stored_len(&self) -> u64 {
        self.stored.len()
    }

    /// The length in bytes of the file around it.
    pub fn len_around(&self) -> u64 {
        self.stored.len_around()
    }

    /// Why the bytes can't be had, as far as that is known without reading them.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// The bytes as a source of their own, if they are stored as they are.
    pub fn plain(&self) -> Option<&Source> {
        (self.packing == Packing::Plain && self.problem.is_none()).then_some(&self.stored)
    }

    /// The first bytes, at most `count`; fewer if it is shorter or damaged.
    pub fn head(&self, count: usize) -> Vec<u8> {
        let mut head = Vec::new();
        if self.problem.is_none() {
            // What came before the damage is still the head.
            let _ = self.reader().take(count as u64).read_to_end(&mut head);
        }
        head
    }

    /// All the bytes; no copy where they are stored as they are.
    ///
    /// # Errors
    /// One sentence: the bytes are damaged, or there are more than `max_len`.
    pub fn bytes(&self, max_len: u64) -> Result<Cow<'_, [u8]>, String> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        if self.len > max_len {
            return Err(format!("it has {} bytes, which is more than the {max_len} that are unpacked at once", self.len));
        }
        if let Some(plain) = self.plain() {
            self.check(&mut Crc::new(), plain.bytes())?;
            return Ok(Cow::Borrowed(plain.bytes()));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.len).unwrap_or(0));
        self.copy_to(&mut bytes, &Token::new()).map_err(|error| error.to_string())?;
        Ok(Cow::Owned(bytes))
    }

    /// Writes all the bytes.
    ///
    /// # Errors
    /// What the writer says; `InvalidData`: the bytes are damaged; a [`Cancelled`] in an error of kind
    /// `Other`.
    pub fn copy_to(&self, out: &mut (impl Write + ?Sized), token: &Token) -> io::Result<()> {
        if let Some(problem) = &self.problem {
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem.clone()));
        }
        // One byte more than there should be tells that there are too many.
        let mut reader = self.reader().take(self.len.saturating_add(1));
        let (mut block, mut crc) = (vec![0; BLOCK], Crc::new());
        let mut written = 0u64;
        loop {
            token.check().map_err(|Cancelled| io::Error::other(Cancelled))?;
            let count = reader.read(&mut block).map_err(|_| damaged("the compressed bytes are damaged"))?;
            let read = block.get(..count).unwrap_or_default();
            crc.update(read);
            written += count as u64;
            if written > self.len || (count == 0 && written < self.len) {
                return Err(damaged("it is not as long as it is said to be"));
            }
            if count == 0 {
                break;
            }
            out.write_all(read)?;
        }
        self.check(&mut crc, &[]).map_err(|problem| damaged(&problem))
    }

    fn reader(&self) -> Box<dyn Read + '_> {
        match self.packing {
            Packing::Plain => Box::new(self.stored.bytes()),
            Packing::Deflate => Box::new(DeflateDecoder::new(self.stored.bytes())),
            Packing::Zlib => Box::new(ZlibDecoder::new(self.stored.bytes())),
        }
    }

    fn check(&self, crc: &mut Crc, rest: &[u8]) -> Result<(), String> {
        let Some(expected) = self.crc32 else { return Ok(()) };
        crc.update(rest);
        if crc.sum() == expected { Ok(()) } else { Err("its checksum is wrong: the bytes are damaged".to_owned()) }
    }
}

fn damaged(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `b"weights " * 4` as Python's `zlib.compressobj(9, zlib.DEFLATED, -15)` makes it, and its
    /// `zlib.crc32`.
    const DEFLATED: [u8; 13] = [0x2b, 0x4f, 0xcd, 0x4c, 0xcf, 0x28, 0x29, 0x56, 0x28, 0xc7, 0x41, 0x03, 0x00];
    const CRC: u32 = 0x632b_18a4;
    const TEXT: &[u8] = b"weights weights weights weights ";

    fn packed(stored: &[u8], packing: Packing, len: u64, crc32: Option<u32>) -> Packed {
        Packed::new(Source::from_bytes("x", stored.to_vec()), packing, len, crc32)
    }

    #[test]
    fn what_is_stored_is_lent_and_what_is_deflated_is_unpacked() {
        let plain = packed(TEXT, Packing::Plain, 32, Some(CRC));
        assert!(matches!(plain.bytes(32), Ok(Cow::Borrowed(TEXT))));
        assert!(plain.bytes(31).is_err());
        let deflated = packed(&DEFLATED, Packing::Deflate, 32, Some(CRC));
        assert_eq!(deflated.bytes(32).unwrap(), TEXT);
        assert_eq!(deflated.head(9), b"weights w");
        assert!(deflated.plain().is_none());
    }

    #[test]
    fn damage_is_a_sentence() {
        for (stored, packing, len, crc32) in [
            (TEXT, Packing::Plain, 31, None),
            (TEXT, Packing::Plain, 32, Some(CRC ^ 1)),
            (&DEFLATED[..], Packing::Deflate, 31, None),
            (&DEFLATED[..], Packing::Deflate, 33, None),
            (&DEFLATED[..], Packing::Deflate, 32, Some(CRC ^ 1)),
            (&DEFLATED[..6], Packing::Deflate, 32, None),
            (&DEFLATED[..], Packing::Zlib, 32, None),
            (&DEFLATED[..], Packing::Deflate, u64::MAX, None),
        ] {
            let packed = packed(stored, packing, len, crc32);
            assert!(packed.bytes(u64::MAX).is_err_and(|problem| !problem.is_empty()), "{packing:?} {len}");
            assert!(packed.copy_to(&mut io::sink(), &Token::new()).is_err() || packing == Packing::Plain, "{packing:?} {len}");
        }
    }
}
