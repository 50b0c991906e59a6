//! Zip archives: a checked reader of the central directory that copies no contents.
//!
//! An archive may stand behind other bytes (a model's flatbuffer), so it is found from its end, and its
//! offsets count from where it begins or from the beginning of the file, as the writer took it. Source:
//! APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.5.3; what lies in an archive is never taken for a path before
//! [`super::plain_name`] went over it.

use crate::source::{Packed, Packing, Source};

/// A file of an archive.
#[derive(Debug)]
pub struct Entry {
    /// As it is stored; maybe a path, maybe a hostile one.
    pub name: String,
    pub content: Packed,
}

/// The files of an archive, in the order of its directory.
#[derive(Debug, Default)]
pub struct Archive {
    pub entries: Vec<Entry>,
    /// Files beyond those that are listed.
    pub unlisted: u64,
}

/// What a person looks through, and more. Each takes some hundred bytes of memory.
const MAX_ENTRIES: u64 = 10_000;
/// The end record and the longest comment after it.
const END_LEN: usize = 22;
const MAX_END: usize = END_LEN + u16::MAX as usize;
const END: [u8; 4] = *b"PK\x05\x06";
const LOCATOR_LEN: usize = 20;
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const END_64_LEN: usize = 56;
const END_64: [u8; 4] = *b"PK\x06\x06";
const CENTRAL_LEN: usize = 46;
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const LOCAL_LEN: u64 = 30;
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const IS_ENCRYPTED: u16 = 1;

/// The archive at the end of the source; `None` if there is none.
pub fn read(source: &Source) -> Option<Archive> {
    let bytes = source.bytes();
    let directory = find_directory(bytes)?;
    let mut archive = Archive::default();
    let mut position = directory.start;
    for index in 0..directory.count {
        let Some(record) = bytes.get(position..directory.end).filter(|record| record.starts_with(&CENTRAL)) else { break };
        let Some((entry, len)) = entry(source, record, directory.base) else { break };
        position += len;
        if index >= MAX_ENTRIES {
            archive.unlisted = directory.count - index;
            break;
        }
        // Folders are entries whose names end so.
        if !entry.name.ends_with('/') {
            archive.entries.push(entry);
        }
    }
    (position > directory.start).then_some(archive)
}

struct Directory {
    start: usize,
    end: usize,
    count: u64,
    /// The position that the archive's offsets count from.
    base: u64,
}

fn find_directory(bytes: &[u8]) -> Option<Directory> {
    let tail_start = bytes.len().saturating_sub(MAX_END);
    let tail = bytes.get(tail_start..)?;
    // The last record is the archive's own; one before it may stand in a comment or in a file.
    let ends = tail.windows(END.len()).enumerate().rev().filter(|(_, window)| *window == END);
    ends.filter_map(|(position, _)| directory_before(bytes, tail_start + position)).next()
}

fn directory_before(bytes: &[u8], end: usize) -> Option<Directory> {
    let record = bytes.get(end..end.checked_add(END_LEN)?)?;
    let narrow = (u64::from(u16_at(record, 10)?), u64::from(u32_at(record, 12)?), u64::from(u32_at(record, 16)?));
    let is_wide = narrow.0 == u64::from(u16::MAX) || narrow.1 == u64::from(u32::MAX) || narrow.2 == u64::from(u32::MAX);
    let wide = if is_wide { wide_end(bytes, end) } else { None };
    let (end, (count, len, offset)) = wide.unwrap_or((end, narrow));
    let start = (end as u64).checked_sub(len)?;
    let base = start.checked_sub(offset)?;
    let start = usize::try_from(start).ok()?;
    let is_there = count == 0 || bytes.get(start..)?.starts_with(&CENTRAL);
    is_there.then_some(Directory { start, end, count, base })
}

/// The Zip64 end record before the plain one: where it stands, and entries, length and offset of the
/// directory.
fn wide_end(bytes: &[u8], end: usize) -> Option<(usize, (u64, u64, u64))> {
    let locator = end.checked_sub(LOCATOR_LEN)?;
    if !bytes.get(locator..)?.starts_with(&LOCATOR) {
        return None;
    }
    // Beside the locator, since its offset counts from where the archive begins, which is not known yet.
    let position = locator.checked_sub(END_64_LEN)?;
    let record = bytes.get(position..locator)?;
    if !record.starts_with(&END_64) {
        return None;
    }
    Some((position, (u64_at(record, 32)?, u64_at(record, 40)?, u64_at(record, 48)?)))
}

/// The entry that a record of the directory describes, and the record's length.
fn entry(source: &Source, record: &[u8], base: u64) -> Option<(Entry, usize)> {
    let (flags, method, crc32) = (u16_at(record, 8)?, u16_at(record, 10)?, u32_at(record, 16)?);
    let name_len = usize::from(u16_at(record, 28)?);
    let extra_len = usize::from(u16_at(record, 30)?);
    let len = CENTRAL_LEN + name_len + extra_len + usize::from(u16_at(record, 32)?);
    let name = record.get(CENTRAL_LEN..CENTRAL_LEN + name_len)?;
    let extra = record.get(CENTRAL_LEN + name_len..CENTRAL_LEN + name_len + extra_len)?;
    record.get(..len)?;
    let mut wide = wide_numbers(extra);
    let mut number = |at: usize| {
        let narrow = u32_at(record, at)?;
        if narrow == u32::MAX { wide.next() } else { Some(u64::from(narrow)) }
    };
    // In this order stand the numbers that are too large for 32 bits.
    let (unpacked_len, packed_len, offset) = (number(24)?, number(20)?, number(42)?);
    let name = String::from_utf8_lossy(name).into_owned();
    let content = content(source, base.checked_add(offset), packed_len);
    let nothing = || source.part(source.path(), 0, 0);
    let content = match (content, method) {
        (None, _) => Packed::unreadable(nothing()?, unpacked_len, "its bytes lie outside the archive, which may be cut off"),
        (Some(stored), _) if flags & IS_ENCRYPTED != 0 => Packed::unreadable(stored, unpacked_len, "it is encrypted"),
        (Some(stored), 0) => Packed::new(stored, Packing::Plain, unpacked_len, Some(crc32)),
        (Some(stored), 8) => Packed::new(stored, Packing::Deflate, unpacked_len, Some(crc32)),
        (Some(stored), method) => {
            Packed::unreadable(stored, unpacked_len, format!("it is compressed by method {method}, which is not read"))
        }
    };
    Some((Entry { name, content }, len))
}

/// The stored bytes of an entry, which stand after a header of their own.
fn content(source: &Source, header: Option<u64>, len: u64) -> Option<Source> {
    let header = header?;
    let record = source.range(header, LOCAL_LEN)?;
    if !record.starts_with(&LOCAL) {
        return None;
    }
    let names = u64::from(u16_at(record, 26)?) + u64::from(u16_at(record, 28)?);
    source.part(source.path(), header.checked_add(LOCAL_LEN + names)?, len)
}

/// The numbers of a record's Zip64 field.
fn wide_numbers(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    const ZIP_64: u16 = 1;
    let mut found: &[u8] = &[];
    while let (Some(id), Some(len)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let Some(field) = extra.get(4..4 + usize::from(len)) else { break };
        if id == ZIP_64 {
            found = field;
        }
        extra = extra.get(4 + usize::from(len)..).unwrap_or_default();
    }
    found.chunks_exact(8).filter_map(|chunk| chunk.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::io::{Cursor, Write};

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    /// An archive as the `zip` crate writes it; its build has no compression, so `deflated` are the
    /// bytes of `b"weights " * 4`.
    fn archive(is_large: bool) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(is_large);
        writer.add_directory("folder", options).unwrap();
        for (name, text) in [("labels.txt", "cat\ndog\n"), ("folder/é.txt", "")] {
            writer.start_file(name, options).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.set_comment("a comment");
        writer.finish().unwrap().into_inner()
    }

    type File = (String, Result<Vec<u8>, String>);

    fn listing(bytes: Vec<u8>) -> Option<Vec<File>> {
        let archive = read(&Source::from_bytes("x", bytes))?;
        let content = |entry: Entry| (entry.name, entry.content.bytes(1 << 20).map(Cow::into_owned));
        Some(archive.entries.into_iter().map(content).collect())
    }

    #[test]
    fn files_with_and_without_bytes_before_the_archive() {
        let expected = vec![("labels.txt".to_owned(), Ok(b"cat\ndog\n".to_vec())), ("folder/é.txt".to_owned(), Ok(Vec::new()))];
        for is_large in [false, true] {
            assert_eq!(listing(archive(is_large)), Some(expected.clone()));
            assert_eq!(listing([&b"a model of some bytes"[..], &archive(is_large)].concat()), Some(expected.clone()));
        }
        assert_eq!(listing([archive(false), b"bytes after it".to_vec()].concat()), Some(expected));
        for other in [&b""[..], b"PK\x05\x06", b"PK\x03\x04 and no end", &[0; 100]] {
            assert_eq!(listing(other.to_vec()), None);
        }
    }

    #[test]
    fn any_truncation_and_any_byte_is_survived() {
        let bytes = archive(true);
        for len in 0..bytes.len() {
            listing(bytes[..len].to_vec());
            listing(bytes[len..].to_vec());
        }
        for position in 0..bytes.len() {
            for value in [0, 1, 8, 0x7f, 0xff] {
                let mut bytes = bytes.clone();
                bytes[position] = value;
                listing(bytes);
            }
        }
    }

    #[test]
    fn what_can_t_be_read_says_so() {
        let bytes = archive(false);
        let directory = bytes.windows(4).rposition(|window| window == CENTRAL).unwrap() - CENTRAL_LEN - "labels.txt".len();
        let problem = |at: usize, value: u8| {
            let mut bytes = bytes.clone();
            bytes[directory + at] = value;
            listing(bytes).unwrap().iter().find(|(name, _)| name == "labels.txt").unwrap().1.clone().unwrap_err()
        };
        assert!(problem(8, 1).contains("encrypted"));
        assert!(problem(10, 12).contains("method 12"));
        assert!(problem(16, 0).contains("checksum"));
        assert!(problem(20, 9).contains("can't be"));
        assert!(problem(43, 0xff).contains("outside"));
    }
}
