//! LiteRT-LM's `.litertlm`: a header flatbuffer that lists sections (models, weights, tokenizers), and
//! the sections. Source: google-ai-edge/LiteRT-LM, `schema/core/litertlm_header_schema.fbs` and
//! `litertlm_read.cc`.

use std::sync::Arc;

use super::{Names, Part, Parts, Siblings, plain_name};
use crate::formats::tflite::flatbuffer::{Damage, Reader, Table, lenient};
use crate::model::FileKind;
use crate::source::{Packed, Packing, Source};

pub const MAGIC: &[u8] = b"LITERTLM";
const MAJOR_VERSION: u32 = 1;
/// Magic, three version numbers and a gap, and the end of the header flatbuffer as u64.
const HEADER_START: u64 = 32;
/// Field ids of the header's tables.
mod id {
    pub const SECTION_METADATA: u16 = 1;
    pub const OBJECTS: u16 = 0;
    pub const ITEMS: u16 = 0;
    pub const BEGIN_OFFSET: u16 = 1;
    pub const END_OFFSET: u16 = 2;
    pub const DATA_TYPE: u16 = 3;
    pub const KEY: u16 = 0;
    pub const VALUE_TYPE: u16 = 1;
    pub const VALUE: u16 = 2;
    pub const STRING_VALUE: u16 = 0;
}
/// `VData.StringValue`.
const STRING: u8 = 9;
/// The name by which a model's external buffers mean the weights section of its own type (LiteRT-LM,
/// `runtime/executor/llm_litert_compiled_model_executor.cc`).
const WEIGHTS_GROUP: &str = "tflite_weights";

/// `AnySectionDataType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DataType {
    Model,
    Weights,
    SentencePiece,
    /// JSON behind its length as u64, as zlib compresses it.
    HuggingFace,
    LlmMetadata,
    ExecutorMetadata,
    Other,
}

struct Section {
    data_type: DataType,
    /// What the model is for: `tf_lite_prefill_decode`.
    model_type: Option<String>,
    bytes: Result<Source, String>,
}

/// The sections of a file.
///
/// # Errors
/// One sentence: the header is damaged, or of a version that nobody knows yet.
pub fn read(source: &Source) -> Result<Parts, String> {
    let number = |at: usize| source.bytes().get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    let version = number(8).ok_or(DAMAGED)?;
    if version != MAJOR_VERSION {
        return Err(format!("its version is {version}, and version {MAJOR_VERSION} is read"));
    }
    let header_end = source.bytes().get(24..).and_then(<[u8]>::first_chunk).map(|bytes| u64::from_le_bytes(*bytes)).ok_or(DAMAGED)?;
    let header = header_end.checked_sub(HEADER_START).and_then(|len| source.range(HEADER_START, len)).ok_or(DAMAGED)?;
    let reader = Reader::new(header);
    let sections = sections(&reader, source).map_err(|_| DAMAGED)?;
    Ok(parts(&sections))
}

const DAMAGED: &str = "its header is damaged, or the file is cut off";

fn sections(reader: &Reader<'_>, source: &Source) -> Result<Vec<Section>, Damage> {
    let metadata = reader.root()?.table(id::SECTION_METADATA)?.ok_or(Damage::Outside)?;
    let objects = metadata.tables(id::OBJECTS)?.ok_or(Damage::Outside)?;
    let mut sections = Vec::new();
    for object in objects.iter() {
        let object = object?;
        let (begin, end): (u64, u64) = (object.scalar(id::BEGIN_OFFSET, 0)?, object.scalar(id::END_OFFSET, 0)?);
        let bytes = end.checked_sub(begin).and_then(|len| source.part(source.path(), begin, len));
        sections.push(Section {
            data_type: match object.scalar(id::DATA_TYPE, 0u8)? {
                3 => DataType::Model,
                4 => DataType::SentencePiece,
                5 => DataType::LlmMetadata,
                6 => DataType::HuggingFace,
                7 => DataType::Weights,
                8 => DataType::ExecutorMetadata,
                _ => DataType::Other,
            },
            model_type: lenient(item(object, "model_type"))?.flatten(),
            bytes: bytes.ok_or_else(|| format!("its bytes {begin} to {end} lie outside the file, which may be cut off")),
        });
    }
    Ok(sections)
}

/// The text that a section bears under a key.
fn item(object: Table<'_>, key: &str) -> Result<Option<String>, Damage> {
    let Some(items) = object.tables(id::ITEMS)? else { return Ok(None) };
    for item in items.iter() {
        let item = item?;
        if item.string(id::KEY)?.as_deref() == Some(key) && item.scalar(id::VALUE_TYPE, 0u8)? == STRING {
            return item.table(id::VALUE)?.map_or(Ok(None), |value| value.string(id::STRING_VALUE));
        }
    }
    Ok(None)
}

fn parts(sections: &[Section]) -> Parts {
    let mut names = Names::default();
    let mut parts = Parts::default();
    for (index, section) in sections.iter().enumerate() {
        let kind_of = section.model_type.as_deref().map(plain_name);
        let stem = kind_of.unwrap_or_else(|| format!("section_{index}"));
        let (name, kind) = match section.data_type {
            DataType::Model => (stem, FileKind::Binary),
            DataType::Weights => (format!("{stem}.weights"), FileKind::Weights),
            DataType::SentencePiece => ("sentencepiece.model".to_owned(), FileKind::Tokenizer),
            DataType::HuggingFace => ("tokenizer.json".to_owned(), FileKind::Tokenizer),
            DataType::LlmMetadata => ("llm_metadata.pb".to_owned(), FileKind::Binary),
            DataType::ExecutorMetadata => ("executor_metadata.pb".to_owned(), FileKind::Binary),
            DataType::Other => (format!("{stem}.bin"), FileKind::Binary),
        };
        let content = match &section.bytes {
            Ok(bytes) if section.data_type == DataType::HuggingFace => compressed(bytes),
            Ok(bytes) => Packed::new(bytes.clone(), Packing::Plain, bytes.len(), None),
            Err(problem) => {
                parts.warnings.push(format!("section {index} can't be read: {problem}"));
                continue;
            }
        };
        let siblings = if section.data_type == DataType::Model { weights_of(section, sections) } else { Siblings::default() };
        let is_model = section.data_type == DataType::Model;
        parts.parts.push(Part { name: names.unique(&name), content, kind, is_model, siblings });
    }
    parts
}

/// The weights that a model keeps outside: the section of the same model type.
fn weights_of(model: &Section, sections: &[Section]) -> Siblings {
    let mut weights = sections.iter().filter(|section| section.data_type == DataType::Weights && section.model_type == model.model_type);
    let source = weights.next().and_then(|section| section.bytes.as_ref().ok());
    source.map_or_else(Siblings::default, |source| Arc::from([(WEIGHTS_GROUP.to_owned(), source.clone())]))
}

/// Bytes behind their unpacked length as u64.
fn compressed(bytes: &Source) -> Packed {
    const LEN_BYTES: u64 = 8;
    let len = bytes.bytes().first_chunk().map(|len| u64::from_le_bytes(*len));
    let stored = bytes.len().checked_sub(LEN_BYTES).and_then(|len| bytes.part(bytes.path(), LEN_BYTES, len));
    match (len, stored) {
        (Some(len), Some(stored)) => Packed::new(stored, Packing::Zlib, len, None),
        _ => Packed::unreadable(bytes.clone(), 0, "it is too short to be compressed text"),
    }
}
