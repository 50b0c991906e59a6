//! From an operation's input back to a resolved [`Weight`]: role, layout, real values.
//!
//! [`resolve`] looks at the graph only; values are computed when [`Weight::real`] or
//! [`Weight::stored`] is called. The parts: [`fold`] evaluates constant subgraphs, [`roles`] names
//! what an operation uses an input for.

pub mod fold;
pub mod roles;

use crate::model::{GraphId, OperationId};

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
    /// One of the words in `product.md`: `kernel`, `bias`, `table`, `zero_point`, ...
    pub name: &'static str,
    /// The meaning of each axis (`OHWI`), where it is known.
    pub layout: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Weight,
    Parameter,
}

impl Role {
    pub const fn weight(name: &'static str, layout: Option<&'static str>) -> Self {
        Self { kind: Kind::Weight, name, layout }
    }

    pub const fn parameter(name: &'static str) -> Self {
        Self { kind: Kind::Parameter, name, layout: None }
    }
}
