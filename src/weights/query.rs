//! What a person types to narrow a list of weights or operations.
//!
//! Words are ANDed; `"two words"` are taken as they stand; `type:conv`, `dtype:i8`, `role:bias` and
//! `shape:3x3` look at one property; `>1M` and `<4k` compare the number of parameters, and
//! `sparsity>0.5`, `kurtosis>=3`, `codes<200` any other figure of the values.

use crate::stats::{Figure, Figures};

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
    /// The number of parameters, which is known without the values.
    Parameters(Comparison, f64),
    Figure(Figure, Comparison, f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    More,
    AtLeast,
    Less,
    AtMost,
    Equal,
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
    /// Figures of the values, once they are known.
    pub figures: Option<&'a Figures>,
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
            Term::Parameters(comparison, number) => comparison.holds(subject.parameters as f64, *number),
            // What does not apply is neither more nor less.
            Term::Figure(figure, comparison, number) => {
                subject.figures.and_then(|figures| figures.get(*figure)).is_some_and(|value| comparison.holds(value, *number))
            }
        })
    }

    /// Whether it asks for figures of the values, which have to be computed.
    pub fn needs_figures(&self) -> bool {
        self.terms.iter().any(|term| matches!(term, Term::Figure(..)))
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
    if let Some(term) = comparison(&word) {
        return Some(term);
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

/// `>1M`, `sparsity>=0.5`, `codes=16`.
fn comparison(word: &str) -> Option<Term> {
    const SIGNS: [(&str, Comparison); 6] = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        ("≥", Comparison::AtLeast),
        ("≤", Comparison::AtMost),
        (">", Comparison::More),
        ("<", Comparison::Less),
    ];
    let signs = SIGNS.into_iter().chain([("=", Comparison::Equal)]);
    let (name, comparison, number) =
        signs.filter_map(|(sign, comparison)| word.split_once(sign).map(|(name, number)| (name, comparison, number))).next()?;
    let number = number_with_unit(number)?;
    match name {
        "" if comparison != Comparison::Equal => Some(Term::Parameters(comparison, number)),
        "parameters" | "count" | "values" => Some(Term::Parameters(comparison, number)),
        name => Some(Term::Figure(Figure::from_name(name)?, comparison, number)),
    }
}

impl Comparison {
    fn holds(self, value: f64, number: f64) -> bool {
        match self {
            Self::More => value > number,
            Self::AtLeast => value >= number,
            Self::Less => value < number,
            Self::AtMost => value <= number,
            Self::Equal => value == number,
        }
    }
}

fn number_with_unit(text: &str) -> Option<f64> {
    let (digits, factor) = match text.chars().last()? {
        'k' => (&text[..text.len() - 1], 1e3),
        'm' => (&text[..text.len() - 1], 1e6),
        'g' | 'b' => (&text[..text.len() - 1], 1e9),
        '%' => (&text[..text.len() - 1], 0.01),
        _ => (text, 1.0),
    };
    digits.parse::<f64>().ok().map(|number| number * factor).filter(|number| number.is_finite())
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
    use crate::jobs::Token;
    use crate::stats::{CodeFigures, Summary};

    fn matches(query: &str) -> bool {
        let subject = Subject {
            name: "block1/Conv 2",
            label: "stem",
            kind: "DEPTHWISE_CONV_2D",
            role: "kernel",
            dtype: "i8",
            shape: "1×13×3×8",
            parameters: 312,
            figures: None,
        };
        Query::parse(query).matches(&subject)
    }

    #[test]
    fn figures_are_compared() {
        let summary = Summary::of(&[0.0, 0.0, 0.0, 1.0, -3.0], &Token::new()).unwrap();
        let codes = CodeFigures { used: 3, possible: 256, entropy_bits: 1.4, saturation: Some(0.25) };
        let figures = Figures { summary, dead_channels: None, codes: Some(codes), stored_bytes: 5000 };
        let subject = Subject {
            name: "a",
            label: "a",
            kind: "CONV_2D",
            role: "kernel",
            dtype: "i8",
            shape: "5",
            parameters: 5,
            figures: Some(&figures),
        };
        for (query, expected) in [
            ("sparsity>0.5", true),
            ("sparsity>60%", false),
            ("sparsity>=60% dtype:i8", true),
            ("sparsity>0.5 dtype:f32", false),
            ("min<-2.5", true),
            ("MAX<=1", true),
            ("codes=3 entropy<1.5", true),
            ("bytes>4k", true),
            ("bytes>4M", false),
            ("saturation≥0.25", true),
            // Does not apply, so neither holds.
            ("dead<1", false),
            ("dead>=0", false),
            ("parameters=5", true),
            // Not comparisons: words.
            ("sparsity>", false),
            ("layer>3", false),
        ] {
            assert_eq!(Query::parse(query).matches(&subject), expected, "{query}");
        }
        assert!(Query::parse("conv sparsity>0.5").needs_figures() && !Query::parse("conv >10 count<3 sparsity>").needs_figures());
        assert!(!Query::parse("sparsity>0.5").matches(&Subject { figures: None, ..subject }));
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
