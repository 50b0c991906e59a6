//! A subgraph's tensors: type, shape, quantisation and where the values lie.

use super::buffers::{Buffers, Content};
use super::flatbuffer::{Damage, Table, Tables, lenient};
use super::quantization;
use super::schema::tensor as t;
use super::warnings::Warnings;
use crate::model::{DType, Data, Shape, Tensor};
use crate::values::check_size;

/// The element types by `TensorType`.
const TYPES: [DType; 23] = [
    DType::F32,
    DType::F16,
    DType::I32,
    DType::U8,
    DType::I64,
    DType::String,
    DType::Bool,
    DType::I16,
    DType::Complex64,
    DType::I8,
    DType::F64,
    DType::Complex128,
    DType::U64,
    DType::Resource,
    DType::Variant,
    DType::U32,
    DType::U16,
    DType::I4,
    DType::Bf16,
    DType::I2,
    DType::U4,
    DType::F8E4M3,
    DType::F8E5M2,
];

/// Reads a subgraph's tensors. One that is damaged is replaced by one of unknown type and shape.
/// With them come the indices of those whose buffer does not settle whether they are constants.
///
/// # Errors
/// [`Damage::Exhausted`] only.
pub fn read(tables: Tables<'_>, graph: usize, buffers: &Buffers, warnings: &mut Warnings) -> Result<(Vec<Tensor>, Vec<usize>), Damage> {
    let mut tensors = Vec::new();
    let mut doubtful = Vec::new();
    let mut rankless = Vec::new();
    let mut sets_has_rank = false;
    for (index, table) in tables.iter().enumerate() {
        let record = lenient(table.and_then(|table| tensor(table, buffers)))?.unwrap_or_else(damaged);
        if let Some(warning) = record.warning {
            warnings.push(|| format!("tensor {index} of graph {graph} ({}) {warning}", record.tensor.name));
        }
        if record.is_doubtful {
            doubtful.push(index);
        }
        sets_has_rank |= record.has_rank;
        if !record.has_rank && record.tensor.data == Data::Computed && record.tensor.shape.rank() == Some(0) {
            rankless.push((index, record.has_shape));
        }
        tensors.push(record.tensor);
    }
    // Files from before `has_rank` mean a scalar by an empty shape, later ones an unknown rank.
    for (index, has_shape) in rankless {
        if (sets_has_rank || !has_shape)
            && let Some(tensor) = tensors.get_mut(index)
        {
            tensor.shape = Shape::Unknown;
        }
    }
    Ok((tensors, doubtful))
}

/// The element type of a `TensorType`.
pub fn dtype(code: i8) -> DType {
    usize::try_from(code).ok().and_then(|index| TYPES.get(index)).copied().unwrap_or(DType::Unknown(code.into()))
}

/// The `TensorType` of an element type.
pub fn type_code(dtype: DType) -> Option<i8> {
    TYPES.iter().position(|known| *known == dtype).and_then(|code| i8::try_from(code).ok())
}

struct Record {
    tensor: Tensor,
    has_rank: bool,
    has_shape: bool,
    /// The buffer looks like that of a constant, but an activation's may too.
    is_doubtful: bool,
    /// The rest of a sentence that begins with the tensor.
    warning: Option<String>,
}

fn tensor(table: Table<'_>, buffers: &Buffers) -> Result<Record, Damage> {
    let name = lenient(table.string(t::NAME))?;
    let is_name_damaged = name.is_none();
    let name = name.flatten().unwrap_or_default();
    let dtype = dtype(table.scalar(t::TYPE, 0)?);
    let stored_shape: Option<Vec<i32>> = table.vector(t::SHAPE)?;
    let has_shape = stored_shape.is_some();
    let shape = Shape::Ranked(dims(&stored_shape.unwrap_or_default()));
    let content = buffers.get(table.scalar(t::BUFFER, 0)?);
    let is_doubtful = matches!(content, Content::Empty(_) | Content::Unavailable(_));
    let data = data(table, dtype, &shape, content, buffers)?;
    let shape = if data == Data::Computed { computed_shape(shape, &table.vector(t::SHAPE_SIGNATURE)?.unwrap_or_default()) } else { shape };
    let quantization::Found { quantization, warning } = quantization::read(table, dtype, &shape)?;
    let warning = if is_name_damaged { Some("has a name that lies outside the file".to_owned()) } else { warning };
    let tensor = Tensor { quantization, data, ..Tensor::computed(name, dtype, shape) };
    Ok(Record { tensor, has_rank: table.scalar(t::HAS_RANK, false)?, has_shape, is_doubtful, warning })
}

/// What stands in for a tensor that can't be read.
fn damaged() -> Record {
    let data = Data::Unavailable("its description in the file is damaged".to_owned());
    let tensor = Tensor { data, ..Tensor::computed("", DType::Unknown(-1), Shape::Unknown) };
    Record { tensor, has_rank: false, has_shape: false, is_doubtful: true, warning: Some("is damaged".to_owned()) }
}

fn data(table: Table<'_>, dtype: DType, shape: &Shape, content: Content, buffers: &Buffers) -> Result<Data, Damage> {
    let external = table.scalar(t::EXTERNAL_BUFFER, 0u32)?;
    if external != 0 {
        return Ok(Data::Unavailable(match buffers.external(external) {
            Some(name) => {
                table.reader().spend(name.len() as u64)?;
                format!("its values lie in the external file {name:?}, which is not read yet")
            }
            None => format!("its external buffer {external} does not exist"),
        }));
    }
    Ok(match content {
        Content::Nothing => Data::Computed,
        Content::Empty(bytes) if shape.count() == Some(0) => Data::Stored(bytes),
        Content::Empty(_) => Data::Computed,
        Content::Unavailable(why) => Data::Unavailable(why),
        Content::Data(_) if table.table(t::SPARSITY)?.is_some() => {
            Data::Unavailable("its values are stored sparse, which is not decoded yet".to_owned())
        }
        Content::Data(bytes) => match contradiction(dtype, shape, bytes.len) {
            Some(why) => Data::Unavailable(why),
            None => Data::Stored(bytes),
        },
    })
}

/// Why a constant's bytes can't be right for its shape. The runtime refuses such tensors too
/// (`VerifyNumericTensorBuffer`).
fn contradiction(dtype: DType, shape: &Shape, len: u64) -> Option<String> {
    if let Shape::Ranked(dims) = shape
        && dims.contains(&None)
    {
        return Some(format!("a dimension of its shape {shape} is negative"));
    }
    if dtype.bits() == 0 {
        // Strings, and types that are not known: their size can't be told.
        return None;
    }
    let Some(count) = shape.count() else { return Some(format!("its shape {shape} has too many elements")) };
    check_size(dtype, count, len, true).err().map(|error| error.to_string())
}

fn dims(shape: &[i32]) -> Vec<Option<u64>> {
    shape.iter().map(|dim| u64::try_from(*dim).ok()).collect()
}

/// The shape of a tensor that is computed: where the signature says -1, `shape` holds a stand-in.
fn computed_shape(shape: Shape, signature: &[i32]) -> Shape {
    let is_dynamic = signature.iter().any(|dim| *dim < 0);
    let agrees = matches!(shape.rank(), Some(rank) if rank == 0 || rank == signature.len());
    if is_dynamic && agrees { Shape::Ranked(dims(signature)) } else { shape }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::tflite::schema::TENSOR_TYPE;

    #[test]
    fn every_type_of_the_schema_is_known() {
        assert_eq!(TYPES.len(), TENSOR_TYPE.len());
        for (name, expected) in [
            ("FLOAT32", DType::F32),
            ("INT64", DType::I64),
            ("COMPLEX64", DType::Complex64),
            ("VARIANT", DType::Variant),
            ("INT4", DType::I4),
            ("BFLOAT16", DType::Bf16),
            ("UINT4", DType::U4),
            ("FLOAT8_E5M2", DType::F8E5M2),
        ] {
            let code = TENSOR_TYPE.iter().position(|known| *known == name).unwrap();
            assert_eq!(dtype(code as i8), expected, "{name}");
        }
        assert_eq!(dtype(60), DType::Unknown(60));
        assert_eq!(dtype(-3), DType::Unknown(-3));
    }

    #[test]
    fn shapes() {
        let computed = |shape: &[i32], signature: &[i32]| computed_shape(Shape::Ranked(dims(shape)), signature).to_string();
        assert_eq!(computed(&[1, 224, 224, 3], &[-1, 224, 224, 3]), "?×224×224×3");
        assert_eq!(computed(&[1, 8], &[]), "1×8");
        assert_eq!(computed(&[1, 8], &[-1]), "1×8");
        assert_eq!(computed(&[], &[-1, 4]), "?×4");
        assert_eq!(computed(&[-1, 4], &[]), "?×4");
    }

    #[test]
    fn contradictions() {
        let of = |dtype, dims: &[i32], len| contradiction(dtype, &Shape::Ranked(super::dims(dims)), len).is_some();
        assert!(!of(DType::F32, &[2, 3], 24));
        assert!(of(DType::F32, &[2, 3], 23));
        assert!(of(DType::F32, &[2, 3], 28));
        assert!(!of(DType::I4, &[3], 2));
        assert!(of(DType::I8, &[-4, 4], 16));
        assert!(of(DType::I8, &[i32::MAX; 4], 16));
        assert!(!of(DType::String, &[4], 5));
        assert!(!of(DType::F32, &[0], 0));
    }
}
