//! Element types, under the names that `inspect --json` uses.

use std::fmt;

macro_rules! dtypes {
    ($($(#[$doc:meta])* $variant:ident $name:literal $bits:literal,)*) => {
        /// The type of a tensor's elements as the file stores them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum DType {
            $($(#[$doc])* $variant,)*
            /// A type that this version of the program does not know; the number is the file's code.
            Unknown(i32),
        }

        impl DType {
            /// All the types that have a name.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Named as Rust names them: `f32`, `i8`, `bf16`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Unknown(_) => "unknown",
                }
            }

            /// Bits an element takes in the file; 0 where elements have no fixed size.
            pub fn bits(self) -> u32 {
                match self {
                    $(Self::$variant => $bits,)*
                    Self::Unknown(_) => 0,
                }
            }
        }
    };
}

dtypes! {
    F32 "f32" 32,
    F16 "f16" 16,
    Bf16 "bf16" 16,
    F64 "f64" 64,
    I8 "i8" 8,
    U8 "u8" 8,
    I16 "i16" 16,
    U16 "u16" 16,
    I32 "i32" 32,
    U32 "u32" 32,
    I64 "i64" 64,
    U64 "u64" 64,
    I4 "i4" 4,
    U4 "u4" 4,
    I2 "i2" 2,
    U2 "u2" 2,
    U1 "u1" 1,
    U3 "u3" 3,
    U6 "u6" 6,
    Nf4 "nf4" 4,
    F8E4M3 "f8e4m3" 8,
    F8E5M2 "f8e5m2" 8,
    F8E8M0 "f8e8m0" 8,
    F4E2M1 "f4e2m1" 4,
    Bool "bool" 8,
    String "string" 0,
    Complex64 "complex64" 64,
    Complex128 "complex128" 128,
    /// A handle; it has no values.
    Resource "resource" 0,
    /// A handle; it has no values.
    Variant "variant" 0,
    /// OpenVINO's `dynamic` and `undefined`: known only when the model runs.
    Dynamic "dynamic" 0,
}

impl DType {
    /// Bytes that `count` elements take, packed without gaps; `None` where elements have no fixed
    /// size or the product overflows. OpenVINO packs u3 and u6 in groups of 24 bits.
    pub fn packed_bytes(self, count: u64) -> Option<u64> {
        match self {
            Self::U3 => count.div_ceil(8).checked_mul(3),
            Self::U6 => count.div_ceil(4).checked_mul(3),
            _ if self.bits() == 0 => None,
            _ => Some(count.checked_mul(u64::from(self.bits()))?.div_ceil(8)),
        }
    }

    /// What real and imaginary part of a complex type are.
    pub fn complex_part(self) -> Option<Self> {
        match self {
            Self::Complex64 => Some(Self::F32),
            Self::Complex128 => Some(Self::F64),
            _ => None,
        }
    }

    pub fn is_float(self) -> bool {
        matches!(
            self,
            Self::F32 | Self::F16 | Self::Bf16 | Self::F64 | Self::Nf4 | Self::F8E4M3 | Self::F8E5M2 | Self::F8E8M0 | Self::F4E2M1
        )
    }

    /// Whole numbers, of any width and sign. `bool` is none.
    pub fn is_integer(self) -> bool {
        self.integer_range().is_some()
    }

    /// The lowest and highest value of an integer type.
    pub fn integer_range(self) -> Option<(i128, i128)> {
        let signed = match self {
            Self::I2 | Self::I4 | Self::I8 | Self::I16 | Self::I32 | Self::I64 => true,
            Self::U1 | Self::U2 | Self::U3 | Self::U4 | Self::U6 | Self::U8 | Self::U16 | Self::U32 | Self::U64 => false,
            _ => return None,
        };
        let bits = self.bits();
        Some(if signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) })
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(code) => write!(f, "unknown type {code}"),
            known => f.write_str(known.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_sizes() {
        for (dtype, count, bytes) in [
            (DType::F32, 3, Some(12)),
            (DType::I4, 3, Some(2)),
            (DType::I2, 5, Some(2)),
            (DType::U1, 9, Some(2)),
            (DType::U3, 9, Some(6)),
            (DType::U6, 5, Some(6)),
            (DType::F64, u64::MAX / 2, None),
            (DType::String, 1, None),
        ] {
            assert_eq!(dtype.packed_bytes(count), bytes, "{dtype} x {count}");
        }
    }

    #[test]
    fn integer_ranges() {
        assert_eq!(DType::I4.integer_range(), Some((-8, 7)));
        assert_eq!(DType::U64.integer_range(), Some((0, u64::MAX.into())));
        assert_eq!(DType::I64.integer_range(), Some((i64::MIN.into(), i64::MAX.into())));
        assert_eq!(DType::Bool.integer_range(), None);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = DType::ALL.iter().map(|dtype| dtype.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DType::ALL.len());
    }
}
