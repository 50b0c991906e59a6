//! What the file holds behind a real value: the stored number, its scale and its zero point.

use super::fold::{self, Elements, FoldError, Held};
use super::{Scales, Weight};
use crate::jobs::Token;
use crate::model::{DType, Graph, Model, Quantization, Tensor, TensorRef};
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
/// Operations that exchange axes, their order in the second input.
const TRANSPOSE: [&str; 2] = ["Transpose", "TRANSPOSE"];

/// How the stored number of an element is found where the chain moves elements: transpositions, from
/// the operation's input back to the constant.
#[derive(Clone, Debug, Default)]
pub struct CodeWay {
    turns: Vec<Turn>,
}

/// One transposition: the shape behind it, and for each of its axes the stride before it.
#[derive(Clone, Debug)]
struct Turn {
    shape: Vec<usize>,
    strides: Vec<usize>,
}

impl CodeWay {
    /// Whether every element comes from the stored one at its own place in C order.
    pub fn keeps_order(&self) -> bool {
        self.turns.is_empty()
    }

    /// The stored element that an element of the real values comes from.
    pub fn stored(&self, element: usize) -> usize {
        self.turns.iter().fold(element, |element, turn| {
            let (mut rest, mut place) = (element, 0);
            for (extent, stride) in turn.shape.iter().zip(&turn.strides).rev() {
                place += rest.checked_rem(*extent).unwrap_or(0) * stride;
                rest = rest.checked_div(*extent).unwrap_or(0);
            }
            place
        })
    }
}

impl Turn {
    /// The transposition of an array, as numpy's `transpose` has it.
    fn new(before: &[usize], order: &[i64]) -> Option<Self> {
        let mut strides = vec![1usize; before.len()];
        for axis in (0..before.len().saturating_sub(1)).rev() {
            strides[axis] = strides[axis + 1].checked_mul(before[axis + 1])?;
        }
        let axes = order.iter().map(|axis| usize::try_from(*axis).ok());
        let axes: Vec<usize> = axes.collect::<Option<_>>()?;
        let at = |list: &[usize]| axes.iter().map(|axis| list.get(*axis).copied()).collect::<Option<Vec<_>>>();
        Some(Self { shape: at(before)?, strides: at(&strides)? })
    }
}

impl Weight {
    /// The stored integer at one element of the real values, by the way that [`code_way`](Self::code_way)
    /// found. `None` for floats.
    pub fn code_at(&self, model: &Model, way: &CodeWay, element: usize) -> Option<i64> {
        fold::code(model, self.data_tensor(model), way.stored(element))
    }

    /// The way from real values to stored numbers. `None` where the chain repeats, drops or computes
    /// elements in another manner than one by one.
    pub fn code_way(&self, model: &Model, token: &Token) -> Option<CodeWay> {
        if !self.is_one_to_one(model) {
            return None;
        }
        let mut way = CodeWay::default();
        let mut shape = self.data_tensor(model).shape.dims()?;
        for place in &self.chain {
            let operation = model.operation(*place);
            let output = operation.outputs.first().copied()?;
            let after = model.graph(place.graph).tensor(output).shape.dims();
            if TRANSPOSE.contains(&operation.kind.as_str()) {
                let order = TensorRef { graph: place.graph, tensor: operation.inputs.get(1).copied().flatten()? };
                let order = fold::evaluate(model, order, token).ok()?.into_i64(token).ok()?;
                let reversed: Vec<i64> = (0..shape.len() as i64).rev().collect();
                let turn = Turn::new(&shape, if order.is_empty() { &reversed } else { &order })?;
                shape.clone_from(&turn.shape);
                way.turns.push(turn);
            } else if KEEP_ORDER.contains(&operation.kind.as_str()) {
                shape = after?;
            } else {
                return None;
            }
        }
        // From the real values back.
        way.turns.reverse();
        Some(way)
    }

    /// The stored integers as numbers, in the order of the file.
    ///
    /// # Errors
    /// [`FoldError::Problem`]: why they can't be had.
    pub fn codes(&self, model: &Model) -> Result<Held, FoldError> {
        let tensor = self.data_tensor(model);
        let Some(shape) = tensor.shape.dims() else { return Err(FoldError::Problem("the shape is not fully known".into())) };
        Held::new(fold::Value::codes(fold::elements(model, tensor)?, shape), model)
    }

    /// Scale and zero point (0 where there is none) of the stored number at one element of the real
    /// values. `None` as for [`code_at`](Self::code_at), and without scales.
    pub fn scale_at(&self, model: &Model, scales: &Scales, way: &CodeWay, element: usize) -> Option<(f64, f64)> {
        let shape = self.data_tensor(model).shape.dims()?;
        let element = way.stored(element);
        if !self.is_scaled_as_stored(model) || element as u64 >= self.data_tensor(model).shape.count()? {
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
        self.is_one_to_one(model) && self.chain_operations(model).all(|operation| KEEP_ORDER.contains(&operation.kind.as_str()))
    }

    /// Broadcasting repeats elements, and nothing on the ways that are followed takes any away again.
    fn is_one_to_one(&self, model: &Model) -> bool {
        self.graph(model).tensor(self.tensor).shape.count() == self.data_tensor(model).shape.count()
    }

    /// Whether the scales meet the data in the shape that it is stored in.
    fn is_scaled_as_stored(&self, model: &Model) -> bool {
        let mut before =
            self.chain_operations(model).take_while(|operation| !["Multiply", "Divide", "MUL", "DIV"].contains(&operation.kind.as_str()));
        self.scale.is_none()
            || before.all(|operation| !RESHAPE.contains(&operation.kind.as_str()) && !TRANSPOSE.contains(&operation.kind.as_str()))
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
        let way = weight.code_way(&model, &Token::new()).unwrap();
        let codes: Vec<_> = (0..5).map(|element| weight.code_at(&model, &way, element)).collect();
        assert_eq!(codes, [Some(10), Some(20), Some(30), Some(40), None]);
        let found: Vec<_> = (0..4).map(|element| weight.scale_at(&model, &scales, &way, element)).collect();
        assert_eq!(found, [Some((0.5, 0.0)), Some((0.5, 0.0)), Some((2.0, 0.0)), Some((2.0, 0.0))]);
    }

    /// numpy: `numpy.array([10, 20, 30, 40]).reshape(2, 2).T.ravel()`
    #[test]
    fn a_transposition_is_followed() {
        let (mut model, weight, scales) = weight("Transpose", &[2, 2], &[2]);
        // The order of the axes: 1, 0.
        let order = Source::from_bytes("order", [1i64, 0].iter().flat_map(|axis| axis.to_le_bytes()).collect());
        model.sources.push(order);
        let tensor = model.graphs[0].tensors.get_mut(2).unwrap();
        (tensor.dtype, tensor.data) = (DType::I64, Data::Stored(Bytes { source: 1, offset: 0, len: 16 }));
        let way = weight.code_way(&model, &Token::new()).unwrap();
        let codes: Vec<_> = (0..4).map(|element| weight.code_at(&model, &way, element)).collect();
        assert_eq!(codes, [Some(10), Some(30), Some(20), Some(40)]);
        let found: Vec<_> = (0..4).map(|element| weight.scale_at(&model, &scales, &way, element)).collect();
        assert_eq!(found, [Some((0.5, 0.0)), Some((2.0, 0.0)), Some((0.5, 0.0)), Some((2.0, 0.0))]);
        assert!(!weight.keeps_order(&model));
    }

    /// numpy: `numpy.arange(24).reshape(2, 3, 4).transpose(2, 0, 1).ravel()`
    #[test]
    fn three_axes_are_turned() {
        let way = CodeWay { turns: vec![Turn::new(&[2, 3, 4], &[2, 0, 1]).unwrap()] };
        let places: Vec<_> = (0..24).map(|element| way.stored(element)).collect();
        assert_eq!(places, [0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23]);
        assert!(Turn::new(&[2, 3], &[0, 2]).is_none() && Turn::new(&[2, 3], &[-1, 0]).is_none());
    }

    #[test]
    fn a_product_that_repeats_elements_is_not() {
        let (model, weight, _) = weight("Multiply", &[2, 2, 2], &[2, 1, 1]);
        assert!(weight.code_way(&model, &Token::new()).is_none());
    }
}
