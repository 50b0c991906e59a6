//! An operation's options as attributes: the schema's field names, defaults filled in.
//!
//! Which table holds which fields stands in the generated [`super::schema`]; this module reads any of
//! them. Beside the attributes it collects the subgraphs that an operation calls. Custom operations keep
//! bytes of their own: most are flexbuffers, those of TensorFlow operations hold a `NodeDef`, and the rest
//! are structs that only their kernel knows.

use serde_json::{Map, Value};

use super::flatbuffer::{Damage, Reader, Scalar, Table, Tables};
use super::schema::{BUILTIN_OPTIONS, BUILTIN_OPTIONS2, operator as o};
use super::{flexbuffer, nodedef};
use crate::source::Source;

/// A field of an options table.
pub struct Field {
    pub name: &'static str,
    pub id: u16,
    pub kind: Kind,
}

/// The type of a field, with its default.
pub enum Kind {
    Bool(bool),
    I32(i32),
    U32(u32),
    I64(i64),
    F32(f32),
    Text,
    /// Bytes of a format of their own; only their number is kept.
    Bytes,
    Flexbuffer,
    Texts,
    Bools,
    I32s,
    U32s,
    I64s,
    F32s,
    /// An enumeration: names by value, width in bits, default.
    Enum8(&'static [&'static str], i8),
    Enum32(&'static [&'static str], i32),
    Enum32s(&'static [&'static str]),
    /// The index of a subgraph that the operation calls.
    Graph,
    Graphs,
    /// A table, a list of tables.
    Record(&'static [Field]),
    Records(&'static [Field]),
    /// One of several tables, with their names; the id is that of the field with the tag.
    Union(u16, &'static [(&'static str, &'static [Field])]),
}

/// What an operator's options say.
#[derive(Debug, Default)]
pub struct Options {
    pub attributes: Map<String, Value>,
    /// Indices of the subgraphs called, as the file gives them, in the order of the fields.
    pub graphs: Vec<i64>,
}

/// Vectors longer than this are kept as their length alone.
pub const MAX_LISTED: usize = 4096;
/// What an attribute costs beside its value, in bytes of memory.
const ATTRIBUTE_COST: u64 = 128;
/// Of a TensorFlow operation inside a model ("select TF operations").
const FLEX: &str = "Flex";

/// Reads the builtin options (of either union) of an operator, and its custom options. `custom_code` is
/// its own name, for an operator that is no builtin one.
///
/// # Errors
/// [`Damage`]: an option lies outside the file. What was read before it is in `options`.
pub fn read(operator: Table<'_>, custom_code: Option<&str>, source: &Source, options: &mut Options) -> Result<(), Damage> {
    union(operator, o::BUILTIN_OPTIONS_TYPE, o::BUILTIN_OPTIONS, "builtin_options_type", BUILTIN_OPTIONS, options)?;
    union(operator, o::BUILTIN_OPTIONS_2_TYPE, o::BUILTIN_OPTIONS_2, "builtin_options_2_type", BUILTIN_OPTIONS2, options)?;
    if let Some(bytes) = custom_options(operator, source)? {
        custom(bytes, custom_code.unwrap_or_default(), operator.reader(), options)?;
    }
    Ok(())
}

/// The bytes of an operator's custom options, inside the flatbuffer or outside.
fn custom_options<'s>(operator: Table<'s>, source: &'s Source) -> Result<Option<&'s [u8]>, Damage> {
    if let Some(range) = operator.bytes(o::CUSTOM_OPTIONS)? {
        return Ok(Some(operator.reader().slice(range)));
    }
    let (offset, size) = (operator.scalar(o::LARGE_CUSTOM_OPTIONS_OFFSET, 0u64)?, operator.scalar(o::LARGE_CUSTOM_OPTIONS_SIZE, 0u64)?);
    // As with buffers, only offsets above 1 are valid.
    if offset <= 1 {
        return Ok(None);
    }
    source.range(offset, size).map(Some).ok_or(Damage::Outside)
}

/// Custom options as attributes: how many bytes, and what they say, as far as their form is known.
fn custom(bytes: &[u8], code: &str, reader: &Reader<'_>, options: &mut Options) -> Result<(), Damage> {
    let attributes = &mut options.attributes;
    attributes.insert("custom_options_bytes".to_owned(), bytes.len().into());
    let spend = |amount| reader.spend(amount);
    let decoded = match flexbuffer::strings(bytes).as_deref() {
        Some([_, node]) if code.starts_with(FLEX) => nodedef::decode(node, &spend)?,
        _ => flexbuffer::decode(bytes, true, &spend)?,
    };
    match decoded {
        Some(value) => attributes.insert("custom_options".to_owned(), value),
        None if bytes.is_empty() => None,
        None => {
            let hex = flexbuffer::hex(bytes);
            reader.spend(ATTRIBUTE_COST + hex.len() as u64)?;
            attributes.insert("custom_options_hex".to_owned(), hex.into())
        }
    };
    Ok(())
}

/// A table's fields as JSON, by the schema's names; what the table lacks is left out.
///
/// # Errors
/// [`Damage`]: a field lies outside the file.
pub fn record(table: Table<'_>, fields: &[Field]) -> Result<Value, Damage> {
    let mut record = Map::new();
    for field in fields {
        let (name, value) = attribute(table, field, &mut Vec::new())?;
        let is_empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(entries) => entries.is_empty(),
            _ => false,
        };
        if !is_empty {
            record.insert(name, value);
        }
    }
    Ok(record.into())
}

/// The name of an enumeration's value, or its number where it has none.
pub fn enum_value(names: &[&str], value: i64) -> Value {
    usize::try_from(value).ok().and_then(|index| names.get(index)).map_or(Value::from(value), |name| Value::from(*name))
}

/// A float32 as the shortest decimal that reads back as the same float32; what JSON can't hold as
/// `nan`, `inf`, `-inf`.
pub fn float_value(value: f32) -> Value {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.into();
    }
    // Rust prints the shortest decimal; the float64 nearest to it prints the same again.
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

fn union(operator: Table<'_>, tag: u16, value: u16, key: &str, members: &[&[Field]], options: &mut Options) -> Result<(), Damage> {
    let tag = operator.scalar(tag, 0u8)?;
    if tag == 0 {
        return Ok(());
    }
    let Some(fields) = members.get(usize::from(tag)) else {
        // A member that came after this program.
        options.attributes.insert(key.to_owned(), tag.into());
        return Ok(());
    };
    let Some(table) = operator.table(value)? else { return Ok(()) };
    for field in *fields {
        let (name, value) = attribute(table, field, &mut options.graphs)?;
        options.attributes.insert(name, value);
    }
    Ok(())
}

fn attribute(table: Table<'_>, field: &Field, graphs: &mut Vec<i64>) -> Result<(String, Value), Damage> {
    let id = field.id;
    table.reader().spend(ATTRIBUTE_COST)?;
    let value = match field.kind {
        Kind::Bool(default) => table.scalar(id, default)?.into(),
        Kind::I32(default) => table.scalar(id, default)?.into(),
        Kind::U32(default) => table.scalar(id, default)?.into(),
        Kind::I64(default) => table.scalar(id, default)?.into(),
        Kind::F32(default) => float_value(table.scalar(id, default)?),
        Kind::Text => table.string(id)?.unwrap_or_default().into(),
        Kind::Bytes => {
            let size = table.bytes(id)?.map_or(0, |range| range.len());
            return Ok((format!("{}_bytes", field.name), size.into()));
        }
        Kind::Flexbuffer => {
            let bytes = table.bytes(id)?.map_or(&[][..], |range| table.reader().slice(range));
            match flexbuffer::decode(bytes, false, &|amount| table.reader().spend(amount))? {
                Some(value) => value,
                None => return Ok((format!("{}_bytes", field.name), bytes.len().into())),
            }
        }
        Kind::Texts => {
            let count = table.vector_len::<u32>(id)?;
            spend_list(table.reader(), count)?;
            table.strings(id)?.unwrap_or_default().into()
        }
        Kind::Bools => list(table, id, |value: bool| value.into())?,
        Kind::I32s => list(table, id, |value: i32| value.into())?,
        Kind::U32s => list(table, id, |value: u32| value.into())?,
        Kind::I64s => list(table, id, |value: i64| value.into())?,
        Kind::F32s => list(table, id, float_value)?,
        Kind::Enum8(names, default) => enum_value(names, table.scalar(id, default)?.into()),
        Kind::Enum32(names, default) => enum_value(names, table.scalar(id, default)?.into()),
        Kind::Enum32s(names) => list(table, id, |value: i32| enum_value(names, value.into()))?,
        Kind::Graph => {
            let graph = i64::from(table.scalar(id, 0i32)?);
            graphs.push(graph);
            graph.into()
        }
        Kind::Graphs => {
            graphs.extend(table.vector::<i32>(id)?.unwrap_or_default().into_iter().map(i64::from));
            list(table, id, |value: i32| value.into())?
        }
        Kind::Record(fields) => table.table(id)?.map_or(Ok(Value::Null), |table| record(table, fields))?,
        Kind::Records(fields) => {
            let tables = table.tables(id)?;
            let records = tables.into_iter().flat_map(Tables::iter).map(|table| record(table?, fields));
            Value::Array(records.collect::<Result<_, _>>()?)
        }
        Kind::Union(tag, members) => {
            let member = members.get(usize::from(table.scalar(tag, 0u8)?)).filter(|(_, fields)| !fields.is_empty());
            match (member, table.table(id)?) {
                (Some((name, fields)), Some(table)) => Map::from_iter([((*name).to_owned(), record(table, fields)?)]).into(),
                _ => Value::Null,
            }
        }
    };
    Ok((field.name.to_owned(), value))
}

fn list<T: Scalar>(table: Table<'_>, id: u16, value: impl Fn(T) -> Value) -> Result<Value, Damage> {
    let count = table.vector_len::<T>(id)?;
    if count > MAX_LISTED {
        return Ok(format!("{count} values").into());
    }
    spend_list(table.reader(), count)?;
    Ok(table.vector(id)?.unwrap_or_default().into_iter().map(value).collect())
}

/// Pays for a list of JSON values, which are wider than the numbers in the file.
fn spend_list(reader: &Reader<'_>, count: usize) -> Result<(), Damage> {
    reader.spend((count * size_of::<Value>()) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_the_shortest_decimal() {
        for (value, text) in [
            (0.1f32, "0.1"),
            (1e-5, "0.00001"),
            (6.0, "6.0"),
            (16_777_216.0, "16777216.0"),
            (f32::MIN_POSITIVE, "1.1754944e-38"),
            (f32::NAN, "\"nan\""),
            (f32::NEG_INFINITY, "\"-inf\""),
        ] {
            assert_eq!(float_value(value).to_string(), text);
        }
    }

    #[test]
    fn unknown_enum_values_stay_numbers() {
        assert_eq!(enum_value(&["SAME", "VALID"], 1), Value::from("VALID"));
        assert_eq!(enum_value(&["SAME", "VALID"], 6), Value::from(6));
        assert_eq!(enum_value(&["SAME", "VALID"], -1), Value::from(-1));
    }
}
