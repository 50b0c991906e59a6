//! The reference vector that `metrics_golden.json` describes, for tests.

/// 4,096 values: a linear congruential generator, twelve draws a value, and one outlier.
pub fn vector() -> Vec<f32> {
    let mut state = 12_345u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8)
    };
    let mut value = || {
        let sum: f64 = (0..12).map(|_| draw()).sum();
        ((sum / f64::from(1 << 24) - 6.0) * 0.05) as f32
    };
    let mut values: Vec<f32> = (0..4096).map(|_| value()).collect();
    values[7] = 1.5;
    values
}

/// The vector quantised to int8: codes and scale.
pub fn codes() -> (Vec<i64>, f32) {
    quantised(&vector())
}

fn quantised(values: &[f32]) -> (Vec<i64>, f32) {
    let scale = values.iter().fold(0.0f32, |peak, value| peak.max(value.abs())) / 127.0;
    (values.iter().map(|value| (value / scale).round_ties_even().clamp(-127.0, 127.0) as i64).collect(), scale)
}

/// Equal to 12 digits, and NaN to NaN.
#[track_caller]
pub fn assert_close(found: f64, expected: f64) {
    let is_close = (found - expected).abs() <= 1e-12 * expected.abs() || found == expected || (found.is_nan() && expected.is_nan());
    assert!(is_close, "{found:e} instead of {expected:e}");
}

/// `metrics_golden.json`, the figures that numpy 2.4 and scipy 1.17 compute of the vector.
fn json() -> serde_json::Value {
    // Python writes an infinity that JSON does not know; it belongs to a comparison.
    serde_json::from_str(&include_str!("../../fixtures/stats/metrics_golden.json").replace("Infinity", "null")).unwrap()
}

mod tests {
    use super::*;
    use crate::jobs::Token;
    use crate::model::DType;
    use crate::stats::{Bins, CodeCounts, Histogram, Rule, Summary, percentiles};

    fn number(value: &serde_json::Value) -> f64 {
        value.as_f64().unwrap()
    }

    /// Every figure of the file that one tensor has.
    #[test]
    fn every_figure_of_one_tensor() {
        let golden = json();
        let values = vector();
        for (value, expected) in values.iter().zip(golden["first5"].as_array().unwrap()) {
            assert_eq!(f64::from(*value), number(expected));
        }
        let summary = Summary::of(&values, &Token::new()).unwrap();
        let moments = summary.moments;
        assert_eq!((moments.count, moments.finite, moments.nan, moments.inf()), (4096, 4096, 0, 0));
        let stats = golden["stats"].as_object().unwrap();
        for (name, expected) in stats {
            let found = match name.as_str() {
                "min" => moments.min,
                "max" => moments.max,
                "mean" => moments.mean,
                "std_ddof0" => moments.std,
                "std_ddof1" => moments.std_of_sample(),
                "skew" => moments.skew,
                "kurtosis_fisher" => moments.kurtosis,
                "kurtosis_pearson" => moments.kurtosis + 3.0,
                "kurtosis_fisher_unbiased" => moments.kurtosis_unbiased(),
                other => panic!("no figure {other}"),
            };
            assert_close(found, number(expected));
        }
        for (percent, expected) in golden["percentiles_linear"].as_object().unwrap() {
            let found = percentiles(&values, &[percent.parse().unwrap()], &Token::new()).unwrap();
            assert_close(found[0], number(expected));
            let of_summary = match percent.as_str() {
                "0.1" => summary.percentiles.p01,
                "1" => summary.percentiles.p1,
                "2" => summary.percentiles.p2,
                "25" => summary.percentiles.p25,
                "50" => summary.percentiles.p50,
                "75" => summary.percentiles.p75,
                "98" => summary.percentiles.p98,
                "99" => summary.percentiles.p99,
                "99.9" => summary.percentiles.p999,
                other => panic!("no percentile {other}"),
            };
            assert_close(of_summary, number(expected));
        }
    }

    #[test]
    fn histograms_and_codes() {
        let golden = json();
        let (values, (codes, scale)) = (vector(), codes());
        let bins = |histogram: Histogram| histogram.counts.len() as u64;
        for (rule, expected) in golden["hist_bins"].as_object().unwrap() {
            let rule = Bins::Rule(Rule::from_name(rule).unwrap());
            assert_eq!(Some(bins(Histogram::of(&values, None, rule, &Token::new()).unwrap())), expected.as_u64(), "{rule}");
            let summary = Summary::of(&values, &Token::new()).unwrap();
            assert_eq!(Some(bins(Histogram::of_summarised(&values, &summary, rule, &Token::new()).unwrap())), expected.as_u64(), "{rule}");
        }
        for (rule, expected) in golden["hist_int8_codes_bins"].as_object().unwrap() {
            let rule = Bins::Rule(Rule::from_name(rule).unwrap());
            assert_eq!(Some(bins(Histogram::of(&codes, None, rule, &Token::new()).unwrap())), expected.as_u64(), "{rule}");
        }
        let ten = Histogram::of(&values, None, Bins::Count(10), &Token::new()).unwrap();
        assert_eq!(serde_json::json!(ten.counts), golden["hist10"]["counts"]);
        let edges = golden["hist10"]["edges"].as_array().unwrap();
        assert_eq!(ten.edges.len(), edges.len());
        ten.edges.iter().zip(edges).for_each(|(found, expected)| assert_close(*found, number(expected)));
        assert_close(f64::from(scale), number(&golden["scale"]));
        let counts = CodeCounts::of(DType::I8, &codes, &Token::new()).unwrap();
        let extremes = (codes.iter().min().copied(), codes.iter().max().copied());
        assert_eq!(extremes, (golden["q_min"].as_i64(), golden["q_max"].as_i64()));
        assert_eq!((counts.total(), Some(counts.used() as u64)), (4096, golden["q_unique"].as_u64()));
        assert_close(counts.entropy_bits(), number(&golden["q_entropy_bits"]));
        assert_close(counts.at(0) as f64 / 4096.0, number(&golden["q_zero_frac"]));
        let mut rest = values;
        // What the file's author put in the outlier's place: the one value that gives its kurtosis.
        rest[7] = 0.01;
        assert_close(Summary::of(&rest, &Token::new()).unwrap().moments.kurtosis, number(&golden["without_outlier"]["kurtosis_fisher"]));
        let (codes, scale) = quantised(&rest);
        assert_close(f64::from(scale), number(&golden["without_outlier"]["scale"]));
        let counts = CodeCounts::of(DType::I8, &codes, &Token::new()).unwrap();
        assert_eq!(Some(counts.used() as u64), golden["without_outlier"]["q_unique"].as_u64());
    }
}
