//! Looking for operations by the words of [`crate::weights::Query`].

use super::job::Opened;
use super::{Cancelled, Token};
use crate::model::{Graph, GraphId, Operation, OperationId, OperationRef};
use crate::weights::{Query, Subject, Weight};

/// The operations that match, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// What was looked for.
    pub text: String,
    pub operations: Vec<OperationRef>,
}

/// Looks through the operations of all graphs. One matches by itself, with the type and shape of its
/// first output, or by one of its weights. Operations that only prepare constants are left out: the
/// layers that they prepare them for match by them.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn search(opened: &Opened, text: String, token: &Token) -> Result<Found, Cancelled> {
    let query = Query::parse(&text);
    let mut operations = Vec::new();
    if query.is_empty() {
        return Ok(Found { text, operations });
    }
    for (graph_id, graph) in (0..).map(GraphId).zip(&opened.model.graphs) {
        for (id, operation) in graph.operations() {
            token.check()?;
            if !prepares_constants(opened, graph_id, operation) && matches(opened, &query, graph_id, graph, id, operation) {
                operations.push(OperationRef { graph: graph_id, operation: id });
            }
        }
    }
    Ok(Found { text, operations })
}

fn prepares_constants(opened: &Opened, graph: GraphId, operation: &Operation) -> bool {
    !operation.outputs.is_empty() && operation.outputs.iter().all(|output| opened.catalogue.is_constant(graph, *output))
}

fn matches(opened: &Opened, query: &Query, graph_id: GraphId, graph: &Graph, id: OperationId, operation: &Operation) -> bool {
    let label = opened.labels.get(graph_id.0 as usize).map_or("", |labels| labels.of(id));
    let output = operation.outputs.first().map(|output| graph.tensor(*output));
    let shape = output.map_or(String::new(), |output| output.shape.to_string());
    let itself = Subject {
        name: &operation.name,
        label,
        kind: &operation.kind,
        role: "",
        dtype: output.map_or("", |output| output.dtype.name()),
        shape: &shape,
        parameters: 0,
        figures: None,
    };
    let by_weight = |weight: &&Weight| {
        let shape = &graph.tensor(weight.tensor).shape;
        let (text, parameters) = (shape.to_string(), shape.count().unwrap_or(0));
        query.matches(&Subject {
            role: weight.role.name,
            dtype: weight.data_tensor(&opened.model).dtype.name(),
            shape: &text,
            parameters,
            ..itself
        })
    };
    query.matches(&itself) || opened.catalogue.of_layer(graph_id, id).iter().any(by_weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_match_by_themselves_and_by_their_weights() {
        let opened = Opened::example();
        let found = |text: &str| {
            let found = search(&opened, text.to_owned(), &Token::new()).unwrap();
            assert_eq!(found.text, text);
            found.operations.iter().map(|place| place.operation.0).collect::<Vec<_>>()
        };
        for (text, operations) in [
            ("type:conv", &[0, 1, 2, 4][..]),
            ("type:conv shape:3x3", &[1, 4]),
            ("shape:5x5", &[0]),
            (">5k", &[4, 7]),
            ("pool", &[3, 5]),
            ("role:bias >30", &[4]),
            ("dtype:i8", &[]),
            ("  ", &[]),
        ] {
            assert_eq!(found(text), operations, "{text}");
        }
        let token = Token::new();
        token.cancel();
        assert!(search(&opened, "conv".to_owned(), &token).is_err());
    }
}
