//! A figure for every operation of a graph, to colour it by: what its weights take, how they scatter.

use std::collections::HashMap;
use std::sync::Arc;

use super::job::Opened;
use super::numbers::Values;
use super::pool::Failure;
use super::{Cancelled, Token};
use crate::groups::{GroupId, Groups};
use crate::model::{GraphId, OperationId};
use crate::values::Blocks;
use crate::values::blocks::per_block;
use crate::weights::{Reading, Weight};

/// What a figure tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    /// Stored bytes of all weights of the operation.
    Bytes,
    /// Elements of all weights of the operation.
    Parameters,
    /// Standard deviation of the values of the operation's main weight.
    Std,
    /// The part of the main weight's values that are zero, 0 to 1.
    Sparsity,
    /// How far the main weight is from that of the model it is compared with. Comparing makes these.
    Error,
}

impl Measure {
    pub const ALL: [Self; 5] = [Self::Bytes, Self::Parameters, Self::Std, Self::Sparsity, Self::Error];

    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "Bytes stored",
            Self::Parameters => "Parameters",
            Self::Std => "Standard deviation",
            Self::Sparsity => "Sparsity",
            Self::Error => "Error of the comparison",
        }
    }

    pub fn short_name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Parameters => "parameters",
            Self::Std => "std",
            Self::Sparsity => "sparsity",
            Self::Error => "error",
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Self::Bytes => "What the operation's weights take in the file",
            Self::Parameters => "How many numbers the operation's weights have",
            Self::Std => "How far the values of the operation's kernel scatter",
            Self::Sparsity => "Which part of the kernel's values is zero",
            Self::Error => "How far the kernel is from the other model's",
        }
    }

    /// Whether colours follow the figure's order of magnitude.
    pub fn is_logarithmic(self) -> bool {
        matches!(self, Self::Bytes | Self::Parameters)
    }

    /// Whether the values of weights must be read for it.
    pub fn needs_values(self) -> bool {
        matches!(self, Self::Std | Self::Sparsity)
    }
}

/// The figures of a graph's operations.
#[derive(Clone, Debug, PartialEq)]
pub struct Measures {
    pub graph: GraphId,
    pub of: Measure,
    /// Finite, of the operations that have one.
    values: HashMap<OperationId, f64>,
    /// Of groups: the sum of bytes and parameters, the largest of others.
    groups: HashMap<GroupId, f64>,
    pub low: f64,
    pub high: f64,
}

impl Measures {
    /// Measures that are not finite are left out.
    pub fn new(graph: GraphId, of: Measure, values: impl IntoIterator<Item = (OperationId, f64)>) -> Self {
        let values: HashMap<_, _> = values.into_iter().filter(|(_, value)| value.is_finite()).collect();
        let low = values.values().copied().fold(f64::INFINITY, f64::min);
        let high = values.values().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { graph, of, values, groups: HashMap::new(), low, high }
    }

    /// With figures for the groups that hold the operations.
    pub fn grouped(mut self, groups: &Groups) -> Self {
        let is_sum = self.of.is_logarithmic();
        for (operation, value) in &self.values {
            let inner = groups.of_operation(*operation).into_iter();
            for group in inner.flat_map(|inner| groups.ancestors(inner)) {
                let figure = self.groups.entry(group).or_insert(if is_sum { 0.0 } else { f64::NEG_INFINITY });
                *figure = if is_sum { *figure + value } else { figure.max(*value) };
            }
        }
        self
    }

    /// Where a group's figure stands between the lowest and the highest of operations, 0 to 1.
    pub fn part_of_group(&self, group: GroupId) -> Option<f32> {
        self.part_of(*self.groups.get(&group)?).map(|part| part.clamp(0.0, 1.0))
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub fn get(&self, operation: OperationId) -> Option<f64> {
        self.values.get(&operation).copied()
    }

    /// Where an operation's figure stands between the lowest and the highest, 0 to 1.
    pub fn part(&self, operation: OperationId) -> Option<f32> {
        self.part_of(self.get(operation)?)
    }

    /// Where a figure stands between the lowest and the highest, 0 to 1.
    pub fn part_of(&self, value: f64) -> Option<f32> {
        let place = |value: f64| if self.of.is_logarithmic() { value.max(1.0).ln() } else { value };
        let (low, high) = (place(self.low), place(self.high));
        Some(if high > low { ((place(value) - low) / (high - low)) as f32 } else { 0.5 })
    }
}

/// Computes the figures that were asked for, and those that the same work brings.
///
/// # Errors
/// [`Cancelled`]. A weight whose values can't be had has no figure.
pub(super) fn measures(opened: &Arc<Opened>, graph_id: GraphId, of: Measure, token: &Token) -> Result<Vec<Arc<Measures>>, Cancelled> {
    let graph = opened.model.graph(graph_id);
    let made =
        |of: Measure, values: Vec<(OperationId, f64)>| Arc::new(Measures::new(graph_id, of, values).grouped(opened.groups(graph_id)));
    if !of.needs_values() {
        let (mut bytes, mut parameters) = (Vec::new(), Vec::new());
        for (id, _) in graph.operations() {
            let weights = opened.catalogue.of_layer(graph_id, id);
            if !weights.is_empty() {
                let stored = |weight: &&&Weight| weight.stored_bytes(&opened.model).map_or(0, |bytes| bytes.len() as u64);
                bytes.push((id, weights.iter().map(|weight| stored(&weight)).sum::<u64>() as f64));
                let elements = weights.iter().filter_map(|weight| graph.tensor(weight.tensor).shape.count());
                parameters.push((id, elements.sum::<u64>() as f64));
            }
            token.check()?;
        }
        return Ok(vec![made(Measure::Bytes, bytes), made(Measure::Parameters, parameters)]);
    }
    let main: Vec<(OperationId, &Weight)> =
        graph.operations().filter_map(|(id, _)| Some((id, opened.catalogue.main_of_layer(graph_id, id)?))).collect();
    let size = |weight: &Weight| graph.tensor(weight.tensor).shape.count().unwrap_or(0);
    token.expect(main.iter().map(|(_, weight)| size(weight)).sum());
    let (mut std, mut sparsity) = (Vec::new(), Vec::new());
    for (id, weight) in main {
        if let Ok((deviation, zeros)) = scatter(opened, weight, token) {
            std.push((id, deviation));
            sparsity.push((id, zeros));
        }
        token.advance(size(weight));
        token.check()?;
    }
    Ok(vec![made(Measure::Std, std), made(Measure::Sparsity, sparsity)])
}

/// Standard deviation of a weight's finite values (`numpy.std`, ddof 0), and the part of all values that
/// is zero; block by block, whatever its size.
fn scatter(opened: &Arc<Opened>, weight: &Weight, token: &Token) -> Result<(f64, f64), Failure> {
    let value = weight.value(&opened.model, Reading::Effective, token)?;
    let (values, _) = Values::new(opened, value, &[], token)?;
    let finite = |block: &[f32], sum: &dyn Fn(f64) -> f64| {
        block.iter().filter(|value| value.is_finite()).map(|value| sum((*value).into())).sum::<f64>()
    };
    let first = per_block(&values, token, |block| {
        (finite(block, &|_| 1.0), finite(block, &|value| value), block.iter().filter(|value| **value == 0.0).count())
    })?;
    let count: f64 = first.iter().map(|(count, ..)| count).sum();
    let mean = first.iter().map(|(_, sum, _)| sum).sum::<f64>() / count;
    let zeros: usize = first.iter().map(|(.., zeros)| zeros).sum();
    let squares = per_block(&values, token, |block| finite(block, &|value| (value - mean) * (value - mean)))?;
    Ok(((squares.iter().sum::<f64>() / count).sqrt(), zeros as f64 / Blocks::len(&values) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_between_the_lowest_and_the_highest() {
        let id = OperationId;
        let values = [(id(0), 2.0), (id(1), 4.0), (id(2), f64::NAN), (id(3), 3.0)];
        let figures = Measures::new(GraphId(0), Measure::Std, values);
        assert_eq!((figures.low, figures.high), (2.0, 4.0));
        assert_eq!([0, 1, 2, 3].map(|operation| figures.part(id(operation))), [Some(0.0), Some(1.0), None, Some(0.5)]);
        let bytes = Measures::new(GraphId(0), Measure::Bytes, [(id(0), 1.0), (id(1), 100.0), (id(2), 10_000.0)]);
        assert_eq!(bytes.part(id(1)), Some(0.5));
        assert_eq!(Measures::new(GraphId(0), Measure::Bytes, [(id(0), 7.0)]).part(id(0)), Some(0.5));
        assert!(Measures::new(GraphId(0), Measure::Bytes, []).is_empty());
    }

    /// Standard deviations as numpy has them, of the arrays that LiteRT gives.
    #[test]
    fn figures_of_the_example() {
        let opened = Opened::example();
        let of = |of| measures(&opened, GraphId(0), of, &Token::new()).unwrap();
        let std = of(Measure::Std);
        assert_eq!(std.iter().map(|figures| figures.of).collect::<Vec<_>>(), [Measure::Std, Measure::Sparsity]);
        for (operation, expected) in [
            (0, Some(0.159_468_123_559_679_93)),
            (1, Some(0.266_953_547_216_964_7)),
            (2, Some(0.324_840_620_757_123_6)),
            (3, None),
            (4, Some(0.102_678_590_952_128_5)),
            (7, Some(0.100_967_650_628_422_7)),
        ] {
            let found = std[0].get(OperationId(operation));
            assert!(found.zip(expected).map_or(found == expected, |(found, expected)| (found - expected).abs() < 1e-12), "{operation}");
        }
        assert_eq!(std[1].get(OperationId(0)), Some(0.0));
        let bytes = of(Measure::Bytes);
        // Kernel and bias.
        assert_eq!(bytes[0].get(OperationId(0)), Some(1248.0));
        assert_eq!(bytes[1].get(OperationId(7)), Some(5130.0));
        assert_eq!((bytes[0].low, bytes[0].high), (480.0, 27_776.0));
        let token = Token::new();
        token.cancel();
        assert!(measures(&opened, GraphId(0), Measure::Std, &token).is_err());
    }
}
