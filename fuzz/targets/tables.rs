//! Changes to flatbuffers that keep most of the file sound, so that they reach what lies behind the first
//! checks: fields, enum values, offsets and lengths are found by walking from the root, without a schema.

use crate::random::Random;

/// Tables that are walked at most.
const MAX_TABLES: usize = 256;

/// A place that can be changed, by what lies there.
#[derive(Clone, Copy)]
enum Site {
    /// A `u16` of a vtable: where a field lies, 0 if it is absent.
    Slot(usize),
    /// A number of some width.
    Scalar(usize),
    /// A `u32` offset to a table.
    Table(usize),
    /// A `u32` offset to a vector.
    Vector(usize),
    /// The `u32` length of a vector.
    Length(usize),
}

/// Changes a few places of a flatbuffer; `false` if there is none in the bytes.
pub fn mutate(bytes: &mut Vec<u8>, max_len: usize, random: &mut Random) -> bool {
    let sites = sites(bytes);
    if sites.is_empty() {
        return false;
    }
    for _ in 0..=random.below(3) {
        let Some(site) = random.of(&sites).copied() else { return false };
        change(bytes, site, &sites, max_len, random);
    }
    true
}

fn change(bytes: &mut Vec<u8>, site: Site, sites: &[Site], max_len: usize, random: &mut Random) {
    let len = bytes.len();
    match site {
        Site::Slot(at) => {
            let value = match random.below(3) {
                0 => 0,
                1 => 2 * random.below(40) as u16 + 4,
                // The field of another slot.
                _ => match random.of(sites) {
                    Some(Site::Slot(other)) => word(bytes, *other).unwrap_or_default() as u16,
                    _ => 0,
                },
            };
            put(bytes, at, &value.to_le_bytes());
        }
        Site::Scalar(at) => {
            let value = random.number(len);
            match random.below(4) {
                0 => put(bytes, at, &[value as u8]),
                1 => {
                    let near = bytes.get(at).copied().unwrap_or_default().wrapping_add(if value & 1 == 0 { 1 } else { 255 });
                    put(bytes, at, &[near]);
                }
                2 => put(bytes, at, &(value as i32).to_le_bytes()),
                _ => put(bytes, at, &[random.below(48) as u8]),
            }
        }
        Site::Table(at) | Site::Vector(at) => {
            let is_table = matches!(site, Site::Table(_));
            match random.below(if is_table { 4 } else { 6 }) {
                0 => put(bytes, at, &(random.number(len) as u32).to_le_bytes()),
                // A vector of its own, at the end of the file.
                4.. if len + 64 <= max_len => {
                    bytes.resize(len.next_multiple_of(8), 0);
                    let start = bytes.len();
                    let count = random.below(7);
                    bytes.extend((count as u32).to_le_bytes());
                    for _ in 0..count {
                        let value = random.number(len) as i32;
                        bytes.extend(value.to_le_bytes());
                    }
                    put(bytes, at, &((start - at) as u32).to_le_bytes());
                }
                // What another offset of the kind points at. Offsets are unsigned: it must lie behind.
                _ => {
                    let others = sites.iter().filter_map(|other| match other {
                        Site::Table(position) if is_table => Some(*position),
                        Site::Vector(position) if !is_table => Some(*position),
                        _ => None,
                    });
                    let targets: Vec<usize> = others
                        .filter_map(|position| Some(position + word(bytes, position)? as usize))
                        .filter(|target| *target > at)
                        .collect();
                    if let Some(target) = random.of(&targets) {
                        put(bytes, at, &((target - at) as u32).to_le_bytes());
                    }
                }
            }
        }
        Site::Length(at) => {
            let count = word(bytes, at).unwrap_or_default();
            let count = match random.below(6) {
                0 => random.number(len) as u32,
                1 => 0,
                2 => count.wrapping_add(1),
                3 => count / 2,
                4 => count.wrapping_mul(2),
                _ => count.wrapping_sub(1),
            };
            put(bytes, at, &count.to_le_bytes());
        }
    }
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    let half: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(u16::from_le_bytes(half).into())
}

/// Where the vtable of a table lies and how long it is, if there may be a table.
fn vtable(bytes: &[u8], table: usize) -> Option<(usize, usize)> {
    let back = word(bytes, table)? as i32;
    let start = usize::try_from(table as i64 - i64::from(back)).ok()?;
    let len = half(bytes, start)?;
    let is_vtable = len >= 4 && len % 2 == 0 && len <= 128 && start + len <= bytes.len() && half(bytes, start + 2)? < 512 && start % 2 == 0;
    is_vtable.then_some((start, len))
}

/// Every place that can be changed, as far as the walk goes.
fn sites(bytes: &[u8]) -> Vec<Site> {
    let mut sites = Vec::new();
    let mut waiting: Vec<usize> = word(bytes, 0).map(|root| root as usize).into_iter().collect();
    let mut seen = Vec::new();
    while let Some(table) = waiting.pop() {
        if seen.len() >= MAX_TABLES || seen.contains(&table) {
            continue;
        }
        seen.push(table);
        let Some((start, len)) = vtable(bytes, table) else { continue };
        for slot in (start + 4..start + len).step_by(2) {
            sites.push(Site::Slot(slot));
            let Some(offset) = half(bytes, slot).filter(|offset| *offset != 0) else { continue };
            let field = table + offset;
            let target = word(bytes, field).filter(|offset| *offset >= 4).map(|offset| field + offset as usize);
            let Some(target) = target.filter(|target| target % 4 == 0 && target + 4 <= bytes.len()) else {
                sites.push(Site::Scalar(field));
                continue;
            };
            if vtable(bytes, target).is_some() {
                sites.push(Site::Table(field));
                waiting.push(target);
                continue;
            }
            let count = word(bytes, target).unwrap_or_default() as usize;
            if count > bytes.len() - target {
                sites.push(Site::Scalar(field));
                continue;
            }
            sites.extend([Site::Vector(field), Site::Length(target)]);
            let elements = (0..count.min(64)).map(|index| target + 4 + 4 * index);
            for element in elements {
                match word(bytes, element).map(|offset| element + offset as usize) {
                    Some(inner) if inner % 4 == 0 && vtable(bytes, inner).is_some() => {
                        sites.push(Site::Table(element));
                        waiting.push(inner);
                    }
                    Some(_) => sites.push(Site::Scalar(element)),
                    None => break,
                }
            }
        }
    }
    sites
}
