//! A comparison of two models as a file: JSON (a contract, README "compare --json"), CSV, and a report to look at.

mod figures;
pub mod html;
pub mod pictures;

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::json::number;
use crate::compare::column::Column;
use crate::compare::distribution::Distribution;
use crate::compare::pair::{Place, Repeated, Subject};
use crate::compare::{Anatomy, Compared, Grade, Row, Table};
use crate::weights::Site;

/// Two models and what comparing them gave.
#[derive(Clone, Copy, Debug)]
pub struct Report<'r> {
    pub a: Subject<'r>,
    pub b: Subject<'r>,
    pub table: &'r Table,
    /// The rows that are told, in their order.
    pub order: &'r [usize],
    /// By row of the table.
    pub grades: &'r [Option<Grade>],
}

impl Report<'_> {
    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.order.iter().filter_map(|number| self.table.rows.get(*number))
    }

    /// `compare --json`.
    pub fn json(&self) -> Value {
        let alone = |subject: Subject<'_>, sites: &[Site]| {
            sites.iter().filter_map(|site| Some(place(&Place::of(subject, *site)?))).collect::<Vec<_>>()
        };
        let repeated = |subject: Subject<'_>, groups: &[Repeated]| -> Vec<Value> {
            groups.iter().map(|group| json!({ "tied": group.is_tied, "weights": alone(subject, &group.sites) })).collect()
        };
        let pairing = &self.table.pairing;
        json!({
            "schema": 1,
            "a": self.a.model.file.to_string_lossy(),
            "b": self.b.model.file.to_string_lossy(),
            "pairs": self.rows().map(|row| self.pair(row)).collect::<Vec<_>>(),
            "only_a": alone(self.a, &pairing.only_a),
            "only_b": alone(self.b, &pairing.only_b),
            "repeated_a": repeated(self.a, &pairing.repeated_a),
            "repeated_b": repeated(self.b, &pairing.repeated_b),
        })
    }

    fn pair(&self, row: &Row) -> Value {
        let with_type = |subject: Subject<'_>, site: Site, of: &Place| {
            let mut value = place(of);
            if let (Some(map), Some(weight)) = (value.as_object_mut(), subject.catalogue.at(site)) {
                map.insert("type".into(), weight.operation(subject.model).kind.as_str().into());
            }
            value
        };
        let reasons: Vec<&str> = row.pair.reasons.iter().map(|reason| reason.name()).collect();
        let compared = row.outcome.as_ref().ok();
        json!({
            "a": with_type(self.a, row.pair.a, &row.a),
            "b": with_type(self.b, row.pair.b, &row.b),
            "confidence": row.pair.confidence,
            "reasons": reasons,
            "relation": compared.map(|compared| compared.relation.name()),
            "metrics": compared.map(|compared| metrics(compared, row.distribution.as_ref())),
            "channels_db": compared.map(|compared| compared.channels.iter().map(|channel| number(channel.sqnr_db)).collect::<Vec<_>>()),
            "anatomy": row.anatomy.as_ref().map(anatomy),
            "reads_as": row.reads_as,
            "sentences": row.sentences,
            "problem": row.outcome.as_ref().err(),
        })
    }

    /// A line a pair, every figure a column.
    pub fn csv(&self) -> String {
        let mut text = String::from("layer_a,layer_b,type_a,type_b,role_a,role_b,shape,relation,reads_as,reasons,worst_channel");
        for column in Column::ALL {
            let _ = write!(text, ",{}", column.name());
        }
        text.push('\n');
        for row in self.rows() {
            let compared = row.outcome.as_ref().ok();
            let shape = compared.map_or(String::new(), |compared| shape_text(&compared.alignment.shape));
            let reasons: Vec<&str> = row.pair.reasons.iter().map(|reason| reason.name()).collect();
            let fields: [&str; 11] = [
                &row.a.name,
                &row.b.name,
                kind_of(self.a, row.pair.a),
                kind_of(self.b, row.pair.b),
                &row.a.role,
                &row.b.role,
                &shape,
                row.relation().map_or("", |relation| relation.name()),
                &row.reads_as,
                &reasons.join(" "),
                &compared.and_then(|compared| compared.metrics.worst_channel).map_or(String::new(), |(channel, _)| channel.to_string()),
            ];
            text += &fields.map(field).join(",");
            for column in Column::ALL {
                text.push(',');
                text += &column.of(row).map_or(String::new(), plain);
            }
            text.push('\n');
        }
        text
    }
}

/// The type of the operation that a weight belongs to.
fn kind_of(subject: Subject<'_>, site: Site) -> &str {
    subject.catalogue.at(site).map_or("", |weight| weight.operation(subject.model).kind.as_str())
}

fn place(place: &Place) -> Value {
    json!({ "graph": place.graph, "operation": place.operation, "name": place.name, "input": place.input, "role": place.role })
}

fn metrics(compared: &Compared, distribution: Option<&Distribution>) -> Value {
    let metrics = &compared.metrics;
    let or_null = |value: Option<f64>| value.map_or(Value::Null, number);
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| {
        map.insert(name.to_owned(), value);
    };
    put("count", metrics.count.into());
    put("excluded", metrics.excluded.into());
    put("sqnr_db", number(metrics.sqnr_db));
    put("worst_channel", metrics.worst_channel.map_or(Value::Null, |(channel, _)| channel.into()));
    put("worst_channel_sqnr_db", or_null(metrics.worst_channel.map(|(_, sqnr)| sqnr)));
    put("rmse_over_scale", or_null(metrics.rmse_over_scale));
    put("mse", number(metrics.mse));
    put("mean_error", number(metrics.mean_error));
    put("error_std", number(metrics.error_std));
    put("max_abs_error", number(metrics.max_abs_error));
    put("cosine", number(metrics.cosine));
    put("psnr_db", number(metrics.psnr_db));
    put("nmse", number(metrics.nmse));
    put("median_relative_error", or_null(distribution.map(|found| found.median_relative_error)));
    put("gain", number(metrics.gain));
    put("wasserstein", or_null(distribution.map(|found| found.wasserstein)));
    put("js_distance", or_null(distribution.map(|found| found.js_distance)));
    put("kl", or_null(distribution.map(|found| found.kl)));
    put("allclose", metrics.allclose.into());
    put("close_fraction", number(metrics.close_fraction));
    put("kurtosis", number(metrics.kurtosis));
    put("codes_used", metrics.codes.map_or(Value::Null, |codes| codes.used.into()));
    put("codes_possible", metrics.codes.map_or(Value::Null, |codes| codes.possible.into()));
    put("code_entropy_bits", or_null(metrics.codes.map(|codes| codes.entropy_bits)));
    put("saturation", or_null(metrics.codes.map(|codes| codes.saturation)));
    put("stored_bytes_a", metrics.stored_bytes.0.into());
    put("stored_bytes_b", metrics.stored_bytes.1.into());
    Value::Object(map)
}

fn anatomy(anatomy: &Anatomy) -> Value {
    let shares: Map<String, Value> = anatomy.shares.parts().into_iter().map(|(name, share)| (name.to_owned(), number(share))).collect();
    json!({
        "quantised": if anatomy.is_of_a { "a" } else { "b" },
        "bits": anatomy.bits,
        "codebook": anatomy.codebook.map(|(name, _)| name),
        "shares": shares,
        "saturated": anatomy.saturated,
        "outliers": anatomy.outliers.as_ref().map(|outliers| json!({
            "count": outliers.count, "of": outliers.of, "gain_db": number(outliers.gain_db), "elements": outliers.places,
        })),
        "narrow": anatomy.narrow.as_ref().map(|narrow| json!({
            "channels": narrow.channels, "codes": narrow.codes, "gain_db": number(narrow.gain_db),
            "worst_channel_gain_db": number(narrow.worst_channel_gain_db),
        })),
    })
}

fn shape_text(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x")
}

/// A field of CSV (RFC 4180).
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn plain(value: f64) -> String {
    match value {
        _ if value.is_nan() => "nan".into(),
        f64::INFINITY => "inf".into(),
        f64::NEG_INFINITY => "-inf".into(),
        _ => value.to_string(),
    }
}
