//! What fills the variables and hash tables of TensorFlow Lite's models, which operations read by a handle.

use serde_json::Value;

use crate::model::{GraphId, Model, Operation};

/// Operations that are named in a sentence; of more only the number is given.
const NAMED: usize = 4;

/// The sentence for a variable that several operations set, so that no one constant is its value, or none.
/// Nothing where the value is the one constant that is set, and where the handle comes from elsewhere.
pub fn variable(model: &Model, graph: GraphId, read: &Operation) -> Option<String> {
    let handle = handle(model, graph, read, "VAR_HANDLE")?;
    let (container, name) = (text(handle, "container"), text(handle, "shared_name"));
    let is_meant = |other: &Operation| text(other, "container") == container && text(other, "shared_name") == name;
    let places = users(model, "ASSIGN_VARIABLE", "VAR_HANDLE", is_meant);
    match places.len() {
        0 => Some(format!("no operation sets the variable {name} by its name")),
        1 => None,
        count => {
            let named: Vec<_> = places.iter().take(NAMED).map(|(graph, setter)| place(*graph, setter)).collect();
            let more = if count > NAMED { " and others" } else { "" };
            Some(format!("the variable {name} is set by {count} operations ({}{more}), so that it is no constant", named.join(", ")))
        }
    }
}

/// The sentence that says which keys and values fill the table that is looked up.
pub fn table(model: &Model, graph: GraphId, find: &Operation) -> Option<String> {
    let of = |handle: &Operation| handle.attributes.get("table_id").cloned();
    let handle = handle(model, graph, find, "HASHTABLE")?;
    let places = users(model, "HASHTABLE_IMPORT", "HASHTABLE", |other| of(other) == of(handle));
    let number = of(handle).unwrap_or_default();
    let Some((of_import, import)) = places.first() else { return Some(format!("no operation fills the table {number} that is looked up")) };
    let name = |input: usize| match import.inputs.get(input).copied().flatten() {
        Some(tensor) => model.graph(*of_import).tensor(tensor).name.as_str(),
        None => "nothing",
    };
    let others = if places.len() > 1 { format!(", and {} more", places.len() - 1) } else { String::new() };
    Some(format!("table {number}: keys {}, values {}, imported by {}{others}", name(1), name(2), place(*of_import, import)))
}

fn text<'o>(operation: &'o Operation, key: &str) -> &'o str {
    operation.attributes.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn place(graph: GraphId, operation: &Operation) -> String {
    format!("{} {} in graph {}", operation.kind, operation.index, graph.0)
}

/// The operation of a kind that makes the handle in an operation's first input.
fn handle<'m>(model: &'m Model, graph: GraphId, user: &Operation, kind: &str) -> Option<&'m Operation> {
    let graph = model.graph(graph);
    let made = graph.operation(graph.tensor(user.inputs.first().copied().flatten()?).producer?);
    (made.kind == kind).then_some(made)
}

/// The operations of a kind with a handle that is looked for.
fn users<'m>(model: &'m Model, kind: &str, handle_kind: &str, is_meant: impl Fn(&Operation) -> bool) -> Vec<(GraphId, &'m Operation)> {
    let all = (0..).map(GraphId).zip(&model.graphs).flat_map(|(id, graph)| graph.operations.iter().map(move |operation| (id, operation)));
    all.filter(|(id, operation)| operation.kind == kind && handle(model, *id, operation, handle_kind).is_some_and(&is_meant)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::formats::{self, Options};
    use crate::jobs::Token;
    use crate::model::GraphId;
    use crate::weights::notes::of_operation;

    /// The notes of all operations of a kind in a fixture's main graph.
    fn notes(name: &str, kind: &str) -> Vec<Option<String>> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tflite").join(name);
        let model = formats::open(&path, &Options::default(), &Token::new()).unwrap();
        let operations = model.main().operations.iter().filter(|operation| operation.kind == kind);
        operations.map(|operation| of_operation(&model, GraphId(0), operation)).collect()
    }

    #[test]
    fn a_table_that_is_looked_up_names_what_fills_it() {
        assert_eq!(
            notes("hash_tables.tflite", "HASHTABLE_FIND"),
            [
                Some("table 0: keys init/numbers0, values init/words0, imported by HASHTABLE_IMPORT 1 in graph 1".to_owned()),
                Some("table 1: keys init/words1, values init/numbers1, imported by HASHTABLE_IMPORT 3 in graph 1".to_owned()),
            ]
        );
    }

    #[test]
    fn a_variable_that_is_set_twice_says_so() {
        let twice = "the variable twice is set by 2 operations (ASSIGN_VARIABLE 6 in graph 1, ASSIGN_VARIABLE 8 in graph 1), so that it is no constant";
        assert_eq!(notes("variables_odd.tflite", "READ_VARIABLE"), [None, None, Some(twice.to_owned())]);
    }
}
