//! Versions 2 to 7, of 2018 to 2020: layers that hold their constants as blobs without shapes.
//!
//! A blob's shape follows from the layer's attributes and ports. Blobs become inputs of their layer,
//! behind the ports; [`BLOBS`] among its attributes says which input is which blob.
//!
//! Sources: OpenVINO 2020, `inference-engine/src/readers/ir_reader_v7/ie_format_parser.cpp` (ports in
//! the order of their ids, types, means, statistics), `ie_layer_validators.cpp` (attributes),
//! `mkldnn_plugin/nodes/mkldnn_deconv_node.cpp`, `mkldnn_rnn.cpp` and `mkldnn_batchnorm_node.cpp` (layouts);
//! `model-optimizer/extensions/back/PackBinaryWeights.py` (binary weights, lowest bit first, 0 for -1).

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::attribute;
use super::record::{Blob, Layer, Net, Port};
use crate::model::{DType, Operation, Packing, Quantization, Shape};

/// The attribute that gives each blob's position among the layer's inputs.
pub const BLOBS: &str = "blobs";

/// A constant of a layer.
pub struct Constant {
    /// `weights`, `biases`, `custom`, ...; `mean.0` for the mean image of channel 0.
    pub name: String,
    pub dtype: DType,
    pub shape: Shape,
    /// How the numbers become real ones, where the type alone does not say so.
    pub quantization: Option<Quantization>,
    pub packing: Packing,
    pub range: Option<(u64, u64)>,
    /// Whether the layer's attributes bear the size out. If not, the shape is a plain list.
    pub fits: bool,
}

/// Puts ports in the order of their ids, gives those without a type that of their layer, and hands
/// the statistics of the calibration tool to the layers that they are of. `default` is the type of
/// layers that have none.
pub fn prepare(net: &mut Net, default: Option<&str>) {
    for layer in &mut net.layers {
        let precision = layer.attributes.get("precision").and_then(Value::as_str).or(default);
        let dtype = precision.map(|name| stored_type(name).0);
        for port in layer.inputs.iter_mut().chain(&mut layer.outputs) {
            port.dtype = port.dtype.or(dtype);
        }
        for ports in [&mut layer.inputs, &mut layer.outputs] {
            ports.sort_by_key(|port| port.id);
        }
    }
    let Some(Value::Object(mut statistics)) = net.info.remove("statistics") else { return };
    let entries = match statistics.remove("layer") {
        Some(Value::Array(entries)) => entries,
        Some(entry) => vec![entry],
        None => return,
    };
    let of_name = |entry: Value| Some((entry.get("name")?.as_str()?.to_owned(), entry));
    let mut of_layers: HashMap<_, _> = entries.into_iter().filter_map(of_name).collect();
    for layer in &mut net.layers {
        let Some(Value::Object(entry)) = of_layers.remove(&layer.name) else { continue };
        let figures = ["min", "max"].into_iter().filter_map(|key| Some((key, entry.get(key)?.as_str()?)));
        let figures: Map<_, _> = figures.map(|(key, text)| (key.to_owned(), attribute::value(key, text))).collect();
        layer.attributes.insert("statistics", Value::Object(figures));
    }
}

/// The blobs of a layer: weights, biases, then the others as the file lists them. One of size 0 is
/// absent; of two with one name the later counts.
pub fn constants(layer: &Layer, default: Option<&str>) -> Vec<Constant> {
    let mut seen = HashSet::new();
    let present = layer.blobs.iter().rev().filter(|blob| blob.size != Some(0) && seen.insert(&blob.name));
    let mut blobs: Vec<&Blob> = present.collect();
    blobs.reverse();
    blobs.sort_by_key(|blob| match blob.name.as_str() {
        "weights" => 0,
        "biases" => 1,
        _ => 2,
    });
    blobs.into_iter().map(|blob| constant(layer, blob, default)).collect()
}

fn constant(layer: &Layer, blob: &Blob, default: Option<&str>) -> Constant {
    let own = layer.attributes.get("precision").and_then(Value::as_str);
    let (mut dtype, mut quantization) = blob.precision.as_deref().or(own).or(default).map_or((DType::Unknown(-1), None), stored_type);
    let port_type = layer.outputs.last().and_then(|port| port.dtype);
    if let (true, Some(port_type)) = (is_const(layer) && blob.precision.is_none(), port_type) {
        (dtype, quantization) = (port_type, quantization.filter(|_| dtype == port_type));
    }
    if layer.kind == "BinaryConvolution" && blob.name == "weights" {
        (dtype, quantization) = stored_type("BIN");
    }
    let count = blob.size.and_then(|size| size.checked_mul(8)?.checked_div(u64::from(dtype.bits())));
    let product = |dims: &[u64]| dims.iter().try_fold(1u64, |product, dim| product.checked_mul(*dim));
    let candidates = shapes(layer, &blob.name, count);
    // Bits come in whole bytes.
    let holds = |dims: &&Vec<u64>| product(dims).is_some_and(|needed| dtype.packed_bytes(needed) == blob.size);
    let found = candidates.iter().find(holds);
    Constant {
        name: blob.name.clone(),
        packing: packing(dtype),
        dtype,
        shape: found.map_or_else(|| count.map_or(Shape::Unknown, |count| Shape::fixed([count])), |dims| Shape::fixed(dims.iter().copied())),
        quantization,
        range: blob.offset.zip(blob.size),
        fits: found.is_some() || candidates.is_empty(),
    }
}

/// The element type that a precision names. `Q78` is a fixed-point number of 8 fraction bits.
fn stored_type(name: &str) -> (DType, Option<Quantization>) {
    match name.trim().to_ascii_uppercase().as_str() {
        "Q78" => (DType::I16, Some(Quantization::Affine { axis: 0, scales: vec![1.0 / 256.0], zero_points: vec![0] })),
        other => (attribute::element_type(other), None),
    }
}

/// Bits lie against the order of `u1` since: the Model Optimizer turned every eight of them round before it packed them.
fn packing(dtype: DType) -> Packing {
    if dtype == DType::U1 { Packing::LowBitFirst } else { Packing::Flat }
}

/// What shapes a blob may have, by the layer's attributes and ports; none for a blob that nothing is
/// known of. `count` is the number of its elements.
fn shapes(layer: &Layer, blob: &str, count: Option<u64>) -> Vec<Vec<u64>> {
    let number = |key: &str| layer.attributes.get(key).and_then(Value::as_u64);
    let input = layer.inputs.first().map(dims).unwrap_or_default();
    let is_weights = blob == "weights";
    let one = |shape: Option<Vec<u64>>| shape.into_iter().collect();
    match layer.kind.as_str() {
        "Convolution" | "BinaryConvolution" | "DeformableConvolution" | "Deconvolution" => {
            let Some(outputs) = number("output") else { return Vec::new() };
            if !is_weights {
                return vec![vec![outputs]];
            }
            let inputs = input.get(1).copied();
            one(inputs.map(|inputs| match layer.kind.as_str() {
                "Deconvolution" => kernel(layer, inputs, outputs),
                _ => kernel(layer, outputs, inputs),
            }))
        }
        "FullyConnected" | "InnerProduct" => {
            let Some(outputs) = number("out-size") else { return Vec::new() };
            if !is_weights {
                return vec![vec![outputs]];
            }
            // All axes behind the batch are one, or, of three, the last alone is the input's.
            let all = input.get(1..).and_then(|dims| dims.iter().try_fold(1u64, |product, dim| product.checked_mul(*dim)));
            [all, input.last().copied()].into_iter().flatten().map(|inputs| vec![outputs, inputs]).collect()
        }
        kind if gates(kind).is_some() => {
            let gates = gates(kind).unwrap_or(1);
            let hidden = number("hidden_size").or_else(|| dims(layer.outputs.first()?).last().copied());
            let (Some(hidden), Some(width)) = (hidden, input.last()) else { return Vec::new() };
            let rows = |gates: u64| gates.checked_mul(hidden);
            // Before the reset gate is applied, a GRU needs the two parts of its last bias apart.
            let is_linear = layer.attributes.get("linear_before_reset").is_some_and(|flag| flag.as_bool() == Some(true));
            if !is_weights {
                return one(rows(gates + u64::from(is_linear)).map(|rows| vec![rows]));
            }
            one(rows(gates).zip(width.checked_add(hidden)).map(|(rows, columns)| vec![rows, columns]))
        }
        "ScaleShift" | "Normalize" | "PReLU" | "BatchNormalization" => one(count.map(|count| vec![count])),
        _ if is_const(layer) => one(layer.outputs.first().map(dims)),
        _ => Vec::new(),
    }
}

/// `[first, second / group, ...kernel]`, or, in groups, `[group, first / group, second / group, ...kernel]`.
fn kernel(layer: &Layer, first: u64, second: u64) -> Vec<u64> {
    let number = |key: &str| layer.attributes.get(key).and_then(Value::as_u64);
    let group = number("group").unwrap_or(1).max(1);
    let mut shape = if group == 1 { vec![first, second] } else { vec![group, first / group, second / group] };
    match layer.attributes.get("kernel").and_then(Value::as_array) {
        Some(kernel) => shape.extend(kernel.iter().filter_map(Value::as_u64)),
        // Version 2 gives each axis an attribute of its own.
        None => shape.extend(["kernel-z", "kernel-y", "kernel-x"].into_iter().filter_map(number)),
    }
    shape
}

/// Gates of a recurrent layer's matrices; `None` for other layers.
fn gates(kind: &str) -> Option<u64> {
    match kind.strip_suffix("Cell").or(kind.strip_suffix("Sequence"))? {
        "LSTM" => Some(4),
        "GRU" => Some(3),
        "RNN" => Some(1),
        _ => None,
    }
}

/// The mean images in the root's `<pre-process>`: the input that they belong to, as a position among
/// the layers, and one constant of height by width a channel.
pub fn mean_images(net: &Net) -> Option<(usize, Vec<Constant>)> {
    let section = net.info.get("pre-process")?;
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(|text| text.trim().to_owned());
    let inputs = || net.layers.iter().enumerate().filter(|(_, layer)| is_input(layer));
    let (position, layer) = match text(section, "reference-layer-name").filter(|name| !name.is_empty()) {
        Some(name) => inputs().find(|(_, layer)| layer.name == name)?,
        // Else the first image among the inputs, which the runtime had in the order of their names.
        None => inputs().min_by_key(|(_, layer)| (layer.outputs.first().map(|port| port.dims.len()) != Some(4), &layer.name))?,
    };
    let dims = dims(layer.outputs.first()?);
    let (dtype, quantization) = text(section, "mean-precision").map_or((DType::Unknown(-1), None), |name| stored_type(&name));
    let [.., height, width] = *dims.as_slice() else { return None };
    let channels = match section.get("channel")? {
        Value::Array(channels) => channels.as_slice(),
        channel => std::slice::from_ref(channel),
    };
    let mut next = 0;
    let mut images = Vec::new();
    for channel in channels {
        let id = text(channel, "id").and_then(|id| id.parse::<u64>().ok()).unwrap_or(next);
        next = id.saturating_add(1);
        let whole = |key: &str| text(channel.get("mean")?, key)?.parse::<u64>().ok();
        let Some(size) = whole("size") else { continue };
        images.push(Constant {
            name: format!("mean.{id}"),
            packing: packing(dtype),
            dtype,
            shape: Shape::fixed([height, width]),
            quantization: quantization.clone(),
            range: Some((whole("offset").unwrap_or(0), size)),
            fits: true,
        });
    }
    Some((position, images))
}

/// Whether an operation is of a model of these versions: they stand where others have their opset.
pub fn is_legacy(operation: &Operation) -> bool {
    matches!(operation.version.as_str(), "v2" | "v3" | "v4" | "v5" | "v6" | "v7")
}

/// Whether the net's data come in here.
pub fn is_input(layer: &Layer) -> bool {
    layer.kind.eq_ignore_ascii_case("Input")
}

fn is_const(layer: &Layer) -> bool {
    layer.kind == "Const"
}

/// The dimensions of a port; one that is no number counts as none.
fn dims(port: &Port) -> Vec<u64> {
    port.dims.iter().map(|dim| dim.unwrap_or(0)).collect()
}
