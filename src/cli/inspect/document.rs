//! The parts of `inspect --json`, field by field in the order in which they are written.
//!
//! A large model has hundreds of thousands of scales, which take a hundred times the memory of its graph as values of
//! JSON; so lists are made as they are written, and numbers written as they are.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::export::json::Shortest;
use crate::model::Attributes;
use crate::weights::Scales;

/// A list whose entries are made as they are written.
pub struct Made<F>(pub F);

impl<F: Fn() -> I, I: IntoIterator<Item: Serialize>> Serialize for Made<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

#[derive(Serialize)]
pub struct Document<'m, G> {
    pub schema: u32,
    pub file: Cow<'m, str>,
    pub format: &'static str,
    pub format_version: &'m str,
    pub producer: Option<&'m str>,
    pub metadata: &'m Map<String, Value>,
    pub signatures: Vec<Value>,
    pub files: Vec<Value>,
    pub graphs: G,
    pub warnings: &'m [String],
}

#[derive(Serialize)]
pub struct GraphFields<'m, O, T> {
    pub name: &'m str,
    pub path: &'m [String],
    pub inputs: Vec<&'m str>,
    pub outputs: Vec<&'m str>,
    pub operations: O,
    pub tensors: T,
}

#[derive(Serialize)]
pub struct OperationFields<'m, C> {
    pub index: u64,
    pub name: &'m str,
    #[serde(rename = "type")]
    pub kind: &'m str,
    pub version: &'m str,
    pub attributes: &'m Attributes,
    pub inputs: Vec<Option<&'m str>>,
    pub outputs: Vec<&'m str>,
    pub graphs: Vec<u32>,
    pub constants: C,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Default, Serialize)]
pub struct ConstantFields {
    #[serde(flatten)]
    pub before: Map<String, Value>,
    pub quantization: QuantizationFields,
    #[serde(flatten)]
    pub after: Map<String, Value>,
}

#[derive(Default, Serialize)]
pub struct QuantizationFields {
    scheme: &'static str,
    axis: Option<usize>,
    scales: Vec<Shortest>,
    zero_points: Vec<Shortest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    block_shape: Vec<usize>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    derived: bool,
}

impl QuantizationFields {
    pub fn new(scheme: &'static str, scales: Scales) -> Self {
        Self {
            scheme,
            axis: scales.axis,
            scales: scales.scales.into_iter().map(Shortest).collect(),
            zero_points: scales.zero_points.into_iter().map(Shortest).collect(),
            block_shape: scales.block,
            derived: scales.is_derived,
        }
    }
}
