//! Constants of strings. Both formats begin with a count and then have one offset more than there are
//! strings; where the offsets count from differs.

use super::DecodeError;
use crate::model::FormatName;

/// The strings of a constant, checked once; the bytes stay where they are.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    bytes: &'a [u8],
    count: usize,
    /// Where offset 0 lies.
    base: usize,
}

/// How long strings are, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    /// How many strings there are.
    pub count: u64,
    pub total: u64,
    pub shortest: u64,
    pub longest: u64,
    pub empty: u64,
}

impl<'a> Texts<'a> {
    /// The strings, every offset checked. TensorFlow Lite counts offsets from the start of the bytes
    /// (`string_util.h`), OpenVINO from the first character (`string_aligned_buffer.cpp`).
    ///
    /// # Errors
    /// [`DecodeError::Texts`]: one sentence what the bytes contradict.
    pub fn new(format: FormatName, bytes: &'a [u8], expected: u64) -> Result<Self, DecodeError> {
        let texts = Self::known(format, bytes, expected)?;
        if texts.is_empty() {
            return Ok(texts);
        }
        let header = (texts.count + 2) * 4;
        let mut last = header;
        for index in 0..=texts.count {
            let offset = texts.offset(index).filter(|offset| (last..=bytes.len()).contains(offset) && (index > 0 || *offset == header));
            last = offset.ok_or_else(|| DecodeError::Texts(format!("string {index} of {} lies outside its bytes", texts.count)))?;
        }
        Ok(texts)
    }

    /// Strings that were checked before; only their number is looked at again.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn known(format: FormatName, bytes: &'a [u8], expected: u64) -> Result<Self, DecodeError> {
        let problem = |what: String| DecodeError::Texts(what);
        if bytes.is_empty() && expected == 0 {
            return Ok(Self { bytes, count: 0, base: 0 });
        }
        let too_short = || problem(format!("{} bytes are too few for the offsets of its strings", bytes.len()));
        let count =
            usize::try_from(number(bytes, 0).ok_or_else(too_short)?).map_err(|_| problem("it has a negative number of strings".into()))?;
        let header = count
            .checked_add(2)
            .and_then(|numbers| numbers.checked_mul(4))
            .filter(|header| *header <= bytes.len())
            .ok_or_else(too_short)?;
        if count as u64 != expected {
            return Err(problem(format!("it holds {count} strings, but its shape has room for {expected}")));
        }
        let base = match format {
            FormatName::Tflite => 0,
            FormatName::OpenvinoIr => header,
        };
        Ok(Self { bytes, count, base })
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A string's bytes; UTF-8 as a rule. Empty for one that does not exist.
    pub fn get(&self, index: usize) -> &'a [u8] {
        let range = self.offset(index).zip(self.offset(index.saturating_add(1)));
        range.filter(|_| index < self.count).and_then(|(start, end)| self.bytes.get(start..end)).unwrap_or_default()
    }

    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.count).map(|index| self.get(index))
    }

    pub fn lengths(&self) -> Lengths {
        let none = Lengths { shortest: if self.is_empty() { 0 } else { u64::MAX }, ..Lengths::default() };
        self.iter().map(|text| text.len() as u64).fold(none, |lengths, len| Lengths {
            count: lengths.count + 1,
            total: lengths.total + len,
            shortest: lengths.shortest.min(len),
            longest: lengths.longest.max(len),
            empty: lengths.empty + u64::from(len == 0),
        })
    }

    fn offset(&self, index: usize) -> Option<usize> {
        let offset = number(self.bytes, index.checked_add(1)?.checked_mul(4)?)?;
        usize::try_from(offset).ok()?.checked_add(self.base)
    }
}

fn number(bytes: &[u8], position: usize) -> Option<i32> {
    bytes.get(position..)?.first_chunk().map(|chunk| i32::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Count and offsets, then characters.
    fn packed(numbers: &[i32], characters: &[u8]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).chain(characters.iter().copied()).collect()
    }

    #[test]
    fn both_layouts() {
        // What TensorFlow Lite's DynamicBuffer and OpenVINO's serialisation make of "ab", "", "ü".
        let characters = "abü".as_bytes();
        let tflite = packed(&[3, 20, 22, 22, 24], characters);
        let openvino = packed(&[3, 0, 2, 2, 4], characters);
        for (format, bytes) in [(FormatName::Tflite, tflite), (FormatName::OpenvinoIr, openvino)] {
            let texts = Texts::new(format, &bytes, 3).unwrap();
            assert_eq!(texts.iter().collect::<Vec<_>>(), ["ab".as_bytes(), b"", "ü".as_bytes()]);
            assert_eq!(texts.lengths(), Lengths { count: 3, total: 4, shortest: 0, longest: 2, empty: 1 });
            assert_eq!((texts.len(), texts.get(3), texts.get(usize::MAX)), (3, &b""[..], &b""[..]));
            assert!(Texts::new(format, &bytes, 4).is_err());
        }
        assert!(Texts::new(FormatName::Tflite, &packed(&[0, 8], b""), 0).unwrap().is_empty());
    }

    #[test]
    fn offsets_that_can_not_be() {
        let fails =
            |numbers: &[i32], characters: &[u8], count| Texts::new(FormatName::Tflite, &packed(numbers, characters), count).is_err();
        assert!(!fails(&[2, 16, 17, 18], b"ab", 2));
        assert!(fails(&[2, 16, 19, 18], b"ab", 2), "back");
        assert!(fails(&[2, 16, 17, 19], b"ab", 2), "beyond the end");
        assert!(fails(&[2, 12, 17, 18], b"ab", 2), "into the offsets");
        assert!(fails(&[2, 16, -1, 18], b"ab", 2), "negative");
        assert!(
            fails(&[-1, 16], b"ab", 2) && fails(&[i32::MAX, 16], b"ab", i32::MAX as u64) && fails(&[], b"ab", 0) && !fails(&[], b"", 0)
        );
    }
}
