//! Random numbers for the mutators, from the seed that libFuzzer gives.

/// Marsaglia's xorshift with 64 bits: fast, and good enough to choose what to change.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u32) -> Self {
        Self((u64::from(seed) << 1 | 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }

    pub fn of<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        if list.is_empty() { None } else { list.get(self.below(list.len())) }
    }

    /// A whole number as files have them: mostly small, now and then at a limit.
    pub fn number(&mut self, len: usize) -> i64 {
        const LIMITS: [i64; 12] =
            [-1, i32::MAX as i64, i32::MIN as i64, u32::MAX as i64, 1 << 16, 1 << 24, 1 << 30, i64::MAX, i64::MIN, 127, -128, 256];
        match self.below(8) {
            0 => LIMITS[self.below(LIMITS.len())],
            1 => self.below(len + 2) as i64,
            2 | 3 => self.below(256) as i64,
            _ => self.below(9) as i64,
        }
    }
}
