//! What the file holds behind a real value: the stored number, its scale and its zero point.

use super::{Scales, Weight};
use crate::model::Model;
use crate::values;

/// Operations that compute an element from the one at the same place, or of the same place in C
/// order.
const KEEP_ORDER: [&str; 21] = [
    "Convert",
    "Multiply",
    "Subtract",
    "Add",
    "Divide",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "FakeQuantize",
    "FakeConvert",
    "DEQUANTIZE",
    "QUANTIZE",
    "FAKE_QUANT",
    "CAST",
    "MUL",
    "SUB",
    "ADD",
    "DIV",
    "RESHAPE",
    "SQUEEZE",
    "EXPAND_DIMS",
];
/// Of these, the ones that change the shape.
const RESHAPE: [&str; 6] = ["Reshape", "Squeeze", "Unsqueeze", "RESHAPE", "SQUEEZE", "EXPAND_DIMS"];

impl Weight {
    /// The stored integer at one element of the real values. `None` where the chain moves or repeats
    /// elements, so that the two do not stand at the same place, and for floats.
    pub fn code_at(&self, model: &Model, element: usize) -> Option<i64> {
        let tensor = self.data_tensor(model);
        if !self.keeps_order(model) || !tensor.dtype.is_integer() || element as u64 >= tensor.shape.count()? {
            return None;
        }
        let mut code = [0];
        values::decode_i64(tensor.dtype, self.stored_bytes(model).ok()?, element, &mut code).ok()?;
        Some(code[0])
    }

    /// Scale and zero point (0 where there is none) of the stored number at one element of the real
    /// values. `None` as for [`code_at`](Self::code_at), and without scales.
    pub fn scale_at(&self, model: &Model, scales: &Scales, element: usize) -> Option<(f32, f32)> {
        let shape = self.data_tensor(model).shape.dims()?;
        if !self.keeps_order(model) || !self.is_scaled_as_stored(model) {
            return None;
        }
        let scale = spread(&scales.scales, &scales.scale_shape, &shape, element)?;
        let zero_point =
            if scales.zero_points.is_empty() { 0.0 } else { spread(&scales.zero_points, &scales.zero_point_shape, &shape, element)? };
        Some((scale, zero_point))
    }

    /// Whether every real value comes from the stored number of the same position in C order.
    pub fn keeps_order(&self, model: &Model) -> bool {
        let graph = self.graph(model);
        // Broadcasting repeats elements, and nothing here takes any away again.
        let is_one_to_one = graph.tensor(self.tensor).shape.count() == self.data_tensor(model).shape.count();
        is_one_to_one && self.chain_operations(model).all(|operation| KEEP_ORDER.contains(&operation.kind.as_str()))
    }

    /// Whether the scales meet the data in the shape that it is stored in.
    fn is_scaled_as_stored(&self, model: &Model) -> bool {
        let mut before =
            self.chain_operations(model).take_while(|operation| !["Multiply", "Divide", "MUL", "DIV"].contains(&operation.kind.as_str()));
        self.scale.is_none() || before.all(|operation| !RESHAPE.contains(&operation.kind.as_str()))
    }
}

/// The number that numpy's broadcasting puts at an element (in C order) of `shape`. `None` where the
/// numbers do not spread over it.
fn spread(numbers: &[f32], own: &[usize], shape: &[usize], element: usize) -> Option<f32> {
    if numbers.len() == 1 {
        return numbers.first().copied();
    }
    if own.len() > shape.len() {
        return None;
    }
    let mut rest = element;
    let (mut position, mut stride) = (0usize, 1usize);
    let own = own.iter().rev().copied().chain(std::iter::repeat(1));
    for (own, extent) in own.zip(shape.iter().rev()) {
        let index = rest.checked_rem(*extent)?;
        rest /= extent;
        if own != 1 && own != *extent {
            return None;
        }
        if own != 1 {
            position = position.checked_add(index.checked_mul(stride)?)?;
        }
        stride = stride.checked_mul(own)?;
    }
    numbers.get(position).copied().filter(|_| rest == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Token;
    use crate::model::{Bytes, DType, Data, FormatName, Graph, Operation, Shape, Tensor, TensorId};
    use crate::source::Source;
    use crate::weights::Catalogue;

    /// `numpy.broadcast_to(numbers.reshape(own), shape).ravel()`
    #[test]
    fn spreading_is_numpys() {
        let all = |numbers: &[f32], own: &[usize], shape: &[usize]| -> Option<Vec<f32>> {
            (0..shape.iter().product()).map(|element| spread(numbers, own, shape, element)).collect()
        };
        assert_eq!(all(&[7.0], &[], &[2, 2]), Some(vec![7.0; 4]));
        assert_eq!(all(&[1.0, 2.0], &[2, 1], &[2, 3]), Some(vec![1.0, 1.0, 1.0, 2.0, 2.0, 2.0]));
        assert_eq!(all(&[1.0, 2.0, 3.0], &[3], &[2, 3]), Some(vec![1.0, 2.0, 3.0, 1.0, 2.0, 3.0]));
        assert_eq!(all(&[1.0, 2.0, 3.0, 4.0], &[2, 2, 1], &[2, 2, 2]), Some(vec![1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]));
        assert_eq!(all(&[1.0, 2.0], &[2], &[2, 3]), None);
        assert_eq!(all(&[1.0, 2.0], &[1, 1, 2], &[2, 2]), None);
        assert_eq!(spread(&[1.0, 2.0], &[2], &[2], 2), None);
        assert_eq!(spread(&[1.0, 2.0], &[2], &[0], 0), None);
    }

    const INT8_CODES: [u8; 4] = [10, 20, 30, 40];

    /// Int8 codes of 2 by 2, scaled a row each by 0.5 and 2, then `last` and a product with an
    /// activation; whether the weight is found.
    fn weight(last: &str, last_shape: &[u64], extra: &[u64]) -> (Model, Weight, Scales) {
        let mut bytes = INT8_CODES.to_vec();
        bytes.extend([0.5f32, 2.0].iter().flat_map(|scale| scale.to_le_bytes()));
        let mut graph = Graph::default();
        let mut tensor = |dtype: DType, shape: &[u64], data: Data| {
            let mut tensor = Tensor::computed("t", dtype, Shape::fixed(shape.iter().copied()));
            tensor.data = data;
            graph.tensors.push(tensor);
            TensorId(graph.tensors.len() as u32 - 1)
        };
        let stored = |offset: u64, len: u64| Data::Stored(Bytes { source: 0, offset, len });
        let codes = tensor(DType::I8, &[2, 2], stored(0, 4));
        let scale = tensor(DType::F32, &[2, 1], stored(4, 8));
        let side = tensor(DType::F32, extra, stored(4, 8));
        let wide = tensor(DType::F32, &[2, 2], Data::Computed);
        let scaled = tensor(DType::F32, &[2, 2], Data::Computed);
        let done = tensor(DType::F32, last_shape, Data::Computed);
        let input = tensor(DType::F32, &[1, 2], Data::Computed);
        let output = tensor(DType::F32, &[1, 2], Data::Computed);
        let operation = |kind: &str, inputs: &[TensorId], output: TensorId| Operation {
            kind: kind.into(),
            inputs: inputs.iter().copied().map(Some).collect(),
            outputs: vec![output],
            ..Default::default()
        };
        graph.operations = vec![
            operation("Convert", &[codes], wide),
            operation("Multiply", &[wide, scale], scaled),
            operation(last, &[scaled, side], done),
            operation("MatMul", &[input, done], output),
        ];
        assert!(graph.link().is_empty());
        let model = Model {
            file: "model.xml".into(),
            format: FormatName::OpenvinoIr,
            format_version: "11".into(),
            producer: None,
            metadata: Default::default(),
            graphs: vec![graph],
            sources: vec![Source::from_bytes("model.bin", bytes)],
            warnings: Vec::new(),
        };
        let weight = Catalogue::of(&model).all().last().cloned().unwrap();
        assert_eq!((weight.data.tensor, weight.scale.map(|scale| scale.tensor)), (codes, Some(scale)));
        let scales = weight.scales(&model, &Token::new()).unwrap();
        (model, weight, scales)
    }

    #[test]
    fn a_reshape_keeps_the_order() {
        // As a depthwise kernel of OpenVINO: scaled by rows, then brought to another rank.
        let (model, weight, scales) = weight("Reshape", &[4, 1], &[1]);
        let codes: Vec<_> = (0..5).map(|element| weight.code_at(&model, element)).collect();
        assert_eq!(codes, [Some(10), Some(20), Some(30), Some(40), None]);
        let found: Vec<_> = (0..4).map(|element| weight.scale_at(&model, &scales, element)).collect();
        assert_eq!(found, [Some((0.5, 0.0)), Some((0.5, 0.0)), Some((2.0, 0.0)), Some((2.0, 0.0))]);
    }

    #[test]
    fn a_transposition_does_not() {
        let (model, weight, scales) = weight("Transpose", &[2, 2], &[1]);
        assert_eq!((weight.code_at(&model, 1), weight.scale_at(&model, &scales, 1)), (None, None));
    }

    #[test]
    fn nor_does_a_product_that_repeats_elements() {
        let (model, weight, scales) = weight("Multiply", &[2, 2, 2], &[2, 1, 1]);
        assert_eq!((weight.code_at(&model, 1), weight.scale_at(&model, &scales, 1)), (None, None));
    }
}
