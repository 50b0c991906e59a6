//! From an operation's input back to a resolved [`Weight`]: role, layout, real values.
//!
//! [`Catalogue::of`] looks at a whole model once, at its graphs only; values are computed when
//! [`Weight::real`] or [`Weight::stored_bytes`] is called. The parts: [`fold`] evaluates constant
//! subgraphs, [`roles`] names what an operation uses an input for.

mod fallback;
mod family;
pub mod fold;
mod label;
pub mod notes;
mod query;
pub mod roles;
mod sections;
mod stored;

pub use fallback::Evaluator;
pub use family::Family;
pub use fold::{FoldError, Held, Reading, Scheme, Value};
pub use label::Labels;
pub use query::{Query, Subject};
pub use sections::{Section, Sections};
pub use stored::CodeWay;

use std::collections::HashSet;
use std::sync::Arc;

use ndarray::ArrayViewD;

use self::fallback::Fallback;
use crate::jobs::Token;
use crate::model::{Data, FormatName, Graph, GraphId, Model, Operation, OperationId, OperationRef, Tensor, TensorId, TensorRef};

/// An operation's input: the place where a weight is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    pub graph: GraphId,
    pub operation: OperationId,
    /// Position among the operation's inputs, from 0.
    pub input: usize,
}

/// What an operation uses a constant input for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Whether the layer computes with it, or it is a shape, an axis, a range.
    pub kind: Kind,
    /// One of the words in the README's table of roles: `kernel`, `bias`, `table`, `zero_point`, ...
    pub name: &'static str,
    /// The meaning of each axis (`OHWI`), where it is known.
    pub layout: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What the layer computes with: kernel, bias, scale, embedding table, ...
    Weight,
    /// A shape, an axis, a range, or a constant on the way of another weight.
    Parameter,
}

/// A constant that an operation computes with, found through whatever lies between them.
#[derive(Clone, Debug)]
pub struct Weight {
    pub site: Site,
    pub role: Role,
    /// The tensor at the operation's input; its values are the real values.
    pub tensor: TensorId,
    /// The constant at the far end of the chain, as it lies in the file; in the graph of the site, or in
    /// the one that the value is handed over from.
    pub data: TensorRef,
    /// The operations between `data` and `tensor`, in the order of the data's way.
    pub chain: Vec<OperationRef>,
    pub scheme: Scheme,
    /// The constants that scale and shift the data on its way, where the graphs hold them.
    pub scale: Option<TensorRef>,
    pub zero_point: Option<TensorRef>,
    /// For the bias in an addition of its own: the convolution or matrix product before it.
    pub bias_of: Option<OperationId>,
    /// The gates of a recurrent layer that the tensor holds one after the other, and the like.
    pub sections: Sections,
    /// Who is asked for what is not evaluated here.
    fallback: Option<Arc<Fallback>>,
}

/// The values that an operation computes with, as float32, row-major. Float64 and integers of
/// more than 24 bits are rounded.
#[derive(Clone, Debug, PartialEq)]
pub struct Real {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Every constant-fed input of a model, in the order graph, operation, input.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    weights: Vec<Weight>,
    /// The biases in additions of their own: graph, the layer that each belongs to, and its position
    /// in `weights`. Sorted.
    biases: Vec<(GraphId, OperationId, usize)>,
    /// For every graph and tensor, whether it is fed by constants alone.
    constant: Vec<Vec<bool>>,
}

impl Catalogue {
    /// Finds the weights of all graphs, from the graphs alone: no weight is read.
    pub fn of(model: &Model) -> Self {
        let constant: Vec<_> = model.graphs.iter().map(fold::constant_tensors).collect();
        let handed_over = handed_over(model);
        let mut weights: Vec<Weight> = Vec::new();
        for (graph_id, (graph, constant)) in (0..).map(GraphId).zip(model.graphs.iter().zip(&constant)) {
            for (operation_id, operation) in graph.operations().chain(graph.unread()) {
                let inputs = operation.inputs.iter().enumerate().filter_map(|(input, id)| Some((input, (*id)?)));
                for (input, tensor) in inputs.filter(|(_, id)| constant.get(id.0 as usize) == Some(&true)) {
                    let site = Site { graph: graph_id, operation: operation_id, input };
                    let is_step = is_step(operation, constant);
                    weights.push(describe(model, site, tensor, is_step, &handed_over));
                }
            }
        }
        let bias = |(position, weight): (usize, &Weight)| weight.bias_of.map(|layer| (weight.site.graph, layer, position));
        let mut biases: Vec<_> = weights.iter().enumerate().filter_map(bias).collect();
        biases.sort_unstable();
        Self { weights, biases, constant }
    }

    /// With somebody who is asked for what is not evaluated here.
    pub fn with_fallback(mut self, evaluator: Arc<dyn Evaluator>) -> Self {
        let fallback = Arc::new(Fallback::new(evaluator));
        for weight in &mut self.weights {
            weight.fallback = Some(Arc::clone(&fallback));
        }
        self
    }

    pub fn all(&self) -> &[Weight] {
        &self.weights
    }

    /// What the layers compute with, without shapes, axes and the constants of the chains.
    pub fn weights(&self) -> impl Iterator<Item = &Weight> {
        self.weights.iter().filter(|weight| weight.role.kind == Kind::Weight)
    }

    /// The constant inputs of one operation, by input.
    pub fn of_operation(&self, graph: GraphId, operation: OperationId) -> &[Weight] {
        let start = self.weights.partition_point(|weight| (weight.site.graph, weight.site.operation) < (graph, operation));
        let rest = &self.weights[start..];
        &rest[..rest.partition_point(|weight| (weight.site.graph, weight.site.operation) == (graph, operation))]
    }

    /// What a layer computes with: the operation's own weights, then the bias in an addition that
    /// follows it.
    pub fn of_layer(&self, graph: GraphId, operation: OperationId) -> Vec<&Weight> {
        let own = self.of_operation(graph, operation).iter().filter(|weight| weight.role.kind == Kind::Weight);
        let start = self.biases.partition_point(|(of_graph, layer, _)| (*of_graph, *layer) < (graph, operation));
        let biases = self.biases.iter().skip(start).take_while(|(of_graph, layer, _)| (*of_graph, *layer) == (graph, operation));
        own.chain(biases.filter_map(|(.., position)| self.weights.get(*position))).collect()
    }

    /// The weight that stands for a layer: its kernel or table, else its first.
    pub fn main_of_layer(&self, graph: GraphId, operation: OperationId) -> Option<&Weight> {
        let weights = self.of_layer(graph, operation);
        weights.iter().find(|weight| weight.role.is_main()).or(weights.first()).copied()
    }

    pub fn at(&self, site: Site) -> Option<&Weight> {
        self.weights.binary_search_by_key(&site, |weight| weight.site).ok().map(|position| &self.weights[position])
    }

    /// Whether the tensor is fed by constants alone.
    pub fn is_constant(&self, graph: GraphId, tensor: TensorId) -> bool {
        self.constant.get(graph.0 as usize).and_then(|graph| graph.get(tensor.0 as usize)) == Some(&true)
    }

    /// Whether an operation only prepares constants for others: it is drawn folded into them.
    pub fn is_folded(&self, graph: GraphId, operation: &Operation) -> bool {
        !operation.outputs.is_empty() && operation.outputs.iter().all(|tensor| self.is_constant(graph, *tensor))
    }
}

/// The weight at one input, or `None` if the input is not fed by constants alone. For many inputs
/// of a model, [`Catalogue::of`] is the faster way.
pub fn resolve(model: &Model, site: Site) -> Option<Weight> {
    let graph = model.graphs.get(site.graph.0 as usize)?;
    let operation = graph.operations.get(site.operation.0 as usize)?;
    let tensor = (*operation.inputs.get(site.input)?)?;
    let constant = fold::constant_tensors(graph);
    let is_constant = constant.get(tensor.0 as usize) == Some(&true);
    is_constant.then(|| describe(model, site, tensor, is_step(operation, &constant), &handed_over(model)))
}

/// The tensors whose values other graphs have as their own.
fn handed_over(model: &Model) -> HashSet<TensorRef> {
    model.graphs.iter().flat_map(|graph| &graph.tensors).filter_map(|tensor| tensor.alias).collect()
}

/// Whether all that an operation makes is constant, so that it is a step on a weight's way.
fn is_step(operation: &Operation, constant: &[bool]) -> bool {
    let is_constant = |tensor: &TensorId| constant.get(tensor.0 as usize) == Some(&true);
    operation.is_pure() && !operation.outputs.is_empty() && operation.outputs.iter().all(is_constant)
}

fn describe(model: &Model, site: Site, tensor: TensorId, is_step: bool, handed_over: &HashSet<TensorRef>) -> Weight {
    let graph = model.graph(site.graph);
    let (role, bias_of) = match model.format {
        _ if graph.is_unread(site.operation) => (Role::unread(model, graph), None),
        FormatName::Tflite => {
            let role = roles::tflite::role(graph, site.operation, site.input);
            let bias_of = (role.name == "bias").then(|| roles::tflite::bias_of(graph, site.operation)).flatten();
            (role, bias_of)
        }
        FormatName::OpenvinoIr => {
            let role = roles::openvino::role(graph, site.operation, site.input);
            let bias_of = (role.name == "bias").then(|| roles::openvino::bias_of(graph, site.operation)).flatten();
            (role, bias_of)
        }
    };
    let own = TensorRef { graph: site.graph, tensor };
    let is_call = !graph.operation(site.operation).graphs.is_empty();
    // What a graph is given is a weight where an operation of that graph computes with it, and not here; so is
    // what makes a constant of constants.
    let is_given = is_call && handed_over.contains(&graph.tensor(tensor).alias.unwrap_or(own));
    let is_passed_on = is_given || is_step && role.kind == Kind::Weight;
    let role = if is_passed_on { Role::parameter("parameter") } else { role };
    let sections = Sections::of(model, site, &role);
    // A term for each row of the gates' sum is the cell's bias.
    let role = if role.name == "shift" && !sections.gates.is_empty() { Role { name: "bias", ..role } } else { role };
    let chain = fold::chain(model, own);
    Weight {
        site,
        sections,
        role,
        tensor,
        data: chain.data,
        chain: chain.operations,
        scheme: chain.scheme,
        scale: chain.scale,
        zero_point: chain.zero_point,
        bias_of,
        fallback: None,
    }
}

impl Weight {
    /// The operation that the weight belongs to in a person's eyes: for the bias in an addition of
    /// its own the layer before it.
    pub fn layer(&self) -> OperationId {
        self.bias_of.unwrap_or(self.site.operation)
    }

    /// The groups of a convolution whose kernel this is, where they are known.
    pub fn groups(&self, model: &Model) -> Option<u64> {
        match model.format {
            FormatName::Tflite => roles::tflite::groups(model.graph(self.site.graph), self.site.operation, self.site.input),
            FormatName::OpenvinoIr => roles::openvino::groups(model.graph(self.site.graph), self.site.operation, self.site.input),
        }
    }

    pub fn graph<'m>(&self, model: &'m Model) -> &'m Graph {
        model.graph(self.site.graph)
    }

    pub fn operation<'m>(&self, model: &'m Model) -> &'m Operation {
        self.graph(model).operation(self.site.operation)
    }

    /// The constant at the far end, as it lies in the file.
    pub fn data_tensor<'m>(&self, model: &'m Model) -> &'m Tensor {
        model.tensor(self.data)
    }

    /// The operations of the chain.
    pub fn chain_operations<'m>(&self, model: &'m Model) -> impl Iterator<Item = &'m Operation> {
        self.chain.iter().map(|place| model.operation(*place))
    }

    /// The stored constant's bytes.
    ///
    /// # Errors
    /// [`FoldError::Problem`]: why the file does not hold them.
    pub fn stored_bytes<'m>(&self, model: &'m Model) -> Result<&'m [u8], FoldError> {
        fold::stored_bytes(model, self.data_tensor(model))
    }

    /// The values that the operation computes with, to be read block by block; of a weight that
    /// `FakeQuantize` quantises when the model runs, those before it or their levels, as `reading` says.
    ///
    /// # Errors
    /// [`FoldError`]: cancelled, or one sentence why the values can't be had.
    pub fn value<'m>(&self, model: &'m Model, reading: Reading, token: &Token) -> Result<Value<'m>, FoldError> {
        let value = fold::evaluate_as(model, self.place(), reading, token);
        let (reason, fallback) = match (value, &self.fallback) {
            (Err(reason @ FoldError::Unsupported(_)), Some(fallback)) if reading == Reading::Effective => (reason, fallback),
            (value, _) => return value,
        };
        let real = fallback.compute(model, self.place(), reason, token)?;
        Ok(Value { dtype: model.tensor(self.place()).dtype, shape: real.shape, numbers: fold::Numbers::Float(real.values) })
    }

    /// The tensor at the operation's input.
    fn place(&self) -> TensorRef {
        TensorRef { graph: self.site.graph, tensor: self.tensor }
    }

    /// Who computed the values, once they were asked for, where that was not this program: `OpenVINO 2026.4`.
    pub fn computed_by(&self) -> Option<String> {
        self.fallback.as_ref()?.name(self.place())
    }

    /// The weight with nobody to ask for what is not evaluated here.
    #[must_use]
    pub fn without_fallback(&self) -> Self {
        Self { fallback: None, ..self.clone() }
    }

    /// The float32 values that the operation computes with, through the whole chain.
    ///
    /// # Errors
    /// As for [`value`](Self::value).
    pub fn real(&self, model: &Model, token: &Token) -> Result<Real, FoldError> {
        self.real_as(model, Reading::Effective, token)
    }

    /// All of [`value`](Self::value), as float32.
    ///
    /// # Errors
    /// As for [`value`](Self::value).
    pub fn real_as(&self, model: &Model, reading: Reading, token: &Token) -> Result<Real, FoldError> {
        let value = self.value(model, reading, token)?;
        let shape = value.shape.clone();
        let values = value.into_f32(token)?;
        Ok(Real { shape, values })
    }

    /// One sentence why the values can't be had, as far as the graph alone tells.
    pub fn problem(&self, model: &Model) -> Option<String> {
        let data = self.data_tensor(model);
        match (&data.data, &data.quantization) {
            (Data::Unavailable(problem), _) => Some(problem.clone()),
            (_, Some(quantization)) => quantization.problem().map(str::to_owned),
            _ => None,
        }
    }

    /// Scales and zero points, with the axis they run along, wherever the file keeps them.
    ///
    /// # Errors
    /// [`FoldError`]: the constants that hold them can't be read.
    pub fn scales(&self, model: &Model, token: &Token) -> Result<Scales, FoldError> {
        let data = self.data_tensor(model);
        if data.quantization.is_some() {
            return Scales::of_tensor(model, model.graph(self.data.graph), data);
        }
        let read = |tensor: Option<TensorRef>| -> Result<(Vec<usize>, Vec<f64>), FoldError> {
            let Some(tensor) = tensor else { return Ok((Vec::new(), Vec::new())) };
            let value = fold::evaluate(model, tensor, token)?;
            Ok((value.shape.clone(), value.into_f32(token)?.into_iter().map(f64::from).collect()))
        };
        let (scale_shape, scales) = read(self.scale)?;
        let (zero_point_shape, zero_points) = read(self.zero_point)?;
        let mut long_axes = scale_shape.iter().enumerate().filter(|(_, len)| **len > 1).map(|(axis, _)| axis);
        let axis = long_axes.next().filter(|_| long_axes.next().is_none());
        Ok(Scales { axis, block: Vec::new(), is_derived: false, scales, zero_points, scale_shape, zero_point_shape })
    }
}

/// How stored numbers become real ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scales {
    /// The axis of the stored constant that the scales run along, in blocks or one an index; `None`
    /// for a single scale or for scales along several axes.
    pub axis: Option<usize>,
    /// How many neighbours along each axis share a scale, where a tensor is quantised in blocks; else
    /// empty.
    pub block: Vec<usize>,
    /// The file has no scales: they follow from the operation's input and kernel.
    pub is_derived: bool,
    /// In C order.
    pub scales: Vec<f64>,
    /// One for all scales or one a scale; empty where the scheme has none.
    pub zero_points: Vec<f64>,
    /// The shapes of `scales` and `zero_points`, which spread over the stored constant's by blocks, or
    /// as numpy's do.
    pub scale_shape: Vec<usize>,
    pub zero_point_shape: Vec<usize>,
}

impl Real {
    /// The values as an array of their shape.
    ///
    /// ```
    /// let real = weightscope::weights::Real { shape: vec![2, 2], values: vec![1.0, 2.0, 3.0, 4.0] };
    /// assert_eq!(real.array().map(|array| array[[1, 0]]), Some(3.0));
    /// ```
    pub fn array(&self) -> Option<ArrayViewD<'_, f32>> {
        ArrayViewD::from_shape(self.shape.as_slice(), &self.values).ok()
    }
}

impl Role {
    pub const fn weight(name: &'static str, layout: Option<&'static str>) -> Self {
        Self { kind: Kind::Weight, name, layout }
    }

    /// Whether a layer is known by this weight: a kernel or table, of a recurrent cell any gate's.
    pub fn is_main(&self) -> bool {
        self.base() == "table" || self.is_kernel()
    }

    /// Whether this is a kernel, of a recurrent cell any gate's.
    pub fn is_kernel(&self) -> bool {
        ["kernel", "input_kernel", "recurrent_kernel"].contains(&self.base())
    }

    /// The role's first word: `input_kernel` of `input_kernel.forget`.
    pub fn base(&self) -> &'static str {
        self.name.split('.').next().unwrap_or_default()
    }

    pub const fn parameter(name: &'static str) -> Self {
        Self { kind: Kind::Parameter, name, layout: None }
    }

    /// Of a constant that no operation reads: what a file of weights alone consists of, elsewhere a left-over.
    fn unread(model: &Model, graph: &Graph) -> Self {
        let is_all = graph.operations.is_empty() && model.main().operations.is_empty();
        if is_all { Self::weight("tensor", None) } else { Self::parameter("tensor") }
    }
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Parameter => "parameter",
        }
    }
}

impl Scheme {
    /// The word of `quantization.scheme` in `inspect --json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PerTensor => "per-tensor",
            Self::PerAxis => "per-axis",
            Self::Blockwise => "blockwise",
            Self::AffineChain => "affine-chain",
            Self::FakeQuantize => "fake-quantize",
            Self::Codebook => "codebook",
            Self::Custom => "custom",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::formats::{self, Options};

    #[test]
    fn a_layer_has_its_own_weights_and_the_bias_that_follows() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/example/digits_int8.xml");
        let model = formats::open(&path, &Options::default(), &Token::new()).unwrap();
        let catalogue = Catalogue::of(&model);
        let mut biases = 0;
        for (graph, id) in (0..).map(GraphId).zip(&model.graphs).flat_map(|(id, graph)| graph.operations().map(move |(of, _)| (id, of))) {
            let own = catalogue.of_operation(graph, id).iter().filter(|weight| weight.role.kind == Kind::Weight);
            let following = catalogue.all().iter().filter(|weight| weight.site.graph == graph && weight.bias_of == Some(id));
            biases += following.clone().count();
            let expected: Vec<Site> = own.chain(following).map(|weight| weight.site).collect();
            let found: Vec<Site> = catalogue.of_layer(graph, id).iter().map(|weight| weight.site).collect();
            assert_eq!(found, expected, "{id:?}");
            let main = catalogue.main_of_layer(graph, id).map(|weight| weight.role.name);
            assert_eq!(main.is_some(), !expected.is_empty());
            if model.graph(graph).operation(id).kind == "Convolution" {
                assert_eq!(main, Some("kernel"));
            }
        }
        assert!(biases > 0);
    }

    #[test]
    fn main_roles() {
        for (role, is_main) in [
            ("kernel", true),
            ("table", true),
            ("input_kernel.forget", true),
            ("recurrent_kernel", true),
            ("bias", false),
            ("kernels", false),
        ] {
            assert_eq!(Role::weight(role, None).is_main(), is_main, "{role}");
        }
    }
}
