//! TensorFlow Lite's constants as models of their own, which OpenVINO's frontend reads and computes.
//!
//! The C API names neither operations nor constants of a model that was read, and the frontend turns
//! kernels to OpenVINO's layouts. So a small file is written for the constants alone: each with its
//! type, shape, quantisation and bytes, and a `CAST` to float32, before which the frontend
//! dequantises. Nothing is transposed on that way.

use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, WIPOffset};

use super::net::Net;
use super::protocol::Form;
use crate::formats::tflite::schema::{
    buffer, model as m, operator as o, operator_code, quantization_parameters as q, sub_graph, tensor as t,
};
use crate::formats::tflite::type_code;
use crate::model::{DType, Data, Model, Packing, Quantization, Tensor, TensorRef};
use crate::weights::Weight;

/// `BuiltinOperator.CAST`
const CAST: i8 = 53;
/// Where a vtable holds the offset of a field.
const fn slot(id: u16) -> u16 {
    4 + 2 * id
}

type Builder = FlatBufferBuilder<'static>;
type Offset = WIPOffset<TableFinishedWIPOffset>;

/// The constant whose dequantised values are those at the weight's input.
///
/// # Errors
/// One sentence why there is none that the frontend could compute.
pub fn constant(model: &Model, weight: &Weight) -> Result<TensorRef, String> {
    if let Some(operation) = weight.chain_operations(model).find(|operation| operation.kind != "DEQUANTIZE") {
        return Err(format!("only constants themselves are compared, and {} lies between", operation.kind));
    }
    let tensor = weight.data_tensor(model);
    if tensor.shape.dims().is_none_or(|dims| dims.iter().any(|dim| i32::try_from(*dim).is_err())) {
        return Err("its shape is not one that a file can hold".into());
    }
    match &tensor.data {
        Data::Unavailable(why) => Err(why.clone()),
        _ if !matches!(tensor.quantization.as_deref(), None | Some(Quantization::Affine { .. })) => {
            Err("the frontend reads no quantisation but per tensor and per axis".into())
        }
        _ if tensor.packing != Packing::Flat => Err("the frontend reads no sparse, shuffled or unpacked constants".into()),
        Data::Computed => Err("its values are computed when the model runs".into()),
        Data::Stored(bytes) if bytes.len > 1 << 30 => Err("it is too large for a file of its own".into()),
        Data::Stored(_) => type_code(tensor.dtype).map(|_| weight.data).ok_or_else(|| "TensorFlow Lite has no such type".into()),
    }
}

/// A file whose outputs are the constants, in their order, as float32.
pub fn file(model: &Model, constants: &[TensorRef]) -> Net<'static> {
    let mut builder = Builder::new();
    let tensors: Vec<&Tensor> = constants.iter().map(|constant| model.tensor(*constant)).collect();
    let mut buffers = vec![empty(&mut builder)];
    for tensor in &tensors {
        let data = match tensor.data {
            Data::Stored(range) => model.bytes(range),
            _ => &[],
        };
        let data = builder.create_vector(data);
        let start = builder.start_table();
        builder.push_slot_always(slot(buffer::DATA), data);
        buffers.push(builder.end_table(start));
    }
    let mut written = Vec::with_capacity(tensors.len() * 2);
    for (position, tensor) in (1u32..).zip(&tensors) {
        written.push(write_tensor(&mut builder, tensor, &format!("c{position}"), position));
    }
    for (position, tensor) in (1u32..).zip(&tensors) {
        let real = Tensor::computed("", DType::F32, tensor.shape.clone());
        written.push(write_tensor(&mut builder, &real, &format!("r{position}"), 0));
    }
    let count = i32::try_from(tensors.len()).unwrap_or(i32::MAX);
    let operators: Vec<Offset> = (0..count)
        .map(|position| {
            let (inputs, outputs) = (builder.create_vector(&[position]), builder.create_vector(&[count + position]));
            let start = builder.start_table();
            builder.push_slot_always(slot(o::INPUTS), inputs);
            builder.push_slot_always(slot(o::OUTPUTS), outputs);
            builder.end_table(start)
        })
        .collect();
    let outputs: Vec<i32> = (count..2 * count).collect();
    let (tensors, inputs, outputs, operators) = (
        builder.create_vector(&written),
        builder.create_vector::<i32>(&[]),
        builder.create_vector(&outputs),
        builder.create_vector(&operators),
    );
    let start = builder.start_table();
    builder.push_slot_always(slot(sub_graph::TENSORS), tensors);
    builder.push_slot_always(slot(sub_graph::INPUTS), inputs);
    builder.push_slot_always(slot(sub_graph::OUTPUTS), outputs);
    builder.push_slot_always(slot(sub_graph::OPERATORS), operators);
    let graph = builder.end_table(start);
    let start = builder.start_table();
    builder.push_slot_always(slot(operator_code::DEPRECATED_BUILTIN_CODE), CAST);
    builder.push_slot_always(slot(operator_code::VERSION), 1i32);
    builder.push_slot_always(slot(operator_code::BUILTIN_CODE), i32::from(CAST));
    let code = builder.end_table(start);
    let (codes, graphs, buffers) = (builder.create_vector(&[code]), builder.create_vector(&[graph]), builder.create_vector(&buffers));
    let start = builder.start_table();
    builder.push_slot_always(slot(m::VERSION), 3u32);
    builder.push_slot_always(slot(m::OPERATOR_CODES), codes);
    builder.push_slot_always(slot(m::SUBGRAPHS), graphs);
    builder.push_slot_always(slot(m::BUFFERS), buffers);
    let root = builder.end_table(start);
    builder.finish(root, Some("TFL3"));
    Net { form: Form::Tflite, graph: builder.finished_data().to_vec(), constants: Vec::new() }
}

fn empty(builder: &mut Builder) -> Offset {
    let start = builder.start_table();
    builder.end_table(start)
}

fn write_tensor(builder: &mut Builder, tensor: &Tensor, name: &str, buffer: u32) -> Offset {
    let dims: Vec<i32> = tensor.shape.dims().unwrap_or_default().iter().map(|dim| i32::try_from(*dim).unwrap_or(i32::MAX)).collect();
    let (name, dims) = (builder.create_string(name), builder.create_vector(&dims));
    let affine = match tensor.quantization.as_deref() {
        Some(Quantization::Affine { axis, scales, zero_points }) => Some((*axis, scales, zero_points)),
        _ => None,
    };
    let quantization = affine.map(|(axis, scales, zero_points)| {
        // One zero point may stand for all scales; the frontend wants one each.
        let zero_points: Vec<i64> = (0..scales.len()).map(|at| zero_points.get(at).or(zero_points.first()).copied().unwrap_or(0)).collect();
        let (scales, zero_points) = (builder.create_vector(scales), builder.create_vector(&zero_points));
        let start = builder.start_table();
        builder.push_slot_always(slot(q::SCALE), scales);
        builder.push_slot_always(slot(q::ZERO_POINT), zero_points);
        builder.push_slot_always(slot(q::QUANTIZED_DIMENSION), i32::try_from(axis).unwrap_or(0));
        builder.end_table(start)
    });
    let start = builder.start_table();
    builder.push_slot_always(slot(t::SHAPE), dims);
    builder.push_slot_always(slot(t::TYPE), type_code(tensor.dtype).unwrap_or_default());
    builder.push_slot_always(slot(t::BUFFER), buffer);
    builder.push_slot_always(slot(t::NAME), name);
    if let Some(quantization) = quantization {
        builder.push_slot_always(slot(t::QUANTIZATION), quantization);
    }
    builder.end_table(start)
}
