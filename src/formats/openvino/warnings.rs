//! Warnings gathered while reading: alike ones are counted, not repeated, so that a file with a
//! million faults yields a line for each sort of fault.

/// Characters of an example that are shown.
const MAX_EXAMPLE: usize = 200;

/// Sentences about the file, each sort of fault once.
#[derive(Debug, Default)]
pub struct Warnings(Vec<Warning>);

#[derive(Debug)]
struct Warning {
    fault: String,
    example: String,
    count: usize,
}

impl Warnings {
    /// Notes a fault of one place. `fault` reads as a sentence and is the same for all places;
    /// `example` names the place.
    pub fn add(&mut self, fault: &str, example: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|warning| warning.fault == fault) {
            Some(warning) => warning.count += 1,
            None => {
                let mut example = example();
                if let Some((end, _)) = example.char_indices().nth(MAX_EXAMPLE) {
                    example.truncate(end);
                    example.push('…');
                }
                self.0.push(Warning { fault: fault.to_owned(), example, count: 1 });
            }
        }
    }

    /// Notes something about the file as a whole.
    pub fn once(&mut self, sentence: impl Into<String>) {
        let fault = sentence.into();
        if !self.0.iter().any(|warning| warning.fault == fault) {
            self.0.push(Warning { fault, example: String::new(), count: 1 });
        }
    }

    /// In the order in which the faults were first met.
    pub fn into_sentences(self) -> Vec<String> {
        self.0
            .into_iter()
            .map(|Warning { fault, example, count }| match (example.is_empty(), count) {
                (true, _) => fault,
                (false, 1) => format!("{fault}: {example}"),
                (false, _) => format!("{fault}: {example}, and {} more", count - 1),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_faults_are_counted() {
        let mut warnings = Warnings::default();
        for name in ["a", "b", "c"] {
            warnings.add("a layer is odd", || format!("layer {name}"));
        }
        warnings.add("an edge is odd", || "edge 1".into());
        warnings.once("the file is old");
        warnings.once("the file is old");
        assert_eq!(warnings.into_sentences(), ["a layer is odd: layer a, and 2 more", "an edge is odd: edge 1", "the file is old"]);
    }
}
