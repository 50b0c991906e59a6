//! Conditions on a pair's figures: `worst_channel_sqnr<20 or gain>1.1 and role=kernel`.
//!
//! A figure by its name ([`Column`]), one of `< <= > >= = !=`, a number; or `relation`, `role`, `name`, `type` and a word, where
//! `name=` and `type=` look for a part. `and` (`&&`, a comma) binds tighter than `or` (`||`), `not` (`!`) tighter still, and
//! brackets group. A figure that a pair does not have meets no condition.

use super::column::Column;
use super::relation::Relation;
use super::table::Row;

/// A condition on a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    Figure(Column, Order, f64),
    /// What, whether it is to be unlike, and the word.
    Text(Text, bool, String),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

/// How a figure stands to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// What is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    Relation,
    Role,
    Name,
}

/// Brackets and `not` in one another.
const MAX_DEPTH: usize = 64;

impl Expression {
    /// # Errors
    /// One sentence: what is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
        let expression = parser.any()?;
        match parser.next() {
            None => Ok(expression),
            Some(token) => Err(format!("'{token}' is not expected in '{text}'")),
        }
    }

    /// Whether it holds for a row.
    pub fn holds(&self, row: &Row) -> bool {
        match self {
            Self::Figure(column, order, number) => column.of(row).is_some_and(|value| order.holds(value, *number)),
            Self::Text(what, is_unlike, word) => {
                let is_so = match what {
                    Text::Relation => row.relation().is_some_and(|relation| relation.name() == word),
                    Text::Role => row.a.role == *word || row.b.role == *word,
                    Text::Name => row.a.name.contains(word.as_str()) || row.b.name.contains(word.as_str()),
                };
                is_so != *is_unlike
            }
            Self::Not(inner) => !inner.holds(row),
            Self::And(all) => all.iter().all(|inner| inner.holds(row)),
            Self::Or(any) => any.iter().any(|inner| inner.holds(row)),
        }
    }

    /// The figures that it asks for.
    pub fn columns(&self) -> Vec<Column> {
        match self {
            Self::Figure(column, ..) => vec![*column],
            Self::Text(..) => Vec::new(),
            Self::Not(inner) => inner.columns(),
            Self::And(all) | Self::Or(all) => all.iter().flat_map(Self::columns).collect(),
        }
    }
}

impl Order {
    fn holds(self, value: f64, number: f64) -> bool {
        match self {
            Self::Less => value < number,
            Self::LessOrEqual => value <= number,
            Self::Greater => value > number,
            Self::GreaterOrEqual => value >= number,
            Self::Equal => value == number,
            Self::NotEqual => value != number && !value.is_nan(),
        }
    }

    fn from_sign(sign: &str) -> Option<Self> {
        Some(match sign {
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            "=" | "==" => Self::Equal,
            "!=" => Self::NotEqual,
            _ => return None,
        })
    }
}

struct Parser<'t> {
    tokens: &'t [String],
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn next(&mut self) -> Option<&'t str> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    fn takes(&mut self, words: &[&str]) -> bool {
        let is_next = self.tokens.get(self.at).is_some_and(|token| words.contains(&token.to_ascii_lowercase().as_str()));
        self.at += usize::from(is_next);
        is_next
    }

    fn any(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.all()?];
        while self.takes(&["or", "||", "|"]) {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Or(parts) })
    }

    fn all(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.one()?];
        while self.takes(&["and", "&&", "&", ","]) {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::And(parts) })
    }

    fn one(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("there are too many brackets".into());
        }
        let expression = if self.takes(&["not", "!"]) {
            Expression::Not(Box::new(self.one()?))
        } else if self.takes(&["("]) {
            let inner = self.any()?;
            if !self.takes(&[")"]) {
                return Err("a bracket is not closed".into());
            }
            inner
        } else {
            self.condition()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn condition(&mut self) -> Result<Expression, String> {
        let Some(name) = self.next() else { return Err("a condition is missing, such as worst_channel_sqnr<20".into()) };
        let sign = self.next().unwrap_or_default();
        let Some(order) = Order::from_sign(sign) else {
            return Err(format!("after '{name}' one of < <= > >= = != is expected, not '{sign}'"));
        };
        let Some(word) = self.next() else { return Err(format!("after '{name}{sign}' a number is missing")) };
        let text = match name.to_ascii_lowercase().as_str() {
            "relation" => Some(Text::Relation),
            "role" => Some(Text::Role),
            "name" => Some(Text::Name),
            _ => None,
        };
        if let Some(what) = text {
            let (Order::Equal | Order::NotEqual) = order else { return Err(format!("'{name}' is compared by = and !=")) };
            if what == Text::Relation && !Relation::ALL.iter().any(|relation| relation.name() == word) {
                let all: Vec<_> = Relation::ALL.iter().map(|relation| relation.name()).collect();
                return Err(format!("'{word}' is no relation; those are {}", all.join(", ")));
            }
            return Ok(Expression::Text(what, order == Order::NotEqual, word.to_owned()));
        }
        let Some(column) = Column::from_name(name) else {
            let all: Vec<_> = Column::ALL.iter().map(|column| column.name()).collect();
            return Err(format!("'{name}' is no figure; those are {}, relation, role, name", all.join(", ")));
        };
        let number = word.parse().ok().filter(|number: &f64| !number.is_nan());
        number.map(|number| Expression::Figure(column, order, number)).ok_or_else(|| format!("'{word}' is no number"))
    }
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mut token = c.to_string();
        match c {
            _ if c.is_whitespace() => continue,
            '(' | ')' | ',' => {}
            '<' | '>' | '=' | '!' => token.extend(chars.next_if_eq(&'=')),
            '&' | '|' => token.extend(chars.next_if_eq(&c)),
            '"' | '\'' => {
                token = chars.by_ref().take_while(|other| *other != c).collect();
                // A name may be anything, but not nothing.
                if token.is_empty() {
                    return Err("a text in quotes is empty".into());
                }
            }
            _ => {
                while let Some(c) = chars.next_if(|c| !c.is_whitespace() && !"()<>=!&|,\"'".contains(*c)) {
                    token.push(c);
                }
            }
        }
        tokens.push(token);
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let figure = |column, order, number| Expression::Figure(column, order, number);
        assert_eq!(Expression::parse("worst_channel_sqnr<20"), Ok(figure(Column::WorstChannelSqnr, Order::Less, 20.0)));
        assert_eq!(Expression::parse("SQNR_dB >= -inf"), Ok(figure(Column::Sqnr, Order::GreaterOrEqual, f64::NEG_INFINITY)));
        let both = Expression::parse("sqnr<1 or gain>2 and not (cosine<=0.5 || relation=gain)").unwrap();
        let Expression::Or(parts) = &both else { panic!("{both:?}") };
        assert!(matches!(&parts[1], Expression::And(parts) if matches!(&parts[1], Expression::Not(_))));
        assert_eq!(both.columns(), [Column::Sqnr, Column::Gain, Column::Cosine]);
        assert_eq!(Expression::parse("name='a b'"), Ok(Expression::Text(Text::Name, false, "a b".into())));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("", "condition is missing"),
            ("sqnr", "is expected"),
            ("sqnr<", "number is missing"),
            ("sqnr<x", "'x' is no number"),
            ("sqnr<nan", "no number"),
            ("snr<2", "'snr' is no figure"),
            ("sqnr<2 gain>1", "'gain' is not expected"),
            ("(sqnr<2", "not closed"),
            ("relation=alike", "no relation"),
            ("role<kernel", "= and !="),
        ] {
            let error = Expression::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(Expression::parse(&"(".repeat(100_000)).unwrap_err().contains("too many"));
        assert!(Expression::parse(&"!".repeat(100_000)).unwrap_err().contains("too many"));
    }
}
