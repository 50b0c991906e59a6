//! An operation's options as attributes: the schema's field names, defaults filled in.
//!
//! Which table holds which fields stands in the generated [`super::schema`]; this module reads any of
//! them. Beside the attributes it collects the subgraphs that an operation calls.

use serde_json::{Map, Value};

use super::flatbuffer::{Damage, Reader, Scalar, Table};
use super::schema::{BUILTIN_OPTIONS, BUILTIN_OPTIONS2, operator as o};

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
    I64(i64),
    F32(f32),
    Text,
    /// Bytes of a format of their own; only their number is kept.
    Bytes,
    Bools,
    I32s,
    I64s,
    F32s,
    /// An enumeration: names by value, width in bits, default.
    Enum8(&'static [&'static str], i8),
    Enum32(&'static [&'static str], i32),
    Enum32s(&'static [&'static str]),
    /// The index of a subgraph that the operation calls.
    Graph,
    Graphs,
}

/// What an operator's options say.
#[derive(Debug, Default)]
pub struct Options {
    pub attributes: Map<String, Value>,
    /// Indices of the subgraphs called, as the file gives them, in the order of the fields.
    pub graphs: Vec<i64>,
}

/// Vectors longer than this are kept as their length alone.
const MAX_LISTED: usize = 4096;
/// What an attribute costs beside its value, in bytes of memory.
const ATTRIBUTE_COST: u64 = 16;

/// Reads the builtin options (of either union) and the size of the custom options of an operator.
///
/// # Errors
/// [`Damage`]: an option lies outside the file. What was read before it is in `options`.
pub fn read(operator: Table<'_>, options: &mut Options) -> Result<(), Damage> {
    union(operator, o::BUILTIN_OPTIONS_TYPE, o::BUILTIN_OPTIONS, "builtin_options_type", BUILTIN_OPTIONS, options)?;
    union(operator, o::BUILTIN_OPTIONS_2_TYPE, o::BUILTIN_OPTIONS_2, "builtin_options_2_type", BUILTIN_OPTIONS2, options)?;
    let inside = operator.bytes(o::CUSTOM_OPTIONS)?.map(|range| range.len() as u64);
    let is_outside = operator.scalar(o::LARGE_CUSTOM_OPTIONS_OFFSET, 0u64)? > 1;
    let outside = operator.scalar(o::LARGE_CUSTOM_OPTIONS_SIZE, 0u64)?;
    if let Some(size) = inside.or(is_outside.then_some(outside)) {
        options.attributes.insert("custom_options_bytes".to_owned(), size.into());
    }
    Ok(())
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
        Kind::I64(default) => table.scalar(id, default)?.into(),
        Kind::F32(default) => float_value(table.scalar(id, default)?),
        Kind::Text => table.string(id)?.unwrap_or_default().into(),
        Kind::Bytes => {
            let size = table.bytes(id)?.map_or(0, |range| range.len());
            return Ok((format!("{}_bytes", field.name), size.into()));
        }
        Kind::Bools => list(table, id, |value: bool| value.into())?,
        Kind::I32s => list(table, id, |value: i32| value.into())?,
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
    reader.spend((count * 4) as u64)
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
