//! The OpenVINO runtime as referee: found on this machine, started, and asked to compute constants.
//!
//! The runtime never runs in this process. The program starts itself once more as a helper
//! ([`helper`]) that loads the library and answers requests over pipes (`protocol`): a library that
//! is not what it seems, an assertion or a crash in native code costs the helper and is one sentence
//! here. [`find`] says where the library may lie, [`Runtime`] owns the helper, `net` writes the
//! constant subgraphs that it is asked for, and [`verify`] compares what it computes with what
//! [`crate::weights`] resolved; `frontend` finds the constants of a TensorFlow Lite model again in what the runtime
//! makes of it.

use std::path::PathBuf;

use thiserror::Error;

use crate::jobs::Cancelled;

mod fallback;
pub mod find;
mod frontend;
pub mod helper;
mod net;
mod process;
mod profile;
mod protocol;
mod tflite;
mod verify;

pub use fallback::OnDemand;
pub use find::Choice;
pub use frontend::Kept;
pub use process::Runtime;
pub use profile::{ExecutedLayer, Profile, profile, seconds};
pub use verify::{Checked, Difference, Report, Verdict, verify};

/// Why the runtime can't be used: one sentence with what to do, the path last.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RuntimeError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("this build can't use the OpenVINO runtime; build it with the feature `openvino`")]
    NotBuilt,
    #[error(
        "no OpenVINO runtime was found: install one (pip install openvino), or say where it lies with --openvino PATH, \
         WEIGHTSCOPE_OPENVINO or in the settings"
    )]
    Absent,
    #[error(
        "there is no OpenVINO runtime at this place (name its libopenvino_c library, the folder that holds it, or a Python \
         environment with `openvino` installed): {path}",
        path = .0.display()
    )]
    NotThere(PathBuf),
    #[error("OpenVINO {version} is too old, 2025.1 or newer is needed (pip install --upgrade openvino): {path}", path = path.display())]
    TooOld { version: String, path: PathBuf },
    #[error("this library can't be used as the OpenVINO runtime: {why}: {path}", path = path.display())]
    Unusable { why: String, path: PathBuf },
    #[error("OpenVINO does not run this model: {why}: {path}", path = path.display())]
    Refused { why: String, path: PathBuf },
    #[error("the process that runs OpenVINO failed: {0}")]
    Process(String),
}
