//! What a person types to narrow a list of weights or operations.
//!
//! Words are ANDed; `"two words"` are taken as they stand; `type:conv`, `dtype:i8`, `role:bias` and
//! `shape:3x3` look at one property; `>1M` and `<4k` compare the number of parameters.

/// A parsed query; the empty one matches everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq)]
enum Term {
    Any(String),
    Type(String),
    DType(String),
    Role(String),
    Shape(String),
    MoreThan(u64),
    LessThan(u64),
}

/// What a query looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The name as the file has it.
    pub name: &'a str,
    /// The short name that the list shows; a bias may go by its layer's.
    pub label: &'a str,
    pub kind: &'a str,
    pub role: &'a str,
    pub dtype: &'a str,
    /// As in `8×3×3×3`.
    pub shape: &'a str,
    /// Number of elements.
    pub parameters: u64,
}

impl Query {
    pub fn parse(text: &str) -> Self {
        Self { terms: words(text).into_iter().filter_map(term).collect() }
    }

    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.terms.iter().all(|term| match term {
            Term::Any(word) => [subject.name, subject.label, subject.kind, subject.role].iter().any(|text| contains(text, word)),
            Term::Type(word) => contains(&subject.kind.replace('_', ""), &word.replace('_', "")),
            Term::DType(word) => subject.dtype == word,
            Term::Role(word) => contains(subject.role, word),
            Term::Shape(word) => shape_contains(subject.shape, word),
            Term::MoreThan(number) => subject.parameters > *number,
            Term::LessThan(number) => subject.parameters < *number,
        })
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

/// Splits at spaces outside quotes; whether a word was quoted comes with it.
fn words(text: &str) -> Vec<(String, bool)> {
    let mut words = Vec::new();
    for (position, part) in text.split('"').enumerate() {
        if position % 2 == 1 {
            words.push((part.to_lowercase(), true));
        } else {
            words.extend(part.split_whitespace().map(|word| (word.to_lowercase(), false)));
        }
    }
    words
}

fn term((word, is_quoted): (String, bool)) -> Option<Term> {
    if word.is_empty() {
        return None;
    }
    if is_quoted {
        return Some(Term::Any(word));
    }
    let bounds = [('>', Term::MoreThan as fn(u64) -> Term), ('<', Term::LessThan)];
    for (sign, make) in bounds {
        if let Some(number) = word.strip_prefix(sign) {
            return Some(number_with_unit(number).map_or(Term::Any(word.clone()), make));
        }
    }
    let term = match word.split_once(':') {
        // A key without a value is still being typed.
        Some(("type" | "dtype" | "role" | "shape", "")) => return None,
        Some(("type", value)) => Term::Type(value.to_owned()),
        Some(("dtype", value)) => Term::DType(value.to_owned()),
        Some(("role", value)) => Term::Role(value.to_owned()),
        Some(("shape", value)) => Term::Shape(value.replace(['x', '*'], "×")),
        _ => Term::Any(word),
    };
    Some(term)
}

fn number_with_unit(text: &str) -> Option<u64> {
    let (digits, factor) = match text.chars().last()? {
        'k' => (&text[..text.len() - 1], 1e3),
        'm' => (&text[..text.len() - 1], 1e6),
        'g' | 'b' => (&text[..text.len() - 1], 1e9),
        _ => (text, 1.0),
    };
    digits.parse::<f64>().ok().filter(|number| *number >= 0.0).map(|number| (number * factor) as u64)
}

fn contains(text: &str, lowercase_word: &str) -> bool {
    text.to_lowercase().contains(lowercase_word)
}

/// Whole dimensions only: `3×3` is in `8×3×3` but not in `13×3`.
fn shape_contains(shape: &str, wanted: &str) -> bool {
    let dims: Vec<_> = shape.split('×').collect();
    let wanted: Vec<_> = wanted.split('×').filter(|dim| !dim.is_empty()).collect();
    wanted.is_empty() || dims.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(query: &str) -> bool {
        let subject = Subject {
            name: "block1/Conv 2",
            label: "stem",
            kind: "DEPTHWISE_CONV_2D",
            role: "kernel",
            dtype: "i8",
            shape: "1×13×3×8",
            parameters: 312,
        };
        Query::parse(query).matches(&subject)
    }

    #[test]
    fn terms() {
        for (query, expected) in [
            ("", true),
            ("conv block1", true),
            ("conv block2", false),
            ("stem kernel", true),
            ("\"conv 2\"", true),
            ("\"2 conv\"", false),
            ("type:conv2d", true),
            ("type:matmul", false),
            ("dtype:i8", true),
            ("dtype:i", false),
            ("role:ker", true),
            ("shape:3x8", true),
            ("shape:3x3", false),
            (">300", true),
            (">1k", false),
            ("<1K conv", true),
            ("type:", true),
            (">", false),
        ] {
            assert_eq!(matches(query), expected, "{query}");
        }
    }
}
