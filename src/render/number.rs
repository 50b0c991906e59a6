//! Numbers as people read them: significant digits, grouped digits, round ticks.

/// A number in a fixed number of significant digits, like C's and Python's `%g`: without trailing
/// zeros, and with an exponent below 1e-4 and from 10^digits on (`1e-5`, `1.235e+20` becomes
/// `1.235e20`).
pub fn significant(value: f64, digits: usize) -> String {
    if let Some(name) = odd_name(value) {
        return name.into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let digits = digits.clamp(1, 17);
    // Rounding first: 9.9996 in four digits is 10, one power of ten further.
    let rounded = format!("{value:.*e}", digits - 1);
    let Some((mantissa, exponent)) = rounded.split_once('e') else { return rounded };
    let power: i32 = exponent.parse().unwrap_or(0);
    if power < -4 || power >= digits as i32 {
        return format!("{}e{power}", trim(mantissa));
    }
    let decimals = usize::try_from(digits as i32 - 1 - power).unwrap_or(0);
    trim(&format!("{value:.decimals$}")).into()
}

/// Like [`significant`], with a sign in front of positive numbers too.
pub fn signed(value: f64, digits: usize) -> String {
    let text = significant(value, digits);
    if value > 0.0 && value.is_finite() { format!("+{text}") } else { text }
}

/// A count in three significant digits: `950`, `12.6K`, `1.3M`, `7.24B`.
pub fn compact(count: u64) -> String {
    const UNITS: [&str; 5] = ["", "K", "M", "B", "T"];
    if count < 1000 {
        return count.to_string();
    }
    let mut unit = (count.ilog10() / 3).min(4);
    let rounded = |unit: u32| (count as f64 / 1000f64.powi(unit as i32) * 100.0).round() / 100.0;
    // 999,999 is 1M.
    if significant(rounded(unit), 3).parse::<f64>().is_ok_and(|value| value >= 1000.0) && unit < 4 {
        unit += 1;
    }
    format!("{}{}", significant(count as f64 / 1000f64.powi(unit as i32), 3), UNITS[unit as usize])
}

/// A count with a comma every three digits.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `NaN`, `+Inf`, `-Inf`; `None` for a finite number.
fn odd_name(value: f64) -> Option<&'static str> {
    match value {
        _ if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

fn trim(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// The round step (1, 2 or 5 times a power of ten) nearest to a rough one, not below it.
pub fn round_step(rough: f64) -> f64 {
    if !(rough.is_finite() && rough > 0.0) {
        return 1.0;
    }
    let power = 10f64.powf(rough.log10().floor());
    let lead = rough / power;
    // A grain of salt for steps that are round but for the last bit.
    [1.0, 2.0, 5.0].into_iter().find(|step| lead <= step * (1.0 + 1e-9)).unwrap_or(10.0) * power
}

/// Round ticks between two numbers, about so many, each with its label. All labels have the same
/// decimals.
pub fn ticks(low: f64, high: f64, count: usize) -> Vec<(f64, String)> {
    let span = high - low;
    if !(span.is_finite() && span > 0.0 && low.is_finite()) {
        return if low.is_finite() { vec![(low, significant(low, 4))] } else { Vec::new() };
    }
    let step = round_step(span / count.max(1) as f64);
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    // Where the step is lost in the numbers' precision there are no ticks between the ends.
    if !(last - first).is_finite() || last - first > 10.0 * count.max(1) as f64 || low + step == low {
        return vec![(low, significant(low, 6)), (high, significant(high, 6))];
    }
    (0..=(last - first).max(0.0) as usize)
        .map(|position| {
            let multiple = first + position as f64;
            let value = multiple * step;
            // 0 is 0, not what is left of adding steps, and not -0.
            let value = if multiple == 0.0 { 0.0 } else { value };
            (value, in_steps_of(value, step, low.abs().max(high.abs())))
        })
        .collect()
}

/// A multiple of a step with the decimals that the step needs; with an exponent where the largest
/// number of the row is very large or very small.
fn in_steps_of(value: f64, step: f64, largest: f64) -> String {
    if !(1e-3..1e6).contains(&largest) {
        return significant(value, 4);
    }
    let decimals = (-step.log10().floor()).clamp(0.0, 17.0) as usize;
    format!("{value:.decimals$}")
}

/// Ticks of a logarithmic axis from 1 to `high`: powers of ten, thinned to about `count`.
pub fn decades(high: f64, count: usize) -> Vec<(f64, String)> {
    let powers = if high >= 1.0 && high.is_finite() { high.log10().floor() as usize } else { 0 };
    let every = (powers + 1).div_ceil(count.max(1)).max(1);
    (0..=powers)
        .step_by(every)
        .map(|power| {
            let value = 10f64.powi(i32::try_from(power).unwrap_or(i32::MAX));
            (value, if power < 5 { grouped(value as u64) } else { format!("1e{power}") })
        })
        .collect()
}

/// A part of 1 with as many nines as it has: 0.981, 0.9998; 1 alone where it is exactly that.
pub fn nines(value: f64) -> String {
    if value == 1.0 {
        return "1".to_owned();
    }
    let digits = (3..=6).find(|digits| value < 1.0 - 0.5 * 10f64.powi(-digits)).unwrap_or(6) as usize;
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python 3.11's `format(value, '.4g')`, exponents written without `+` and leading zeros.
    #[test]
    fn four_digits() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1 + 0.2, "0.3"),
            (std::f64::consts::PI, "3.142"),
            (9.9996, "10"),
            (9999.4, "9999"),
            (9999.5, "1e4"),
            (99999.0, "1e5"),
            (123_456.0, "1.235e5"),
            (0.000_123_456, "0.0001235"),
            (0.000_099_999, "0.0001"),
            (0.000_012_345, "1.234e-5"),
            (1e-45, "1e-45"),
            (3.402_823_5e38, "3.403e38"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(significant(value, 4), text, "{value:e}");
        }
        assert_eq!([signed(0.5, 3), signed(0.0, 3), signed(-0.5, 3), signed(f64::INFINITY, 3)], ["+0.5", "0", "-0.5", "+Inf"]);
    }

    #[test]
    fn groups_of_three() {
        for (count, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (470_776, "470,776"), (u64::MAX, "18,446,744,073,709,551,615")] {
            assert_eq!(grouped(count), text);
        }
    }

    #[test]
    fn round_ticks() {
        for (low, high, count, labels) in [
            (0.0, 1.0, 5, &["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"][..]),
            (-1.84, 1.25, 4, &["-1", "0", "1"]),
            (-1.84, 1.25, 7, &["-1.5", "-1.0", "-0.5", "0.0", "0.5", "1.0"]),
            (-128.0, 127.0, 6, &["-100", "-50", "0", "50", "100"]),
            (0.0, 2e-5, 2, &["0", "1e-5", "2e-5"]),
            (3.0, 3.0, 5, &["3"]),
            (f64::NAN, 1.0, 5, &[]),
            (0.0, f64::INFINITY, 5, &["0"]),
            (1e300, 1e300 * (1.0 + 1e-16), 5, &["1e300"]),
        ] {
            let found: Vec<_> = ticks(low, high, count).into_iter().map(|(_, label)| label).collect();
            assert_eq!(found, labels, "{low} {high}");
        }
        assert_eq!(
            ticks(-0.3, 0.3, 6).iter().map(|tick| tick.1.as_str()).collect::<Vec<_>>(),
            ["-0.3", "-0.2", "-0.1", "0.0", "0.1", "0.2", "0.3"]
        );
        assert_eq!([0.011, 0.2, 3.0, 7.0, 0.0, f64::NAN].map(round_step), [0.02, 0.2, 5.0, 10.0, 1.0, 1.0]);
    }

    #[test]
    fn powers_of_ten() {
        let labels = |high, count| decades(high, count).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(2500.0, 6), ["1", "10", "100", "1,000"]);
        assert_eq!(labels(3e9, 5), ["1", "100", "10,000", "1e6", "1e8"]);
        assert_eq!(labels(0.0, 5), ["1"]);
    }

    #[test]
    fn cosines_keep_their_nines() {
        for (value, text) in [
            (1.0, "1"),
            (0.98123, "0.981"),
            (0.99984, "0.9998"),
            (0.999_994_2, "0.99999"),
            (0.999_999_9, "1.000000"),
            (-0.5, "-0.500"),
            (0.0, "0.000"),
        ] {
            assert_eq!(nines(value), text);
        }
    }
}
