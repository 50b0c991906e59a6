//! Short names for operations: converters join names (`a;b;c/BiasAdd`), and a person wants the
//! first part that tells one from the others.

use std::collections::{HashMap, HashSet};

use crate::model::{Graph, OperationId};

/// A graph's short operation names.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    short: Vec<String>,
}

impl Labels {
    /// Computes the short name of every operation in a graph: of the joined names the first, without
    /// a converter's suffix, and of its path as many of the last parts as tell it from all others.
    pub fn of_graph(graph: &Graph) -> Self {
        let named = || graph.operations.iter().chain(&graph.unread);
        let names: Vec<&str> = named().map(|operation| without_suffix(first_part(&operation.name))).collect();
        // How many different names have each ending of a path. A layer and the addition of its bias
        // may share one: they are told apart by their types.
        let mut seen: HashMap<&str, u32> = HashMap::new();
        let distinct: HashSet<&str> = names.iter().copied().collect();
        for name in distinct {
            for ending in endings(name) {
                *seen.entry(ending).or_default() += 1;
            }
        }
        let short = names.iter().zip(named()).map(|(name, operation)| {
            let unique = endings(name).find(|ending| seen.get(ending) == Some(&1) && !is_too_little(ending, name));
            match unique {
                Some(ending) => ending.to_owned(),
                None if !operation.name.is_empty() => first_part(&operation.name).to_owned(),
                None => format!("{} {}", operation.kind, operation.index),
            }
        });
        Self { short: short.collect() }
    }

    pub fn of(&self, operation: OperationId) -> &str {
        self.short.get(operation.0 as usize).map_or("", String::as_str)
    }
}

fn first_part(name: &str) -> &str {
    name.split(';').find(|part| !part.is_empty()).unwrap_or(name)
}

/// The last part of a path, the last two, ... and the whole name.
fn endings(name: &str) -> impl Iterator<Item = &str> {
    const DEEPEST: usize = 8;
    let cuts = name.rmatch_indices(['/', '.']).map(|(position, _)| &name[position + 1..]).filter(|ending| !ending.is_empty());
    cuts.take(DEEPEST).chain((!name.is_empty()).then_some(name))
}

/// Whether an ending is too little to know the layer by, while the path says more: a number, or one or
/// two letters.
fn is_too_little(ending: &str, name: &str) -> bool {
    ending.len() < name.len() && (ending.chars().all(|c| c.is_ascii_digit()) || ending.chars().count() < 3)
}

/// Drops what converters append and everybody knows: `/BiasAdd`, `/Conv2D`, `/WithoutBiases`.
fn without_suffix(name: &str) -> &str {
    const SUFFIXES: [&str; 12] = [
        "/WithoutBiases",
        "/BiasAdd",
        "/Conv2D",
        "/depthwise",
        "/Relu6",
        "/Relu",
        "/MatMul",
        "/FusedBatchNorm",
        "/FusedBatchNormV3",
        "/Add",
        "/add",
        "/convolution",
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
        Labels::of_graph(&graph).short
    }

    #[test]
    fn the_shortest_ending_that_is_unique() {
        assert_eq!(
            labels(&[
                "MobilenetV1/MobilenetV1/Conv2d_0/Relu6",
                "MobilenetV1/MobilenetV1/Conv2d_1_depthwise/Relu6",
                "MobilenetV1/Logits/AvgPool"
            ]),
            ["Conv2d_0", "Conv2d_1_depthwise", "AvgPool"]
        );
        assert_eq!(labels(&["m/block1/conv/Relu", "m/block2/conv/Relu", "m/block2/0"]), ["block1/conv", "block2/conv", "block2/0"]);
    }

    #[test]
    fn dots_part_names_too() {
        assert_eq!(
            labels(&["m.nn/torch.nn.Linear_1", "m.nn/torch.nn.Norm_2", "layers.0.attn", "layers.1.attn"]),
            ["Linear_1", "Norm_2", "0.attn", "1.attn"]
        );
    }

    #[test]
    fn the_first_of_joined_names() {
        assert_eq!(labels(&["seq/conv1/Relu;seq/conv1/BiasAdd;seq/conv1/Conv2D", "x"]), ["conv1", "x"]);
    }

    #[test]
    fn a_layer_and_its_bias_share_a_name() {
        assert_eq!(labels(&["m/conv/WithoutBiases", "m/conv", "", "m/pool", "m/pool"]), ["conv", "conv", "ADD 0", "pool", "pool"]);
    }
}
