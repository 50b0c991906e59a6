//! Roles and layouts of OpenVINO operations' constant inputs.

use crate::model::{Graph, OperationId};
use crate::weights::Role;

/// The role of a constant input; `formats.md` B11.
pub fn role(_graph: &Graph, _operation: OperationId, _input: usize) -> Role {
    Role::parameter("parameter")
}
