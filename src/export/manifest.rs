//! What lies beside exported arrays: a JSON file that says where each comes from.

use std::io;
use std::path::Path;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::atomic;
use crate::jobs::{Cancelled, Token};
use crate::model::Model;
use crate::source::Source;
use crate::weights::Section;

/// The whole file: `weights.json` beside `weights.npz`.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest<'a> {
    pub schema: u32,
    /// The model's file; of an OpenVINO pair the `.xml`.
    pub file: String,
    /// Of `file`, in lower-case hexadecimal digits; null where it is gone by now.
    pub sha256: Option<String>,
    /// The other files that the model's constants lie in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data_files: Vec<DataFile>,
    pub arrays: Vec<&'a Entry>,
}

#[derive(Clone, Debug, Serialize)]
pub struct DataFile {
    pub file: String,
    pub sha256: String,
}

/// One array. The words are those of `inspect --json`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Entry {
    /// The array's name in the file.
    pub array: String,
    /// The file that holds the array, where each has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Index among the model's graphs.
    pub graph: u32,
    /// The operation's number in the model's file.
    pub index: u64,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// Position among the operation's inputs.
    pub input: usize,
    pub role: String,
    /// The part of the weight that this is, where it is not all of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    /// The constant that holds the stored values.
    pub tensor: String,
    /// For the bias in an addition of its own: the layer that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias_of: Option<String>,
    /// Of the array as it is written.
    pub layout: Option<String>,
    /// The kernel's layout in the model, where it is written in another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout_in_model: Option<String>,
    /// `float` or `levels`, where the array is not what the layer computes with but what was before or in
    /// `FakeQuantize`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<&'static str>,
    pub shape: Vec<usize>,
    /// The type in the written file.
    pub dtype: String,
    /// The type in the model's file.
    pub stored_dtype: String,
    /// The runtime that computed the array, where this program does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub computed_by: Option<String>,
    pub quantization: Quantization,
}

/// How stored integers become real values.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Quantization {
    /// `none`, `per-tensor`, `per-axis`, ...
    pub scheme: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "numbers")]
    pub scales: Vec<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "numbers")]
    pub zero_points: Vec<f64>,
}

impl Manifest<'_> {
    /// A manifest of nothing yet.
    pub fn new(file: impl Into<String>, sha256: Option<String>) -> Self {
        Self { schema: 1, file: file.into(), sha256, data_files: Vec::new(), arrays: Vec::new() }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        self.stage(path)?.commit()
    }

    /// Writes the file, but for its name, which it gets when the arrays are there.
    ///
    /// # Errors
    /// What the file system says.
    pub fn stage(&self, path: &Path) -> io::Result<atomic::Staged> {
        atomic::stage(path, |out| fill_json(out, self))
    }
}

/// Writes anything as indented JSON with a line feed at its end.
///
/// # Errors
/// What the file system says, or a value that JSON can't hold.
pub fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    atomic::write(path, |out| fill_json(out, value))
}

fn fill_json(mut out: impl io::Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, super::json::Lines::default()))?;
    out.write_all(b"\n")
}

/// Scales may be millions: each becomes JSON when it is written, not before.
fn numbers<S: Serializer>(numbers: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(numbers.iter().copied().map(super::json::Shortest))
}

/// SHA-256 in lower-case hexadecimal digits.
///
/// # Errors
/// [`Cancelled`].
pub fn sha256(bytes: &[u8], token: &Token) -> Result<String, Cancelled> {
    let mut hash = Sha256::new();
    for block in bytes.chunks(1 << 20) {
        token.check()?;
        hash.update(block);
    }
    Ok(hex(&hash.finalize()))
}

/// The SHA-256 of a model's own file (the `.xml` of an OpenVINO pair and a bundle need not be among the
/// mapped sources); `None` where the file is gone.
///
/// # Errors
/// [`Cancelled`].
pub fn model_digest(model: &Model, token: &Token) -> Result<Option<String>, Cancelled> {
    match model.sources.iter().find(|source| source.path() == model.file) {
        Some(source) => sha256(source.bytes(), token).map(Some),
        None => Source::open(&model.file).ok().map(|source| sha256(source.bytes(), token)).transpose(),
    }
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.json");
        let entry = Entry {
            array: "conv/kernel".into(),
            file: None,
            graph: 0,
            index: 3,
            name: "conv".into(),
            kind: "CONV_2D".into(),
            input: 1,
            role: "kernel".into(),
            sections: Vec::new(),
            tensor: "conv/filter".into(),
            bias_of: None,
            layout: Some("OHWI".into()),
            layout_in_model: None,
            reading: None,
            shape: vec![8, 3, 3, 3],
            dtype: "f32".into(),
            stored_dtype: "i8".into(),
            computed_by: None,
            quantization: Quantization {
                scheme: "per-axis".into(),
                axis: Some(0),
                scales: [0.1f32, f32::NAN, f32::NEG_INFINITY].map(f64::from).to_vec(),
                zero_points: vec![0.0; 3],
            },
        };
        let mut manifest = Manifest::new("model.tflite", Some("00".to_owned()));
        manifest.arrays.push(&entry);
        manifest.write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = json!({
            "schema": 1, "file": "model.tflite", "sha256": "00",
            "arrays": [{
                "array": "conv/kernel", "graph": 0, "index": 3, "name": "conv", "type": "CONV_2D", "input": 1,
                "role": "kernel", "tensor": "conv/filter", "layout": "OHWI", "shape": [8, 3, 3, 3], "dtype": "f32",
                "stored_dtype": "i8",
                "quantization": { "scheme": "per-axis", "axis": 0, "scales": [0.1, "nan", "-inf"], "zero_points": [0, 0, 0] },
            }],
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        assert!(text.ends_with("}\n") && text.contains("[0.1, \"nan\", "));
    }

    /// FIPS 180-2, appendix B.1.
    #[test]
    fn sha256_of_abc() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc", &Token::new()).unwrap(), expected);
    }
}
