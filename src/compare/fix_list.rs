//! Layers that shall stay in float, as text for the tools that quantise.

use super::pair::Subject;
use crate::model::FormatName;
use crate::weights::Site;

/// A tool that takes a list of layers to leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// NNCF's `IgnoredScope`, by names of operations.
    Nncf,
    /// TensorFlow Lite's `QuantizationDebugOptions.denylisted_nodes`, by names of output tensors.
    Tflite,
    /// AI Edge Quantizer's recipes, by regular expressions over names of output tensors.
    Aieq,
    /// ONNX Runtime's `nodes_to_exclude`, by names of nodes.
    Ort,
}

impl Tool {
    pub const ALL: [Self; 4] = [Self::Nncf, Self::Tflite, Self::Aieq, Self::Ort];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nncf => "nncf",
            Self::Tflite => "tflite",
            Self::Aieq => "aieq",
            Self::Ort => "ort",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Nncf => "NNCF IgnoredScope",
            Self::Tflite => "TensorFlow Lite denylisted_nodes",
            Self::Aieq => "AI Edge Quantizer",
            Self::Ort => "ONNX Runtime nodes_to_exclude",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// The format whose names the tool knows; `None` where any will do.
    fn format(self) -> Option<FormatName> {
        match self {
            Self::Nncf => Some(FormatName::OpenvinoIr),
            Self::Tflite | Self::Aieq => Some(FormatName::Tflite),
            Self::Ort => None,
        }
    }
}

/// The text for a tool. Names are those of the model in the tool's format, of A where both or neither are.
pub fn text(tool: Tool, a: Subject<'_>, b: Subject<'_>, pairs: &[(Site, Site)]) -> String {
    let is_of_b = tool.format().is_some_and(|format| a.model.format != format && b.model.format == format);
    let subject = if is_of_b { b } else { a };
    let mut names: Vec<&str> = Vec::new();
    for (of_a, of_b) in pairs {
        let Some(weight) = subject.catalogue.at(if is_of_b { *of_b } else { *of_a }) else { continue };
        let name = weight.graph(subject.model).operation(weight.layer()).name.as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let quoted: Vec<String> = names.iter().map(|name| python_string(name)).collect();
    let list = |indent: &str| quoted.iter().map(|name| format!("{indent}{name},\n")).collect::<String>();
    match tool {
        Tool::Nncf => format!("ignored_scope = nncf.IgnoredScope(\n    names=[\n{}    ]\n)\n", list("        ")),
        Tool::Tflite => {
            format!(
                "debug_options = tf.lite.experimental.QuantizationDebugOptions(\n    denylisted_nodes=[\n{}    ]\n)\n",
                list("        ")
            )
        }
        Tool::Aieq => {
            let line = |name: &&str| {
                let pattern = python_string(&format!("^{}", escaped(name)));
                format!("quantizer.update_quantization_recipe(regex={pattern}, operation_name=\"*\", algorithm_key=\"no_quantize\")\n")
            };
            names.iter().map(line).collect()
        }
        Tool::Ort => format!("nodes_to_exclude=[\n{}]\n", list("    ")),
    }
}

/// A string as Python reads it.
fn python_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out += &format!("\\u{:04x}", c as u32),
            c => out.push(c),
        }
    }
    out + "\""
}

/// What Python's `re.escape` makes of a name.
fn escaped(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if r"()[]{}?*+-|^$\.&~# ".contains(c) || c.is_whitespace() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
