//! A lazy evaluator of constant subgraphs.
//!
//! The weight that a layer computes with is seldom the constant that the file holds: converters put
//! casts, zero points, scales, transpositions and codebooks in between. Three questions are answered
//! here: which tensors are fed by constants alone ([`constant_tensors`]), which of the constants at
//! the far end is the data and which scale or shift it ([`chain`]), and what the values are
//! ([`evaluate`]).
//!
//! Values are computed as the OpenVINO CPU runtime does at inference precision f32: all arithmetic on
//! floats is float32, whatever the graph says. Half precision is rounded to only where a `Convert`
//! makes it of a type that it can't hold exactly, and once at the end where the tensor asked for is
//! half precision itself. Integers are exact. TensorFlow Lite's quantised constants become
//! real values where they are read as floats.
//!
//! What changes the elements one by one waits until they are read: a compressed constant is decoded,
//! shifted and scaled block by block, and its real values need not be in memory all at once.

use std::borrow::Cow;
use std::sync::Arc;

use thiserror::Error;

use crate::jobs::Cancelled;
use crate::model::{DType, Graph, OperationId, OperationRef, TensorId, TensorRef};
use crate::values::DecodeError;
use crate::values::affine::Affine;

mod constant;
mod convert;
mod elementwise;
mod evaluate;
mod fake_quantize;
mod gather;
mod held;
mod labels;
mod moves;
mod normalise;
mod operations;
mod quantized;
mod reduce;
mod shapes;
mod tflite;
mod value;
mod view;

pub use constant::{Elements, affine, code, elements, stored_bytes};
pub use evaluate::{evaluate, evaluate_as};
pub use fake_quantize::Reading;
pub use held::Held;
pub use labels::{chain, constant_tensors, data_input, is_constant_fed};

/// The value of a tensor that is fed by constants alone.
#[derive(Clone, Debug)]
pub struct Value<'m> {
    /// The type that the graph gives the tensor. Half-precision values are kept as float32.
    pub dtype: DType,
    pub shape: Vec<usize>,
    pub numbers: Numbers<'m>,
}

/// Row-major elements.
#[derive(Clone, Debug)]
pub enum Numbers<'m> {
    /// As the file holds them, not decoded yet.
    Stored(Stored<'m>),
    /// Floats; small integers too, which float32 holds exactly.
    Float(Vec<f32>),
    Int(Vec<i64>),
}

/// A constant's bytes, with what it takes to read them. `dtype` is the type in the file, which an
/// exact `Convert` leaves behind without touching the bytes. A complex number is two floats.
#[derive(Clone, Debug)]
pub struct Stored<'m> {
    pub dtype: DType,
    /// All elements in C order: the file's own bytes, or a copy of what it stores in another order.
    pub bytes: Cow<'m, [u8]>,
    pub affine: Option<Arc<Affine>>,
    /// What is done to every element when it is read, in this order.
    steps: Vec<elementwise::Step>,
}

/// Why a constant subgraph can't be evaluated.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FoldError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// One sentence.
    #[error("{0}")]
    Problem(Cow<'static, str>),
    /// An operation that is not evaluated here, though somebody else may: one sentence.
    #[error("{0}")]
    Unsupported(Cow<'static, str>),
}

impl FoldError {
    fn problem<T>(what: impl Into<Cow<'static, str>>) -> Result<T, Self> {
        Err(Self::Problem(what.into()))
    }
}

/// How a constant reaches an operation's input.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// The constant at the far end that holds the data (not its scale or zero point). Where a
    /// codebook is looked up, the indices: they have the weight's shape.
    pub data: TensorRef,
    /// The operations between the data constant and the input, in the order of the data's way.
    pub operations: Vec<OperationRef>,
    /// The constants that scale and shift the data on the way, where there are some.
    pub scale: Option<TensorRef>,
    pub zero_point: Option<TensorRef>,
    /// The table that the data are indices into.
    pub codebook: Option<TensorRef>,
    pub scheme: Scheme,
}

impl Chain {
    fn bare(data: TensorRef) -> Self {
        Self { data, operations: Vec::new(), scale: None, zero_point: None, codebook: None, scheme: Scheme::None }
    }
}

/// The words of `quantization.scheme` in `inspect --json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    None,
    PerTensor,
    PerAxis,
    Blockwise,
    AffineChain,
    FakeQuantize,
    Codebook,
    Custom,
}

#[cfg(test)]
mod tests;
