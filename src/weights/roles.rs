//! What an operation uses an input for, a module a format.

pub mod openvino;
mod openvino_legacy;
pub mod tflite;
