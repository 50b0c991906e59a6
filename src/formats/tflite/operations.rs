//! Operator codes and a subgraph's operators.

use super::flatbuffer::{Damage, Reader, Table, Tables, lenient};
use super::options::{self, Options};
use super::schema::{BUILTIN_OPERATOR, model, operator as o, operator_code};
use super::warnings::Warnings;
use crate::model::{GraphId, Operation, Tensor, TensorId};
use crate::source::Source;
use crate::weights::Weight;

/// What an operation takes in memory beside its place in the list, its names and its attributes, in bytes.
const OPERATION_COST: u64 = 64;
/// What an input takes beyond its four bytes; a constant one becomes a weight in the catalogue.
const INPUT_COST: u64 = 8;
const WEIGHT_COST: u64 = size_of::<Weight>() as u64;
const CODE_COST: u64 = 16;

/// The kind of an operation whose operator or operator code can't be read.
const UNKNOWN: &str = "UNKNOWN";
const CUSTOM: &str = "CUSTOM";

/// An entry of the model's table of operator codes.
#[derive(Debug)]
pub struct Code {
    kind: String,
    version: i32,
    is_custom: bool,
}

/// Reads the operator codes; a damaged one is of kind `UNKNOWN`.
///
/// # Errors
/// [`Damage::Exhausted`] only.
pub fn codes(root: Table<'_>, warnings: &mut Warnings) -> Result<Vec<Code>, Damage> {
    let mut codes = Vec::new();
    match lenient(root.tables(model::OPERATOR_CODES))? {
        Some(tables) => {
            for (index, table) in tables.into_iter().flat_map(Tables::iter).enumerate() {
                let code = lenient(table.and_then(code))?.unwrap_or_else(|| {
                    warnings.push(|| format!("operator code {index} is damaged"));
                    Code { kind: UNKNOWN.to_owned(), version: 1, is_custom: false }
                });
                root.reader().spend(CODE_COST)?;
                root.reader().push(&mut codes, code)?;
            }
        }
        None => warnings.push(|| "the table of operator codes lies outside the file".to_owned()),
    }
    Ok(codes)
}

/// What an operator is read against.
#[derive(Debug)]
pub struct Context<'c> {
    pub reader: &'c Reader<'c>,
    /// The whole file, in which large options lie.
    pub source: &'c Source,
    pub codes: &'c [Code],
    /// The index of the subgraph being read.
    pub graph: usize,
    pub graph_count: usize,
    pub tensors: &'c [Tensor],
}

/// Reads a subgraph's operators. A damaged one is of kind `UNKNOWN` and touches no tensor.
///
/// # Errors
/// [`Damage::Exhausted`] only.
pub fn read(tables: Tables<'_>, context: &Context<'_>, warnings: &mut Warnings) -> Result<Vec<Operation>, Damage> {
    let mut operations = Vec::new();
    for (index, table) in tables.iter().enumerate() {
        let operation = lenient(table.and_then(|table| operation(table, index, context, warnings)))?;
        let operation = match operation {
            Some(operation) => operation,
            None => {
                context.reader.spend(OPERATION_COST)?;
                warnings.push(|| format!("operation {index} of graph {} is damaged", context.graph));
                let name = format!("{UNKNOWN}_{index}");
                Operation { index: index as u64, name, kind: UNKNOWN.to_owned(), ..Operation::default() }
            }
        };
        context.reader.push(&mut operations, operation)?;
    }
    Ok(operations)
}

/// The ids of tensor indices from the file: `None` for -1 (left out) and for indices out of range,
/// which are worth a warning.
pub fn tensor_ids(indices: &[i32], count: usize, warnings: &mut Warnings, place: impl Fn() -> String) -> Vec<Option<TensorId>> {
    let id = |index: i32| {
        let id = u32::try_from(index).ok().filter(|index| (*index as usize) < count).map(TensorId);
        if id.is_none() && index != -1 {
            warnings.push(|| format!("{} name tensor {index}, but there are {count}", place()));
        }
        id
    };
    indices.iter().copied().map(id).collect()
}

fn code(table: Table<'_>) -> Result<Code, Damage> {
    // The byte was too small one day, so a second field came; old files have the first alone, some
    // writers fill in the second alone, and the rest hold a placeholder in the first.
    let deprecated: i8 = table.scalar(operator_code::DEPRECATED_BUILTIN_CODE, 0)?;
    let builtin: i32 = table.scalar(operator_code::BUILTIN_CODE, 0)?;
    let number = builtin.max(deprecated.into());
    let name = usize::try_from(number).ok().and_then(|number| BUILTIN_OPERATOR.get(number));
    let mut kind = name.map_or_else(|| format!("BUILTIN_{number}"), |name| (*name).to_owned());
    let is_custom = kind == CUSTOM;
    if is_custom {
        // Other operators may bear a custom code too; there it means nothing.
        let custom = table.string(operator_code::CUSTOM_CODE)?.unwrap_or_default();
        if !custom.is_empty() {
            kind = custom;
        }
    }
    table.reader().spend(kind.len() as u64)?;
    Ok(Code { kind, version: table.scalar(operator_code::VERSION, 1)?, is_custom })
}

fn operation(table: Table<'_>, index: usize, context: &Context<'_>, warnings: &mut Warnings) -> Result<Operation, Damage> {
    let graph = context.graph;
    let code_index: u32 = table.scalar(o::OPCODE_INDEX, 0)?;
    let code = context.codes.get(code_index as usize);
    if code.is_none() {
        warnings
            .push(|| format!("operation {index} of graph {graph} names operator code {code_index}, but there are {}", context.codes.len()));
    }
    let kind = code.map_or(UNKNOWN, |code| code.kind.as_str());
    context.reader.spend(kind.len() as u64)?;

    let count = context.tensors.len();
    let mut ids = |field, what: &str| -> Result<Vec<Option<TensorId>>, Damage> {
        let indices: Vec<i32> = table.vector(field)?.unwrap_or_default();
        Ok(tensor_ids(&indices, count, warnings, || format!("the {what} of operation {index} of graph {graph}")))
    };
    let inputs = ids(o::INPUTS, "inputs")?;
    let is_constant = |id: &&TensorId| context.tensors.get(id.0 as usize).is_some_and(Tensor::is_constant);
    let constants = inputs.iter().flatten().filter(is_constant).count();
    context.reader.spend(OPERATION_COST + INPUT_COST * inputs.len() as u64 + WEIGHT_COST * constants as u64)?;
    let outputs: Vec<TensorId> = ids(o::OUTPUTS, "outputs")?.into_iter().flatten().collect();

    let mut options = Options::default();
    let custom_code = code.filter(|code| code.is_custom).map(|code| code.kind.as_str());
    if let Some(code) = custom_code {
        context.reader.spend(code.len() as u64)?;
        options.attributes.insert("custom_code".to_owned(), code.into());
    }
    if lenient(options::read(table, custom_code, context.source, &mut options))?.is_none() {
        warnings.push(|| format!("the options of operation {index} of graph {graph} lie outside the file"));
    }
    let graphs = options.graphs.iter().filter_map(|called| {
        let id = u32::try_from(*called).ok().filter(|id| (*id as usize) < context.graph_count).map(GraphId);
        if id.is_none() {
            warnings.push(|| format!("operation {index} of graph {graph} calls graph {called}, but there are {}", context.graph_count));
        }
        id
    });
    let graphs = graphs.collect();
    Ok(Operation {
        index: index as u64,
        name: name(outputs.first(), kind, index, context)?,
        kind: kind.to_owned(),
        version: code.map_or(1, |code| code.version).to_string(),
        attributes: options.attributes.into(),
        inputs,
        outputs,
        graphs,
    })
}

/// Operators have no names; they bear that of their first output.
fn name(output: Option<&TensorId>, kind: &str, index: usize, context: &Context<'_>) -> Result<String, Damage> {
    let tensor = output.and_then(|id| context.tensors.get(id.0 as usize));
    match tensor.map(|tensor| tensor.name.as_str()) {
        Some(name) if !name.is_empty() => {
            context.reader.spend(name.len() as u64)?;
            Ok(name.to_owned())
        }
        _ => Ok(format!("{kind}_{index}")),
    }
}
