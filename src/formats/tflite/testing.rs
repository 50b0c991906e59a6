//! Small models for tests, built with the `flatbuffers` crate's own builder.

use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, WIPOffset};

use super::schema::{
    buffer, dimension_metadata as d, int32_vector, metadata, model, operator as o, operator_code, quantization_parameters as q,
    sparsity_parameters as s, sub_graph, tensor,
};

type Builder = FlatBufferBuilder<'static>;
type Offset = WIPOffset<TableFinishedWIPOffset>;

/// A model with one graph.
#[derive(Clone)]
pub struct TestModel {
    pub version: u32,
    /// (deprecated code, code, custom code)
    pub codes: Vec<(i8, i32, Option<&'static str>)>,
    pub tensors: Vec<TestTensor>,
    pub operators: Vec<TestOperator>,
    pub buffers: Vec<Buffer>,
    pub inputs: Vec<i32>,
    pub outputs: Vec<i32>,
    pub metadata: Vec<(&'static str, u32)>,
    pub identifier: Option<&'static str>,
    /// How often the list of graphs names the one graph.
    pub graph_count: usize,
}

#[derive(Clone, Default)]
pub struct Buffer {
    pub data: Option<Vec<u8>>,
    pub offset: u64,
    pub size: u64,
}

#[derive(Clone, Default)]
pub struct TestTensor {
    pub name: Option<&'static str>,
    pub shape: Vec<i32>,
    pub signature: Vec<i32>,
    pub kind: i8,
    pub buffer: u32,
    pub external: u32,
    pub scales: Vec<f32>,
    pub zero_points: Vec<i64>,
    pub axis: i32,
    pub details: Option<TestDetails>,
    pub sparsity: Option<TestSparsity>,
}

/// Tag of the union of quantisation details; its int fields and its fields of lists, by id.
pub type TestDetails = (u8, Vec<(u16, i32)>, Vec<(u16, Vec<i32>)>);

#[derive(Clone, Default)]
pub struct TestSparsity {
    pub traversal_order: Vec<i32>,
    pub block_map: Vec<i32>,
    pub levels: Vec<TestLevel>,
}

#[derive(Clone)]
pub enum TestLevel {
    Dense(i32),
    /// Segments and indices.
    Csr(Vec<i32>, Vec<i32>),
    /// The same in bytes.
    CsrBytes(Vec<u8>, Vec<u8>),
}

#[derive(Clone, Default)]
pub struct TestOperator {
    pub code: u32,
    pub inputs: Vec<i32>,
    pub outputs: Vec<i32>,
    pub options: Option<TestOptions>,
    pub custom_options: Option<Vec<u8>>,
}

/// Tag of the union, its int fields by id, its byte fields by id.
pub type TestOptions = (u8, Vec<(u16, i32)>, Vec<(u16, i8)>);

impl Default for TestModel {
    fn default() -> Self {
        Self {
            version: 3,
            codes: Vec::new(),
            tensors: Vec::new(),
            operators: Vec::new(),
            buffers: vec![Buffer::default()],
            inputs: Vec::new(),
            outputs: Vec::new(),
            metadata: Vec::new(),
            identifier: Some("TFL3"),
            graph_count: 1,
        }
    }
}

impl TestModel {
    /// CONV_2D with an int8 kernel [2,1,1,3] quantised per channel, and an int32 bias.
    pub fn convolution() -> Self {
        let kernel = (0u8..6).collect::<Vec<_>>();
        let bias = [1i32, -1].iter().flat_map(|value| value.to_le_bytes()).collect();
        let data = |data| Buffer { data: Some(data), ..Buffer::default() };
        let constant = |name, shape: &[i32], kind, buffer| TestTensor {
            name: Some(name),
            shape: shape.to_vec(),
            kind,
            buffer,
            scales: vec![0.5, 0.25],
            zero_points: vec![0],
            ..TestTensor::default()
        };
        let computed = |name, shape: &[i32], signature: &[i32]| TestTensor {
            name: Some(name),
            shape: shape.to_vec(),
            signature: signature.to_vec(),
            ..TestTensor::default()
        };
        Self {
            codes: vec![(3, 0, None)],
            tensors: vec![
                computed("image", &[1, 4, 4, 3], &[-1, 4, 4, 3]),
                constant("kernel", &[2, 1, 1, 3], 9, 1),
                constant("bias", &[2], 2, 2),
                computed("conv", &[1, 4, 4, 2], &[]),
            ],
            operators: vec![TestOperator {
                inputs: vec![0, 1, 2],
                outputs: vec![3],
                options: Some((1, vec![(1, 2), (2, 2)], vec![(3, 1)])),
                ..TestOperator::default()
            }],
            buffers: vec![Buffer::default(), data(kernel), data(bias), data(b"1.5.0\0\0\0".to_vec())],
            inputs: vec![0],
            outputs: vec![3],
            metadata: vec![("min_runtime_version", 3)],
            ..Self::default()
        }
    }

    /// The model as a file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut b = Builder::new();
        let codes: Vec<_> = self.codes.iter().map(|code| operator_code(&mut b, *code)).collect();
        let buffers: Vec<_> = self.buffers.iter().map(|buffer| buffer_table(&mut b, buffer)).collect();
        let metadata: Vec<_> = self.metadata.iter().map(|entry| metadata_table(&mut b, *entry)).collect();
        let graph = self.graph(&mut b);
        let graphs = vec![graph; self.graph_count];
        let description = b.create_string("made by a test");
        let (codes, buffers) = (b.create_vector(&codes), b.create_vector(&buffers));
        let (metadata, graphs) = (b.create_vector(&metadata), b.create_vector(&graphs));
        let start = b.start_table();
        b.push_slot_always(slot(model::VERSION), self.version);
        b.push_slot_always(slot(model::OPERATOR_CODES), codes);
        b.push_slot_always(slot(model::SUBGRAPHS), graphs);
        b.push_slot_always(slot(model::DESCRIPTION), description);
        b.push_slot_always(slot(model::BUFFERS), buffers);
        b.push_slot_always(slot(model::METADATA), metadata);
        let root = b.end_table(start);
        b.finish(root, self.identifier);
        b.finished_data().to_vec()
    }

    fn graph(&self, b: &mut Builder) -> Offset {
        let tensors: Vec<_> = self.tensors.iter().map(|tensor| tensor_table(b, tensor)).collect();
        let operators: Vec<_> = self.operators.iter().map(|operator| operator_table(b, operator)).collect();
        let (tensors, operators) = (b.create_vector(&tensors), b.create_vector(&operators));
        let (inputs, outputs) = (b.create_vector(&self.inputs), b.create_vector(&self.outputs));
        let name = b.create_string("main");
        let start = b.start_table();
        b.push_slot_always(slot(sub_graph::TENSORS), tensors);
        b.push_slot_always(slot(sub_graph::INPUTS), inputs);
        b.push_slot_always(slot(sub_graph::OUTPUTS), outputs);
        b.push_slot_always(slot(sub_graph::OPERATORS), operators);
        b.push_slot_always(slot(sub_graph::NAME), name);
        b.end_table(start)
    }
}

fn slot(id: u16) -> u16 {
    4 + 2 * id
}

fn operator_code(b: &mut Builder, (deprecated, code, custom): (i8, i32, Option<&str>)) -> Offset {
    let custom = custom.map(|custom| b.create_string(custom));
    let start = b.start_table();
    b.push_slot_always(slot(operator_code::DEPRECATED_BUILTIN_CODE), deprecated);
    b.push_slot_always(slot(operator_code::BUILTIN_CODE), code);
    if let Some(custom) = custom {
        b.push_slot_always(slot(operator_code::CUSTOM_CODE), custom);
    }
    b.end_table(start)
}

fn buffer_table(b: &mut Builder, buffer: &Buffer) -> Offset {
    let data = buffer.data.as_ref().map(|data| b.create_vector(data));
    let start = b.start_table();
    if let Some(data) = data {
        b.push_slot_always(slot(buffer::DATA), data);
    }
    b.push_slot(slot(buffer::OFFSET), buffer.offset, 0);
    b.push_slot(slot(buffer::SIZE), buffer.size, 0);
    b.end_table(start)
}

fn metadata_table(b: &mut Builder, (name, buffer): (&str, u32)) -> Offset {
    let name = b.create_string(name);
    let start = b.start_table();
    b.push_slot_always(slot(metadata::NAME), name);
    b.push_slot_always(slot(metadata::BUFFER), buffer);
    b.end_table(start)
}

fn tensor_table(b: &mut Builder, tensor: &TestTensor) -> Offset {
    let name = tensor.name.map(|name| b.create_string(name));
    let (shape, signature) = (b.create_vector(&tensor.shape), b.create_vector(&tensor.signature));
    let (scales, zero_points) = (b.create_vector(&tensor.scales), b.create_vector(&tensor.zero_points));
    let details = tensor.details.as_ref().map(|details| (details.0, details_table(b, details)));
    let sparsity = tensor.sparsity.as_ref().map(|sparsity| sparsity_table(b, sparsity));
    let start = b.start_table();
    b.push_slot_always(slot(q::SCALE), scales);
    b.push_slot_always(slot(q::ZERO_POINT), zero_points);
    b.push_slot(slot(q::QUANTIZED_DIMENSION), tensor.axis, 0);
    if let Some((tag, details)) = details {
        b.push_slot_always(slot(q::DETAILS_TYPE), tag);
        b.push_slot_always(slot(q::DETAILS), details);
    }
    let quantization = b.end_table(start);
    let start = b.start_table();
    if let Some(name) = name {
        b.push_slot_always(slot(tensor::NAME), name);
    }
    b.push_slot_always(slot(tensor::SHAPE), shape);
    b.push_slot_always(slot(tensor::SHAPE_SIGNATURE), signature);
    b.push_slot_always(slot(tensor::TYPE), tensor.kind);
    b.push_slot_always(slot(tensor::BUFFER), tensor.buffer);
    b.push_slot(slot(tensor::EXTERNAL_BUFFER), tensor.external, 0);
    b.push_slot_always(slot(tensor::QUANTIZATION), quantization);
    if let Some(sparsity) = sparsity {
        b.push_slot_always(slot(tensor::SPARSITY), sparsity);
    }
    b.end_table(start)
}

fn details_table(b: &mut Builder, (_, ints, lists): &TestDetails) -> Offset {
    let lists: Vec<_> = lists.iter().map(|(id, list)| (*id, b.create_vector(list))).collect();
    let start = b.start_table();
    for (id, value) in ints {
        b.push_slot_always(slot(*id), *value);
    }
    for (id, list) in lists {
        b.push_slot_always(slot(id), list);
    }
    b.end_table(start)
}

fn sparsity_table(b: &mut Builder, sparsity: &TestSparsity) -> Offset {
    let levels: Vec<_> = sparsity.levels.iter().map(|level| level_table(b, level)).collect();
    let (order, map) = (b.create_vector(&sparsity.traversal_order), b.create_vector(&sparsity.block_map));
    let levels = b.create_vector(&levels);
    let start = b.start_table();
    b.push_slot_always(slot(s::TRAVERSAL_ORDER), order);
    b.push_slot_always(slot(s::BLOCK_MAP), map);
    b.push_slot_always(slot(s::DIM_METADATA), levels);
    b.end_table(start)
}

fn level_table(b: &mut Builder, level: &TestLevel) -> Offset {
    let (tag, lists) = match level {
        TestLevel::Dense(size) => {
            let start = b.start_table();
            b.push_slot_always(slot(d::DENSE_SIZE), *size);
            return b.end_table(start);
        }
        TestLevel::Csr(segments, indices) => (1u8, [segments, indices].map(|list| b.create_vector(list).as_union_value())),
        TestLevel::CsrBytes(segments, indices) => (3, [segments, indices].map(|list| b.create_vector(list).as_union_value())),
    };
    let [segments, indices] = lists.map(|list| {
        let start = b.start_table();
        b.push_slot_always(slot(int32_vector::VALUES), list);
        b.end_table(start)
    });
    let start = b.start_table();
    b.push_slot_always(slot(d::FORMAT), 1i8);
    b.push_slot_always(slot(d::ARRAY_SEGMENTS_TYPE), tag);
    b.push_slot_always(slot(d::ARRAY_SEGMENTS), segments);
    b.push_slot_always(slot(d::ARRAY_INDICES_TYPE), tag);
    b.push_slot_always(slot(d::ARRAY_INDICES), indices);
    b.end_table(start)
}

fn operator_table(b: &mut Builder, operator: &TestOperator) -> Offset {
    let (inputs, outputs) = (b.create_vector(&operator.inputs), b.create_vector(&operator.outputs));
    let custom = operator.custom_options.as_ref().map(|custom| b.create_vector(custom));
    let options = operator.options.as_ref().map(|(tag, ints, bytes)| {
        let start = b.start_table();
        for (id, value) in ints {
            b.push_slot_always(slot(*id), *value);
        }
        for (id, value) in bytes {
            b.push_slot_always(slot(*id), *value);
        }
        (*tag, b.end_table(start))
    });
    let start = b.start_table();
    b.push_slot_always(slot(o::OPCODE_INDEX), operator.code);
    b.push_slot_always(slot(o::INPUTS), inputs);
    b.push_slot_always(slot(o::OUTPUTS), outputs);
    if let Some((tag, options)) = options {
        b.push_slot_always(slot(o::BUILTIN_OPTIONS_TYPE), tag);
        b.push_slot_always(slot(o::BUILTIN_OPTIONS), options);
    }
    if let Some(custom) = custom {
        b.push_slot_always(slot(o::CUSTOM_OPTIONS), custom);
    }
    b.end_table(start)
}
