//! What program and helper say to each other: a length, a header as JSON, and the raw bytes that the
//! header announces. A request is answered before the next one is sent.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Longer headers are none of ours.
const MAX_HEADER_BYTES: u32 = 64 << 20;

/// The helper's first message, unasked.
#[derive(Debug, Serialize, Deserialize)]
pub enum Hello {
    /// The library is loaded; its version as it says it, and where it lies.
    Ready {
        version: String,
        path: String,
    },
    /// Nothing is installed where OpenVINO's installers put it.
    Absent,
    TooOld {
        version: String,
    },
    Unusable {
        why: String,
    },
}

/// What a request's bytes hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// An IR's XML, and its constants.
    Ir,
    /// A TensorFlow Lite file.
    Tflite,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Compile a model without inputs for the CPU, run it, and send its outputs. The bytes of the graph
    /// and of the constants follow.
    Compute { form: Form, graph_bytes: u64, constant_bytes: u64 },
    /// Say whether a model file can be read, and write the model as it was read into the folder, if one is named.
    Read { model: String, bin: Option<String>, folder: Option<String> },
    /// Compile a model file for the CPU, run it on zeros, and send the graph that was executed. The
    /// runtime writes it into the folder first, and into another, if one is named, the model as it read it.
    Run { model: String, bin: Option<String>, folder: String, source: Option<String> },
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The bytes of the outputs follow, one behind the other.
    Outputs(Vec<Output>),
    Read,
    /// The bytes of the execution graph, as XML, follow.
    Ran(Ran),
    /// The runtime's own words.
    Refused(String),
}

/// What is known of a model that was compiled and run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    pub compile_seconds: f64,
    /// How often the model was run, the first time among them.
    pub inferences: u32,
    /// The mean of them.
    pub inference_seconds: f64,
    /// The inputs whose shape the model leaves open, with the shape that they were given.
    pub open_inputs: Vec<(String, Vec<u64>)>,
    /// Why it was not run, in the runtime's own words.
    pub problem: Option<String>,
    pub graph_bytes: u64,
}

/// A tensor on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// As [`crate::model::DType::name`] has it.
    pub dtype: String,
    pub shape: Vec<u64>,
    pub bytes: u64,
}

/// Sends a header; the caller sends the bytes that it announces.
pub fn send(out: &mut impl Write, header: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec(header)?;
    let len = u32::try_from(text.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    out.write_all(&len.to_le_bytes())?;
    out.write_all(&text)
}

/// Receives a header.
pub fn receive<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<T> {
    let mut len = [0; 4];
    input.read_exact(&mut len)?;
    let len = u32::from_le_bytes(len);
    if len > MAX_HEADER_BYTES {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    let mut text = Vec::new();
    input.take(u64::from(len)).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back() {
        let mut bytes = Vec::new();
        send(&mut bytes, &Reply::Refused("no\nsuch op".into())).unwrap();
        send(&mut bytes, &Request::Compute { form: Form::Ir, graph_bytes: 3, constant_bytes: u64::MAX }).unwrap();
        let mut input = bytes.as_slice();
        assert!(matches!(receive(&mut input).unwrap(), Reply::Refused(text) if text == "no\nsuch op"));
        let request = receive(&mut input).unwrap();
        assert!(matches!(request, Request::Compute { form: Form::Ir, graph_bytes: 3, constant_bytes: u64::MAX }));
        assert!(receive::<Reply>(&mut input).is_err());
    }

    /// What a library prints to standard output by itself is no header.
    #[test]
    fn other_text_is_an_error() {
        for text in ["", "[ WARNING ] something", "\u{1}\0\0\0{", "\u{5}\0\0\0{\"a\""] {
            assert!(receive::<Reply>(&mut text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
