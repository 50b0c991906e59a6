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
    let values = vector();
    let scale = values.iter().fold(0.0f32, |peak, value| peak.max(value.abs())) / 127.0;
    (values.iter().map(|value| (value / scale).round_ties_even().clamp(-127.0, 127.0) as i64).collect(), scale)
}

/// Equal to 12 digits, and NaN to NaN.
#[track_caller]
pub fn assert_close(found: f64, expected: f64) {
    let is_close = (found - expected).abs() <= 1e-12 * expected.abs() || found == expected || (found.is_nan() && expected.is_nan());
    assert!(is_close, "{found:e} instead of {expected:e}");
}
