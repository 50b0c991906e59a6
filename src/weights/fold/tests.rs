//! Small graphs through the evaluator. Expected values: the CPU runtime of openvino 2026.4.1 at
//! inference precision f32, unless a comment says otherwise.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::*;
use crate::jobs::Token;
use crate::model::{Bytes, Data, FormatName, GraphId, Model, Operation, Quantization, Shape, Tensor, TensorRef};
use crate::source::Source;

mod empty;
mod waiting;

/// A tensor of the main graph.
fn of_main(tensor: TensorId) -> TensorRef {
    TensorRef { graph: GraphId(0), tensor }
}

/// A model that is put together constant by constant, operation by operation.
#[derive(Default)]
struct Builder {
    graph: Graph,
    bytes: Vec<u8>,
}

impl Builder {
    fn constant(&mut self, dtype: DType, shape: &[u64], bytes: &[u8]) -> TensorId {
        let range = Bytes { source: 0, offset: self.bytes.len() as u64, len: bytes.len() as u64 };
        self.bytes.extend_from_slice(bytes);
        self.tensor(dtype, shape, Data::Stored(range))
    }

    fn floats(&mut self, shape: &[u64], numbers: &[f32]) -> TensorId {
        self.constant(DType::F32, shape, &numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>())
    }

    fn halves(&mut self, shape: &[u64], numbers: &[f32]) -> TensorId {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| half::f16::from_f32(*number).to_le_bytes()).collect();
        self.constant(DType::F16, shape, &bytes)
    }

    fn ints(&mut self, numbers: &[i64]) -> TensorId {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(DType::I64, &[numbers.len() as u64], &bytes)
    }

    /// 0, 1, 2, ... in the shape 2 x 3 x 4.
    fn counted(&mut self) -> TensorId {
        self.floats(&[2, 3, 4], &(0..24u8).map(f32::from).collect::<Vec<_>>())
    }

    fn tensor(&mut self, dtype: DType, shape: &[u64], data: Data) -> TensorId {
        let id = TensorId(self.graph.tensors.len() as u32);
        let mut tensor = Tensor::computed(format!("t{}", id.0), dtype, Shape::fixed(shape.iter().copied()));
        tensor.data = data;
        self.graph.tensors.push(tensor);
        id
    }

    /// An operation with `outputs` outputs of one type, whose shape the evaluator has to find out.
    fn operation(&mut self, kind: &str, attributes: Json, inputs: &[TensorId], dtype: DType, outputs: usize) -> Vec<TensorId> {
        let outputs: Vec<_> = (0..outputs).map(|_| self.tensor(dtype, &[], Data::Computed)).collect();
        for output in &outputs {
            self.graph.tensors[output.0 as usize].shape = Shape::Unknown;
        }
        self.graph.operations.push(Operation {
            name: format!("o{}", self.graph.operations.len()),
            kind: kind.into(),
            attributes: if let Json::Object(attributes) = attributes { attributes.into() } else { Default::default() },
            inputs: inputs.iter().copied().map(Some).collect(),
            outputs: outputs.clone(),
            ..Operation::default()
        });
        outputs
    }

    fn one(&mut self, kind: &str, attributes: Json, inputs: &[TensorId], dtype: DType) -> TensorId {
        self.operation(kind, attributes, inputs, dtype, 1)[0]
    }

    fn convert(&mut self, input: TensorId, to: DType) -> TensorId {
        self.one("Convert", json!({"destination_type": to.name()}), &[input], to)
    }

    fn model(mut self) -> Model {
        self.graph.link();
        Model {
            file: PathBuf::new(),
            format: FormatName::OpenvinoIr,
            format_version: String::new(),
            producer: None,
            metadata: serde_json::Map::new(),
            bundle: None,
            signatures: Vec::new(),
            files: Vec::new(),
            graphs: vec![self.graph],
            sources: vec![Source::from_bytes("bin", self.bytes)],
            warnings: Vec::new(),
        }
    }

    fn value(self, tensor: TensorId) -> Result<(Vec<usize>, Vec<f32>), FoldError> {
        let model = self.model();
        assert!(constant_tensors(model.main())[tensor.0 as usize] && is_constant_fed(model.main(), tensor));
        let token = Token::new();
        let value = evaluate(&model, of_main(tensor), &token)?;
        Ok((value.shape.clone(), value.into_f32(&token)?))
    }
}

/// Builds one subgraph and compares its value, bit for bit.
fn check(build: impl FnOnce(&mut Builder) -> TensorId, shape: &[usize], expected: &[f32]) {
    let mut builder = Builder::default();
    let tensor = build(&mut builder);
    let (found_shape, found) = builder.value(tensor).unwrap();
    let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
    assert_eq!((found_shape.as_slice(), bits(&found)), (shape, bits(expected)), "{found:?} is not {expected:?}");
}

/// Builds one subgraph whose value can't be had, and compares the sentence that says why.
fn check_problem(build: impl FnOnce(&mut Builder) -> TensorId, expected: &str) {
    let mut builder = Builder::default();
    let tensor = build(&mut builder);
    let problem = builder.value(tensor).unwrap_err().to_string();
    assert!(problem.contains(expected), "{problem}");
}

fn binary(kind: &str, a: (&[u64], &[f32]), b: (&[u64], &[f32]), shape: &[usize], expected: &[f32]) {
    let build = |builder: &mut Builder| {
        let inputs = [builder.floats(a.0, a.1), builder.floats(b.0, b.1)];
        builder.one(kind, json!({}), &inputs, DType::F32)
    };
    check(build, shape, expected);
}

/// Int8 codes with a zero point and a half-precision scale for each row, as NNCF writes them.
fn asymmetric(builder: &mut Builder) -> (TensorId, [TensorId; 3]) {
    let codes = builder.constant(DType::I8, &[2, 3], &[128, 255, 0, 1, 64, 127]);
    let zero_points = builder.constant(DType::I8, &[2, 1], &[3, 251]);
    let scales = builder.halves(&[2, 1], &[0.1, 0.3]);
    let (wide, wide_zero_points) = (builder.convert(codes, DType::F16), builder.convert(zero_points, DType::F16));
    let shifted = builder.one("Subtract", json!({}), &[wide, wide_zero_points], DType::F16);
    let scaled = builder.one("Multiply", json!({}), &[shifted, scales], DType::F16);
    (builder.convert(scaled, DType::F32), [codes, zero_points, scales])
}

#[test]
fn decompression_is_float32_throughout() {
    check(|builder| asymmetric(builder).0, &[2, 3], &[-13.096_802, -0.399_902_34, -0.299_926_76, 1.800_293, 20.703_37, 39.606_445]);
}

#[test]
fn half_precision_is_rounded_to_where_it_is_made() {
    let build = |builder: &mut Builder| {
        let (a, b) = (builder.floats(&[3], &[0.1, 0.2, 0.3]), builder.halves(&[3], &[0.1, 0.2, 0.3]));
        let a = builder.convert(a, DType::F16);
        let product = builder.one("Multiply", json!({}), &[a, b], DType::F16);
        builder.convert(product, DType::F32)
    };
    check(build, &[3], &[0.009_995_118, 0.039_980_47, 0.090_029_3]);
}

#[test]
fn half_precision_at_the_end_is_rounded_once() {
    let build = |builder: &mut Builder| {
        let (a, b) = (builder.constant(DType::I8, &[3], &[1, 2, 3]), builder.halves(&[3], &[0.1, 0.2, 0.3]));
        let a = builder.convert(a, DType::F16);
        builder.one("Multiply", json!({}), &[a, b], DType::F16)
    };
    check(build, &[3], &[0.099_975_586, 0.399_902_34, 0.900_390_6]);
}

#[test]
fn conversions() {
    for (from, to, expected) in [
        (1e6, DType::F16, f32::INFINITY),
        (65_519.9, DType::F16, 65_504.0),
        (1e-8, DType::F16, 0.0),
        (3e-8, DType::F16, 5.960_464_5e-8),
        (0.1, DType::F16, 0.099_975_586),
        (1e6, DType::Bf16, 999_424.0),
        (0.1, DType::Bf16, 0.099_609_375),
        (65_519.9, DType::Bf16, 65_536.0),
        (3e-8, DType::Bf16, 2.980_232_2e-8),
        (1.9, DType::U8, 1.0),
        (300.0, DType::U8, 44.0),
        (-5.0, DType::U8, 251.0),
        (3e9, DType::U8, 0.0),
        (-1.9, DType::I32, -1.0),
        (3e9, DType::I32, -2_147_483_648.0),
    ] {
        let build = |builder: &mut Builder| {
            let number = builder.floats(&[1], &[from]);
            builder.convert(number, to)
        };
        check(build, &[1], &[expected]);
    }
    for (to, expected) in [(DType::U8, [44.0, 251.0, 112.0]), (DType::I8, [44.0, -5.0, 112.0])] {
        let build = |builder: &mut Builder| {
            let numbers = builder.ints(&[300, -5, 70_000]);
            builder.convert(numbers, to)
        };
        check(build, &[3], &expected);
    }
}

#[test]
fn arithmetic_broadcasts() {
    binary("Power", (&[5], &[9.0, 3.0, 0.5, -2.0, 10.0]), (&[5], &[0.5, 2.0, -1.0, 3.0, 0.3]), &[5], &[3.0, 9.0, 2.0, -8.0, 1.995_262_4]);
    // The rest by arithmetic.
    binary("Subtract", (&[2, 1], &[1.0, 2.0]), (&[1, 2], &[10.0, 20.0]), &[2, 2], &[-9.0, -19.0, -8.0, -18.0]);
    binary("Subtract", (&[], &[1.0]), (&[2, 2], &[1.0, 2.0, 3.0, 4.0]), &[2, 2], &[0.0, -1.0, -2.0, -3.0]);
    binary("Divide", (&[2, 2], &[1.0, 2.0, 3.0, 4.0]), (&[2], &[1.0, 2.0]), &[2, 2], &[1.0, 1.0, 3.0, 2.0]);
    binary("Add", (&[2, 1, 2], &[1.0, 2.0, 3.0, 4.0]), (&[2, 1], &[0.0, 10.0]), &[2, 2, 2], &[1.0, 2.0, 11.0, 12.0, 3.0, 4.0, 13.0, 14.0]);
    binary("Multiply", (&[0, 2], &[]), (&[2], &[1.0, 2.0]), &[0, 2], &[]);
    check_problem(
        |builder| {
            let inputs = [builder.floats(&[2], &[1.0, 2.0]), builder.floats(&[3], &[1.0, 2.0, 3.0])];
            builder.one("Add", json!({}), &inputs, DType::F32)
        },
        "the Add `o0` can't be evaluated: the shapes of the operands can't be broadcast",
    );
}

#[test]
fn broadcasting_is_the_same_across_blocks() {
    // 300 x 1000 elements take several blocks; each row and each column has its own term.
    let rows: Vec<f32> = (0..300u16).map(f32::from).collect();
    let columns: Vec<f32> = (0..1000u16).map(|column| f32::from(column) * 0.5).collect();
    let mut builder = Builder::default();
    let zeros = builder.constant(DType::I8, &[300, 1000], &vec![1; 300_000]);
    let inputs = [builder.convert(zeros, DType::F32), builder.floats(&[300, 1], &rows)];
    let sum = builder.one("Add", json!({}), &inputs, DType::F32);
    let columns_id = builder.floats(&[1000], &columns);
    let product = builder.one("Multiply", json!({}), &[columns_id, sum], DType::F32);
    let (_, found) = builder.value(product).unwrap();
    let expected = rows.iter().flat_map(|row| columns.iter().map(move |column| column * (1.0 + row)));
    assert!(found.iter().copied().eq(expected));
}

#[test]
fn integers_are_exact() {
    for (kind, dtype, a, b, expected) in [
        ("Divide", DType::I64, [-7, 7, -8], [2, -2, 3], [-4, -4, -3]),
        ("Subtract", DType::U8, [1, 2, 0], [2, 1, 255], [255, 1, 1]),
        ("Multiply", DType::I64, [1 << 53, 3, -1], [1, 1 << 60, 1], [1 << 53, 3 << 60, -1]),
        ("Add", DType::I64, [(1 << 53) + 1, 0, i64::MAX], [0, 0, 1], [(1 << 53) + 1, 0, i64::MIN]),
    ] {
        let mut builder = Builder::default();
        let mut inputs = [builder.ints(&a), builder.ints(&b)];
        if dtype != DType::I64 {
            inputs = inputs.map(|input| builder.convert(input, dtype));
        }
        let result = builder.one(kind, json!({}), &inputs, dtype);
        let (model, token) = (builder.model(), Token::new());
        let value = evaluate(&model, of_main(result), &token).unwrap();
        assert_eq!(value.into_i64(&token).unwrap(), expected, "{kind}");
    }
    check_problem(
        |builder| {
            let inputs = [builder.ints(&[1]), builder.ints(&[0])];
            builder.one("Divide", json!({}), &inputs, DType::I64)
        },
        "divided by zero",
    );
}

#[test]
fn elements_in_another_order() {
    /// A float operand and lists of whole numbers.
    fn moved(kind: &str, attributes: Json, lists: &[&[i64]], shape: &[usize], expected: &[f32]) {
        let build = |builder: &mut Builder| {
            let mut inputs = vec![builder.counted()];
            inputs.extend(lists.iter().map(|list| builder.ints(list)));
            builder.one(kind, attributes, &inputs, DType::F32)
        };
        check(build, shape, expected);
    }
    let transposed: Vec<f32> = (0..4u8).flat_map(|i| (0..6u8).map(move |j| f32::from(i + 4 * j))).collect();
    moved("Transpose", json!({}), &[&[2, 0, 1]], &[4, 2, 3], &transposed);
    let masks = json!({"begin_mask": [1, 0, 0], "end_mask": [1, 0, 1]});
    moved("StridedSlice", masks, &[&[0, -1, 3], &[0, -3, 0], &[1, -1, -2]], &[2, 2, 2], &[11.0, 9.0, 7.0, 5.0, 23.0, 21.0, 19.0, 17.0]);
    let masks = json!({"new_axis_mask": [0, 1, 0], "shrink_axis_mask": [0, 0, 1], "ellipsis_mask": [1, 0, 0]});
    moved("StridedSlice", masks, &[&[0, 0, 1], &[0, 0, 2], &[1, 1, 1]], &[2, 3, 1], &[1.0, 5.0, 9.0, 13.0, 17.0, 21.0]);
    let sliced = [11.0, 9.0, 7.0, 5.0, 3.0, 1.0, 23.0, 21.0, 19.0, 17.0, 15.0, 13.0];
    moved("Slice", json!({}), &[&[-1, 3], &[-100, 0], &[-1, -2], &[1, -1]], &[2, 3, 2], &sliced);
    let gathered = [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0, 17.0, 19.0, 21.0, 23.0];
    moved("Gather", json!({}), &[&[1, -1], &[2]], &[2, 3, 2], &gathered);
    // By numpy: a[::-1, :, ::-1].
    let reversed: Vec<f32> =
        [12u8, 0].iter().flat_map(|i| [0u8, 4, 8].map(|j| i + j)).flat_map(|row| [3u8, 2, 1, 0].map(|k| f32::from(row + k))).collect();
    moved("Reverse", json!({"mode": "index"}), &[&[0, 2]], &[2, 3, 4], &reversed);
}

#[test]
fn parts_and_repetitions() {
    check(
        |builder| {
            let inputs = [builder.floats(&[2, 1], &[1.0, 2.0]), builder.floats(&[2, 2], &[3.0, 4.0, 5.0, 6.0])];
            builder.one("Concat", json!({"axis": -1}), &inputs, DType::F32)
        },
        &[2, 3],
        &[1.0, 3.0, 4.0, 2.0, 5.0, 6.0],
    );
    check(
        |builder| {
            let inputs = [builder.counted(), builder.ints(&[1])];
            builder.operation("Split", json!({"num_splits": 3}), &inputs, DType::F32, 3)[2]
        },
        &[2, 1, 4],
        &[8.0, 9.0, 10.0, 11.0, 20.0, 21.0, 22.0, 23.0],
    );
    check(
        |builder| {
            let inputs = [builder.counted(), builder.ints(&[2]), builder.ints(&[3, -1])];
            builder.operation("VariadicSplit", json!({}), &inputs, DType::F32, 2)[1]
        },
        &[2, 3, 1],
        &[3.0, 7.0, 11.0, 15.0, 19.0, 23.0],
    );
    check(
        |builder| {
            let inputs = [builder.floats(&[2], &[1.0, 2.0]), builder.ints(&[2, 3]), builder.ints(&[0])];
            builder.one("Broadcast", json!({"mode": "explicit"}), &inputs, DType::F32)
        },
        &[2, 3],
        &[1.0, 1.0, 1.0, 2.0, 2.0, 2.0],
    );
    check(
        |builder| {
            let inputs = [builder.floats(&[2, 1], &[1.0, 2.0]), builder.ints(&[1, 3])];
            builder.one("Broadcast", json!({"mode": "bidirectional"}), &inputs, DType::F32)
        },
        &[2, 3],
        &[1.0, 1.0, 1.0, 2.0, 2.0, 2.0],
    );
    check(
        |builder| {
            let inputs = [builder.floats(&[1, 2], &[1.0, 2.0]), builder.ints(&[2, 1, 2])];
            builder.one("Tile", json!({}), &inputs, DType::F32)
        },
        &[2, 1, 4],
        &[1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0],
    );
    check(
        |builder| {
            let inputs = [builder.ints(&[3]), builder.ints(&[12]), builder.ints(&[4])];
            builder.one("Range", json!({}), &inputs, DType::I64)
        },
        &[3],
        &[3.0, 7.0, 11.0],
    );
}

#[test]
fn gather_along_batches() {
    check(
        |builder| {
            let table = builder.floats(&[2, 4], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
            let indices = builder.constant(DType::I8, &[2, 2], &[0, 3, 1, 255]);
            let axis = builder.ints(&[1]);
            builder.one("Gather", json!({"batch_dims": 1}), &[table, indices, axis], DType::F32)
        },
        &[2, 2],
        &[0.0, 3.0, 5.0, 7.0],
    );
    check_problem(
        |builder| {
            let inputs = [builder.floats(&[2], &[0.0, 1.0]), builder.ints(&[2]), builder.ints(&[0])];
            builder.one("Gather", json!({}), &inputs, DType::F32)
        },
        "an index goes beyond the axis",
    );
}

#[test]
fn fake_quantize_rounds_half_to_even() {
    check(
        |builder| {
            let x = builder.floats(&[9], &[-2.0, -1.0, -0.5, -0.05, 0.15, 0.25, 0.999, 1.0, 3.0]);
            let ranges = [-1.0, 1.0, -2.0, 2.0].map(|range| builder.floats(&[], &[range]));
            builder.one("FakeQuantize", json!({"levels": 5}), &[x, ranges[0], ranges[1], ranges[2], ranges[3]], DType::F32)
        },
        &[9],
        &[-2.0, -2.0, -1.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0],
    );
    check(
        |builder| {
            let x = builder.floats(&[2, 2], &[0.3, 0.7, 0.3, 0.7]);
            let ranges = [[0.0, -1.0], [1.0, 1.0], [0.0, -1.0], [1.0, 1.0]].map(|range| builder.floats(&[2, 1], &range));
            builder.one("FakeQuantize", json!({"levels": 16}), &[x, ranges[0], ranges[1], ranges[2], ranges[3]], DType::F32)
        },
        &[2, 2],
        &[0.266_666_68, 0.666_666_7, 0.333_333_37, 0.733_333_35],
    );
}

/// NNCF's codebook compression: a table, narrow indices, a scale.
fn codebook(builder: &mut Builder) -> (TensorId, [TensorId; 3]) {
    let table = builder.halves(&[4], &[-1.0, -0.5, 0.25, 1.0]);
    let indices = builder.constant(DType::U4, &[2, 2], &[0x23, 0x01]);
    let (scales, axis) = (builder.floats(&[2, 1], &[0.1, 0.2]), builder.ints(&[0]));
    let wide = builder.convert(indices, DType::U8);
    builder.graph.tensors[wide.0 as usize].shape = Shape::fixed([2, 2]);
    let picked = builder.one("Gather", json!({"batch_dims": 0}), &[table, wide, axis], DType::F16);
    let picked = builder.convert(picked, DType::F32);
    (builder.one("Multiply", json!({}), &[picked, scales], DType::F32), [table, indices, scales])
}

#[test]
fn codebooks_are_looked_up() {
    check(|builder| codebook(builder).0, &[2, 2], &[0.1, 0.025, -0.1, -0.2]);
}

#[test]
fn the_constants_of_a_chain_are_told_apart() {
    let mut builder = Builder::default();
    let (end, [codes, zero_points, scales]) = asymmetric(&mut builder);
    let model = builder.model();
    let found = chain(&model, of_main(end));
    let sides = (Some(of_main(zero_points)), Some(of_main(scales)));
    assert_eq!((found.data, (found.zero_point, found.scale), found.scheme), (of_main(codes), sides, Scheme::AffineChain));
    let kinds: Vec<_> = found.operations.iter().map(|place| model.operation(*place).kind.as_str()).collect();
    assert_eq!(kinds, ["Convert", "Subtract", "Multiply", "Convert"]);

    let mut builder = Builder::default();
    let (end, [table, indices, scales]) = codebook(&mut builder);
    let found = chain(&builder.model(), of_main(end));
    let sides = (Some(of_main(table)), Some(of_main(scales)));
    assert_eq!((found.data, (found.codebook, found.scale), found.scheme), (of_main(indices), sides, Scheme::Codebook));

    // A factor on a half-precision weight is no scale of a compression.
    let mut builder = Builder::default();
    let (weight, factor) = (builder.halves(&[2, 2], &[1.0, 2.0, 3.0, 4.0]), builder.floats(&[2, 1], &[1.0, 2.0]));
    let wide = builder.convert(weight, DType::F32);
    let end = builder.one("Multiply", json!({}), &[factor, wide], DType::F32);
    builder.graph.tensors[wide.0 as usize].shape = Shape::fixed([2, 2]);
    let found = chain(&builder.model(), of_main(end));
    assert_eq!((found.data, found.scale, found.scheme), (of_main(weight), None, Scheme::None));

    let mut builder = Builder::default();
    let x = builder.halves(&[2], &[1.0, 2.0]);
    let ranges = [0.0, 1.0, 0.0, 1.0].map(|range| builder.floats(&[], &[range]));
    let wide = builder.convert(x, DType::F32);
    let end = builder.one("FakeQuantize", json!({"levels": 255}), &[wide, ranges[0], ranges[1], ranges[2], ranges[3]], DType::F32);
    let found = chain(&builder.model(), of_main(end));
    assert_eq!((found.data, found.scheme), (of_main(x), Scheme::FakeQuantize));
}

#[test]
fn quantised_constants_become_real_where_read_as_floats() {
    // By the formula: scale * (q - zero_point), channel by channel of axis 1.
    let mut builder = Builder::default();
    let codes = builder.constant(DType::I8, &[2, 2, 1], &[1, 2, 255, 254]);
    let quantization = Quantization::Affine { axis: 1, scales: vec![0.5, 0.25], zero_points: vec![0, 1] };
    builder.graph.tensors[codes.0 as usize].quantization = Some(Box::new(quantization));
    let perm = builder.ints(&[1, 0, 2]);
    let turned = builder.one("TRANSPOSE", json!({}), &[codes, perm], DType::I8);
    let cast = builder.one("CAST", json!({}), &[codes], DType::F32);
    let (model, token) = (builder.model(), Token::new());
    for (tensor, expected) in [(codes, [0.5, 0.25, -0.5, -0.75]), (turned, [0.5, -0.5, 0.25, -0.75]), (cast, [1.0, 2.0, -1.0, -2.0])] {
        let value = evaluate(&model, of_main(tensor), &token).unwrap();
        assert_eq!(value.into_f32(&token).unwrap(), expected);
    }
    assert_eq!(chain(&model, of_main(turned)).scheme, Scheme::PerAxis);
}

#[test]
fn only_what_constants_feed_is_constant() {
    let mut builder = Builder::default();
    let constant = builder.floats(&[1], &[1.0]);
    let activation = builder.one("Parameter", json!({}), &[], DType::F32);
    let random = builder.one("RandomUniform", json!({}), &[constant], DType::F32);
    let mixed = builder.one("Add", json!({}), &[constant, activation], DType::F32);
    let twice = builder.one("Add", json!({}), &[constant, constant], DType::F32);
    let after = builder.one("Sqrt", json!({}), &[twice], DType::F32);
    // Two operations that feed each other.
    let first = builder.one("Add", json!({}), &[constant], DType::F32);
    let second = builder.one("Sqrt", json!({}), &[first], DType::F32);
    builder.graph.operations[5].inputs.push(Some(second));
    let model = builder.model();
    let flags = constant_tensors(model.main());
    let flag = |id: TensorId| flags[id.0 as usize];
    assert!(flag(constant) && flag(twice) && flag(after));
    assert!(!flag(activation) && !flag(random) && !flag(mixed) && !flag(first) && !flag(second));
    assert!(!is_constant_fed(model.main(), mixed) && is_constant_fed(model.main(), after));
    let problem = evaluate(&model, of_main(second), &Token::new()).unwrap_err().to_string();
    assert!(problem.contains("depends on itself"), "{problem}");
    assert!(chain(&model, of_main(second)).operations.len() <= 1024);
}

#[test]
fn results_out_of_proportion_are_refused() {
    check_problem(
        |builder| {
            let inputs = [builder.floats(&[1], &[1.0]), builder.ints(&[1 << 40])];
            builder.one("Broadcast", json!({}), &inputs, DType::F32)
        },
        "out of proportion",
    );
    check_problem(
        |builder| {
            let inputs = [builder.floats(&[1], &[1.0]), builder.ints(&[1 << 40, 1 << 40])];
            builder.one("Tile", json!({}), &inputs, DType::F32)
        },
        "too many elements",
    );
    // Each step doubles; together they are too much, though no step is alone.
    check_problem(
        |builder| {
            let mut grown = builder.floats(&[1], &[1.0]);
            for _ in 0..40 {
                grown = builder.one("Concat", json!({"axis": 0}), &[grown, grown], DType::F32);
            }
            grown
        },
        "out of proportion",
    );
}

#[test]
fn long_chains_end() {
    let chained = |length: usize| {
        let mut builder = Builder::default();
        let mut end = builder.floats(&[1], &[1.0]);
        for _ in 0..length {
            end = builder.one("Sqrt", json!({}), &[end], DType::F32);
        }
        let model = builder.model();
        evaluate(&model, of_main(end), &Token::new()).map(|value| value.shape)
    };
    assert_eq!(chained(4000).unwrap(), [1]);
    assert!(chained(50_000).unwrap_err().to_string().contains("more than 4096 operations"));
}

#[test]
fn problems_are_sentences() {
    check_problem(
        |builder| {
            let input = builder.floats(&[1], &[1.0]);
            builder.one("Mystery", json!({}), &[input], DType::F32)
        },
        "the Mystery `o0` can't be evaluated: Mystery is not evaluated",
    );
    check_problem(
        |builder| {
            let inputs = [builder.counted(), builder.ints(&[5, 5])];
            builder.one("Reshape", json!({}), &inputs, DType::F32)
        },
        "the new shape has another number of elements",
    );
    check_problem(|builder| builder.tensor(DType::F32, &[1], Data::Unavailable("it is gone".into())), "it is gone");
    check_problem(|builder| builder.constant(DType::F32, &[2], &[0; 7]), "2 elements of f32 take 8 bytes, but the file holds 7");
    let mut builder = Builder::default();
    let (end, _) = asymmetric(&mut builder);
    let (model, token) = (builder.model(), Token::new());
    token.cancel();
    assert_eq!(evaluate(&model, of_main(end), &token).unwrap_err(), FoldError::Cancelled(Cancelled));
}
