//! What a file says about itself: description, signatures, metadata entries, and who wrote it.

use serde_json::{Map, Value};

use super::buffers::{Buffers, Content};
use super::flatbuffer::{Damage, Reader, Table, lenient};
use super::schema::{
    MODEL_OPTIMIZATION_MODE, MODEL_TYPE, conversion_metadata, conversion_options, environment, metadata, model, signature_def, tensor_map,
};
use crate::model::Graph;
use crate::source::Source;

/// Longer texts are kept as their length alone.
const MAX_TEXT: usize = 4096;
const CONVERSION_METADATA: &str = "CONVERSION_METADATA";

/// What a file says about itself.
#[derive(Debug, Default)]
pub struct About {
    pub producer: Option<String>,
    /// `description`, `signatures`, then the metadata entries by their own names.
    pub entries: Map<String, Value>,
}

/// Reads everything that describes the model. What is damaged is left out.
///
/// # Errors
/// [`Damage::Exhausted`] only.
pub fn read(root: Table<'_>, source: &Source, buffers: &Buffers, graphs: &[Graph]) -> Result<About, Damage> {
    let mut entries = Map::new();
    let description = lenient(root.string(model::DESCRIPTION))?.flatten().filter(|text| !text.is_empty());
    if let Some(text) = &description {
        entries.insert("description".to_owned(), text.as_str().into());
    }
    let signatures = signatures(root, graphs)?;
    if !signatures.is_empty() {
        entries.insert("signatures".to_owned(), signatures.into());
    }
    let mut tensorflow = None;
    if let Some(tables) = lenient(root.tables(model::METADATA))?.flatten() {
        for table in tables.iter() {
            let entry = table.and_then(|table| Ok((table.string(metadata::NAME)?, table.scalar(metadata::BUFFER, 0u32)?)));
            let Some((Some(name), buffer)) = lenient(entry)? else { continue };
            let bytes = match buffers.get(buffer) {
                Content::Data(bytes) => source.range(bytes.offset, bytes.len).unwrap_or_default(),
                _ => &[],
            };
            root.reader().spend(bytes.len().min(MAX_TEXT) as u64)?;
            let value = match name.as_str() {
                CONVERSION_METADATA => conversion(bytes).map(|(version, value)| {
                    tensorflow = version;
                    value
                }),
                _ => None,
            };
            let value = value.unwrap_or_else(|| text_or_size(bytes));
            entries.entry(name).or_insert(value);
        }
    }
    let producer = tensorflow.map(|version| format!("TensorFlow {version}"));
    let producer = producer.or_else(|| description.filter(|text| text.len() <= MAX_TEXT));
    Ok(About { producer, entries })
}

/// Signature key -> its subgraph and the tensors behind the names that a caller uses.
fn signatures(root: Table<'_>, graphs: &[Graph]) -> Result<Map<String, Value>, Damage> {
    let mut signatures = Map::new();
    let Some(tables) = lenient(root.tables(model::SIGNATURE_DEFS))?.flatten() else { return Ok(signatures) };
    for table in tables.iter() {
        if let Some((key, value)) = lenient(table.and_then(|table| signature(table, graphs)))? {
            signatures.entry(key).or_insert(value);
        }
    }
    Ok(signatures)
}

fn signature(table: Table<'_>, graphs: &[Graph]) -> Result<(String, Value), Damage> {
    let key = table.string(signature_def::SIGNATURE_KEY)?.unwrap_or_default();
    let subgraph: u32 = table.scalar(signature_def::SUBGRAPH_INDEX, 0)?;
    let graph = graphs.get(subgraph as usize);
    let names = |field| -> Result<Value, Damage> {
        let mut names = Map::new();
        let Some(maps) = table.tables(field)? else { return Ok(names.into()) };
        for map in maps.iter() {
            let map = map?;
            let name = map.string(tensor_map::NAME)?.unwrap_or_default();
            let index: u32 = map.scalar(tensor_map::TENSOR_INDEX, 0)?;
            let tensor = graph.and_then(|graph| graph.tensors.get(index as usize)).map(|tensor| tensor.name.as_str());
            table.reader().spend(tensor.map_or(0, str::len) as u64)?;
            names.insert(name, tensor.into());
        }
        Ok(names.into())
    };
    let mut value = Map::new();
    value.insert("subgraph".to_owned(), subgraph.into());
    value.insert("inputs".to_owned(), names(signature_def::INPUTS)?);
    value.insert("outputs".to_owned(), names(signature_def::OUTPUTS)?);
    Ok((key, value.into()))
}

/// The converter's own flatbuffer (`conversion_metadata.fbs`): the TensorFlow version, and the main
/// facts as one value.
fn conversion(bytes: &[u8]) -> Option<(Option<String>, Value)> {
    let reader = Reader::new(bytes);
    let root = reader.root().ok()?;
    let mut value = Map::new();
    let mut version = None;
    if let Some(table) = root.table(conversion_metadata::ENVIRONMENT).ok()? {
        version = table.string(environment::TENSORFLOW_VERSION).ok()?.filter(|text| !text.is_empty());
        value.insert("tensorflow_version".to_owned(), version.as_deref().into());
        value.insert("api_version".to_owned(), table.scalar(environment::API_VERSION, 0u32).ok()?.into());
        value.insert("model_type".to_owned(), named(MODEL_TYPE, table.scalar(environment::MODEL_TYPE, 0i32).ok()?));
    }
    if let Some(table) = root.table(conversion_metadata::OPTIONS).ok()? {
        let modes: Vec<i32> = table.vector(conversion_options::MODEL_OPTIMIZATION_MODES).ok()?.unwrap_or_default();
        let modes: Value = modes.into_iter().map(|mode| named(MODEL_OPTIMIZATION_MODE, mode)).collect();
        value.insert("model_optimization_modes".to_owned(), modes);
    }
    // Not what it is called, rather than a file without any of it.
    (!value.is_empty()).then_some((version, value.into()))
}

fn named(names: &[(i32, &str)], value: i32) -> Value {
    names.iter().find(|(number, _)| *number == value).map_or(Value::from(value), |(_, name)| Value::from(*name))
}

/// Printable text without the zero bytes that fill it up, else how long it is.
fn text_or_size(bytes: &[u8]) -> Value {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let text = bytes.get(..end).filter(|text| text.len() <= MAX_TEXT).and_then(|text| std::str::from_utf8(text).ok());
    match text.filter(|text| !text.chars().any(|letter| letter.is_control() && !"\n\r\t".contains(letter))) {
        Some(text) => text.into(),
        None => format!("{} bytes", bytes.len()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_other_bytes_are_counted() {
        for (bytes, expected) in [
            (&b"1.5.0\0\0\0"[..], "1.5.0"),
            (b"", ""),
            (b"\0\0", ""),
            (b"two\nlines", "two\nlines"),
            (b"\x01\x02", "2 bytes"),
            (b"\xff", "1 bytes"),
            (b"a\0b", "3 bytes"),
            (&[b'x'; 5000], "5000 bytes"),
        ] {
            assert_eq!(text_or_size(bytes), Value::from(expected));
        }
    }
}
