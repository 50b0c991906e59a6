//! What a file says about itself: description, signatures, metadata entries, and who wrote it.

use serde_json::{Map, Value};

use super::buffers::{Buffers, Content};
use super::flatbuffer::{Damage, Reader, Table, lenient};
use super::options::record;
use super::schema::{
    MODEL_METADATA, MODEL_OPTIMIZATION_MODE, MODEL_TYPE, conversion_metadata, conversion_options, environment, metadata, model,
    signature_def, sparsity_block_size, tensor_map,
};
use super::warnings::Warnings;
use crate::formats::container::plain_name;
use crate::model::{AssociatedFile, FileKind, Graph, GraphId, Signature, TensorId};
use crate::source::Source;

/// Longer texts are kept as their length alone.
const MAX_TEXT: usize = 4096;
/// Entries without a name that are shown.
const MAX_UNNAMED: usize = 16;
const CONVERSION_METADATA: &str = "CONVERSION_METADATA";
/// The description for people and task libraries (`metadata_schema.fbs` of TensorFlow Lite Support).
const TFLITE_METADATA: &str = "TFLITE_METADATA";
const TFLITE_METADATA_IDENTIFIER: &str = "M001";
/// Memory that a name in a signature takes beside its letters, in bytes.
const NAME_COST: u64 = 48;
const SIGNATURE_COST: u64 = size_of::<Signature>() as u64 + 32;

/// What a file says about itself.
#[derive(Debug, Default)]
pub struct About {
    pub producer: Option<String>,
    /// `description`, then the metadata entries by their own names.
    pub entries: Map<String, Value>,
    pub signatures: Vec<Signature>,
}

/// Reads everything that describes the model. What is damaged is left out.
///
/// # Errors
/// [`Damage::Exhausted`] only.
pub fn read(root: Table<'_>, source: &Source, buffers: &Buffers, graphs: &[Graph], warnings: &mut Warnings) -> Result<About, Damage> {
    let mut entries = Map::new();
    let description = lenient(root.string(model::DESCRIPTION))?.flatten().filter(|text| !text.is_empty());
    if let Some(text) = &description {
        entries.insert("description".to_owned(), text.as_str().into());
    }
    let mut tensorflow = None;
    if let Some(tables) = lenient(root.tables(model::METADATA))?.flatten() {
        for table in tables.iter() {
            let entry = table.and_then(|table| Ok((table.string(metadata::NAME)?, table.scalar(metadata::BUFFER, 0u32)?)));
            let Some((Some(name), buffer)) = lenient(entry)? else { continue };
            let bytes = bytes_of(buffer, source, buffers);
            let value = match name.as_str() {
                CONVERSION_METADATA => conversion(bytes).map(|(version, value)| {
                    tensorflow = version;
                    value
                }),
                TFLITE_METADATA => model_metadata(bytes, root.reader())?,
                _ => None,
            };
            root.reader().spend(bytes.len().min(MAX_TEXT) as u64)?;
            let value = value.unwrap_or_else(|| text_or_size(bytes));
            entries.entry(name).or_insert(value);
        }
    }
    // Files from before entries had names: buffers alone.
    let unnamed: Vec<i32> = lenient(root.vector(model::METADATA_BUFFER))?.flatten().unwrap_or_default();
    if !unnamed.is_empty() {
        let indices = unnamed.iter().take(MAX_UNNAMED).map(|index| u32::try_from(*index).unwrap_or(u32::MAX));
        let texts: Vec<Value> = indices.map(|index| text_or_size(bytes_of(index, source, buffers))).collect();
        root.reader().spend((texts.len() * MAX_TEXT) as u64)?;
        entries.entry("metadata_buffer").or_insert(texts.into());
    }
    let producer = tensorflow.map(|version| format!("TensorFlow {version}"));
    let producer = producer.or_else(|| description.filter(|text| text.len() <= MAX_TEXT));
    Ok(About { producer, entries, signatures: signatures(root, graphs, warnings)? })
}

/// The bytes of the first metadata entry of a name.
///
/// # Errors
/// [`Damage::Exhausted`] only.
pub fn content<'s>(root: Table<'_>, name: &str, source: &'s Source, buffers: &Buffers) -> Result<Option<&'s [u8]>, Damage> {
    for table in lenient(root.tables(model::METADATA))?.flatten().into_iter().flat_map(super::flatbuffer::Tables::iter) {
        let entry = table.and_then(|table| Ok((table.string(metadata::NAME)?, table.scalar(metadata::BUFFER, 0u32)?)));
        if let Some((Some(own), buffer)) = lenient(entry)?
            && own == name
        {
            return Ok(Some(bytes_of(buffer, source, buffers)).filter(|bytes| !bytes.is_empty()));
        }
    }
    Ok(None)
}

/// The content of a buffer; empty where the file does not hold it.
fn bytes_of<'s>(buffer: u32, source: &'s Source, buffers: &Buffers) -> &'s [u8] {
    match buffers.get(buffer) {
        Content::Data(bytes) if bytes.source == 0 => source.range(bytes.offset, bytes.len).unwrap_or_default(),
        _ => &[],
    }
}

/// The signatures, with the tensors behind the names that a caller uses.
fn signatures(root: Table<'_>, graphs: &[Graph], warnings: &mut Warnings) -> Result<Vec<Signature>, Damage> {
    let mut signatures = Vec::new();
    let Some(tables) = lenient(root.tables(model::SIGNATURE_DEFS))?.flatten() else { return Ok(signatures) };
    for (index, table) in tables.iter().enumerate() {
        match lenient(table.and_then(|table| signature(table, graphs, warnings)))? {
            Some(signature) => signatures.extend(signature),
            None => warnings.push(|| format!("signature {index} is damaged")),
        }
    }
    Ok(signatures)
}

fn signature(table: Table<'_>, graphs: &[Graph], warnings: &mut Warnings) -> Result<Option<Signature>, Damage> {
    table.reader().spend(SIGNATURE_COST)?;
    let key = table.string(signature_def::SIGNATURE_KEY)?.unwrap_or_default();
    let subgraph: u32 = table.scalar(signature_def::SUBGRAPH_INDEX, 0)?;
    let Some(graph) = graphs.get(subgraph as usize) else {
        warnings.push(|| format!("signature {key:?} calls graph {subgraph}, but there are {}", graphs.len()));
        return Ok(None);
    };
    let mut names = |field| -> Result<Vec<(String, TensorId)>, Damage> {
        let mut names = Vec::new();
        for map in table.tables(field)?.into_iter().flat_map(super::flatbuffer::Tables::iter) {
            let map = map?;
            table.reader().spend(NAME_COST)?;
            let name = map.string(tensor_map::NAME)?.unwrap_or_default();
            let index: u32 = map.scalar(tensor_map::TENSOR_INDEX, 0)?;
            if (index as usize) < graph.tensors.len() {
                names.push((name, TensorId(index)));
            } else {
                let count = graph.tensors.len();
                warnings.push(|| format!("signature {key:?} names tensor {index} of graph {subgraph} {name:?}, but there are {count}"));
            }
        }
        Ok(names)
    };
    let (inputs, outputs) = (names(signature_def::INPUTS)?, names(signature_def::OUTPUTS)?);
    Ok(Some(Signature { key, graph: GraphId(subgraph), inputs, outputs }))
}

/// The flatbuffer of `TFLITE_METADATA` by the names of its schema; `None` if the bytes are something else.
fn model_metadata(bytes: &[u8], reader: &Reader<'_>) -> Result<Option<Value>, Damage> {
    if bytes.len() < 8 || !flatbuffers::buffer_has_identifier(bytes, TFLITE_METADATA_IDENTIFIER, false) {
        return Ok(None);
    }
    // A flatbuffer of its own, but what it describes is paid for from the budget of the whole file.
    let budget = (bytes.len() as u64).saturating_mul(8).saturating_add(1 << 12).min(reader.left());
    let own = Reader::with_budget(bytes, budget);
    let value = own.root().and_then(|root| record(root, MODEL_METADATA)).ok();
    reader.spend(budget - own.left())?;
    Ok(value)
}

/// Tells the files behind the model what the model's metadata says about them. Returns the names of
/// those that are missing.
pub fn describe_files(entries: &Map<String, Value>, files: &mut [AssociatedFile]) -> Vec<String> {
    let mut missing = Vec::new();
    let Some(metadata) = entries.get(TFLITE_METADATA) else { return missing };
    for (about, named) in named_files(metadata) {
        let text = |key: &str| named.get(key).and_then(Value::as_str);
        let Some(name) = text("name") else { continue };
        // Zip archives name files as the metadata does.
        let Some(file) = files.iter_mut().find(|file| file.name == plain_name(name)) else {
            missing.push(name.to_owned());
            continue;
        };
        if let Some(kind) = text("type").and_then(file_kind) {
            file.kind = kind;
        }
        file.description = file.description.take().or_else(|| text("description").map(str::to_owned));
        file.about.extend(about);
    }
    missing
}

/// The associated files that the metadata names anywhere, each with the tensor that it is about.
fn named_files(metadata: &Value) -> Vec<(Option<String>, &Value)> {
    fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
        value.get(key).and_then(Value::as_array).into_iter().flatten()
    }
    let mut named: Vec<_> = list(metadata, "associated_files").map(|file| (None, file)).collect();
    for graph in list(metadata, "subgraph_metadata") {
        named.extend(list(graph, "associated_files").map(|file| (None, file)));
        for (side, key) in [("input", "input_tensor_metadata"), ("output", "output_tensor_metadata")] {
            for (index, tensor) in list(graph, key).enumerate() {
                let name = tensor.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned);
                let about = Some(format!("{side} {name}"));
                named.extend(list(tensor, "associated_files").map(|file| (about.clone(), file)));
            }
        }
    }
    named
}

/// `AssociatedFileType`.
fn file_kind(name: &str) -> Option<FileKind> {
    Some(match name {
        "DESCRIPTIONS" => FileKind::Descriptions,
        "TENSOR_AXIS_LABELS" => FileKind::AxisLabels,
        "TENSOR_VALUE_LABELS" => FileKind::ValueLabels,
        "TENSOR_AXIS_SCORE_CALIBRATION" => FileKind::ScoreCalibration,
        "VOCABULARY" => FileKind::Vocabulary,
        "SCANN_INDEX_FILE" => FileKind::Index,
        _ => return None,
    })
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
        for (name, field) in [
            ("allow_custom_ops", conversion_options::ALLOW_CUSTOM_OPS),
            ("enable_select_tf_ops", conversion_options::ENABLE_SELECT_TF_OPS),
            ("force_select_tf_ops", conversion_options::FORCE_SELECT_TF_OPS),
        ] {
            value.insert(name.to_owned(), table.scalar(field, false).ok()?.into());
        }
        let blocks = table.tables(conversion_options::SPARSITY_BLOCK_SIZES).ok()?;
        let blocks = blocks
            .into_iter()
            .flat_map(super::flatbuffer::Tables::iter)
            .map(|block| block.ok()?.vector::<u32>(sparsity_block_size::VALUES).ok()?);
        let blocks: Vec<Vec<u32>> = blocks.collect::<Option<_>>()?;
        if !blocks.is_empty() {
            value.insert("sparsity_block_sizes".to_owned(), blocks.into());
        }
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
