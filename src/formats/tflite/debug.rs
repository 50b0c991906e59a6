//! Debug metadata: where in the sources of a program each operation comes from.
//!
//! Converters that are asked to keep the locations of MLIR's operations in the metadata entry `debug_metadata`: a list of
//! attributes, most of them locations that are made of others, and for every operator of every subgraph which of
//! them are its own. Each becomes an attribute of its operation, written as MLIR writes it:
//! `"jit(relu)/max"(callsite("model.py":12:4 at "train.py":30:0))`.
//!
//! Source: TensorFlow, `compiler/mlir/lite/schema/debug_metadata.fbs` and `SerializeDebugMetadata` in
//! `flatbuffer_export.cc`.

use serde_json::{Map, Value, json};

use super::flatbuffer::{Damage, Reader, Table, Tables};
use super::schema::{model, operator, sub_graph};
use super::warnings::Warnings;
use crate::model::Graph;

/// The name of the metadata entry, and of the attribute.
pub const NAME: &str = "debug_metadata";

/// Letters of one location that are kept, and locations within it that are followed.
const MAX_LETTERS: usize = 1000;
const MAX_BYTES: usize = 4 * MAX_LETTERS;
const MAX_DEPTH: usize = 64;
/// What an attribute takes beside its letters, in bytes.
const COST: u64 = 128;
/// What may be visited: locations are shared, and looking at one keeps nothing.
const VISITS_A_BYTE: u64 = 256;
const MOST_VISITS: u64 = 1 << 30;

/// Field ids of `DebugMetadata` and of `ConversionDebugMetadata`, the one member of its union.
const CONVERSIONS_TYPE: u16 = 0;
const CONVERSIONS: u16 = 1;
const SUBGRAPHS: u16 = 0;
const ATTRIBUTES_TYPE: u16 = 1;
const ATTRIBUTES: u16 = 2;
const CONVERSION: u8 = 1;
/// How MLIR writes a location that is not known.
const UNKNOWN: &str = "unknown";
/// Members of the union `Attribute`.
const LOCATION: u8 = 1;
const DICT_ITEM: u8 = 2;

/// The locations of a file.
struct Locations<'r> {
    subgraphs: Tables<'r>,
    kinds: Vec<u8>,
    attributes: Tables<'r>,
}

/// Gives the operations of the graphs the attributes that `bytes`, the entry's content, have for them, and the entry a
/// summary in the place of its bytes. What can't be read is left out.
pub fn attach(root: Table<'_>, bytes: &[u8], graphs: &mut [Graph], entries: &mut Map<String, Value>, warnings: &mut Warnings) {
    let visits = (bytes.len() as u64).saturating_mul(VISITS_A_BYTE).saturating_add(1 << 16).min(MOST_VISITS);
    let own = Reader::with_budget(bytes, visits);
    let Ok(Some(locations)) = Locations::of(&own) else {
        warnings.push(|| "the debug metadata are damaged".to_owned());
        return;
    };
    let of_subgraph = |index| Ok::<_, Damage>(locations.subgraphs.get(index)?.tables(0)?.map_or(0, Tables::len));
    let operators: usize = (0..locations.subgraphs.len()).map_while(|index| of_subgraph(index).ok()).sum();
    let (subgraphs, attributes) = (locations.subgraphs.len(), locations.kinds.len());
    entries
        .insert(NAME.to_owned(), json!({"bytes": bytes.len(), "subgraphs": subgraphs, "operators": operators, "attributes": attributes}));
    let Ok(Some(tables)) = root.tables(model::SUBGRAPHS) else { return };
    for (table, graph) in tables.iter().zip(graphs) {
        let attached = table.and_then(|table| locations.attach_to(table, graph));
        if attached.is_err() {
            warnings.push(|| format!("the debug metadata of graph {:?} can't be read in full", graph.name));
        }
    }
}

impl<'r> Locations<'r> {
    fn of(reader: &'r Reader<'_>) -> Result<Option<Self>, Damage> {
        let root = reader.root()?;
        let kinds: Vec<u8> = root.vector(CONVERSIONS_TYPE)?.unwrap_or_default();
        let Some(position) = kinds.iter().position(|kind| *kind == CONVERSION) else { return Ok(None) };
        let Some(conversions) = root.tables(CONVERSIONS)? else { return Ok(None) };
        let table = conversions.get(position)?;
        let (Some(subgraphs), Some(attributes)) = (table.tables(SUBGRAPHS)?, table.tables(ATTRIBUTES)?) else { return Ok(None) };
        Ok(Some(Self { subgraphs, kinds: table.vector(ATTRIBUTES_TYPE)?.unwrap_or_default(), attributes }))
    }

    fn attach_to(&self, table: Table<'_>, graph: &mut Graph) -> Result<(), Damage> {
        let Ok(subgraph) = usize::try_from(table.scalar(sub_graph::DEBUG_METADATA_INDEX, -1i32)?) else { return Ok(()) };
        let (Some(own), Some(operators)) = (self.subgraphs.get(subgraph)?.tables(0)?, table.tables(sub_graph::OPERATORS)?) else {
            return Ok(());
        };
        // A damaged operator has its place among the operations too.
        for (record, operation) in operators.iter().zip(&mut graph.operations) {
            let index = record.and_then(|record| record.scalar(operator::DEBUG_METADATA_INDEX, -1i32)).unwrap_or(-1);
            let Ok(index) = usize::try_from(index) else { continue };
            let Some(value) = self.of_operator(own.get(index)?)? else { continue };
            table.reader().spend(COST + value.to_string().len() as u64)?;
            operation.attributes.insert(NAME, value);
        }
        Ok(())
    }

    /// What an operator's record lists: a location as it is, more than one thing as a list.
    fn of_operator(&self, record: Table<'_>) -> Result<Option<Value>, Damage> {
        let indices: Vec<u32> = record.vector(0)?.unwrap_or_default();
        let mut values = Vec::new();
        for index in indices {
            values.extend(self.attribute(index)?);
        }
        Ok(if values.len() > 1 { Some(Value::Array(values)) } else { values.pop() })
    }

    fn attribute(&self, index: u32) -> Result<Option<Value>, Damage> {
        let position = index as usize;
        match self.kinds.get(position) {
            Some(&LOCATION) => {
                let mut text = String::new();
                self.location(index, 0, &mut text)?;
                if let Some((end, _)) = text.char_indices().nth(MAX_LETTERS) {
                    text.truncate(end);
                    text.push('…');
                }
                // It says nothing.
                Ok(Some(text).filter(|text| text != UNKNOWN).map(Value::from))
            }
            Some(&DICT_ITEM) => {
                let item = self.attributes.get(position)?;
                let (key, value) = (item.string(0)?.unwrap_or_default(), item.string(1)?.unwrap_or_default());
                Ok(Some(Map::from_iter([(key, value.into())]).into()))
            }
            Some(_) => Ok(None),
            None => Err(Damage::Outside),
        }
    }

    /// Writes the location of an index behind what is there; those that it is made of come from earlier in the list, but
    /// nobody checked that.
    fn location(&self, index: u32, depth: usize, out: &mut String) -> Result<(), Damage> {
        if depth == MAX_DEPTH || out.len() > MAX_BYTES {
            out.push('…');
            return Ok(());
        }
        if self.kinds.get(index as usize) != Some(&LOCATION) {
            return Err(Damage::Outside);
        }
        let location = self.attributes.get(index as usize)?;
        let Some(of_kind) = location.table(1)? else {
            out.push_str(UNKNOWN);
            return Ok(());
        };
        let text = |id| Ok::<_, Damage>(format!("{:?}", of_kind.string(id)?.unwrap_or_default()));
        let number = |id| of_kind.scalar(id, 0u32);
        match location.scalar(0, 0u8)? {
            // `CallSiteLoc`
            1 => {
                out.push_str("callsite(");
                self.location(number(0)?, depth + 1, out)?;
                out.push_str(" at ");
                self.location(number(1)?, depth + 1, out)?;
                out.push(')');
            }
            // `FileLineColLoc`
            2 => out.push_str(&format!("{}:{}:{}", text(0)?, number(1)?, number(2)?)),
            // `FusedLoc`
            3 => {
                out.push_str("fused[");
                for (position, index) in of_kind.vector::<u32>(0)?.unwrap_or_default().into_iter().enumerate() {
                    if out.len() > MAX_BYTES {
                        break;
                    }
                    out.push_str(if position > 0 { ", " } else { "" });
                    self.location(index, depth + 1, out)?;
                }
                out.push(']');
            }
            // `NameLoc` and `OpaqueLoc`: around another, if that says anything.
            4 | 5 => {
                out.push_str(&text(0)?);
                let start = out.len();
                out.push('(');
                self.location(number(1)?, depth + 1, out)?;
                match out.get(start + 1..) {
                    Some(UNKNOWN) => out.truncate(start),
                    _ => out.push(')'),
                }
            }
            _ => out.push_str(UNKNOWN),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flatbuffers::{FlatBufferBuilder, UnionWIPOffset, WIPOffset};

    use super::*;

    type Builder = FlatBufferBuilder<'static>;

    /// The attributes of a location, put together by hand as `flatbuffer_export.cc` does it.
    fn location(builder: &mut Builder, kind: u8, texts: &[(u16, &str)], numbers: &[(u16, u32)], list: &[u32]) -> WIPOffset<UnionWIPOffset> {
        let texts: Vec<_> = texts.iter().map(|(id, text)| (*id, builder.create_string(text))).collect();
        let list = (!list.is_empty()).then(|| builder.create_vector(list));
        let start = builder.start_table();
        texts.iter().for_each(|(id, text)| builder.push_slot_always(4 + 2 * id, *text));
        numbers.iter().for_each(|(id, number)| builder.push_slot_always(4 + 2 * id, *number));
        if let Some(list) = list {
            builder.push_slot_always(4, list);
        }
        let inner = builder.end_table(start);
        let start = builder.start_table();
        builder.push_slot_always(4, kind);
        builder.push_slot_always(6, inner);
        builder.end_table(start).as_union_value()
    }

    /// What is made of a list of attributes, each by itself.
    fn texts(attributes: impl FnOnce(&mut Builder) -> Vec<WIPOffset<UnionWIPOffset>>) -> Vec<Option<Value>> {
        let mut builder = Builder::new();
        let attributes = attributes(&mut builder);
        let count = attributes.len() as u32;
        let (kinds, attributes) = (builder.create_vector(&vec![LOCATION; attributes.len()]), builder.create_vector(&attributes));
        let subgraphs = builder.create_vector::<WIPOffset<flatbuffers::TableFinishedWIPOffset>>(&[]);
        let start = builder.start_table();
        builder.push_slot_always(4, subgraphs);
        builder.push_slot_always(6, kinds);
        builder.push_slot_always(8, attributes);
        let conversion = builder.end_table(start).as_union_value();
        let (kinds, conversions) = (builder.create_vector(&[CONVERSION]), builder.create_vector(&[conversion]));
        let start = builder.start_table();
        builder.push_slot_always(4, kinds);
        builder.push_slot_always(6, conversions);
        let root = builder.end_table(start);
        builder.finish(root, None);
        let bytes = builder.finished_data().to_vec();
        let reader = Reader::with_budget(&bytes, 1 << 24);
        let locations = Locations::of(&reader).unwrap().unwrap();
        (0..count).map(|index| locations.attribute(index).unwrap()).collect()
    }

    #[test]
    fn circles_and_fans_end() {
        let found = texts(|builder| {
            let mut attributes = vec![location(builder, 4, &[(0, "self")], &[(1, 0)], &[])];
            // Every one of these names the one before it eight times.
            attributes.extend((0..20).map(|before| location(builder, 3, &[], &[], &[before; 8])));
            attributes.push(location(builder, 1, &[], &[(0, 22), (1, 22)], &[]));
            attributes.push(location(builder, 1, &[], &[(0, 21), (1, 21)], &[]));
            attributes
        });
        for text in found {
            let text = text.unwrap().as_str().unwrap().to_owned();
            assert!(text.ends_with('…') && text.chars().count() == MAX_LETTERS + 1 || text.contains("…)"), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let found = texts(|builder| {
            vec![
                location(builder, 6, &[], &[], &[]),
                location(builder, 4, &[(0, "a \"b\"")], &[(1, 0)], &[]),
                location(builder, 9, &[], &[], &[]),
                location(builder, 3, &[], &[], &[0, 1]),
            ]
        });
        assert_eq!(found, [None, Some(json!(r#""a \"b\"""#)), None, Some(json!(r#"fused[unknown, "a \"b\""]"#))]);
    }
}
