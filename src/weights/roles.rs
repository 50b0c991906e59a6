//! What an operation uses an input for, a module a format.

pub mod openvino;
pub mod tflite;
