//! What an array is called in a file: `<operation name>/<role>`, each name once.

use std::collections::{HashMap, HashSet};

/// Hands out names that are unique within one file.
#[derive(Clone, Debug, Default)]
pub struct Names {
    taken: HashSet<String>,
    /// For every base name the number that was last appended to it.
    last: HashMap<String, u64>,
}

/// The name of a weight's array before duplicates are told apart. `graph` is the name of a body
/// graph, and `None` for the main graph.
pub fn array_name(graph: Option<&str>, operation: &str, role: &str) -> String {
    match graph {
        Some(graph) => format!("{graph}/{operation}/{role}"),
        None => format!("{operation}/{role}"),
    }
}

impl Names {
    pub fn new() -> Self {
        Self::default()
    }

    /// The name itself the first time, then with `#2`, `#3`, ... appended. NUL, which ends a name
    /// for the readers of archives, becomes the replacement character.
    pub fn unique(&mut self, name: &str) -> String {
        let name = name.replace('\0', "\u{fffd}");
        if self.taken.insert(name.clone()) {
            return name;
        }
        let last = self.last.entry(name.clone()).or_insert(1);
        loop {
            *last += 1;
            let numbered = format!("{name}#{last}");
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_arrays() {
        assert_eq!(array_name(None, "conv1/Relu", "kernel"), "conv1/Relu/kernel");
        assert_eq!(array_name(Some("body"), "fc", "bias"), "body/fc/bias");
    }

    #[test]
    fn duplicates_are_numbered() {
        let mut names = Names::new();
        let given = ["a/kernel", "a/kernel", "a/kernel#3", "a/kernel", "b\0", "b\u{fffd}", ""];
        let expected = ["a/kernel", "a/kernel#2", "a/kernel#3", "a/kernel#4", "b\u{fffd}", "b\u{fffd}#2", ""];
        assert_eq!(given.map(|name| names.unique(name)), expected);
    }
}
