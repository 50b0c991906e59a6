//! The attributes of a TensorFlow operation inside a model ("Flex", or select TF operations): a
//! `NodeDef` as protobuf.
//!
//! Only what says something about the layer is read: the name and the attributes. Source: TensorFlow,
//! `node_def.proto`, `attr_value.proto`, `tensor_shape.proto`, `types.proto`; the encoding:
//! <https://protobuf.dev/programming-guides/encoding/>.

use serde_json::{Map, Value, json};

use super::flatbuffer::Damage;
use super::options::{MAX_LISTED, float_value};

/// What an attribute costs beside its text, in bytes of memory.
const VALUE_COST: u64 = 80;

/// `DataType` by number.
const TYPES: [&str; 31] = [
    "DT_INVALID",
    "DT_FLOAT",
    "DT_DOUBLE",
    "DT_INT32",
    "DT_UINT8",
    "DT_INT16",
    "DT_INT8",
    "DT_STRING",
    "DT_COMPLEX64",
    "DT_INT64",
    "DT_BOOL",
    "DT_QINT8",
    "DT_QUINT8",
    "DT_QINT32",
    "DT_BFLOAT16",
    "DT_QINT16",
    "DT_QUINT16",
    "DT_UINT16",
    "DT_COMPLEX128",
    "DT_HALF",
    "DT_RESOURCE",
    "DT_VARIANT",
    "DT_UINT32",
    "DT_UINT64",
    "DT_FLOAT8_E5M2",
    "DT_FLOAT8_E4M3FN",
    "DT_FLOAT8_E4M3FNUZ",
    "DT_FLOAT8_E4M3B11FNUZ",
    "DT_FLOAT8_E5M2FNUZ",
    "DT_INT4",
    "DT_UINT4",
];

/// Name, operation and attributes of a serialised `NodeDef`; `None` if the bytes are none. `spend` pays
/// for memory.
///
/// # Errors
/// What `spend` says.
pub fn decode(bytes: &[u8], spend: &dyn Fn(u64) -> Result<(), Damage>) -> Result<Option<Value>, Damage> {
    if !is_message(bytes) {
        return Ok(None);
    }
    // What is kept costs what it takes in the file, and what its value takes here.
    spend(bytes.len() as u64)?;
    let (mut node, mut attributes) = (Map::new(), Map::new());
    for (number, field) in fields(bytes) {
        match (number, field) {
            (1, Field::Bytes(name)) => node.insert("name".to_owned(), text(name)).map_or((), drop),
            (2, Field::Bytes(op)) => node.insert("op".to_owned(), text(op)).map_or((), drop),
            (4, Field::Bytes(device)) if !device.is_empty() => node.insert("device".to_owned(), text(device)).map_or((), drop),
            (5, Field::Bytes(entry)) => {
                let Some(Field::Bytes(key)) = last(entry, 1) else { continue };
                let Some(Field::Bytes(value)) = last(entry, 2) else { continue };
                let value = attribute(value);
                spend(VALUE_COST * (1 + value.as_array().map_or(0, Vec::len) as u64))?;
                attributes.insert(String::from_utf8_lossy(key).into_owned(), value);
            }
            _ => {}
        }
    }
    node.insert("attr".to_owned(), attributes.into());
    Ok(Some(node.into()))
}

/// An `AttrValue`.
fn attribute(bytes: &[u8]) -> Value {
    match fields(bytes).next() {
        Some((1, Field::Bytes(list))) => self::list(list),
        Some((number, field)) => single(number, field),
        None => Value::Null,
    }
}

/// One value; the field numbers of `AttrValue` and of its `ListValue` are the same.
fn single(number: u64, field: Field<'_>) -> Value {
    match (number, field) {
        (2, Field::Bytes(bytes)) => text(bytes),
        (3, Field::Number(number)) => (number as i64).into(),
        (4, Field::Four(bits)) => float_value(f32::from_bits(bits)),
        (5, Field::Number(number)) => (number != 0).into(),
        (6, Field::Number(number)) => data_type(number),
        (7, Field::Bytes(bytes)) => shape(bytes),
        (8, Field::Bytes(bytes)) => format!("tensor, {} bytes", bytes.len()).into(),
        (9, Field::Bytes(bytes)) => json!({"placeholder": text(bytes)}),
        (10, Field::Bytes(bytes)) => json!({"func": last(bytes, 1).map_or(Value::Null, name)}),
        _ => Value::Null,
    }
}

fn list(bytes: &[u8]) -> Value {
    let mut values = Vec::new();
    for (number, field) in fields(bytes) {
        match (number, field) {
            // Numbers may be packed into one field.
            (3 | 5 | 6, Field::Bytes(mut packed)) => {
                while let Some((value, rest)) = varint(packed).filter(|_| values.len() <= MAX_LISTED) {
                    values.push(single(number, Field::Number(value)));
                    packed = rest;
                }
            }
            (4, Field::Bytes(packed)) => {
                let bits = packed.chunks_exact(4).filter_map(|chunk| chunk.first_chunk()).take(MAX_LISTED + 1);
                values.extend(bits.map(|bits| single(4, Field::Four(u32::from_le_bytes(*bits)))));
            }
            (number, field) => values.push(single(number, field)),
        }
        if values.len() > MAX_LISTED {
            return format!("more than {MAX_LISTED} values").into();
        }
    }
    values.into()
}

/// A `TensorShapeProto`: -1 for a dimension that is not known.
fn shape(bytes: &[u8]) -> Value {
    if matches!(last(bytes, 3), Some(Field::Number(1))) {
        return "unknown rank".into();
    }
    let dims = fields(bytes).filter_map(|field| match field {
        (2, Field::Bytes(dim)) => match last(dim, 1) {
            Some(Field::Number(size)) => Some(Value::from(size as i64)),
            _ => Some(Value::from(0)),
        },
        _ => None,
    });
    dims.take(MAX_LISTED).collect()
}

fn data_type(number: u64) -> Value {
    const REFERENCES: u64 = 100;
    let name = |number: u64| usize::try_from(number).ok().and_then(|number| TYPES.get(number));
    match (name(number), number.checked_sub(REFERENCES).and_then(name)) {
        (Some(name), _) => (*name).into(),
        (None, Some(name)) => format!("{name}_REF").into(),
        (None, None) => number.into(),
    }
}

fn name(field: Field<'_>) -> Value {
    match field {
        Field::Bytes(bytes) => text(bytes),
        _ => Value::Null,
    }
}

fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => format!("{} bytes", bytes.len()).into(),
    }
}

/// A field of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Field<'b> {
    Number(u64),
    Four(u32),
    Eight,
    Bytes(&'b [u8]),
}

/// The last field of a number in a message: where a field may stand once, the last one counts.
fn last(bytes: &[u8], wanted: u64) -> Option<Field<'_>> {
    fields(bytes).filter(|(number, _)| *number == wanted).map(|(_, field)| field).last()
}

fn is_message(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let Some((_, rest)) = first_field(bytes) else { return false };
        bytes = rest;
    }
    true
}

/// The fields of a message, up to the first that is damaged.
fn fields(bytes: &[u8]) -> impl Iterator<Item = (u64, Field<'_>)> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (field, after) = first_field(rest)?;
        rest = after;
        Some(field)
    })
}

/// The number and the value of the field that a message begins with, and the rest of the message.
fn first_field(bytes: &[u8]) -> Option<((u64, Field<'_>), &[u8])> {
    let (key, rest) = varint(bytes)?;
    let (field, rest) = match key & 7 {
        0 => varint(rest).map(|(number, rest)| (Field::Number(number), rest))?,
        1 => (Field::Eight, rest.get(8..)?),
        2 => {
            let (len, rest) = varint(rest)?;
            let (field, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
            (Field::Bytes(field), rest)
        }
        5 => (Field::Four(u32::from_le_bytes(*rest.first_chunk()?)), rest.get(4..)?),
        _ => return None,
    };
    let number = key >> 3;
    (number > 0).then_some(((number, field), rest))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0u64;
    for (position, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[position + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tf.compat.v1.NodeDef.SerializeToString` of TensorFlow 2.21: an operation with an attribute of every kind.
    const NODE: &str = "0a04636f6e761206436f6e7632441a017822062f6370753a302a070a0154120230012a0e0a05616c7068611205250000003f2a0d \
        0a04626f6479120552030a01662a0f0a05626f6f6c7312060a042a0201002a160a06666c6f617473120c0a0a22080000c03f0000 \
        00c02a140a0567726f7570120b18fdffffffffffffffff012a110a056e616d657312080a061201611201622a110a077061646469 \
        6e671206120453414d452a090a03726566120230672a1c0a05736861706512133a1112020802120b08ffffffffffffffffff012a \
        1b0a077374726964657312100a0e1a0c0102ffffffffffffffffff012a0f0a05747970657312060a043202130a2a0f0a07756e6b \
        6e6f776e12043a0218012a0f0a097573655f6375646e6e120228012a0f0a0576616c75651206420408011805";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter_map(|digit| (digit as char).to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    #[test]
    fn what_tensorflow_writes() {
        let node = decode(&bytes(NODE), &|_| Ok(())).unwrap();
        let expected = json!({
            "name": "conv", "op": "Conv2D", "device": "/cpu:0",
            "attr": {
                "T": "DT_FLOAT", "ref": "DT_INT32_REF", "padding": "SAME", "strides": [1, 2, -1], "use_cudnn": true, "alpha": 0.5, "group": -3,
                "shape": [2, -1], "unknown": "unknown rank", "types": ["DT_HALF", "DT_BOOL"], "floats": [1.5, -2.0], "bools": [true, false],
                "names": ["a", "b"], "body": {"func": "f"}, "value": "tensor, 4 bytes",
            },
        });
        assert_eq!(node, Some(expected));
    }

    #[test]
    fn any_truncation_and_any_byte_is_survived() {
        let node = bytes(NODE);
        for position in 0..node.len() {
            let _ = decode(&node[..position], &|_| Ok(()));
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut node = node.clone();
                node[position] = value;
                let _ = decode(&node, &|_| Ok(()));
            }
        }
        assert_eq!(decode(b"\xff\xff\xff", &|_| Ok(())).unwrap(), None);
    }
}
