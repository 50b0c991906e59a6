//! Bytes that no file holds: the few values that a runtime fills in where an operation leaves an input out.

use std::sync::LazyLock;

use super::Bytes;

/// The source of such bytes; no model has as many.
const NO_SOURCE: usize = usize::MAX;
/// Zeros, in bytes; then so many ones and so many counting numbers, int64.
const ZEROS: usize = 1 << 16;
const NUMBERS: usize = 64;

static ALL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let numbers = std::iter::repeat_n(1, NUMBERS).chain(0..NUMBERS as i64);
    std::iter::repeat_n(0, ZEROS).chain(numbers.flat_map(i64::to_le_bytes)).collect()
});

impl Bytes {
    /// So many bytes of value 0. `None` beyond 64 KiB.
    pub fn zeros(len: u64) -> Option<Self> {
        (len <= ZEROS as u64).then_some(Self { source: NO_SOURCE, offset: 0, len })
    }

    /// So many int64 of value 1. `None` beyond 64.
    pub fn ones(count: u64) -> Option<Self> {
        Self::numbers(ZEROS, count)
    }

    /// 0, 1, 2, ... as int64. `None` beyond 64 numbers.
    pub fn counting(count: u64) -> Option<Self> {
        Self::numbers(ZEROS + NUMBERS * size_of::<i64>(), count)
    }

    fn numbers(offset: usize, count: u64) -> Option<Self> {
        let bytes = |count: u64| Self { source: NO_SOURCE, offset: offset as u64, len: count * size_of::<i64>() as u64 };
        (count <= NUMBERS as u64).then(|| bytes(count))
    }

    /// Whether no file holds the bytes.
    pub fn is_filled(self) -> bool {
        self.source == NO_SOURCE
    }

    /// The bytes, if no file holds them.
    pub(super) fn filled(self) -> Option<&'static [u8]> {
        let start = usize::try_from(self.offset).ok()?;
        let end = start.checked_add(usize::try_from(self.len).ok()?)?;
        self.is_filled().then(|| ALL.get(start..end)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_limits() {
        let read = |bytes: Option<Bytes>| -> Vec<i64> {
            let (numbers, rest) = bytes.unwrap().filled().unwrap().as_chunks::<8>();
            assert!(rest.is_empty());
            numbers.iter().map(|number| i64::from_le_bytes(*number)).collect()
        };
        assert_eq!(read(Bytes::zeros(16)), [0, 0]);
        assert_eq!(read(Bytes::ones(3)), [1, 1, 1]);
        assert_eq!(read(Bytes::counting(3)), [0, 1, 2]);
        assert_eq!((read(Bytes::ones(64)), read(Bytes::counting(64))), (vec![1; 64], (0..64).collect()));
        assert_eq!((Bytes::zeros(u64::MAX), Bytes::ones(65), Bytes::counting(u64::MAX)), (None, None, None));
        assert_eq!(Bytes { source: 0, offset: 0, len: 8 }.filled(), None);
    }
}
