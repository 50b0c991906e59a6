//! Stored integers to real values, with a scale for the whole array, an axis or blocks.

use super::spread::Spread;
use super::{DecodeError, decode_f32, decode_i64, dequantize};
use crate::model::DType;

/// Scales and zero points of an array, and where each holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    scales: Vec<f64>,
    /// One for all scales, or one a scale.
    zero_points: Vec<i64>,
    spread: Spread,
    /// Whether float32 arithmetic gives the same bits as float64: scales are float32 numbers, zero
    /// points small.
    is_narrow: bool,
}

/// Integers up to this are float32 numbers, and so are differences of two of half of it.
const EXACT: i64 = 1 << 23;

impl Affine {
    /// `None` where there are not as many zero points as scales, or none.
    pub fn new(scales: Vec<f64>, zero_points: Vec<i64>, spread: Spread) -> Option<Self> {
        let fits = !scales.is_empty() && [1, scales.len()].contains(&zero_points.len());
        let is_narrow = scales.iter().all(|scale| f64::from(*scale as f32).to_bits() == scale.to_bits())
            && zero_points.iter().all(|zero_point| (-EXACT..=EXACT).contains(zero_point));
        fits.then_some(Self { scales, zero_points, spread, is_narrow })
    }

    pub fn scales(&self) -> &[f64] {
        &self.scales
    }

    pub fn zero_points(&self) -> &[i64] {
        &self.zero_points
    }

    /// Scale and zero point of one element.
    pub fn at(&self, position: usize) -> (f64, i64) {
        self.numbered(self.spread.at(position))
    }

    /// Decodes as [`decode_f32`] does, to real values: `f32(scale * (code - zero_point))`, the product
    /// in float64.
    ///
    /// # Errors
    /// [`DecodeError`]: not an integer type, or bytes that end too early.
    pub fn decode(&self, dtype: DType, bytes: &[u8], start: usize, out: &mut [f32]) -> Result<(), DecodeError> {
        if dtype.bits() <= 16 && self.is_narrow {
            return self.decode_narrow(dtype, bytes, start, out);
        }
        const CODES: usize = 1 << 10;
        let mut codes = [0i64; CODES];
        for (part, out) in out.chunks_mut(CODES).enumerate() {
            let start = start + part * CODES;
            let codes = &mut codes[..out.len()];
            decode_i64(dtype, bytes, start, codes)?;
            for (index, (slot, code)) in out.iter_mut().zip(codes).enumerate() {
                let (scale, zero_point) = self.at(start + index);
                // Above `i64::MAX` a 64-bit code is kept as its bits.
                *slot = match dtype {
                    DType::U64 => (scale * (*code as u64 as f64 - zero_point as f64)) as f32,
                    _ => dequantize(*code, zero_point, scale),
                };
            }
        }
        Ok(())
    }

    /// Differences of 16-bit codes and zero points of 23 bits are float32 numbers, and so the float32
    /// product is the exact one rounded once, as the float64 product is.
    fn decode_narrow(&self, dtype: DType, bytes: &[u8], start: usize, out: &mut [f32]) -> Result<(), DecodeError> {
        decode_f32(dtype, bytes, start, out)?;
        let mut done = 0;
        while done < out.len() {
            let run = self.spread.run(start + done);
            let end = out.len().min(done.saturating_add(run.len));
            let slots = &mut out[done..end];
            if run.step == 0 {
                let (scale, zero_point) = self.numbered(run.at);
                let (scale, zero_point) = (scale as f32, zero_point as f32);
                slots.iter_mut().for_each(|slot| *slot = (*slot - zero_point) * scale);
            } else {
                for (number, slot) in (run.at..).zip(slots) {
                    let (scale, zero_point) = self.numbered(number);
                    *slot = (*slot - zero_point as f32) * scale as f32;
                }
            }
            done = end;
        }
        Ok(())
    }

    fn numbered(&self, number: usize) -> (f64, i64) {
        let zero_point = if self.zero_points.len() == 1 { self.zero_points.first() } else { self.zero_points.get(number) };
        (self.scales.get(number).copied().unwrap_or(1.0), zero_point.copied().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn affine(scales: &[f64], zero_points: &[i64], shape: &[usize], own: &[usize]) -> Affine {
        Affine::new(scales.to_vec(), zero_points.to_vec(), Spread::broadcast(shape, own).unwrap()).unwrap()
    }

    /// The short way and the long one agree in every bit: all codes, odd scales, both signs of zero.
    #[test]
    fn narrow_codes_are_exact() {
        let scales: Vec<f64> = [0.1f32, -0.003_921_569, 1e-42, 3.3e38, 1.0, f32::MIN_POSITIVE, -0.0, 7.77e-7].map(f64::from).to_vec();
        let zero_points = [0, -128, 127, 3, 1 << 23, -(1 << 23), 128, 77];
        let bytes: Vec<u8> = (0..=255).collect();
        for dtype in [DType::I8, DType::U8, DType::I4, DType::U4, DType::I2, DType::I16, DType::U16] {
            let count = 256 * 8 / dtype.bits() as usize;
            let affine = affine(&scales, &zero_points, &[count / 8, 8], &[8]);
            assert!(affine.is_narrow);
            let mut found = vec![0.0; count];
            affine.decode(dtype, &bytes, 0, &mut found).unwrap();
            let mut codes = vec![0; count];
            decode_i64(dtype, &bytes, 0, &mut codes).unwrap();
            for (position, (found, code)) in found.iter().zip(codes).enumerate() {
                let (scale, zero_point) = affine.at(position);
                assert_eq!(found.to_bits(), dequantize(code, zero_point, scale).to_bits(), "{dtype} {code} {zero_point} {scale}");
            }
        }
    }

    /// numpy: `(scale * (q.astype(f8) - zero_point)).astype(f4)`.
    #[test]
    fn wide_codes_and_scales_keep_float64() {
        let bias = affine(&[f64::from(0.1f32) * f64::from(0.3f32)], &[0], &[2], &[]);
        assert!(!bias.is_narrow);
        let bytes: Vec<u8> = [16_777_217i32, -3].iter().flat_map(|code| code.to_le_bytes()).collect();
        let mut found = [0.0; 2];
        bias.decode(DType::I32, &bytes, 0, &mut found).unwrap();
        assert_eq!(found.map(f32::to_bits), [0x48f5_c291, 0xbdb8_51ec]);
        let mut found = [0.0];
        affine(&[1.0], &[0], &[1], &[]).decode(DType::U64, &u64::MAX.to_le_bytes(), 0, &mut found).unwrap();
        assert_eq!(found, [18_446_744_073_709_551_615.0]);
    }

    #[test]
    fn blocks_begin_anywhere() {
        let affine =
            Affine::new(vec![1.0, 10.0, 100.0, 1000.0], vec![0, 1, 2, 3], Spread::new(&[2, 4], &[1, 2], &[2, 2]).unwrap()).unwrap();
        let bytes = [0x21, 0x43, 0x65, 0x07];
        let mut found = [0.0; 5];
        affine.decode(DType::U4, &bytes, 2, &mut found).unwrap();
        assert_eq!(found, [20.0, 30.0, 300.0, 400.0, 4000.0]);
        assert!(Affine::new(vec![1.0; 3], vec![0; 2], Spread::broadcast(&[3], &[3]).unwrap()).is_none());
        assert!(affine.decode(DType::U4, &bytes, 4, &mut found).is_err());
    }
}
