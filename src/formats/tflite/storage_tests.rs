//! Ways of storing numbers, from the bytes of a model to real values: blocks, sparse and shuffled
//! constants, derived scales. Expected values are worked out by hand from the schema's words; the
//! fixtures have those of the runtime.

use super::testing::{Buffer, TestLevel, TestModel, TestOperator, TestSparsity, TestTensor};
use super::*;
use crate::model::{DType, GraphId, OperationId, Packing, TensorId};
use crate::weights::{Catalogue, Scheme, Site, Weight};

fn data(bytes: &[u8]) -> Buffer {
    Buffer { data: Some(bytes.to_vec()), ..Buffer::default() }
}

fn constant(kind: i8, shape: &[i32], buffer: u32) -> TestTensor {
    TestTensor { name: Some("c"), shape: shape.to_vec(), kind, buffer, ..TestTensor::default() }
}

/// FULLY_CONNECTED of an input, the tensors, and their bytes.
fn fully_connected(weights: TestTensor, others: Vec<TestTensor>, bytes: &[&[u8]]) -> TestModel {
    let mut test = TestModel { codes: vec![(9, 0, None)], inputs: vec![0], outputs: vec![1], ..TestModel::default() };
    let computed = |name| TestTensor { name: Some(name), shape: vec![1, 4], ..TestTensor::default() };
    test.tensors = vec![computed("x"), computed("y"), weights];
    test.tensors.extend(others);
    test.operators = vec![TestOperator { inputs: vec![0, 2], outputs: vec![1], ..TestOperator::default() }];
    test.buffers.extend(bytes.iter().map(|bytes| data(bytes)));
    test
}

fn opened(test: &TestModel) -> Model {
    open(Source::from_bytes("x.tflite", test.bytes()), &Options::default(), &Token::new()).unwrap()
}

fn weight(model: &Model, input: usize) -> Weight {
    Catalogue::of(model).at(Site { graph: GraphId(0), operation: OperationId(0), input }).cloned().unwrap()
}

/// Real values; every code by its own readout times its scale must make the same.
fn values(model: &Model, input: usize) -> Vec<f32> {
    let (weight, token) = (weight(model, input), Token::new());
    let real = weight.real(model, &token).unwrap();
    let scales = weight.scales(model, &token).unwrap();
    let Some(way) = weight.code_way(model, &token) else { return real.values };
    for (element, value) in real.values.iter().enumerate() {
        let (scale, zero_point) = weight.scale_at(model, &scales, &way, element).unwrap_or((1.0, 0.0));
        if let Some(code) = weight.code_at(model, &way, element) {
            assert_eq!(((code as f64 - zero_point) * scale) as f32, *value, "element {element}");
        }
    }
    real.values
}

fn halves(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| half::f16::from_f32(*number).to_le_bytes()).collect()
}

#[test]
fn blocks_along_the_last_axis() {
    // int4 codes 0..8 and -8..0, two rows of two blocks of four.
    let codes = [0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe];
    let blocks = |zero_points| Some((2, vec![(0, 3), (1, zero_points), (2, 4)], vec![]));
    let test = |zero_points: i32| {
        let weights = TestTensor { details: blocks(zero_points), scales: vec![9.0], ..constant(17, &[2, 8], 1) };
        fully_connected(
            weights,
            vec![constant(1, &[2, 2], 2), constant(3, &[2, 2], 3)],
            &[&codes, &halves(&[1.0, 0.5, 2.0, 0.25]), &[1, 2, 3, 4]],
        )
    };
    let plain = [0.0, 1.0, 2.0, 3.0, 2.0, 2.5, 3.0, 3.5, -16.0, -14.0, -12.0, -10.0, -1.0, -0.75, -0.5, -0.25];
    // 0 is what the field is without a value: none.
    for none in [0, -1, 99] {
        let model = opened(&test(none));
        assert_eq!(values(&model, 1), plain);
        let (weight, token) = (weight(&model, 1), Token::new());
        let scales = weight.scales(&model, &token).unwrap();
        assert_eq!(
            (weight.scheme, scales.axis, &scales.block[..], &scales.scale_shape[..]),
            (Scheme::Blockwise, Some(1), &[1, 4][..], &[2, 2][..])
        );
        assert_eq!((scales.scales, scales.zero_points), (vec![1.0, 0.5, 2.0, 0.25], vec![]));
    }
    let model = opened(&test(4));
    assert!(model.main().unread.is_empty(), "scales and zero points are read with the weights");
    let shifts = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 6.0, 6.0, 6.0, 6.0, 1.0, 1.0, 1.0, 1.0];
    assert_eq!(values(&model, 1), plain.iter().zip(shifts).map(|(value, shift)| value - shift).collect::<Vec<f32>>());
    // Scales that are the tensor itself, computed or absent cost the tensor, not the model.
    let mut broken = test(-1);
    broken.tensors[2].details = Some((2, vec![(0, 2), (1, -1), (2, 4)], vec![]));
    let model = opened(&broken);
    assert!(weight(&model, 1).problem(&model).is_some_and(|problem| problem.contains("no constant of floats")));
}

#[test]
fn several_axes_are_said_to_be_unverified() {
    let details = Some((3, vec![(0, 3), (1, -1), (2, 0)], vec![(3, vec![0, 1])]));
    let weights = TestTensor { details, ..constant(9, &[2, 2], 1) };
    let scales: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0].iter().flat_map(|scale| scale.to_le_bytes()).collect();
    let model = opened(&fully_connected(weights, vec![constant(0, &[2, 2], 2)], &[&[1, 1, 1, 255], &scales]));
    assert_eq!(values(&model, 1), [1.0, 2.0, 3.0, -4.0]);
    assert!(model.warnings.iter().any(|warning| warning.contains("unverified")), "{:?}", model.warnings);
    assert!(weight(&model, 1).notes(&model)[0].starts_with("unverified"));
}

#[test]
fn a_scheme_of_the_writers_own_leaves_the_codes() {
    let weights = TestTensor { details: Some((1, vec![], vec![(0, vec![7])])), ..constant(9, &[2, 2], 1) };
    let model = opened(&fully_connected(weights, vec![], &[&[1, 2, 3, 255]]));
    assert_eq!(values(&model, 1), [1.0, 2.0, 3.0, -1.0]);
    let weight = weight(&model, 1);
    assert_eq!((weight.scheme, weight.problem(&model)), (Scheme::Custom, None));
    // A vector of one int counts as one byte to who reads bytes.
    assert!(weight.notes(&model)[0].contains("described in 1 byte:"), "{:?}", weight.notes(&model));
}

/// The fixture `sparse_tensor.bin` of TensorFlow Lite: 4 by 4 in blocks of 2 by 2.
fn sparse() -> TestTensor {
    let sparsity = TestSparsity {
        traversal_order: vec![0, 1, 2, 3],
        block_map: vec![0, 1],
        levels: vec![TestLevel::Dense(2), TestLevel::Csr(vec![0, 2, 3], vec![0, 1, 1]), TestLevel::Dense(2), TestLevel::Dense(2)],
    };
    TestTensor { sparsity: Some(sparsity), ..constant(9, &[4, 4], 1) }
}

const STORED: [u8; 12] = [1, 0, 0, 4, 2, 3, 0, 0, 5, 0, 0, 6];
const DENSE: [f32; 16] = [1.0, 0.0, 2.0, 3.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 6.0];

#[test]
fn sparse_blocks() {
    let model = opened(&fully_connected(sparse(), vec![], &[&STORED]));
    assert_eq!(values(&model, 1), DENSE);
    let weight = weight(&model, 1);
    assert_eq!(weight.stored_bytes(&model).unwrap(), STORED);
    assert_eq!(weight.elements(&model).unwrap().bytes[..8], [1, 0, 2, 3, 0, 4, 0, 0]);
    // What is not stored is the code 0, not the value 0.
    let asymmetric = TestTensor { scales: vec![0.5], zero_points: vec![2], ..sparse() };
    let model = opened(&fully_connected(asymmetric, vec![], &[&STORED]));
    assert_eq!(values(&model, 1), DENSE.map(|code| (code - 2.0) * 0.5));
}

#[test]
fn sparse_columns_first_in_bytes() {
    let mut tensor = constant(0, &[2, 3], 1);
    tensor.sparsity = Some(TestSparsity {
        traversal_order: vec![1, 0],
        block_map: vec![],
        levels: vec![TestLevel::Dense(3), TestLevel::CsrBytes(vec![0, 1, 1, 3], vec![1, 0, 1])],
    });
    let bytes: Vec<u8> = [7.0f32, 8.0, 9.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let model = opened(&fully_connected(tensor, vec![], &[&bytes]));
    assert_eq!(values(&model, 1), [0.0, 0.0, 8.0, 7.0, 0.0, 9.0]);
}

#[test]
fn sparse_forms_that_contradict_themselves() {
    let problem = |change: &dyn Fn(&mut TestTensor)| {
        let mut tensor = sparse();
        change(&mut tensor);
        let model = opened(&fully_connected(tensor, vec![], &[&STORED]));
        weight(&model, 1).real(&model, &Token::new()).err().map(|error| error.to_string())
    };
    assert_eq!(problem(&|_| {}), None);
    let levels = |level: usize, with: TestLevel| {
        move |tensor: &mut TestTensor| {
            if let Some(sparsity) = &mut tensor.sparsity {
                sparsity.levels[level] = with.clone();
            }
        }
    };
    for (what, change) in [
        ("segments that go back", levels(1, TestLevel::Csr(vec![0, 4, 3], vec![0, 1, 1]))),
        ("an index outside", levels(1, TestLevel::Csr(vec![0, 2, 3], vec![0, 1, 2]))),
        ("a negative index", levels(1, TestLevel::Csr(vec![0, 2, 3], vec![0, -1, 1]))),
        ("a row too many", levels(1, TestLevel::Csr(vec![0, 2, 3, 3], vec![0, 1, 1]))),
        ("another number of elements", levels(1, TestLevel::Csr(vec![0, 2, 4], vec![0, 1, 0, 1]))),
        ("a block that does not divide", levels(2, TestLevel::Dense(3))),
        ("a block without a size", levels(2, TestLevel::Dense(0))),
        ("a dense size that is not the shape's", levels(0, TestLevel::Dense(3))),
    ] {
        assert!(problem(&change).is_some(), "{what}");
    }
    assert!(problem(&|tensor| tensor.shape = vec![i32::MAX, i32::MAX]).is_some());
    assert!(problem(&|tensor| tensor.shape = vec![4, -4]).is_some());
    assert!(problem(&|tensor| tensor.sparsity = Some(TestSparsity::default())).is_some());
}

#[test]
fn a_huge_shape_with_few_elements_is_refused() {
    let mut tensor = constant(9, &[1 << 20, 1 << 20], 1);
    let sparsity = TestSparsity {
        traversal_order: vec![1, 0],
        block_map: vec![],
        levels: vec![TestLevel::Csr(vec![0, 1], vec![5]), TestLevel::Csr(vec![0, 1], vec![5])],
    };
    tensor.sparsity = Some(sparsity);
    let model = opened(&fully_connected(tensor, vec![], &[&[7]]));
    let problem = weight(&model, 1).real(&model, &Token::new()).unwrap_err().to_string();
    assert!(problem.contains("out of proportion"), "{problem}");
}

#[test]
fn shuffled_weights_stand_in_order() {
    let shuffled: Vec<u8> = (0..128).map(|index: u8| index ^ 0x80).collect();
    let mut test =
        fully_connected(TestTensor { scales: vec![1.0], zero_points: vec![0], ..constant(3, &[4, 32], 1) }, vec![], &[&shuffled]);
    // FullyConnectedOptions.weights_format
    test.operators[0].options = Some((8, vec![], vec![(1, 1)]));
    let model = opened(&test);
    assert_eq!(weight(&model, 1).data_tensor(&model).packing, Packing::Shuffled4x16);
    let found = values(&model, 1);
    // The first row: 16 of the first block, then 16 of the second, which begins at 64.
    assert_eq!((found[0], found[15], found[16], found[31], found[32]), (0.0, 15.0, 64.0, 79.0, 16.0));
    assert_eq!(weight(&model, 1).stored_bytes(&model).unwrap(), shuffled);
    test.tensors[2].shape = vec![8, 16];
    assert_eq!(values(&opened(&test), 1)[..17], (0..17).map(|index: u8| f32::from(index)).collect::<Vec<_>>());
    test.tensors[2].shape = vec![2, 64];
    let model = opened(&test);
    assert!(weight(&model, 1).problem(&model).is_some_and(|problem| problem.contains("4 by 16")));
}

#[test]
fn a_bias_without_a_scale_gets_that_of_its_product() {
    let mut test = TestModel::convolution();
    (test.tensors[0].kind, test.tensors[0].scales) = (9, vec![0.1]);
    (test.tensors[2].scales, test.tensors[2].zero_points) = (vec![], vec![]);
    let bias = |test: &TestModel| {
        let model = opened(test);
        let weight = weight(&model, 2);
        let scales = weight.scales(&model, &Token::new()).unwrap();
        (values(&model, 2), weight.scheme, scales.is_derived, scales.scales, model.warnings)
    };
    let (values, scheme, is_derived, scales, warnings) = bias(&test);
    let tenth = f64::from(0.1f32);
    assert_eq!((values, scheme, is_derived), (vec![(tenth * 0.5) as f32, (tenth * -0.25) as f32], Scheme::PerAxis, true));
    assert_eq!((scales, warnings), (vec![tenth * 0.5, tenth * 0.25], vec![]));
    // A float input: the integers are the values.
    (test.tensors[0].kind, test.tensors[0].scales) = (0, vec![]);
    assert_eq!(bias(&test).0, [1.0, -1.0]);
    // Two layers that would give it different scales.
    (test.tensors[0].kind, test.tensors[0].scales) = (9, vec![0.1]);
    test.tensors.push(TestTensor { scales: vec![0.3], ..test.tensors[0].clone() });
    test.operators.push(TestOperator { inputs: vec![4, 1, 2], ..test.operators[0].clone() });
    let (values, scheme, .., warnings) = bias(&test);
    assert_eq!((values, scheme), (vec![1.0, -1.0], Scheme::None));
    assert!(warnings.iter().any(|warning| warning.contains("different ones")), "{warnings:?}");
}

#[test]
fn nibbles_in_bytes_and_complex_pairs() {
    let four = TestTensor { scales: vec![0.5], zero_points: vec![0], ..constant(17, &[1, 4], 1) };
    let model = opened(&fully_connected(four, vec![], &[&[7, 0xf8, 1, 0xff]]));
    assert_eq!(values(&model, 1), [3.5, -4.0, 0.5, -0.5]);
    assert_eq!(weight(&model, 1).data_tensor(&model).packing, Packing::OneAByte);
    let bytes: Vec<u8> = [1.0f32, -2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let model = opened(&fully_connected(constant(8, &[1, 2], 1), vec![], &[&bytes]));
    let real = weight(&model, 1).real(&model, &Token::new()).unwrap();
    assert_eq!((real.shape, real.values), (vec![1, 2, 2], vec![1.0, -2.0, 3.0, 4.0]));
    assert_eq!(weight(&model, 1).data_tensor(&model).dtype, DType::Complex64);
}

#[test]
fn what_is_rotated_packed_or_compiled_says_so() {
    let noted = |codes: Vec<(i8, i32, Option<&'static str>)>, between: Option<u32>, kind: i8| {
        let mut test = fully_connected(constant(kind, &[4, 4], 1), vec![], &[&[1; 64][..if kind == 2 { 64 } else { 16 }]]);
        test.codes = codes;
        if let Some(code) = between {
            test.tensors.push(TestTensor { name: Some("rotated"), shape: vec![1, 4], ..TestTensor::default() });
            test.operators[0].inputs[0] = 3;
            test.operators.push(TestOperator { code, inputs: vec![0], outputs: vec![3], ..TestOperator::default() });
        }
        let model = opened(&test);
        let notes = weight(&model, 1).notes(&model);
        (
            notes.first().cloned().unwrap_or_default(),
            crate::weights::notes::of_operation(&model, GraphId(0), &model.main().operations[0]).is_some(),
        )
    };
    let rotation = (32, 32, Some("aeq.hadamard_rotation"));
    assert!(noted(vec![(9, 0, None), rotation], Some(1), 9).0.starts_with("rotated: "));
    // RESHAPE may stand between, but alone it rotates nothing.
    assert_eq!(noted(vec![(9, 0, None), (22, 0, None)], Some(1), 9), (String::new(), false));
    assert!(noted(vec![(32, 32, Some("LceBconv2d"))], None, 2).0.starts_with("bit-packed: "));
    assert_eq!(noted(vec![(32, 32, Some("edgetpu-custom-op"))], None, 9), (String::new(), true));
    assert_eq!(noted(vec![(9, 0, None)], None, 9), (String::new(), false));
}

#[test]
fn strings() {
    let bytes: Vec<u8> = [2i32, 16, 18, 19].iter().flat_map(|number| number.to_le_bytes()).chain(*b"abc").collect();
    let model = opened(&fully_connected(constant(5, &[2], 1), vec![], &[&bytes]));
    let texts = weight(&model, 1);
    assert!(texts.is_text(&model) && texts.real(&model, &Token::new()).is_err());
    assert_eq!(texts.texts(&model).unwrap().iter().collect::<Vec<_>>(), [&b"ab"[..], b"c"]);
    let model = opened(&fully_connected(constant(5, &[3], 1), vec![], &[&bytes]));
    assert!(weight(&model, 1).texts(&model).is_err());
}

/// A tensor that is its own producer, one with two producers, a graph that calls itself: the graph is shown, and
/// nothing goes round for ever.
#[test]
fn circles_are_followed_once() {
    let mut test = TestModel::convolution();
    test.codes.extend([(22, 0, None), (118, 0, None)]);
    test.tensors.push(TestTensor { name: Some("own"), shape: vec![2, 1, 1, 3], ..TestTensor::default() });
    let operator = |code, inputs: &[i32], outputs: &[i32]| TestOperator {
        code,
        inputs: inputs.to_vec(),
        outputs: outputs.to_vec(),
        ..TestOperator::default()
    };
    test.operators.push(operator(1, &[4], &[4]));
    test.operators.push(operator(1, &[0], &[3]));
    // IF: both branches are the graph itself.
    test.operators.push(TestOperator { options: Some((92, vec![(0, 0), (1, 0)], vec![])), ..operator(2, &[0, 1], &[3]) });
    let model = opened(&test);
    let catalogue = Catalogue::of(&model);
    assert_eq!(model.main().operations[3].graphs, [GraphId(0), GraphId(0)]);
    assert!(model.warnings.iter().any(|warning| warning.contains("computed by several operations")), "{:?}", model.warnings);
    assert!(!catalogue.is_constant(GraphId(0), TensorId(4)) && !catalogue.is_constant(GraphId(0), TensorId(3)));
    for weight in catalogue.all() {
        weight.real(&model, &Token::new()).unwrap();
    }
    assert_eq!(catalogue.of_operation(GraphId(0), OperationId(0)).len(), 2, "kernel and bias");
}
