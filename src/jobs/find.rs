//! A value looked for among millions: the next NaN, the next outlier, the lowest, the highest.

use rayon::prelude::*;

use super::file_text::FileText;
use super::loaded::{Loaded, Shows};
use super::pool::Failure;
use super::{Cancelled, Token};
use crate::values::Blocks;
use crate::values::blocks::BLOCK;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sought {
    Minimum,
    Maximum,
    NextNan,
    /// Positive or negative.
    NextInfinity,
    /// A row by its name; not for [`Find`], which looks at values.
    Name,
    /// Farther from the median than six times the scaled median absolute deviation.
    NextOutlier,
}

/// A search: in C order from behind an element, and from the beginning again.
#[derive(Clone, Copy, Debug)]
pub struct Find {
    pub what: Sought,
    pub shows: Shows,
    pub behind: Option<usize>,
}

/// Blocks that are looked at together: what follows is not looked at for nothing.
const GROUP: usize = 64;

impl Sought {
    /// What is said when there is none.
    pub fn absence(self) -> &'static str {
        match self {
            Self::Minimum | Self::Maximum => "There is no finite value",
            Self::NextNan => "There is no NaN",
            Self::NextInfinity => "There is no infinite value",
            Self::Name => "No file of the model names a row of this weight so",
            Self::NextOutlier => "There is no value farther than 6 × 1.4826 × MAD from the median",
        }
    }
}

impl Find {
    /// The element's place in C order.
    ///
    /// # Errors
    /// [`Failure`]: cancelled, or there are no such numbers.
    pub fn run(self, loaded: &Loaded, token: &Token) -> Result<Option<usize>, Failure> {
        let no_codes = || Failure::Failed("The weight's values do not come from stored integers one by one".to_owned());
        let numbers = loaded.numbers(self.shows, token).ok_or_else(no_codes)?;
        let (median, limit) = (loaded.summary.percentiles.p50, 6.0 * 1.4826 * loaded.summary.mad);
        let found = match self.what {
            Sought::Minimum => extreme(&*numbers, |value, least| value < least, token)?,
            Sought::Maximum => extreme(&*numbers, |value, most| value > most, token)?,
            Sought::Name => None,
            Sought::NextNan => self.next(&*numbers, f32::is_nan, token)?,
            Sought::NextInfinity => self.next(&*numbers, f32::is_infinite, token)?,
            // Outliers are those of the real values, whatever is shown.
            Sought::NextOutlier => {
                let is_outlier = |value: f32| value.is_finite() && (f64::from(value) - median).abs() > limit;
                self.next(&*loaded.values, is_outlier, token)?
            }
        };
        Ok(found)
    }

    fn next(self, values: &dyn Blocks, is_meant: impl Fn(f32) -> bool + Sync, token: &Token) -> Result<Option<usize>, Cancelled> {
        let start = self.behind.map_or(0, |behind| behind + 1).min(values.len());
        match first(values, start..values.len(), &is_meant, token)? {
            None => first(values, 0..start, &is_meant, token),
            found => Ok(found),
        }
    }
}

/// The first element of a row that a file of the model names: a file of as many lines as some axis has
/// indices (vocabulary, labels). Of names that are alike the whole one comes first, then one in other case,
/// then one that begins so.
///
/// # Errors
/// [`Cancelled`].
pub fn named_row(loaded: &Loaded, name: &str, token: &Token) -> Result<Option<usize>, Cancelled> {
    let shape = loaded.shape();
    let lower = name.to_lowercase();
    for file in &loaded.opened.model.files {
        token.check()?;
        let Ok(text) = FileText::of(file) else { continue };
        let names: Vec<&str> = text.names().collect();
        let Some(axis) = shape.iter().position(|extent| *extent > 1 && *extent == names.len()) else { continue };
        let tests: [&dyn Fn(&str) -> bool; 3] =
            [&|other| other == name, &|other| other.to_lowercase() == lower, &|other| other.to_lowercase().starts_with(&lower)];
        let row = tests.iter().find_map(|test| names.iter().position(|name| test(name)));
        if let Some(row) = row {
            return Ok(Some(row * shape[axis + 1..].iter().product::<usize>()));
        }
    }
    Ok(None)
}

/// The first element of a range that is meant.
fn first(
    values: &dyn Blocks,
    range: std::ops::Range<usize>,
    is_meant: &(impl Fn(f32) -> bool + Sync),
    token: &Token,
) -> Result<Option<usize>, Cancelled> {
    let blocks = range.len().div_ceil(BLOCK);
    for group in (0..blocks).step_by(GROUP) {
        token.check()?;
        let in_block = |scratch: &mut Vec<f32>, block: usize| {
            let start = range.start + block * BLOCK;
            scratch.resize(BLOCK.min(range.end - start), 0.0);
            values.read(start, scratch);
            scratch.iter().position(|value| is_meant(*value)).map(|place| start + place)
        };
        let found = (group..(group + GROUP).min(blocks)).into_par_iter().map_init(Vec::new, in_block).collect::<Vec<_>>();
        if let Some(found) = found.into_iter().flatten().next() {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The first of the finite values that are farthest one way.
fn extreme(values: &dyn Blocks, is_farther: impl Fn(f32, f32) -> bool + Sync, token: &Token) -> Result<Option<usize>, Cancelled> {
    let in_block = |scratch: &mut Vec<f32>, block: usize| {
        token.check()?;
        let start = block * BLOCK;
        scratch.resize(BLOCK.min(values.len() - start), 0.0);
        values.read(start, scratch);
        let mut best: Option<(usize, f32)> = None;
        for (place, value) in scratch.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            if best.is_none_or(|(_, best)| is_farther(*value, best)) {
                best = Some((start + place, *value));
            }
        }
        Ok(best)
    };
    let blocks: Vec<Option<(usize, f32)>> =
        (0..values.len().div_ceil(BLOCK)).into_par_iter().map_init(Vec::new, in_block).collect::<Result<_, Cancelled>>()?;
    let farthest = blocks.into_iter().flatten().reduce(|best, next| if is_farther(next.1, best.1) { next } else { best });
    Ok(farthest.map(|(place, _)| place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_go_round() {
        let mut values = vec![0.5f32; 10 * BLOCK];
        for (place, value) in [(7, f32::NAN), (9 * BLOCK + 3, f32::NAN), (5 * BLOCK, -2.0), (6 * BLOCK, -2.0), (100, 3.0)] {
            values[place] = value;
        }
        let next = |behind| {
            let find = Find { what: Sought::NextNan, shows: Shows::Real, behind };
            find.next(&values, f32::is_nan, &Token::new()).unwrap()
        };
        assert_eq!([next(None), next(Some(7)), next(Some(9 * BLOCK + 3))], [Some(7), Some(9 * BLOCK + 3), Some(7)]);
        assert_eq!(extreme(&values, |value, least| value < least, &Token::new()), Ok(Some(5 * BLOCK)));
        assert_eq!(extreme(&values, |value, most| value > most, &Token::new()), Ok(Some(100)));
        let none: Vec<f32> = vec![f32::NAN; 3];
        assert_eq!(extreme(&none, |value, most| value > most, &Token::new()), Ok(None));
        assert_eq!(first(&none, 0..0, &f32::is_nan, &Token::new()), Ok(None));
    }
}
