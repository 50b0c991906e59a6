//! Attribute texts read as the values that a person expects: `"2, 2"` as a list of numbers,
//! `"true"` as a truth value. What is none of these stays the text that it is.

use serde_json::{Number, Value};

use crate::model::DType;

/// Entries beyond which a list stays a text: nobody reads it, and a value takes many times the memory.
const MAX_LIST: usize = 1 << 16;

/// The value of an attribute. Numbers that JSON can't hold (`inf`, `nan`, beyond 64 bits) stay
/// texts, and so does everything mixed.
pub fn value(key: &str, text: &str) -> Value {
    let trimmed = text.trim();
    if is_text(key) {
        return Value::from(text);
    }
    if is_flag(key) && matches!(trimmed, "0" | "1") {
        return Value::from(trimmed == "1");
    }
    if trimmed.len() > MAX_LIST && trimmed.bytes().filter(|byte| *byte == b',').count() >= MAX_LIST {
        return Value::from(text);
    }
    if is_list(key) {
        return match trimmed {
            "" => Value::Array(Vec::new()),
            _ => list(entries(trimmed).map(scalar).collect()),
        };
    }
    match trimmed {
        "true" | "True" | "TRUE" => return Value::from(true),
        "false" | "False" | "FALSE" => return Value::from(false),
        _ => {}
    }
    if trimmed.contains(',') {
        let numbers: Option<Vec<Value>> = entries(trimmed).map(|entry| number(entry).map(Value::Number)).collect();
        return numbers.map_or_else(|| Value::from(text), list);
    }
    number(trimmed).map_or_else(|| Value::from(text), Value::Number)
}

/// The element type that a name stands for. `element_type` and `precision` have spellings of their
/// own; either is taken for both, in any case.
pub fn element_type(name: &str) -> DType {
    match name.trim().to_ascii_lowercase().as_str() {
        "f32" | "fp32" => DType::F32,
        "f16" | "fp16" => DType::F16,
        "f64" | "fp64" => DType::F64,
        "boolean" | "bool" => DType::Bool,
        "u1" | "bin" => DType::U1,
        "" | "dynamic" | "undefined" | "unspecified" | "mixed" => DType::Dynamic,
        other => DType::ALL.iter().copied().find(|dtype| dtype.name() == other).unwrap_or(DType::Unknown(-1)),
    }
}

/// OpenVINO's opsets, and the names that it gives its extensions. Layers of version 7 and before, and
/// graphs of what is executed, have none.
pub fn is_known_opset(version: &str) -> bool {
    is_opset(version) || matches!(version, "" | "extension" | "experimental" | "ie_internal_opset" | "util" | "framework_node_ext")
}

/// Whether operations of this version are OpenVINO's own: `opset13`.
pub fn is_opset(version: &str) -> bool {
    version.strip_prefix("opset").is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Attributes that hold a list even where it has one entry or none.
fn is_list(key: &str) -> bool {
    matches!(
        key,
        "activations"
            | "activations_alpha"
            | "activations_beta"
            | "aspect_ratio"
            | "axes"
            | "begin_mask"
            | "density"
            | "dilations"
            | "ellipsis_mask"
            | "end_mask"
            | "fixed_ratio"
            | "fixed_size"
            | "kernel"
            | "max_size"
            | "min_size"
            | "new_axis_mask"
            | "order"
            | "output_padding"
            | "output_size"
            | "pads_begin"
            | "pads_end"
            | "rates"
            | "shape"
            | "shrink_axis_mask"
            | "sizes"
            | "strides"
            | "variance"
    )
}

/// Attributes that hold a text, whatever it looks like.
fn is_text(key: &str) -> bool {
    matches!(
        key,
        "equation"
            | "friendly_name"
            | "layerType"
            | "name"
            | "names"
            | "originalLayersNames"
            | "outputLayouts"
            | "outputPrecisions"
            | "output_names"
            | "primitiveType"
            | "runtimePrecision"
            | "type"
            | "variable_id"
            | "version"
    )
}

/// Attributes that hold a truth value, which some writers spell `1` and `0`.
fn is_flag(key: &str) -> bool {
    matches!(key, "exclude_pad" | "exclude-pad" | "keep_dims" | "linear_before_reset" | "special_zero" | "transpose_a" | "transpose_b")
}

/// A list without room ahead: there are many, and none grows.
fn list(mut values: Vec<Value>) -> Value {
    values.shrink_to_fit();
    Value::Array(values)
}

fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

/// One entry of a list: a number, or the text.
fn scalar(text: &str) -> Value {
    number(text).map_or_else(|| Value::from(text), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.')) {
        return None; // "inf" and "nan" would parse
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let is_whole = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+'));
    if is_whole { None } else { Number::from_f64(text.parse().ok()?) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_become_what_they_say() {
        for (key, text, expected) in [
            ("strides", "2, 2", json!([2, 2])),
            ("strides", "1", json!([1])),
            ("begin_mask", "", json!([])),
            ("shape", "?,1..8,3", json!(["?", "1..8", 3])),
            ("activations", "sigmoid, tanh", json!(["sigmoid", "tanh"])),
            ("max", "6.0", json!(6.0)),
            ("min", "-1e-3", json!(-1e-3)),
            ("clip", "inf", json!("inf")),
            ("seed", "18446744073709551615", json!(u64::MAX)),
            ("seed", "18446744073709551616", json!("18446744073709551616")),
            ("some_mask", "1,0", json!([1, 0])),
            ("special_zero", "True", json!(true)),
            ("transpose_b", "1", json!(true)),
            ("axis", "-1", json!(-1)),
            ("mode", "numpy", json!("numpy")),
            ("variable_id", "12", json!("12")),
            ("equation", "ab,bc->ac", json!("ab,bc->ac")),
            ("note", "a, 1", json!("a, 1")),
            ("empty", "", json!("")),
            ("originalLayersNames", "12,13", json!("12,13")),
        ] {
            assert_eq!(value(key, text), expected, "{key}={text}");
        }
    }

    #[test]
    fn endless_lists_stay_texts() {
        let text = "1,".repeat(MAX_LIST);
        assert_eq!(value("shape", &text), json!(text));
        assert!(value("shape", &text[2..]).is_array());
    }

    #[test]
    fn both_spellings_of_types() {
        for (name, dtype) in [
            ("f32", DType::F32),
            ("FP16", DType::F16),
            ("boolean", DType::Bool),
            ("BIN", DType::U1),
            ("undefined", DType::Dynamic),
            ("NF4", DType::Nf4),
            ("F8E4M3", DType::F8E4M3),
            ("string", DType::String),
            ("q78", DType::Unknown(-1)),
        ] {
            assert_eq!(element_type(name), dtype, "{name}");
        }
    }
}
