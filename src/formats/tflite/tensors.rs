//! A subgraph's tensors: type, shape, quantisation and where the values lie.

use super::buffers::{Buffers, Content};
use super::flatbuffer::{Damage, Table, Tables, lenient};
use super::quantization;
use super::schema::tensor as t;
use super::sparsity;
use super::warnings::Warnings;
use crate::model::{DType, Data, Packing, Shape, Tensor};
use crate::values::check_size;

/// What a tensor takes in memory beside its place in the list, its name, its shape and its scales, in bytes.
const TENSOR_COST: u64 = 32;
/// What a dimension takes beyond its four bytes.
const DIM_COST: u64 = size_of::<Option<u64>>() as u64;

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

/// A subgraph's tensors, and what is still open about some of them.
#[derive(Default)]
pub struct Found {
    pub tensors: Vec<Tensor>,
    /// Those whose buffer does not settle whether they are constants.
    pub doubtful: Vec<usize>,
    /// Those whose scales are tensors of their own.
    pub open: Vec<(usize, quantization::Open)>,
}

/// Reads a subgraph's tensors. One that is damaged is replaced by one of unknown type and shape.
///
/// # Errors
/// [`Damage::Exhausted`] only.
pub fn read(tables: Tables<'_>, graph: usize, buffers: &Buffers, warnings: &mut Warnings) -> Result<Found, Damage> {
    let Found { mut tensors, mut doubtful, mut open } = Found::default();
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
        open.extend(record.open.map(|parameters| (index, parameters)));
        sets_has_rank |= record.has_rank;
        if !record.has_rank && record.tensor.data == Data::Computed && record.tensor.shape.rank() == Some(0) {
            rankless.push((index, record.has_shape));
        }
        tables.reader().push(&mut tensors, record.tensor)?;
    }
    // Files from before `has_rank` mean a scalar by an empty shape, later ones an unknown rank.
    for (index, has_shape) in rankless {
        if (sets_has_rank || !has_shape)
            && let Some(tensor) = tensors.get_mut(index)
        {
            tensor.shape = Shape::Unknown;
        }
    }
    Ok(Found { tensors, doubtful, open })
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
    open: Option<quantization::Open>,
    /// The rest of a sentence that begins with the tensor.
    warning: Option<String>,
}

fn tensor(table: Table<'_>, buffers: &Buffers) -> Result<Record, Damage> {
    table.reader().spend(TENSOR_COST)?;
    let name = lenient(table.string(t::NAME))?;
    let is_name_damaged = name.is_none();
    let name = name.flatten().unwrap_or_default();
    let dtype = dtype(table.scalar(t::TYPE, 0)?);
    let stored_shape: Option<Vec<i32>> = table.vector(t::SHAPE)?;
    let has_shape = stored_shape.is_some();
    table.reader().spend(DIM_COST * stored_shape.as_ref().map_or(0, Vec::len) as u64)?;
    let shape = Shape::Ranked(dims(&stored_shape.unwrap_or_default()));
    let content = match table.scalar(t::EXTERNAL_BUFFER, 0u32)? {
        0 => buffers.get(table.scalar(t::BUFFER, 0)?),
        id => buffers.external(id),
    };
    table.reader().spend(content.text_len())?;
    let is_doubtful = matches!(content, Content::Empty(_) | Content::Unavailable(_));
    let (data, packing) = data(table, dtype, &shape, content)?;
    let shape = if data == Data::Computed { computed_shape(shape, &table.vector(t::SHAPE_SIGNATURE)?.unwrap_or_default()) } else { shape };
    let quantization::Found { quantization, open, warning } = quantization::read(table, dtype, &shape)?;
    let warning = if is_name_damaged { Some("has a name that lies outside the file".to_owned()) } else { warning };
    let tensor = Tensor { quantization: quantization.map(Box::new), packing, data, ..Tensor::computed(name, dtype, shape) };
    Ok(Record { tensor, has_rank: table.scalar(t::HAS_RANK, false)?, has_shape, is_doubtful, open, warning })
}

/// What stands in for a tensor that can't be read.
fn damaged() -> Record {
    let data = Data::Unavailable("its description in the file is damaged".to_owned());
    let tensor = Tensor { data, ..Tensor::computed("", DType::Unknown(-1), Shape::Unknown) };
    Record { tensor, has_rank: false, has_shape: false, is_doubtful: true, open: None, warning: Some("is damaged".to_owned()) }
}

/// Where the values come from, and how they lie there.
fn data(table: Table<'_>, dtype: DType, shape: &Shape, content: Content) -> Result<(Data, Packing), Damage> {
    let data = buffer_data(shape, content);
    let Data::Stored(bytes) = data else { return Ok((data, Packing::Flat)) };
    let packing = match table.table(t::SPARSITY) {
        Ok(None) => packing(dtype, shape, bytes.len),
        Ok(Some(sparsity)) => sparse(sparsity, dtype, shape, bytes.len)?,
        Err(Damage::Exhausted) => return Err(Damage::Exhausted),
        Err(Damage::Outside) => Err("its sparse form lies outside the file, which may be cut off".to_owned()),
    };
    Ok(match packing {
        Ok(packing) => (data, packing),
        Err(why) => (Data::Unavailable(why), Packing::Flat),
    })
}

fn buffer_data(shape: &Shape, content: Content) -> Data {
    match content {
        Content::Nothing => Data::Computed,
        Content::Empty(bytes) if shape.count() == Some(0) => Data::Stored(bytes),
        Content::Empty(_) => Data::Computed,
        Content::Unavailable(why) => Data::Unavailable(why),
        Content::Data(bytes) => Data::Stored(bytes),
    }
}

/// How a constant's bytes hold its elements, or why they can't: the runtime refuses other sizes too
/// (`VerifyNumericTensorBuffer`).
fn packing(dtype: DType, shape: &Shape, len: u64) -> Result<Packing, String> {
    let count = count(shape)?;
    match dtype {
        DType::Resource | DType::Variant => Err(format!("a {dtype} is a handle of the running model and has no values")),
        // Before the type was packed, its values took a byte each.
        DType::I4 if len == count && count > 1 => Ok(Packing::OneAByte),
        // Strings, and types that are not known: their size can't be told.
        _ if dtype.bits() == 0 => Ok(Packing::Flat),
        _ => check_size(dtype, count, len, true).map(|()| Packing::Flat).map_err(|error| error.to_string()),
    }
}

/// As [`packing`], of a tensor with a sparse form.
fn sparse(table: Table<'_>, dtype: DType, shape: &Shape, len: u64) -> Result<Result<Packing, String>, Damage> {
    let dims = match (shape, count(shape)) {
        (Shape::Ranked(dims), Ok(_)) => dims.iter().copied().map(Option::unwrap_or_default).collect::<Vec<_>>(),
        (_, problem) => return Ok(problem.map(|_| Packing::Flat)),
    };
    Ok(sparsity::read(table, &dims)?.and_then(|sparsity| {
        check_size(dtype, sparsity.stored, len, true).map_err(|error| error.to_string())?;
        Ok(Packing::Sparse(Box::new(sparsity)))
    }))
}

/// The number of elements.
fn count(shape: &Shape) -> Result<u64, String> {
    match shape {
        Shape::Ranked(dims) if dims.contains(&None) => Err(format!("a dimension of its shape {shape} is negative")),
        _ => shape.count().ok_or_else(|| format!("its shape {shape} has too many elements")),
    }
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
        let of = |dtype, dims: &[i32], len| packing(dtype, &Shape::Ranked(super::dims(dims)), len).is_err();
        assert!(!of(DType::F32, &[2, 3], 24));
        assert!(of(DType::F32, &[2, 3], 23));
        assert!(of(DType::F32, &[2, 3], 28));
        assert!(!of(DType::I4, &[3], 2));
        assert!(of(DType::I8, &[-4, 4], 16));
        assert!(of(DType::I8, &[i32::MAX; 4], 16));
        assert!(!of(DType::String, &[4], 5));
        assert!(!of(DType::F32, &[0], 0));
        assert!(of(DType::Resource, &[1], 4) && of(DType::Variant, &[], 8));
        let four_bits = |dims: &[i32], len| packing(DType::I4, &Shape::Ranked(super::dims(dims)), len);
        assert_eq!(
            (four_bits(&[4], 2), four_bits(&[4], 4), four_bits(&[1], 1)),
            (Ok(Packing::Flat), Ok(Packing::OneAByte), Ok(Packing::Flat))
        );
        assert!(four_bits(&[4], 3).is_err());
    }
}
