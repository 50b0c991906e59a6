//! The statistics of a model as JSON and as CSV: one record a weight, as the README documents.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Figure, Figures};
use crate::export::json::number;
use crate::formats::one_line;
use crate::model::Model;
use crate::weights::Weight;

/// A weight with its figures, or one sentence why there are none.
pub type Line<'a> = (&'a Weight, Result<&'a Figures, &'a str>);

/// The record of `stats --json`.
pub fn to_json(model: &Model, lines: &[Line<'_>]) -> Value {
    let records = lines.iter().map(|line| Value::Object(record(model, line)));
    json!({
        "schema": 1,
        "file": model.file.to_string_lossy(),
        "weights": records.collect::<Vec<_>>(),
    })
}

/// A line a weight, with a header; figures that do not apply are empty.
pub fn to_csv(model: &Model, lines: &[Line<'_>]) -> String {
    let mut text = String::new();
    let keys = ["graph", "operation", "name", "type", "input", "role", "dtype", "shape", "layout"];
    let figures = Figure::ALL.iter().copied().filter(|figure| figure.is_listed()).map(Figure::name);
    let header: Vec<&str> = keys.into_iter().chain(figures).chain(["problem"]).collect();
    text += &header.join(",");
    text.push('\n');
    for line in lines {
        let record = record(model, line);
        for (position, (_, value)) in record.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            let _ = write!(text, "{comma}{}", field(value));
        }
        text.push('\n');
    }
    text
}

fn record(model: &Model, (weight, figures): &Line<'_>) -> Map<String, Value> {
    let operation = weight.operation(model);
    let data = weight.data_tensor(model);
    let head = [
        ("graph", weight.site.graph.0.into()),
        ("operation", json!(operation.index)),
        ("name", operation.name.as_str().into()),
        ("type", operation.kind.as_str().into()),
        ("input", weight.site.input.into()),
        ("role", weight.role.name.into()),
        ("dtype", data.dtype.name().into()),
        ("shape", json!(data.shape.dims())),
        ("layout", json!(weight.role.layout)),
    ];
    let mut record: Map<String, Value> = head.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    for figure in Figure::ALL.iter().copied().filter(|figure| figure.is_listed()) {
        let value = match (figures, figure) {
            (Ok(figures), _) => {
                figures.get(figure).map_or(Value::Null, |value| if figure.is_count() { (value as u64).into() } else { number(value) })
            }
            (Err(_), Figure::StoredBytes) => json!(weight.stored_bytes(model).ok().map(<[u8]>::len)),
            (Err(_), Figure::Count) => json!(weight.graph(model).tensor(weight.tensor).shape.count()),
            (Err(_), _) => Value::Null,
        };
        record.insert(figure.name().to_owned(), value);
    }
    record.insert("problem".to_owned(), figures.err().map(one_line).into());
    record
}

/// A field of a CSV file, in quotation marks where it needs them (RFC 4180).
fn field(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(dims) => dims.iter().map(Value::to_string).collect::<Vec<_>>().join("x"),
        other => other.to_string(),
    };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
