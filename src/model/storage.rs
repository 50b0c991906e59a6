//! How a constant is stored: the order and number of its elements in the file, and how its integers
//! become real values. Only facts from the file are kept here, none of its arrays: scales that are
//! tensors of their own, and the index lists of sparse tensors, are read when somebody asks.

use super::{Bytes, TensorId};

/// How the elements of a constant lie in its bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Packing {
    /// All of them in C order, without gaps, whatever their size in bits.
    #[default]
    Flat,
    /// All of them in C order, a byte each although the type is smaller: 4-bit integers of files
    /// from before they were packed.
    OneAByte,
    /// uint8 matrices in blocks of 4 rows by 16 columns, block by block and row by row, the highest
    /// bit flipped (`SHUFFLED4x16INT8`).
    Shuffled4x16,
    /// Single bits in C order, the lowest of each byte first: binary weights of OpenVINO IR before version 10.
    LowBitFirst,
    /// Only some of them; the others are zero.
    Sparse(Box<Sparsity>),
}

/// Which elements a sparse constant stores: a tree whose levels are walked from the outermost in.
/// Every step of a level adds to the element's position in C order, and the leaves in their order
/// are the stored elements.
///
/// Source: `SparsityParameters` in TensorFlow Lite's schema, with traversal order and block map
/// resolved to strides.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparsity {
    pub levels: Vec<Level>,
    /// Elements that are stored.
    pub stored: u64,
}

/// One level of a [`Sparsity`].
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// What an index of this level adds to the position in C order.
    pub stride: u64,
    /// Indices are below this.
    pub size: u64,
    /// Which indices there are; `None` for all.
    pub csr: Option<Csr>,
}

/// Compressed rows: parent `p` has the indices `indices[segments[p]..segments[p + 1]]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Csr {
    pub segments: IndexList,
    pub indices: IndexList,
}

/// A list of whole numbers in one of the model's sources, little-endian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IndexList {
    pub bytes: Bytes,
    /// 1, 2 or 4 bytes a number; those of 4 bytes are signed.
    pub width: u8,
}

/// How stored integers become real values: `real = scale * (stored - zero_point)`.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantization {
    /// One scale for the whole tensor, or one an index of `axis` (TensorFlow Lite schema,
    /// `QuantizationParameters`).
    Affine {
        /// The dimension that the scales run along; meaningless for a single scale.
        axis: usize,
        /// One, or as many as the axis is long. Never empty.
        scales: Vec<f32>,
        /// One for all scales, or as many as there are scales.
        zero_points: Vec<i64>,
    },
    /// One scale a block of elements; scales and zero points are constants of the same graph.
    Blockwise(Blocks),
    /// A bias without parameters of its own. Its scale is what the operation multiplies its
    /// accumulator with: the scale of the input times that of the kernel, a channel each.
    Derived { input: TensorId, kernel: TensorId },
    /// A scheme that only its writer knows; so many bytes describe it. Real values are the codes.
    Custom { bytes: u64 },
    /// Parameters that can't be used, in one sentence why.
    Unusable(String),
}

/// Where the scales of a tensor that is quantised in blocks lie.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocks {
    pub scales: TensorId,
    /// `None`: the zero points are 0.
    pub zero_points: Option<TensorId>,
    /// How many neighbours along each axis share a scale; the last block of an axis may be cut off.
    pub block: Vec<u64>,
    /// How many blocks each axis has. The scales lie in this order, C order; axes of one block may
    /// stand for scales that hold along the whole axis.
    pub grid: Vec<u64>,
    /// The scheme is declared along several axes, which no runtime computes yet.
    pub is_multi_axis: bool,
}

impl Quantization {
    /// One scale for the whole tensor.
    pub fn is_per_tensor(&self) -> bool {
        matches!(self, Self::Affine { scales, .. } if scales.len() == 1)
    }

    /// Why the parameters can't be used.
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Unusable(problem) => Some(problem),
            _ => None,
        }
    }
}

impl IndexList {
    /// The number of numbers.
    pub fn len(&self) -> u64 {
        self.bytes.len / u64::from(self.width.max(1))
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
