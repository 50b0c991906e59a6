//! The arrays of `fixtures/make_stats.py`, bit for bit, and numpy's histograms of them.

use sha2::{Digest, Sha256};

use super::select::Value;
use super::{Bins, Histogram, Rule, Summary};
use crate::export::manifest::hex;
use crate::jobs::Token;

const EXPECTED: &str = include_str!("../../fixtures/stats/histograms.tsv");

/// The 64-bit generator of Knuth's MMIX; the upper half of each state is a draw.
struct Draws(u64);

impl Draws {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 32
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.draw() % limit
    }

    fn bell(&mut self) -> f64 {
        let sum: u64 = (0..4).map(|_| self.below(1 << 16)).sum();
        (sum as f64 - 131_070.0) / f64::from(1 << 17)
    }

    /// A float32 with an exponent from `first` on, one of `count`.
    fn float(&mut self, first: u64, count: u64) -> f64 {
        let exponent = (first + self.below(count)) << 23;
        let fraction = self.below(1 << 23);
        let sign = self.below(2) << 31;
        f64::from(f32::from_bits((exponent | fraction | sign) as u32))
    }

    fn value(&mut self, kind: u64, level: f64) -> f64 {
        match kind {
            0 => self.bell(),
            1 => self.below(1 << 20) as f64 / 1024.0 + 3.0,
            2 => {
                let fraction = self.below(1 << 12);
                f64::from(f32::from_bits((fraction | self.below(2) << 31) as u32))
            }
            3 => self.float(96, 60),
            4 => (self.below(16) as f64 - 8.0) * 0.125,
            5 => level,
            6 => f64::from(self.below(1001) as f32 / 1000.0),
            7 => {
                let value = self.bell();
                value * if self.below(100) == 0 { 64.0 } else { 1.0 }
            }
            8 => self.below(256) as f64 - 128.0,
            9 => self.below(1 << 31) as f64 - f64::from(1 << 30),
            10 => self.below(12) as f64 - 3.0,
            _ if self.below(8) == 0 => [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0][self.below(4) as usize],
            _ => (self.below(2001) as f64 - 1000.0) * 0.0625,
        }
    }
}

struct Case {
    values: Vec<f64>,
    is_whole: bool,
    bins: Bins,
    range: Option<(f64, f64)>,
}

fn case(number: u64) -> Case {
    let mut draws = Draws(number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1));
    let kind = number % 12;
    let count = [1, 2, 3, 7, 50, 333, 1000, 2500][draws.below(8) as usize];
    let level = if kind == 5 { draws.float(64, 120) } else { 0.0 };
    let values: Vec<f64> = (0..count).map(|_| draws.value(kind, level)).collect();
    let bins = match draws.below(10) as usize {
        choice @ 0..7 => Bins::Rule(Rule::ALL[choice]),
        choice => Bins::Count([1, 10, 512][choice - 7]),
    };
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let range = (draws.below(4) == 0 && !finite.is_empty()).then(|| {
        let mut end = || finite[draws.below(finite.len() as u64) as usize];
        let (a, b) = (end(), end());
        (a.min(b), a.max(b))
    });
    Case { values, is_whole: (8..=10).contains(&kind), bins, range }
}

fn digest(histogram: &Histogram) -> String {
    let mut hash = Sha256::new();
    histogram.edges.iter().for_each(|edge| hash.update(edge.to_le_bytes()));
    histogram.counts.iter().for_each(|count| hash.update(count.to_le_bytes()));
    hex(&hash.finalize())[..16].to_owned()
}

fn check<T: Value>(values: &[T], case: &Case, expected: &[&str]) -> Result<Histogram, String> {
    let histogram = Histogram::of(values, case.range, case.bins, &Token::new()).map_err(|error| error.to_string())?;
    let Histogram { below, above, nan, pos_inf, neg_inf, .. } = histogram;
    if histogram.total() + below + above + nan + pos_inf + neg_inf != values.len() as u64 {
        return Err("not every value is counted once".to_owned());
    }
    // Where numpy refuses (float64 has no room for the edges) there are fewer bins here.
    if expected[1] != "refused" {
        let found = [histogram.counts.len().to_string(), histogram.total().to_string(), digest(&histogram)];
        if found != expected[1..] {
            return Err(format!("{found:?} instead of {:?}", &expected[1..]));
        }
    }
    Ok(histogram)
}

/// numpy 2.4.6: edges to the bit, and every count.
#[test]
fn a_thousand_histograms_are_numpys() {
    let mut problems = Vec::new();
    let mut compared = 0;
    for line in EXPECTED.lines().filter(|line| !line.starts_with('#')) {
        let expected: Vec<&str> = line.split('\t').collect();
        let number = expected[0].parse().unwrap();
        let case = case(number);
        compared += usize::from(expected[1] != "refused");
        let found = if case.is_whole {
            let whole: Vec<i64> = case.values.iter().map(|value| *value as i64).collect();
            check(&whole, &case, &expected)
        } else {
            let floats: Vec<f32> = case.values.iter().map(|value| *value as f32).collect();
            let found = check(&floats, &case, &expected);
            // The quick way from figures that are known must not be another one.
            let summary = Summary::of(&floats, &Token::new()).unwrap();
            let quick = Histogram::of_summarised(&floats, &summary, case.bins, &Token::new()).unwrap();
            match found {
                Ok(found) if case.range.is_none() && found != quick => Err("the figures give another histogram".to_owned()),
                found => found,
            }
        };
        if let Err(problem) = found {
            problems.push(format!("case {number} ({} values, {}, {:?}): {problem}", case.values.len(), case.bins, case.range));
        }
    }
    assert!(problems.is_empty(), "{} cases differ:\n{}", problems.len(), problems.join("\n"));
    assert!(compared > 950, "{compared} cases were compared");
}
