//! Flexbuffers, flatbuffers' form without a schema, as JSON: the options of custom operations and of
//! composites.
//!
//! Values may be shared, so a few bytes can describe a huge tree: every value is paid for, and there are
//! no more of them than the bytes could hold unshared. Source: <https://flatbuffers.dev/internals/>,
//! "FlexBuffers", and `flexbuffers.h`.

use serde_json::{Map, Number, Value};

use super::flatbuffer::Damage;
use super::options::{MAX_LISTED, float_value};

/// Vectors in vectors in vectors.
const MAX_DEPTH: usize = 16;
/// What a value costs, in bytes of memory.
const VALUE_COST: u64 = 80;
/// Bytes of a blob that are shown.
const SHOWN_BYTES: usize = 64;

/// Types of a value (`flexbuffers::Type`).
mod kind {
    pub const NULL: u8 = 0;
    pub const INT: u8 = 1;
    pub const UINT: u8 = 2;
    pub const FLOAT: u8 = 3;
    pub const KEY: u8 = 4;
    pub const STRING: u8 = 5;
    pub const INDIRECT_INT: u8 = 6;
    pub const INDIRECT_FLOAT: u8 = 8;
    pub const MAP: u8 = 9;
    pub const VECTOR: u8 = 10;
    pub const VECTOR_INT: u8 = 11;
    pub const VECTOR_STRING_DEPRECATED: u8 = 15;
    pub const VECTOR_INT_2: u8 = 16;
    pub const VECTOR_FLOAT_4: u8 = 24;
    pub const BLOB: u8 = 25;
    pub const BOOL: u8 = 26;
    pub const VECTOR_BOOL: u8 = 36;
}

/// Why there is no value.
enum Stop {
    /// The bytes are something else, or damaged.
    Invalid,
    Damage(Damage),
}

impl From<Damage> for Stop {
    fn from(damage: Damage) -> Self {
        Self::Damage(damage)
    }
}

/// The bytes as JSON; `None` if they are no flexbuffer. Bytes of other forms are taken for a flexbuffer
/// of a single number easily, so `compound_only` refuses all but maps and vectors. `spend` pays for
/// memory.
///
/// # Errors
/// What `spend` says.
pub fn decode(bytes: &[u8], compound_only: bool, spend: &dyn Fn(u64) -> Result<(), Damage>) -> Result<Option<Value>, Damage> {
    let mut decoder = Decoder { bytes, spend, left: bytes.len() };
    let found = root(bytes).filter(|root| !compound_only || matches!(root.kind, kind::MAP..=kind::VECTOR_FLOAT_4 | kind::VECTOR_BOOL));
    match found.map(|root| decoder.value(root, 0)) {
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(Stop::Damage(damage))) => Err(damage),
        Some(Err(Stop::Invalid)) | None => Ok(None),
    }
}

/// The elements of a vector of strings and blobs, whose bytes need not be text.
pub fn strings(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let decoder = Decoder { bytes, spend: &|_| Ok(()), left: 0 };
    let root = root(bytes).filter(|root| root.kind == kind::VECTOR)?;
    let (start, count) = decoder.sized(root).ok().filter(|(_, count)| *count <= MAX_LISTED)?;
    let string = |index| {
        let element =
            decoder.element(root, start, count, index).ok().filter(|element| matches!(element.kind, kind::STRING | kind::BLOB))?;
        decoder.text(element).ok()
    };
    (0..count).map(string).collect()
}

/// Bytes in a sentence: how many, and the first of them as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let shown: String = bytes.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect();
    if bytes.len() > SHOWN_BYTES { format!("{shown}…") } else { shown }
}

/// Where a value lies: inline or as an offset backwards, `slot_width` bytes wide; `width` is that of what
/// the offset points at.
#[derive(Clone, Copy)]
struct Slot {
    position: usize,
    slot_width: usize,
    kind: u8,
    width: usize,
}

fn slot(position: usize, slot_width: usize, packed_type: u8) -> Slot {
    Slot { position, slot_width, kind: packed_type >> 2, width: 1 << (packed_type & 3) }
}

fn root(bytes: &[u8]) -> Option<Slot> {
    let [.., packed_type, width] = bytes else { return None };
    let width = usize::from(*width);
    let position = bytes.len().checked_sub(2)?.checked_sub(width)?;
    [1, 2, 4, 8].contains(&width).then(|| slot(position, width, *packed_type))
}

struct Decoder<'b> {
    bytes: &'b [u8],
    spend: &'b dyn Fn(u64) -> Result<(), Damage>,
    /// Values that the bytes have room for.
    left: usize,
}

impl<'b> Decoder<'b> {
    fn value(&mut self, slot: Slot, depth: usize) -> Result<Value, Stop> {
        self.left = self.left.checked_sub(1).filter(|_| depth < MAX_DEPTH).ok_or(Stop::Invalid)?;
        (self.spend)(VALUE_COST)?;
        Ok(match slot.kind {
            kind::NULL => Value::Null,
            kind::INT..=kind::FLOAT => self.number(slot.kind, slot.position, slot.slot_width)?,
            kind::BOOL => (self.uint(slot.position, slot.slot_width)? != 0).into(),
            kind::KEY => self.owned(self.key(self.target(slot)?)?)?,
            kind::STRING => self.owned(self.text(slot)?)?,
            kind::BLOB => {
                let blob = self.text(slot)?;
                format!("{} bytes: {}", blob.len(), hex(blob)).into()
            }
            kind::INDIRECT_INT..=kind::INDIRECT_FLOAT => {
                self.number(slot.kind - kind::INDIRECT_INT + kind::INT, self.target(slot)?, slot.width)?
            }
            kind::MAP => self.map(slot, depth)?,
            kind::VECTOR | kind::VECTOR_INT..=kind::VECTOR_FLOAT_4 | kind::VECTOR_BOOL => {
                let (start, count) = self.sized(slot)?;
                if count > MAX_LISTED && slot.kind != kind::VECTOR {
                    return Ok(format!("{count} values").into());
                }
                let elements = (0..count).map(|index| self.value(self.element(slot, start, count, index)?, depth + 1));
                Value::Array(elements.collect::<Result<_, _>>()?)
            }
            _ => return Err(Stop::Invalid),
        })
    }

    fn map(&mut self, slot: Slot, depth: usize) -> Result<Value, Stop> {
        let (start, count) = self.sized(slot)?;
        // Before the length stand the offset of the keys and the width of their offsets.
        let keys_at = start.checked_sub(3 * slot.width).ok_or(Stop::Invalid)?;
        let keys = keys_at.checked_sub(self.size(keys_at, slot.width)?).ok_or(Stop::Invalid)?;
        let key_width = self.size(keys_at + slot.width, slot.width)?;
        if ![1, 2, 4, 8].contains(&key_width) {
            return Err(Stop::Invalid);
        }
        let mut map = Map::new();
        for index in 0..count {
            let key_at = index.checked_mul(key_width).and_then(|offset| keys.checked_add(offset)).ok_or(Stop::Invalid)?;
            let key = key_at.checked_sub(self.size(key_at, key_width)?).ok_or(Stop::Invalid)?;
            let key = self.key(key)?;
            (self.spend)(key.len() as u64)?;
            let key = std::str::from_utf8(key).map_err(|_| Stop::Invalid)?.to_owned();
            map.insert(key, self.value(self.element(slot, start, count, index)?, depth + 1)?);
        }
        Ok(map.into())
    }

    /// Where a vector's elements or a string's bytes begin, and how many there are; they are all there.
    fn sized(&self, slot: Slot) -> Result<(usize, usize), Stop> {
        let start = self.target(slot)?;
        let count = match slot.kind {
            kind::VECTOR_INT_2..=kind::VECTOR_FLOAT_4 => usize::from((slot.kind - kind::VECTOR_INT_2) / 3) + 2,
            _ => self.size(start.checked_sub(slot.width).ok_or(Stop::Invalid)?, slot.width)?,
        };
        let width = match slot.kind {
            kind::STRING | kind::BLOB => 1,
            // Behind the elements stand their types, a byte each.
            kind::VECTOR | kind::MAP => slot.width + 1,
            _ => slot.width,
        };
        let end = count.checked_mul(width).and_then(|len| start.checked_add(len)).ok_or(Stop::Invalid)?;
        if end <= self.bytes.len() { Ok((start, count)) } else { Err(Stop::Invalid) }
    }

    fn element(&self, vector: Slot, start: usize, count: usize, index: usize) -> Result<Slot, Stop> {
        let position = start + index * vector.width;
        let packed_type = match vector.kind {
            kind::VECTOR | kind::MAP => *self.bytes.get(start + count * vector.width + index).ok_or(Stop::Invalid)?,
            kind::VECTOR_BOOL => kind::BOOL << 2,
            kind::VECTOR_INT..=kind::VECTOR_STRING_DEPRECATED => (vector.kind - kind::VECTOR_INT + kind::INT) << 2,
            _ => ((vector.kind - kind::VECTOR_INT_2) % 3 + kind::INT) << 2,
        };
        Ok(slot(position, vector.width, packed_type))
    }

    fn number(&self, kind: u8, position: usize, width: usize) -> Result<Value, Stop> {
        let bits = self.uint(position, width)?;
        Ok(match (kind, width) {
            (kind::UINT, _) => bits.into(),
            (kind::INT, _) => {
                let unused = 64 - 8 * width as u32;
                ((bits as i64) << unused >> unused).into()
            }
            (_, 4) => float_value(f32::from_bits(bits as u32)),
            (_, 8) => {
                let value = f64::from_bits(bits);
                Number::from_f64(value).map_or_else(|| float_value(value as f32), Value::Number)
            }
            (_, 2) => float_value(half::f16::from_bits(bits as u16).to_f32()),
            _ => return Err(Stop::Invalid),
        })
    }

    /// A string's or a blob's bytes.
    fn text(&self, slot: Slot) -> Result<&'b [u8], Stop> {
        let (start, count) = self.sized(slot)?;
        self.bytes.get(start..start + count).ok_or(Stop::Invalid)
    }

    /// The bytes up to a zero byte.
    fn key(&self, position: usize) -> Result<&'b [u8], Stop> {
        let rest = self.bytes.get(position..).ok_or(Stop::Invalid)?;
        let len = rest.iter().position(|byte| *byte == 0).ok_or(Stop::Invalid)?;
        rest.get(..len).ok_or(Stop::Invalid)
    }

    fn owned(&self, text: &[u8]) -> Result<Value, Stop> {
        (self.spend)(text.len() as u64)?;
        Ok(match std::str::from_utf8(text) {
            Ok(text) => text.into(),
            Err(_) => format!("{} bytes: {}", text.len(), hex(text)).into(),
        })
    }

    fn target(&self, slot: Slot) -> Result<usize, Stop> {
        slot.position.checked_sub(self.size(slot.position, slot.slot_width)?).ok_or(Stop::Invalid)
    }

    fn size(&self, position: usize, width: usize) -> Result<usize, Stop> {
        usize::try_from(self.uint(position, width)?).map_err(|_| Stop::Invalid)
    }

    fn uint(&self, position: usize, width: usize) -> Result<u64, Stop> {
        let end = position.checked_add(width).ok_or(Stop::Invalid)?;
        let bytes = self.bytes.get(position..end).ok_or(Stop::Invalid)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn free(_: u64) -> Result<(), Damage> {
        Ok(())
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter_map(|digit| (digit as char).to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    /// Written by Google's `flatbuffers.flexbuffers` for Python, version 25.12.19; the scripts' lines beside them.
    const MAP: &str = "6100620063006400036ec3a90065006600670003010203680078000174000000020000000000a03f0c0000000e1401160101010f \
        2a69000001000000000000006a006b000200016c00030001020c4e4d4c4b4544433e211716120000000000001200000000000000 \
        01000000000000000c00000000000000ffffffffffffffff2c01000000000000000000000000f83f870000000000000001000000 \
        00000000000000000000000094000000000000007d000000000000008000000000000000ffffffffffffffff8300000000000000 \
        8600000000000000070b0f146b032c24230b90646c2701";
    const VECTOR: &str = "0374776f0003040090eefeff04010d0a080414401a082801";
    const FLEX: &str = "0345726600040a0178ff00020b071414042801";

    #[test]
    fn what_the_reference_writes() {
        assert_eq!(
            decode(&bytes(MAP), true, &free).unwrap(),
            Some(
                json!({"a": -1, "b": 300, "c": 1.5, "d": "né", "e": true, "f": null, "g": [1, 2, 3], "h": {"x": [1.25, "t"]}, "i": 5e-324,
                "j": u64::MAX, "k": [false, true], "l": "3 bytes: 000102"})
            )
        );
        assert_eq!(decode(&bytes(VECTOR), false, &free).unwrap(), Some(json!([1, "two", [3, 4], -70000])));
        assert_eq!(strings(&bytes(FLEX)), Some(vec![&b"Erf"[..], b"\x0a\x01x\xff"]));
        assert_eq!(strings(&bytes(VECTOR)), None);
    }

    #[test]
    fn other_bytes_are_none() {
        for other in [&b""[..], b"\0", b"\x01\x02", b"\x04\x03\x03", b"\0\0\x80\x3f", &[0xff; 40], &[0; 40]] {
            assert_eq!(decode(other, true, &free).unwrap(), None, "{other:?}");
        }
    }

    #[test]
    fn any_truncation_and_any_byte_is_survived() {
        for example in [MAP, VECTOR, FLEX].map(bytes) {
            for len in 0..example.len() {
                let _ = (decode(&example[..len], false, &free), strings(&example[len..]));
            }
            for position in 0..example.len() {
                for value in 0..=255 {
                    let mut example = example.clone();
                    example[position] = value;
                    let _ = (decode(&example, false, &free), strings(&example));
                }
            }
        }
    }

    /// A vector of four references to a vector of four references to ... thirty levels of it.
    #[test]
    fn shared_and_deep_values_are_no_bomb() {
        let mut bomb = vec![1, 0, kind::NULL];
        let mut inner = 1;
        for _ in 0..30 {
            bomb.push(4);
            let start = bomb.len();
            for index in 0..4 {
                bomb.push((start + index - inner) as u8);
            }
            bomb.extend([kind::VECTOR << 2; 4]);
            inner = start;
        }
        bomb.push((bomb.len() - inner) as u8);
        bomb.extend([kind::VECTOR << 2, 1]);
        assert_eq!(decode(&bomb, false, &free).unwrap(), None);
    }

    #[test]
    fn values_are_paid_for() {
        let poor = |_| Err(Damage::Exhausted);
        assert_eq!(decode(&bytes(MAP), true, &poor), Err(Damage::Exhausted));
    }
}
