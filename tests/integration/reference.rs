//! The committed fixtures and the reference values beside them (fixtures/README.md). The values were
//! computed by the formats' own runtimes, never by this program.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// A row of `fixtures/index.tsv`.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// Relative to the project's root.
    pub file: String,
    pub format: String,
    pub expect: Expect,
    /// Relative to the project's root; `None` where there are no reference values.
    pub reference: Option<String>,
}

/// What opening a file must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    Open,
    Refuse,
    /// Either, but no panic and no hang.
    Any,
    /// As `Any`, though there may be reference values already: not all of the file is read yet.
    Later,
}

/// The reference values of one model file.
#[derive(Clone, Debug, Deserialize)]
pub struct Reference {
    pub constants: Vec<Constant>,
}

/// What one operation's input must be.
#[derive(Clone, Debug, Deserialize)]
pub struct Constant {
    pub graph: GraphKey,
    /// TensorFlow Lite: the operation's index in its graph.
    pub op: Option<u64>,
    /// The operation's type; null where the file names none.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub name: Option<String>,
    pub input: usize,
    pub dtype: Option<String>,
    /// SHA-256 of the stored bytes.
    pub raw: Option<String>,
    /// Of the real values; where they are absent, of the stored ones.
    pub shape: Option<Vec<i64>>,
    pub chain: Option<Vec<String>>,
    /// The constant at the far end of `chain`.
    pub stored: Option<Stored>,
    pub count: Option<u64>,
    /// SHA-256 over the real values as little-endian float32.
    pub f32: Option<String>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub mean: Option<f64>,
    pub std: Option<f64>,
    #[serde(default)]
    pub nan: u64,
    #[serde(default)]
    pub inf: u64,
    pub role: Option<String>,
    pub layout: Option<String>,
    pub bias_of: Option<String>,
    #[serde(default)]
    pub problem: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Stored {
    pub dtype: String,
    pub raw: String,
    pub shape: Vec<i64>,
}

/// How a reference names a graph.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum GraphKey {
    /// TensorFlow Lite.
    Index(usize),
    /// OpenVINO: the path joined by vertical bars, empty for the main graph.
    Path(String),
}

impl Fixture {
    pub fn path(&self) -> PathBuf {
        root().join(&self.file)
    }

    /// The reference values, if there are any.
    pub fn reference(&self) -> Option<Reference> {
        let text = fs::read_to_string(root().join(self.reference.as_ref()?)).unwrap();
        Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", self.file)))
    }

    /// The only constant of an operation with a role; for a test of one file.
    pub fn constant(&self, operation: &str, role: &str) -> Constant {
        let reference = self.reference().unwrap();
        let is_it = |constant: &Constant| constant.name.as_deref() == Some(operation) && constant.role.as_deref() == Some(role);
        reference.constants.into_iter().find(is_it).unwrap_or_else(|| panic!("{}: no reference for {operation}/{role}", self.file))
    }
}

impl Constant {
    /// How a message names the place.
    pub fn place(&self) -> String {
        let graph = match &self.graph {
            GraphKey::Index(index) => index.to_string(),
            GraphKey::Path(path) if path.is_empty() => "main".to_owned(),
            GraphKey::Path(path) => path.clone(),
        };
        let op = self.op.map(|op| format!("{op} ")).unwrap_or_default();
        let kind = self.kind.as_deref().unwrap_or("?");
        format!("graph {graph}, operation {op}{kind} {:?}, input {}", self.name.as_deref().unwrap_or_default(), self.input)
    }
}

/// The project's folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All rows of the index.
pub fn fixtures() -> Vec<Fixture> {
    let text = fs::read_to_string(root().join("fixtures/index.tsv")).unwrap();
    let rows: Vec<_> = text.lines().skip(1).map(fixture).collect();
    assert!(rows.len() > 100, "the index lost its rows: {}", rows.len());
    rows
}

/// The row of one file.
pub fn fixture_of(file: &str) -> Fixture {
    fixtures().into_iter().find(|fixture| fixture.file == file).unwrap_or_else(|| panic!("not in the index: {file}"))
}

/// One of the example models in `assets/example`.
pub fn example(name: &str) -> Fixture {
    fixture_of(&format!("assets/example/{name}"))
}

/// SHA-256 in lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 over little-endian float32 bytes.
pub fn sha256_f32(values: &[f32]) -> String {
    sha256(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

/// Whether the text is what a person can read as one sentence about a file: not empty, in one line,
/// nothing that steers a terminal.
pub fn is_one_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(char::is_control)
}

/// Fails with every fault, if there are any; equal ones are counted, and of very many the first are
/// shown.
pub fn report(faults: &[String]) {
    const SHOWN: usize = 60;
    let mut lines: Vec<(&String, usize)> = Vec::new();
    for fault in faults {
        match lines.iter_mut().find(|(line, _)| *line == fault) {
            Some((_, count)) => *count += 1,
            None => lines.push((fault, 1)),
        }
    }
    let lines: Vec<_> = lines
        .iter()
        .take(SHOWN)
        .map(|(line, count)| if *count == 1 { (*line).clone() } else { format!("{line} ({count} times)") })
        .collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), lines.join("\n"));
}

/// The extensions of files that hold models.
const MODELS: [&str; 4] = ["tflite", "xml", "task", "litertlm"];

/// The models among the files below a folder: what a test may open.
pub fn model_files(folder: &Path) -> Vec<PathBuf> {
    let is_model = |path: &PathBuf| path.extension().is_some_and(|extension| MODELS.iter().any(|model| extension == *model));
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(is_model).collect();
    files.sort();
    files
}

fn fixture(line: &str) -> Fixture {
    let cells: Vec<_> = line.split('\t').collect();
    let [file, format, expect, reference, _note] = cells[..] else { panic!("not five columns: {line}") };
    let expect = match expect {
        "open" => Expect::Open,
        "refuse" => Expect::Refuse,
        "any" => Expect::Any,
        "later" => Expect::Later,
        other => panic!("what is {other:?}? {line}"),
    };
    let reference = (reference != "-").then(|| reference.to_owned());
    Fixture { file: file.to_owned(), format: format.to_owned(), expect, reference }
}
