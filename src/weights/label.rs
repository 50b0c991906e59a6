//! Short names for operations: converters join names (`a;b;c/BiasAdd`), and a person wants the
//! first part that tells one from the others.

use std::collections::HashMap;

use crate::model::{Graph, OperationId};

/// A graph's short operation names.
#[derive(Clone, Debug, Default)]
pub struct Label {
    short: Vec<String>,
}

impl Label {
    pub fn of(&self, operation: OperationId) -> &str {
        self.short.get(operation.0 as usize).map_or("", String::as_str)
    }
}

/// Computes the short name of every operation in a graph: of the joined names the first, without
/// the path that all names share and without a converter's suffix, as long as it stays unique.
pub fn label(graph: &Graph) -> Label {
    let firsts: Vec<&str> = graph.operations.iter().map(|operation| first_part(&operation.name)).collect();
    let shared = shared_prefix(&firsts);
    let candidates: Vec<&str> = firsts.iter().map(|name| without_suffix(&name[shared.min(name.len())..])).collect();
    let mut seen: HashMap<&str, u32> = HashMap::new();
    for candidate in &candidates {
        *seen.entry(candidate).or_default() += 1;
    }
    let short = candidates.iter().zip(&firsts).zip(&graph.operations).map(|((candidate, first), operation)| {
        let long = &first[shared.min(first.len())..];
        match (seen.get(candidate), candidate.is_empty()) {
            (Some(1), false) => (*candidate).to_owned(),
            _ if !long.is_empty() => long.to_owned(),
            _ if !operation.name.is_empty() => operation.name.clone(),
            _ => format!("{} {}", operation.kind, operation.index),
        }
    });
    Label { short: short.collect() }
}

fn first_part(name: &str) -> &str {
    name.split(';').find(|part| !part.is_empty()).unwrap_or(name)
}

/// The length of the path (up to and with its last `/`) that all names have in common.
fn shared_prefix(names: &[&str]) -> usize {
    let mut with_path = names.iter().filter(|name| name.contains('/'));
    let Some(first) = with_path.next() else { return 0 };
    if names.len() < 3 || names.iter().filter(|name| name.contains('/')).count() * 2 < names.len() {
        return 0;
    }
    let mut shared = first.rfind('/').map_or(0, |position| position + 1);
    for name in with_path {
        let common = first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count().min(shared);
        shared = first[..floor_boundary(first, common)].rfind('/').map_or(0, |position| position + 1);
    }
    // Names outside the path keep their whole text: they are shorter than the cut or differ in it.
    if names.iter().all(|name| name.starts_with(&first[..shared])) { shared } else { 0 }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Drops what converters append and everybody knows: `/BiasAdd`, `/Conv2D`, `/WithoutBiases`.
fn without_suffix(name: &str) -> &str {
    const SUFFIXES: [&str; 12] = [
        "/WithoutBiases", "/BiasAdd", "/Conv2D", "/depthwise", "/Relu6", "/Relu", "/MatMul", "/FusedBatchNorm", "/FusedBatchNormV3", "/Add",
        "/add", "/convolution",
    ];
    let mut name = name;
    while let Some(rest) = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).filter(|rest| !rest.is_empty()) {
        name = rest;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Operation;

    fn labels(names: &[&str]) -> Vec<String> {
        let operations = names.iter().map(|name| Operation { name: (*name).into(), kind: "ADD".into(), ..Default::default() }).collect();
        let graph = Graph { operations, ..Default::default() };
        label(&graph).short
    }

    #[test]
    fn shared_paths_and_suffixes_go() {
        assert_eq!(
            labels(&[
                "MobilenetV1/MobilenetV1/Conv2d_0/Relu6",
                "MobilenetV1/MobilenetV1/Conv2d_1_depthwise/Relu6",
                "MobilenetV1/Logits/SpatialSqueeze"
            ]),
            ["MobilenetV1/Conv2d_0", "MobilenetV1/Conv2d_1_depthwise", "Logits/SpatialSqueeze"]
        );
    }

    #[test]
    fn the_first_of_joined_names() {
        assert_eq!(labels(&["seq/conv1/Relu;seq/conv1/BiasAdd;seq/conv1/Conv2D", "x"]), ["seq/conv1", "x"]);
    }

    #[test]
    fn what_would_clash_stays_long() {
        assert_eq!(labels(&["a/Relu", "a/BiasAdd", ""]), ["a/Relu", "a/BiasAdd", "ADD 0"]);
    }
}
