//! OpenVINO models of one large matrix, for measurements and tests of pictures. The `.bin` is a file with
//! holes: zeros that take no room on the disk but where something is written.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// How the elements are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    F32,
    /// Codes that are converted and multiplied by 0.5.
    I8,
    U4,
}

impl Stored {
    fn bits(self) -> u64 {
        match self {
            Self::F32 => 32,
            Self::I8 => 8,
            Self::U4 => 4,
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::F32 => ("f32", "FP32"),
            Self::I8 => ("i8", "I8"),
            Self::U4 => ("u4", "U4"),
        }
    }
}

/// Writes a model whose one layer multiplies by a matrix of `rows` by `columns`, `OI`.
pub fn matrix(folder: &Path, name: &str, stored: Stored, rows: u64, columns: u64) -> PathBuf {
    let (element, precision) = stored.names();
    let bytes = rows * columns * stored.bits() / 8;
    let dims = |dims: &[u64]| dims.iter().fold(String::new(), |text, dim| text + &format!("<dim>{dim}</dim>"));
    let (matrix, input, output) = (dims(&[rows, columns]), dims(&[1, columns]), dims(&[1, rows]));
    let constant = |id: u64, name: &str, element: &str, precision: &str, shape: &str, offset: u64, size: u64, port: &str| {
        format!(
            "<layer id=\"{id}\" name=\"{name}\" type=\"Const\" version=\"opset1\"><data element_type=\"{element}\" shape=\"{shape}\" offset=\"{offset}\" size=\"{size}\"/><output><port id=\"0\" precision=\"{precision}\">{port}</port></output></layer>\n"
        )
    };
    let shape = format!("{rows}, {columns}");
    let mut layers = format!(
        "<layer id=\"0\" name=\"input\" type=\"Parameter\" version=\"opset1\"><data shape=\"1,{columns}\" element_type=\"f32\"/><output><port id=\"0\" precision=\"FP32\">{input}</port></output></layer>\n"
    );
    layers += &constant(1, "weights", element, precision, &shape, 0, bytes, &matrix);
    let mut edges = String::new();
    let mut last = (1, 0);
    if stored != Stored::F32 {
        let _ = writeln!(
            layers,
            "<layer id=\"2\" name=\"convert\" type=\"Convert\" version=\"opset1\"><data destination_type=\"f32\"/><input><port id=\"0\" precision=\"{precision}\">{matrix}</port></input><output><port id=\"1\" precision=\"FP32\">{matrix}</port></output></layer>"
        );
        layers += &constant(3, "scale", "f32", "FP32", "1", bytes, 4, "<dim>1</dim>");
        let _ = writeln!(
            layers,
            "<layer id=\"4\" name=\"multiply\" type=\"Multiply\" version=\"opset1\"><data auto_broadcast=\"numpy\"/><input><port id=\"0\" precision=\"FP32\">{matrix}</port><port id=\"1\" precision=\"FP32\"><dim>1</dim></port></input><output><port id=\"2\" precision=\"FP32\">{matrix}</port></output></layer>"
        );
        edges += "<edge from-layer=\"1\" from-port=\"0\" to-layer=\"2\" to-port=\"0\"/><edge from-layer=\"2\" from-port=\"1\" to-layer=\"4\" to-port=\"0\"/><edge from-layer=\"3\" from-port=\"0\" to-layer=\"4\" to-port=\"1\"/>";
        last = (4, 2);
    }
    let _ = write!(
        layers,
        "<layer id=\"5\" name=\"dense\" type=\"MatMul\" version=\"opset1\"><data transpose_a=\"false\" transpose_b=\"true\"/><input><port id=\"0\" precision=\"FP32\">{input}</port><port id=\"1\" precision=\"FP32\">{matrix}</port></input><output><port id=\"2\" precision=\"FP32\">{output}</port></output></layer>\n<layer id=\"6\" name=\"output\" type=\"Result\" version=\"opset1\"><input><port id=\"0\" precision=\"FP32\">{output}</port></input></layer>\n"
    );
    let _ = write!(
        edges,
        "<edge from-layer=\"0\" from-port=\"0\" to-layer=\"5\" to-port=\"0\"/><edge from-layer=\"{}\" from-port=\"{}\" to-layer=\"5\" to-port=\"1\"/><edge from-layer=\"5\" from-port=\"2\" to-layer=\"6\" to-port=\"0\"/>",
        last.0, last.1
    );
    let path = folder.join(name).with_extension("xml");
    let text =
        format!("<?xml version=\"1.0\"?>\n<net name=\"{name}\" version=\"11\"><layers>\n{layers}</layers><edges>{edges}</edges></net>\n");
    std::fs::write(&path, text).expect("room for the model");
    let mut bin = File::create(path.with_extension("bin")).expect("room for the weights");
    bin.set_len(bytes + 4).expect("room for the weights");
    bin.seek(SeekFrom::Start(bytes)).and_then(|_| bin.write_all(&0.5f32.to_le_bytes())).expect("room for the scale");
    path
}

/// Writes bytes into the model's `.bin`.
pub fn plant(model: &Path, offset: u64, bytes: &[u8]) {
    let mut bin = File::options().write(true).open(model.with_extension("bin")).expect("the weights are there");
    bin.seek(SeekFrom::Start(offset)).and_then(|_| bin.write_all(bytes)).expect("room for the bytes");
}
