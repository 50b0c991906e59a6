//! Small floats, and the small integers that OpenVINO does not pack lowest bits first.
//!
//! Sources: OpenVINO's `element_type` (float8 as in `ml_dtypes`: `e4m3fn`, `e5m2`, `e8m0fnu`; `nf4.cpp`)
//! and `element_iterator.hpp` of the releases up to 2026.4, where u3 and u6 lie in groups of 24 bits.

use half::f16;

/// Sign, 4 exponent bits of bias 7, 3 fraction bits; no infinities, 0x7f and 0xff are not numbers.
pub fn f8e4m3(code: u8) -> f32 {
    let fraction = f32::from(code & 7);
    let magnitude = match code >> 3 & 0xf {
        _ if code & 0x7f == 0x7f => f32::NAN,
        0 => fraction / 512.0,
        exponent => (8.0 + fraction) * (f32::from(exponent) - 10.0).exp2(),
    };
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

/// The upper half of a float16. A NaN keeps its fraction, as in OpenVINO's conversion.
pub fn f8e5m2(code: u8) -> f32 {
    const NAN: u8 = 0x7c;
    if code & NAN == NAN {
        return f32::from_bits(u32::from(code & 0x80) << 24 | 0xff << 23 | u32::from(code & 3) << 21);
    }
    f16::from_bits(u16::from(code) << 8).to_f32()
}

/// An exponent alone, of bias 127; 255 is not a number. The lowest is a subnormal float32.
pub fn f8e8m0(code: u8) -> f32 {
    match code {
        0 => f32::from_bits(1 << 22),
        255 => f32::NAN,
        _ => f32::from_bits(u32::from(code) << 23),
    }
}

/// Sign, 2 exponent bits of bias 1, 1 fraction bit; all codes are numbers.
pub fn f4e2m1(code: u8) -> f32 {
    const MAGNITUDES: [f32; 8] = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0];
    let magnitude = MAGNITUDES[usize::from(code & 7)];
    if code & 8 == 0 { magnitude } else { -magnitude }
}

/// Quantiles of the normal distribution (QLoRA's normal float).
pub fn nf4(code: u8) -> f32 {
    const VALUES: [f32; 16] = [
        -1.0,
        -0.696_192_8,
        -0.525_073_05,
        -0.394_917_5,
        -0.284_441_38,
        -0.184_773_43,
        -0.091_050_036,
        0.0,
        0.079_580_3,
        0.160_930_2,
        0.246_112_3,
        0.337_915_24,
        0.440_709_83,
        0.562_617,
        0.722_956_84,
        1.0,
    ];
    VALUES[usize::from(code & 15)]
}

/// Highest bit first.
pub fn u1(bytes: &[u8], index: usize) -> Option<u8> {
    Some(bytes.get(index / 8)? >> (7 - index % 8) & 1)
}

/// Eight values in three bytes: two bytes with the low two bits of each, the highest pair first,
/// then one with the top bit of each, the highest first.
pub fn u3(bytes: &[u8], index: usize) -> Option<u8> {
    let [first, second, tops] = group(bytes, index / 8)?;
    let at = index % 8;
    let low = [first, second][at / 4] >> (6 - at % 4 * 2) & 3;
    Some((tops >> (7 - at) & 1) << 2 | low)
}

/// Four values in three bytes: two bytes with the low four bits of each, the high nibble first, then
/// one with the top two bits of each, the highest pair first.
pub fn u6(bytes: &[u8], index: usize) -> Option<u8> {
    let [first, second, tops] = group(bytes, index / 4)?;
    let at = index % 4;
    let low = [first, second][at / 2] >> (4 - at % 2 * 4) & 15;
    Some((tops >> (6 - at * 2) & 3) << 4 | low)
}

fn group(bytes: &[u8], number: usize) -> Option<[u8; 3]> {
    bytes.get(number.checked_mul(3)?..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// SHA-256 over all 256 codes as little-endian float32, not-a-numbers as zero; from `ml_dtypes`.
    #[test]
    fn every_float8() {
        for (decode, not_numbers, expected) in [
            (f8e4m3 as fn(u8) -> f32, 2, "0c5d81084420441d5c98db2c276b865fc29738d60fba9c32b55aa8214762b794"),
            (f8e5m2, 6, "f3e7031368f3245d56c8114ed15a46144bf609430c117e10fc3e0f5114d773b3"),
            (f8e8m0, 1, "77b869e821d2ed59a324e24d2f75966dcfaa6288d900ba7969b8aa7ccde1229d"),
        ] {
            let values: Vec<f32> = (0..=255).map(decode).collect();
            assert_eq!(values.iter().filter(|value| value.is_nan()).count(), not_numbers);
            let bytes: Vec<u8> = values.iter().flat_map(|value| if value.is_nan() { [0; 4] } else { value.to_le_bytes() }).collect();
            let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digest, expected);
        }
    }

    /// The bits of `Constant.get_data(dtype=float32)` of OpenVINO 2026.4.1. Six digits of `nf4.cpp`, which
    /// were here before, gave code 6 a last bit too much.
    #[test]
    fn every_nf4_bit_for_bit() {
        let expected: [u32; 16] = [
            0xbf80_0000,
            0xbf32_39b1,
            0xbf06_6b30,
            0xbeca_32a0,
            0xbe91_a24d,
            0xbe3d_353f,
            0xbdba_7871,
            0x0000_0000,
            0x3da2_faff,
            0x3e24_cae3,
            0x3e7c_04dd,
            0x3ead_033a,
            0x3ee1_a4b8,
            0x3f10_07ab,
            0x3f39_13b3,
            0x3f80_0000,
        ];
        let found: Vec<u32> = (0..16).map(|code| nf4(code).to_bits()).collect();
        assert_eq!(found, expected);
    }

    /// From `ml_dtypes.float4_e2m1fn`.
    #[test]
    fn every_float4() {
        let expected = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0];
        let found: Vec<f32> = (0..16).map(f4e2m1).collect();
        assert!(found.iter().zip(expected).all(|(found, expected): (&f32, f32)| found.to_bits() == expected.to_bits()), "{found:?}");
    }

    /// `Constant.get_data(dtype=float32)` of OpenVINO 2026.4.1, and its CPU plugin.
    #[test]
    fn not_a_number_keeps_its_fraction() {
        let found = [0x7c, 0x7d, 0x7e, 0x7f, 0xfd].map(|code| f8e5m2(code).to_bits());
        assert_eq!(found, [0x7f80_0000, 0x7fa0_0000, 0x7fc0_0000, 0x7fe0_0000, 0xffa0_0000]);
    }

    /// What `Constant.get_vector()` of OpenVINO 2026.4.1 makes of three bytes.
    #[test]
    fn packing() {
        const BYTES: [u8; 3] = [0b1011_0001, 0b0101_1100, 0b1110_0101];
        let all = |read: fn(&[u8], usize) -> Option<u8>| (0..).map_while(|index| read(&BYTES, index)).collect::<Vec<_>>();
        assert_eq!(all(u1), [1, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1]);
        assert_eq!(all(u3), [6, 7, 4, 1, 1, 5, 3, 4]);
        assert_eq!(all(u6), [59, 33, 21, 28]);
        assert_eq!((u3(&BYTES[..2], 0), u6(&[], usize::MAX)), (None, None));
    }
}
