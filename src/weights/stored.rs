//! What the file holds behind a real value: the stored number, its scale and its zero point.

use super::fold::{self, Elements, FoldError};
use super::{Scales, Weight};
use crate::model::{DType, Graph, Model, Quantization, Tensor};
use crate::values::spread::Spread;
use crate::values::text::Texts;

/// Operations that compute an element from the one at the same place, or of the same place in C
/// order.
const KEEP_ORDER: [&str; 22] = [
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
    "DENSIFY",
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
        if !self.keeps_order(model) {
            return None;
        }
        fold::code(model, self.data_tensor(model), element)
    }

    /// Scale and zero point (0 where there is none) of the stored number at one element of the real
    /// values. `None` as for [`code_at`](Self::code_at), and without scales.
    pub fn scale_at(&self, model: &Model, scales: &Scales, element: usize) -> Option<(f64, f64)> {
        let shape = self.data_tensor(model).shape.dims()?;
        if !self.keeps_order(model) || !self.is_scaled_as_stored(model) || element as u64 >= self.data_tensor(model).shape.count()? {
            return None;
        }
        let at = |numbers: &[f64], own: &[usize]| match (numbers, &scales.block[..]) {
            ([one], _) => Some(*one),
            (_, []) => numbers.get(Spread::broadcast(&shape, own)?.at(element)).copied(),
            (_, block) => numbers.get(Spread::new(&shape, block, own)?.at(element)).copied(),
        };
        let scale = at(&scales.scales, &scales.scale_shape)?;
        let zero_point = if scales.zero_points.is_empty() { 0.0 } else { at(&scales.zero_points, &scales.zero_point_shape)? };
        Some((scale, zero_point))
    }

    /// The elements that the file stores, all of them in C order: a sparse or shuffled constant is
    /// brought into that form, codes stay codes.
    ///
    /// # Errors
    /// [`FoldError::Problem`]: why they can't be had.
    pub fn elements<'m>(&self, model: &'m Model) -> Result<Elements<'m>, FoldError> {
        fold::elements(model, self.data_tensor(model))
    }

    /// Whether the constant holds strings, which have no real values.
    pub fn is_text(&self, model: &Model) -> bool {
        self.data_tensor(model).dtype == DType::String
    }

    /// The strings of a constant of strings, every offset checked.
    ///
    /// # Errors
    /// [`FoldError`]: the bytes can't be had or contradict themselves, or operations lie between.
    pub fn texts<'m>(&self, model: &'m Model) -> Result<Texts<'m>, FoldError> {
        let tensor = self.data_tensor(model);
        let Some(count) = tensor.shape.count().filter(|_| self.is_text(model)) else {
            return Err(FoldError::Problem("it holds no known number of strings".into()));
        };
        if let Some(operation) = self.chain_operations(model).next() {
            return Err(FoldError::Problem(format!("{} of strings is not evaluated", operation.kind).into()));
        }
        Ok(Texts::new(model.format, self.stored_bytes(model)?, count)?)
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

impl Scales {
    /// The scales of a tensor that has its own.
    ///
    /// # Errors
    /// [`FoldError::Problem`]: why they can't be had.
    pub(super) fn of_tensor(model: &Model, graph: &Graph, tensor: &Tensor) -> Result<Self, FoldError> {
        let Some(affine) = fold::affine(model, graph, tensor)? else { return Ok(Self::default()) };
        let (scales, rank) = (affine.scales().to_vec(), tensor.shape.rank().unwrap_or(0));
        let mut zero_points: Vec<f64> = affine.zero_points().iter().map(|zero_point| *zero_point as f64).collect();
        let along = |axis: usize| (0..rank).map(|other| if other == axis { scales.len() } else { 1 }).collect();
        let (axis, block, shape) = match tensor.quantization.as_deref() {
            Some(Quantization::Blockwise(blocks)) => {
                let lengths = |dims: &[u64]| dims.iter().map(|dim| *dim as usize).collect::<Vec<_>>();
                if blocks.zero_points.is_none() {
                    zero_points.clear();
                }
                let mut axes = (0..rank).filter(|axis| blocks.block[*axis] > 1 && blocks.grid[*axis] > 1);
                (axes.next().filter(|_| axes.next().is_none()), lengths(&blocks.block), lengths(&blocks.grid))
            }
            Some(Quantization::Affine { axis, .. }) if scales.len() > 1 => (Some(*axis), Vec::new(), along(*axis)),
            Some(Quantization::Derived { .. }) if scales.len() > 1 => (Some(0), Vec::new(), along(0)),
            _ => (None, Vec::new(), Vec::new()),
        };
        // Where they stand in the description, one for all scales is short for one a scale.
        zero_points.resize(if zero_points.is_empty() { 0 } else { scales.len() }, zero_points.first().copied().unwrap_or(0.0));
        let is_derived = matches!(tensor.quantization.as_deref(), Some(Quantization::Derived { .. }));
        Ok(Self { axis, block, is_derived, scales, zero_points, scale_shape: shape.clone(), zero_point_shape: shape })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Token;
    use crate::model::{Bytes, Data, FormatName, Operation, Shape, TensorId};
    use crate::source::Source;
    use crate::weights::Catalogue;

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
            bundle: None,
            signatures: Vec::new(),
            files: Vec::new(),
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
