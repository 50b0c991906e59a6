//! A bounds-checked reader of flatbuffers: tables, vectors and strings, nothing trusted.
//!
//! The generated accessors of the `flatbuffers` crate need a buffer that its verifier accepted, and
//! that verifier refuses a whole file for one string that is not UTF-8 or one damaged table. Here
//! every offset is checked when it is followed, so that damage costs only what lies behind it.
//!
//! Tables and vectors may be shared, so a small file can describe a huge tree. Every table visited
//! and every byte copied is therefore paid for from a budget that grows with the file
//! (<https://flatbuffers.dev/internals/> describes the encoding).

use std::cell::Cell;
use std::ops::Range;

/// Offsets in a flatbuffer are signed 32-bit; what lies beyond is not part of it.
const MAX_LEN: usize = i32::MAX as usize;
/// The price of a visited table. A real one takes at least as much, with its place in a vector,
/// its vtable and what it points at.
const TABLE_COST: u64 = 64;

/// Why something can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// An offset or a length points outside the file.
    Outside,
    /// So much is shared that reading it all would cost far more than the file is long.
    Exhausted,
}

/// `None` in place of what lies outside the file.
///
/// # Errors
/// [`Damage::Exhausted`], which no reader may go on after.
pub fn lenient<T>(result: Result<T, Damage>) -> Result<Option<T>, Damage> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Damage::Outside) => Ok(None),
        Err(Damage::Exhausted) => Err(Damage::Exhausted),
    }
}

/// The bytes of a flatbuffer and the budget for reading them.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    budget: Cell<u64>,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::with_budget(bytes, (bytes.len() as u64).saturating_mul(4).saturating_add(1 << 16))
    }

    /// A reader that may use `budget` bytes of memory.
    pub fn with_budget(bytes: &'a [u8], budget: u64) -> Self {
        let bytes = bytes.get(..MAX_LEN).unwrap_or(bytes);
        Self { bytes, budget: Cell::new(budget) }
    }

    /// The bytes of a range that [`Table::bytes`] gave.
    pub fn slice(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// The root table.
    pub fn root(&self) -> Result<Table<'_>, Damage> {
        self.table(self.follow(0)?)
    }

    /// What is left of the budget.
    pub fn left(&self) -> u64 {
        self.budget.get()
    }

    /// Pays for `amount` bytes of memory that the file makes the reader use.
    pub fn spend(&self, amount: u64) -> Result<(), Damage> {
        let left = self.budget.get().checked_sub(amount);
        self.budget.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or(Damage::Exhausted)
    }

    /// Adds to a list of what the file describes. A list grows by a quarter, and what it takes is paid for,
    /// whether the entry could be read or is damaged.
    pub fn push<T>(&self, list: &mut Vec<T>, entry: T) -> Result<(), Damage> {
        if list.len() == list.capacity() {
            let more = (list.len() / 4).max(1);
            self.spend((more * size_of::<T>()) as u64)?;
            list.reserve_exact(more);
        }
        list.push(entry);
        Ok(())
    }

    fn scalar<T: Scalar>(&self, position: usize) -> Result<T, Damage> {
        self.bytes.get(position..).and_then(T::first).ok_or(Damage::Outside)
    }

    /// The position that the unsigned offset at `position` points at.
    fn follow(&self, position: usize) -> Result<usize, Damage> {
        let offset: u32 = self.scalar(position)?;
        let target = position.checked_add(offset as usize).ok_or(Damage::Outside)?;
        if target < self.bytes.len() { Ok(target) } else { Err(Damage::Outside) }
    }

    fn table(&self, position: usize) -> Result<Table<'_>, Damage> {
        self.spend(TABLE_COST)?;
        let back: i32 = self.scalar(position)?;
        let vtable = i64::try_from(position).map_err(|_| Damage::Outside)? - i64::from(back);
        let vtable = usize::try_from(vtable).map_err(|_| Damage::Outside)?;
        let vtable_len: u16 = self.scalar(vtable)?;
        let slots = vtable.saturating_add(4)..vtable.saturating_add(usize::from(vtable_len));
        if vtable_len < 4 || slots.end > self.bytes.len() {
            return Err(Damage::Outside);
        }
        Ok(Table { reader: self, position, slots_start: slots.start, slots_end: slots.end })
    }

    /// Where the elements of the vector at `position` lie; the file is long enough for them.
    fn elements(&self, position: usize, size: usize) -> Result<(usize, usize), Damage> {
        let count: u32 = self.scalar(position)?;
        let start = position.checked_add(4).ok_or(Damage::Outside)?;
        let end = (count as usize).checked_mul(size).and_then(|len| start.checked_add(len)).ok_or(Damage::Outside)?;
        if end <= self.bytes.len() { Ok((start, count as usize)) } else { Err(Damage::Outside) }
    }
}

/// A table. Its fields are named by their ids in the schema; an absent field is `None`, or the
/// default for scalars.
#[derive(Clone, Copy, Debug)]
pub struct Table<'r> {
    reader: &'r Reader<'r>,
    position: usize,
    slots_start: usize,
    slots_end: usize,
}

impl<'r> Table<'r> {
    pub fn reader(self) -> &'r Reader<'r> {
        self.reader
    }

    pub fn scalar<T: Scalar>(self, id: u16, default: T) -> Result<T, Damage> {
        self.field(id)?.map_or(Ok(default), |position| self.reader.scalar(position))
    }

    pub fn table(self, id: u16) -> Result<Option<Self>, Damage> {
        self.target(id)?.map(|position| self.reader.table(position)).transpose()
    }

    /// A string. Names in TensorFlow Lite are raw bytes; what is not UTF-8 is replaced.
    pub fn string(self, id: u16) -> Result<Option<String>, Damage> {
        let Some(range) = self.bytes(id)? else { return Ok(None) };
        self.reader.spend(range.len() as u64)?;
        Ok(self.reader.bytes.get(range).map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
    }

    /// A vector of strings.
    pub fn strings(self, id: u16) -> Result<Option<Vec<String>>, Damage> {
        let Some(position) = self.target(id)? else { return Ok(None) };
        let (start, count) = self.reader.elements(position, 4)?;
        let string = |index: usize| {
            let (start, len) = self.reader.elements(self.reader.follow(start + 4 * index)?, 1)?;
            self.reader.spend((size_of::<String>() + len) as u64)?;
            Ok(String::from_utf8_lossy(self.reader.slice(start..start + len)).into_owned())
        };
        (0..count).map(string).collect::<Result<_, _>>().map(Some)
    }

    /// A vector of scalars, copied.
    pub fn vector<T: Scalar>(self, id: u16) -> Result<Option<Vec<T>>, Damage> {
        let Some(position) = self.target(id)? else { return Ok(None) };
        let (start, count) = self.reader.elements(position, T::SIZE)?;
        self.reader.spend((count * T::SIZE) as u64)?;
        Ok(Some(T::all(self.reader.slice(start..start + count * T::SIZE))))
    }

    /// A vector of scalars as [`vector`](Self::vector) has it, and its length; of one whose elements are all the
    /// same, the first alone.
    pub fn vector_or_one<T: Scalar>(self, id: u16) -> Result<Option<(Vec<T>, usize)>, Damage> {
        let Some(range) = self.elements::<T>(id)? else { return Ok(None) };
        let bytes = self.reader.slice(range);
        // All are alike if each is like the one before it.
        if let (Some(first), Some(others)) = (T::first(bytes), bytes.get(T::SIZE..))
            && bytes.get(..others.len()) == Some(others)
        {
            return Ok(Some((vec![first], bytes.len() / T::SIZE)));
        }
        let vector = self.vector(id)?.unwrap_or_default();
        let count = vector.len();
        Ok(Some((vector, count)))
    }

    /// How many elements a vector of scalars has, without reading them.
    pub fn vector_len<T: Scalar>(self, id: u16) -> Result<usize, Damage> {
        let Some(position) = self.target(id)? else { return Ok(0) };
        self.reader.elements(position, T::SIZE).map(|(_, count)| count)
    }

    /// A vector of tables.
    pub fn tables(self, id: u16) -> Result<Option<Tables<'r>>, Damage> {
        let Some(position) = self.target(id)? else { return Ok(None) };
        let (start, count) = self.reader.elements(position, 4)?;
        Ok(Some(Tables { reader: self.reader, start, count }))
    }

    /// Where a vector of bytes lies in the file; its bytes are not touched.
    pub fn bytes(self, id: u16) -> Result<Option<Range<usize>>, Damage> {
        self.elements::<u8>(id)
    }

    /// Where the elements of a vector of scalars lie in the file; they are not touched.
    pub fn elements<T: Scalar>(self, id: u16) -> Result<Option<Range<usize>>, Damage> {
        let Some(position) = self.target(id)? else { return Ok(None) };
        let (start, count) = self.reader.elements(position, T::SIZE)?;
        Ok(Some(start..start + count * T::SIZE))
    }

    /// Where a field's value lies, if the table has it.
    fn field(self, id: u16) -> Result<Option<usize>, Damage> {
        let slot = self.slots_start + 2 * usize::from(id);
        if slot + 2 > self.slots_end {
            return Ok(None);
        }
        let offset: u16 = self.reader.scalar(slot)?;
        match offset {
            0 => Ok(None),
            offset => self.position.checked_add(usize::from(offset)).ok_or(Damage::Outside).map(Some),
        }
    }

    /// What an offset field points at.
    fn target(self, id: u16) -> Result<Option<usize>, Damage> {
        self.field(id)?.map(|position| self.reader.follow(position)).transpose()
    }
}

/// A vector of tables, each of which may be damaged by itself.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'r> {
    reader: &'r Reader<'r>,
    start: usize,
    count: usize,
}

impl<'r> Tables<'r> {
    pub fn reader(self) -> &'r Reader<'r> {
        self.reader
    }

    pub fn len(self) -> usize {
        self.count
    }

    pub fn get(self, index: usize) -> Result<Table<'r>, Damage> {
        if index >= self.count {
            return Err(Damage::Outside);
        }
        self.reader.table(self.reader.follow(self.start + index * 4)?)
    }

    pub fn iter(self) -> impl Iterator<Item = Result<Table<'r>, Damage>> {
        (0..self.count).map(move |index| self.get(index))
    }
}

/// A little-endian number of a flatbuffer.
pub trait Scalar: Copy {
    const SIZE: usize;

    /// The number that `bytes` begin with.
    fn first(bytes: &[u8]) -> Option<Self>;

    /// All numbers in `bytes`, one behind the other.
    fn all(bytes: &[u8]) -> Vec<Self> {
        bytes.chunks_exact(Self::SIZE).filter_map(Self::first).collect()
    }
}

macro_rules! scalars {
    ($($type:ty)*) => {$(
        impl Scalar for $type {
            const SIZE: usize = size_of::<$type>();

            fn first(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().map(|chunk| <$type>::from_le_bytes(*chunk))
            }

            fn all(bytes: &[u8]) -> Vec<Self> {
                bytes.as_chunks().0.iter().map(|chunk| <$type>::from_le_bytes(*chunk)).collect()
            }
        }
    )*};
}

scalars! { u8 i8 u16 u32 i32 u64 i64 f32 }

impl Scalar for bool {
    const SIZE: usize = 1;

    fn first(bytes: &[u8]) -> Option<Self> {
        bytes.first().map(|byte| *byte != 0)
    }
}

#[cfg(test)]
mod tests {
    use flatbuffers::FlatBufferBuilder;

    use super::*;

    /// A root table with u32 7 as field 0, "né" as 1, [1, -2] as 2, and a vector of one empty table as 3.
    fn example() -> Vec<u8> {
        let mut builder = FlatBufferBuilder::new();
        let text = builder.create_string("né");
        let numbers = builder.create_vector(&[1i32, -2]);
        let start = builder.start_table();
        let inner = builder.end_table(start);
        let tables = builder.create_vector(&[inner]);
        let start = builder.start_table();
        builder.push_slot_always(4, 7u32);
        builder.push_slot_always(6, text);
        builder.push_slot_always(8, numbers);
        builder.push_slot_always(10, tables);
        let root = builder.end_table(start);
        builder.finish(root, None);
        builder.finished_data().to_vec()
    }

    #[test]
    fn fields() {
        let bytes = example();
        let reader = Reader::new(&bytes);
        let root = reader.root().unwrap();
        assert_eq!(root.scalar(0, 0u32), Ok(7));
        assert_eq!(root.scalar(9, 3u32), Ok(3));
        assert_eq!(root.string(1), Ok(Some("né".to_owned())));
        assert_eq!(root.vector::<i32>(2), Ok(Some(vec![1, -2])));
        assert_eq!(root.vector_len::<i32>(2), Ok(2));
        assert_eq!(root.vector::<i32>(9), Ok(None));
        assert_eq!(root.vector_or_one::<i32>(2), Ok(Some((vec![1, -2], 2))));
        assert_eq!(root.vector_or_one::<u8>(1), Ok(Some(("né".as_bytes().to_vec(), 3))));
        assert_eq!(root.vector_or_one::<i32>(9), Ok(None));
        let tables = root.tables(3).unwrap().unwrap();
        assert_eq!(tables.len(), 1);
        assert_eq!(tables.get(0).unwrap().scalar(0, 5u8), Ok(5));
        assert_eq!(tables.get(1).unwrap_err(), Damage::Outside);
    }

    #[test]
    fn strings_need_not_be_utf8() {
        let mut bytes = example();
        let at = bytes.windows(3).position(|window| window == "né".as_bytes()).unwrap();
        bytes[at + 1] = 0xff;
        let reader = Reader::new(&bytes);
        assert_eq!(reader.root().unwrap().string(1), Ok(Some("n\u{fffd}\u{fffd}".to_owned())));
    }

    #[test]
    fn any_truncation_and_any_byte_is_survived() {
        let bytes = example();
        let walk = |bytes: &[u8]| {
            let reader = Reader::new(bytes);
            let Ok(root) = reader.root() else { return };
            let _ = (root.scalar(0, 0u32), root.string(1), root.vector::<i32>(2), root.bytes(2), root.table(3));
            if let Ok(Some(tables)) = root.tables(3) {
                let _ = tables.iter().take(100).filter_map(Result::ok).count();
            }
        };
        for len in 0..bytes.len() {
            walk(&bytes[..len]);
        }
        for position in 0..bytes.len() {
            for value in [0, 1, 3, 0x7f, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[position] = value;
                walk(&bytes);
            }
        }
    }

    #[test]
    fn lists_are_paid_for_as_they_grow() {
        let reader = Reader::with_budget(&[], 1000);
        let mut list: Vec<u64> = Vec::new();
        while reader.push(&mut list, 0).is_ok() {}
        assert!((80..=125).contains(&list.capacity()), "{}", list.capacity());
        assert_eq!(list.len(), list.capacity());
    }

    #[test]
    fn shared_tables_exhaust_the_budget() {
        let mut builder = FlatBufferBuilder::new();
        let start = builder.start_table();
        let inner = builder.end_table(start);
        let tables = builder.create_vector(&vec![inner; 100_000]);
        let start = builder.start_table();
        builder.push_slot_always(4, tables);
        let root = builder.end_table(start);
        builder.finish(root, None);
        let reader = Reader::new(builder.finished_data());
        let tables = reader.root().unwrap().tables(0).unwrap().unwrap();
        assert_eq!(tables.iter().find_map(Result::err), Some(Damage::Exhausted));
    }
}
