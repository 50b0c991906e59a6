//! Numbers in JSON. What JSON can't hold is the string `nan`, `inf` or `-inf`.

use serde_json::Value;

/// A float64 with the digits that tell it from its neighbours.
pub fn number(value: f64) -> Value {
    match value {
        _ if value.is_nan() => "nan".into(),
        f64::INFINITY => "inf".into(),
        f64::NEG_INFINITY => "-inf".into(),
        _ => value.into(),
    }
}

/// A float32 with as many digits as tell it from its neighbours, whole numbers without a point.
/// Going through float64 would add digits that mean nothing.
pub fn short(value: f32) -> Value {
    const WHOLE: f32 = 16_777_216.0;
    if value.fract() == 0.0 && value.abs() <= WHOLE {
        return (value as i64).into();
    }
    value.to_string().parse().map_or_else(|_| number(f64::from(value)), number)
}

/// A scale or zero point: as [`short`] where it is a float32 number, which the file's own are.
pub fn scale(value: f64) -> Value {
    if f64::from(value as f32).to_bits() == value.to_bits() { short(value as f32) } else { number(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_few_digits_as_needed() {
        for (value, text) in [(0.1, "0.1"), (-3.0, "-3"), (1e-40, "1e-40"), (f32::NAN, "\"nan\""), (f32::INFINITY, "\"inf\"")] {
            assert_eq!(short(value).to_string(), text);
        }
        assert_eq!((scale(f64::from(0.1f32)).to_string(), scale(0.1).to_string()), ("0.1".to_owned(), "0.1".to_owned()));
        assert_eq!(scale(f64::from(0.1f32) * f64::from(0.3f32)).to_string(), "0.03000000163912775");
        assert_eq!(number(f64::NEG_INFINITY).to_string(), "\"-inf\"");
    }
}
