//! What each input of each TensorFlow Lite operation is for, where neither options nor shapes decide.
//!
//! One line an operation, its inputs in order. Sources: the operand names of `tfl_ops.td`, the input
//! indices of `tflite/kernels/*.cc` where the dialect lacks an operation, and the StableHLO
//! specification. [`super::role`] comes first for what depends on options or shapes.

use crate::weights::Role;

/// An input that is usually computed; a constant there is an operand like any other.
const X: Role = Role::weight("operand", None);
/// Says how the operation works, rather than with which numbers.
const P: Role = Role::parameter("parameter");
const SHAPE: Role = Role::parameter("shape");
const AXES: Role = Role::parameter("axes");
const INDICES: Role = Role::parameter("indices");
const RANGE: Role = Role::parameter("range");
const TABLE: Role = Role::weight("table", None);
const BIAS: Role = Role::weight("bias", Some("O"));
const OHWI: Role = kernel("OHWI");
const OI: Role = kernel("OI");
const KERNEL: Role = Role::weight("kernel", None);
const INPUT_KERNEL: Role = Role::weight("input_kernel", Some("OI"));
const RECURRENT_KERNEL: Role = Role::weight("recurrent_kernel", Some("OI"));

const fn kernel(layout: &'static str) -> Role {
    Role::weight("kernel", Some(layout))
}

/// The role of an input by the operation's type alone. Inputs beyond those that are listed, and those
/// of operations that are not, are operands.
pub fn role(kind: &str, input: usize) -> Role {
    let operands = BUILTIN.iter().chain(CUSTOM).find(|(name, _)| *name == kind);
    operands.and_then(|(_, operands)| operands.get(input)).cloned().unwrap_or(X)
}

/// Whether the type is one of the runtime's own operations.
pub fn is_builtin(kind: &str) -> bool {
    BUILTIN.iter().any(|(name, _)| *name == kind)
}

type Operands = (&'static str, &'static [Role]);

/// Every builtin operation, in the order of the schema.
const BUILTIN: &[Operands] = &[
    ("ADD", &[X, X]),
    ("AVERAGE_POOL_2D", &[X]),
    ("CONCATENATION", &[]),
    ("CONV_2D", &[X, OHWI, BIAS]),
    ("DEPTHWISE_CONV_2D", &[X, kernel("1HWO"), BIAS]),
    ("DEPTH_TO_SPACE", &[X]),
    // What passes through is a weight further on, not here.
    ("DEQUANTIZE", &[P]),
    ("EMBEDDING_LOOKUP", &[INDICES, TABLE]),
    ("FLOOR", &[X]),
    ("FULLY_CONNECTED", &[X, OI, BIAS]),
    ("HASHTABLE_LOOKUP", &[INDICES, INDICES, TABLE]),
    ("L2_NORMALIZATION", &[X]),
    ("L2_POOL_2D", &[X]),
    ("LOCAL_RESPONSE_NORMALIZATION", &[X]),
    ("LOGISTIC", &[X]),
    ("LSH_PROJECTION", &[P, X, X]),
    // The basic form: one matrix over [input, state]. Inputs 1 and 4 are the states.
    ("LSTM", &[X, P, OI, BIAS, P]),
    ("MAX_POOL_2D", &[X]),
    ("MUL", &[X, X]),
    ("RELU", &[X]),
    ("RELU_N1_TO_1", &[X]),
    ("RELU6", &[X]),
    ("RESHAPE", &[P, SHAPE]),
    ("RESIZE_BILINEAR", &[X, SHAPE]),
    ("RNN", &[X, INPUT_KERNEL, RECURRENT_KERNEL, BIAS, P]),
    ("SOFTMAX", &[X]),
    ("SPACE_TO_DEPTH", &[X]),
    ("SVDF", &[X, Role::weight("kernel.feature", Some("OI")), Role::weight("kernel.time", None), BIAS, P]),
    ("TANH", &[X]),
    ("CONCAT_EMBEDDINGS", &[]),
    ("SKIP_GRAM", &[X]),
    ("CALL", &[]),
    ("CUSTOM", &[]),
    ("EMBEDDING_LOOKUP_SPARSE", &[INDICES, INDICES, SHAPE, X, TABLE]),
    ("PAD", &[X, P]),
    ("UNIDIRECTIONAL_SEQUENCE_RNN", &[X, INPUT_KERNEL, RECURRENT_KERNEL, BIAS, P]),
    ("GATHER", &[TABLE, INDICES]),
    ("BATCH_TO_SPACE_ND", &[X, SHAPE, P]),
    ("SPACE_TO_BATCH_ND", &[X, SHAPE, P]),
    ("TRANSPOSE", &[P, AXES]),
    ("MEAN", &[X, AXES]),
    ("SUB", &[X, X]),
    ("DIV", &[X, X]),
    ("SQUEEZE", &[P]),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", &[]),
    ("STRIDED_SLICE", &[X, INDICES, INDICES, P]),
    ("BIDIRECTIONAL_SEQUENCE_RNN", &[]),
    ("EXP", &[X]),
    ("TOPK_V2", &[X, P]),
    ("SPLIT", &[AXES, X]),
    ("LOG_SOFTMAX", &[X]),
    ("DELEGATE", &[]),
    ("BIDIRECTIONAL_SEQUENCE_LSTM", &[]),
    ("CAST", &[P]),
    ("PRELU", &[X, Role::weight("alpha", Some("O"))]),
    ("MAXIMUM", &[X, X]),
    ("ARG_MAX", &[X, AXES]),
    ("MINIMUM", &[X, X]),
    ("LESS", &[X, X]),
    ("NEG", &[X]),
    ("PADV2", &[X, P, P]),
    ("GREATER", &[X, X]),
    ("GREATER_EQUAL", &[X, X]),
    ("LESS_EQUAL", &[X, X]),
    ("SELECT", &[P, P, P]),
    ("SLICE", &[X, INDICES, SHAPE]),
    ("SIN", &[X]),
    ("TRANSPOSE_CONV", &[SHAPE, OHWI, X, BIAS]),
    ("SPARSE_TO_DENSE", &[INDICES, SHAPE, X, P]),
    ("TILE", &[X, P]),
    ("EXPAND_DIMS", &[P, AXES]),
    ("EQUAL", &[X, X]),
    ("NOT_EQUAL", &[X, X]),
    ("LOG", &[X]),
    ("SUM", &[X, AXES]),
    ("SQRT", &[X]),
    ("RSQRT", &[X]),
    ("SHAPE", &[P]),
    ("POW", &[X, X]),
    ("ARG_MIN", &[X, AXES]),
    ("FAKE_QUANT", &[P]),
    ("REDUCE_PROD", &[X, AXES]),
    ("REDUCE_MAX", &[X, AXES]),
    ("PACK", &[]),
    ("LOGICAL_OR", &[X, X]),
    ("ONE_HOT", &[INDICES, P, P, P]),
    ("LOGICAL_AND", &[X, X]),
    ("LOGICAL_NOT", &[X]),
    ("UNPACK", &[X]),
    ("REDUCE_MIN", &[X, AXES]),
    ("FLOOR_DIV", &[X, X]),
    ("REDUCE_ANY", &[X, AXES]),
    ("SQUARE", &[X]),
    ("ZEROS_LIKE", &[P]),
    ("FILL", &[SHAPE, P]),
    ("FLOOR_MOD", &[X, X]),
    ("RANGE", &[RANGE, RANGE, RANGE]),
    ("RESIZE_NEAREST_NEIGHBOR", &[X, SHAPE]),
    ("LEAKY_RELU", &[X]),
    ("SQUARED_DIFFERENCE", &[X, X]),
    ("MIRROR_PAD", &[X, P]),
    ("ABS", &[X]),
    ("SPLIT_V", &[X, SHAPE, AXES]),
    ("UNIQUE", &[X]),
    ("CEIL", &[X]),
    ("REVERSE_V2", &[X, AXES]),
    ("ADD_N", &[]),
    ("GATHER_ND", &[TABLE, INDICES]),
    ("COS", &[X]),
    ("WHERE", &[P]),
    ("RANK", &[P]),
    ("ELU", &[X]),
    ("REVERSE_SEQUENCE", &[X, P]),
    ("MATRIX_DIAG", &[X]),
    ("QUANTIZE", &[P]),
    ("MATRIX_SET_DIAG", &[X, X]),
    ("ROUND", &[X]),
    ("HARD_SWISH", &[X]),
    ("IF", &[P]),
    ("WHILE", &[]),
    ("NON_MAX_SUPPRESSION_V4", &[X, X, P, P, P]),
    ("NON_MAX_SUPPRESSION_V5", &[X, X, P, P, P, P]),
    ("SCATTER_ND", &[INDICES, X, SHAPE]),
    ("SELECT_V2", &[P, P, P]),
    ("DENSIFY", &[P]),
    ("SEGMENT_SUM", &[X, INDICES]),
    ("BATCH_MATMUL", &[KERNEL, KERNEL]),
    ("PLACEHOLDER_FOR_GREATER_OP_CODES", &[]),
    ("CUMSUM", &[X, AXES]),
    ("CALL_ONCE", &[]),
    ("BROADCAST_TO", &[P, SHAPE]),
    ("RFFT2D", &[X, SHAPE]),
    ("CONV_3D", &[X, kernel("DHWIO"), BIAS]),
    ("IMAG", &[X]),
    ("REAL", &[X]),
    ("COMPLEX_ABS", &[X]),
    ("HASHTABLE", &[]),
    ("HASHTABLE_FIND", &[P, X, P]),
    ("HASHTABLE_IMPORT", &[P, INDICES, TABLE]),
    ("HASHTABLE_SIZE", &[P]),
    ("REDUCE_ALL", &[X, AXES]),
    ("CONV_3D_TRANSPOSE", &[SHAPE, kernel("DHWOI"), X, BIAS]),
    ("VAR_HANDLE", &[]),
    ("READ_VARIABLE", &[P]),
    // The first value of a state, or of a weight that a READ_VARIABLE passes on.
    ("ASSIGN_VARIABLE", &[P, P]),
    ("BROADCAST_ARGS", &[SHAPE, SHAPE]),
    ("RANDOM_STANDARD_NORMAL", &[SHAPE]),
    ("BUCKETIZE", &[X]),
    ("RANDOM_UNIFORM", &[SHAPE]),
    ("MULTINOMIAL", &[X, P]),
    ("GELU", &[X]),
    ("DYNAMIC_UPDATE_SLICE", &[X, X, INDICES]),
    ("RELU_0_TO_1", &[X]),
    ("UNSORTED_SEGMENT_PROD", &[X, INDICES, P]),
    ("UNSORTED_SEGMENT_MAX", &[X, INDICES, P]),
    ("UNSORTED_SEGMENT_SUM", &[X, INDICES, P]),
    ("ATAN2", &[X, X]),
    ("UNSORTED_SEGMENT_MIN", &[X, INDICES, P]),
    ("SIGN", &[X]),
    ("BITCAST", &[P]),
    ("BITWISE_XOR", &[X, X]),
    ("RIGHT_SHIFT", &[X, P]),
    ("STABLEHLO_LOGISTIC", &[X]),
    ("STABLEHLO_ADD", &[X, X]),
    ("STABLEHLO_DIVIDE", &[X, X]),
    ("STABLEHLO_MULTIPLY", &[X, X]),
    ("STABLEHLO_MAXIMUM", &[X, X]),
    ("STABLEHLO_RESHAPE", &[P]),
    ("STABLEHLO_CLAMP", &[RANGE, X, RANGE]),
    ("STABLEHLO_CONCATENATE", &[]),
    ("STABLEHLO_BROADCAST_IN_DIM", &[P]),
    ("STABLEHLO_CONVOLUTION", &[X, KERNEL]),
    ("STABLEHLO_SLICE", &[X]),
    ("STABLEHLO_CUSTOM_CALL", &[]),
    // Values, then as many initial values: `super::role` tells them apart.
    ("STABLEHLO_REDUCE", &[]),
    ("STABLEHLO_ABS", &[X]),
    ("STABLEHLO_AND", &[X, X]),
    ("STABLEHLO_COSINE", &[X]),
    ("STABLEHLO_EXPONENTIAL", &[X]),
    ("STABLEHLO_FLOOR", &[X]),
    ("STABLEHLO_LOG", &[X]),
    ("STABLEHLO_MINIMUM", &[X, X]),
    ("STABLEHLO_NEGATE", &[X]),
    ("STABLEHLO_OR", &[X, X]),
    ("STABLEHLO_POWER", &[X, X]),
    ("STABLEHLO_REMAINDER", &[X, X]),
    ("STABLEHLO_RSQRT", &[X]),
    ("STABLEHLO_SELECT", &[P, P, P]),
    ("STABLEHLO_SUBTRACT", &[X, X]),
    ("STABLEHLO_TANH", &[X]),
    ("STABLEHLO_SCATTER", &[X, INDICES, X]),
    ("STABLEHLO_COMPARE", &[X, X]),
    ("STABLEHLO_CONVERT", &[P]),
    // One index an axis: no more axes than these are in use.
    ("STABLEHLO_DYNAMIC_SLICE", &[X, INDICES, INDICES, INDICES, INDICES, INDICES, INDICES, INDICES, INDICES]),
    ("STABLEHLO_DYNAMIC_UPDATE_SLICE", &[X, X, INDICES, INDICES, INDICES, INDICES, INDICES, INDICES, INDICES, INDICES]),
    ("STABLEHLO_PAD", &[X, P]),
    ("STABLEHLO_IOTA", &[]),
    ("STABLEHLO_DOT_GENERAL", &[KERNEL, KERNEL]),
    ("STABLEHLO_REDUCE_WINDOW", &[]),
    ("STABLEHLO_SORT", &[]),
    ("STABLEHLO_WHILE", &[]),
    ("STABLEHLO_GATHER", &[TABLE, INDICES]),
    ("STABLEHLO_TRANSPOSE", &[P]),
    ("DILATE", &[X, P, P]),
    ("STABLEHLO_RNG_BIT_GENERATOR", &[P]),
    ("REDUCE_WINDOW", &[X, P, SHAPE, P, P]),
    ("STABLEHLO_COMPOSITE", &[]),
    ("STABLEHLO_SHIFT_LEFT", &[X, P]),
    ("STABLEHLO_CBRT", &[X]),
    ("STABLEHLO_CASE", &[P]),
];

/// Custom operations whose kernels are public: TensorFlow Lite's own, MediaPipe's, Larq's, the
/// signal library's.
const CUSTOM: &[Operands] = &[
    (
        "UNIDIRECTIONAL_SEQUENCE_GRU",
        &[
            X,
            P,
            Role::weight("kernel.gate", Some("OI")),
            Role::weight("bias.gate", Some("O")),
            Role::weight("kernel.candidate", Some("OI")),
            Role::weight("bias.candidate", Some("O")),
        ],
    ),
    // The anchors say where the boxes are, as the prior boxes of OpenVINO do.
    ("TFLite_Detection_PostProcess", &[X, X, P]),
    ("Convolution2DTransposeBias", &[X, OHWI, BIAS]),
    ("LceBconv2d", &[X, KERNEL, Role::weight("scale", Some("O")), BIAS, P]),
    ("LceBFullyConnected", &[X, KERNEL, Role::weight("scale", Some("O")), BIAS, P]),
    ("LceQuantize", &[X]),
    ("LceDequantize", &[P]),
    ("Mfcc", &[X, P]),
    ("SignalWindow", &[X, Role::weight("scale", Some("O"))]),
    ("SignalFilterBank", &[X, X, X, INDICES, INDICES, SHAPE]),
    ("NumericVerify", &[X, X]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::tflite::BUILTIN_OPERATOR;
    use crate::weights::Kind;

    #[test]
    fn every_builtin_operation_has_its_line() {
        let listed: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, BUILTIN_OPERATOR);
    }

    /// Shapes, axes and indices of `tfl_ops.td`, by the names that it gives the operands.
    #[test]
    fn parameters_are_told_from_weights() {
        for (kind, weights, parameters) in [
            ("RESHAPE", &[][..], &[0, 1][..]),
            ("TRANSPOSE_CONV", &[1, 2, 3], &[0]),
            ("CONV_3D_TRANSPOSE", &[1, 2, 3], &[0]),
            ("SPLIT", &[1], &[0]),
            ("SPLIT_V", &[0], &[1, 2]),
            ("STRIDED_SLICE", &[0], &[1, 2, 3]),
            ("SPARSE_TO_DENSE", &[2], &[0, 1, 3]),
            ("DYNAMIC_UPDATE_SLICE", &[0, 1], &[2]),
            ("EMBEDDING_LOOKUP_SPARSE", &[3, 4], &[0, 1, 2]),
            ("NON_MAX_SUPPRESSION_V5", &[0, 1], &[2, 3, 4, 5]),
            ("STABLEHLO_DYNAMIC_UPDATE_SLICE", &[0, 1], &[2, 3, 4]),
            ("DILATE", &[0], &[1, 2]),
            ("TFLite_Detection_PostProcess", &[0, 1], &[2]),
            ("SVDF", &[0, 1, 2, 3], &[4]),
        ] {
            let of = |wanted: Kind, inputs: &[usize]| inputs.iter().all(|input| role(kind, *input).kind == wanted);
            assert!(of(Kind::Weight, weights) && of(Kind::Parameter, parameters), "{kind}");
        }
    }

    #[test]
    fn what_is_not_listed_is_an_operand() {
        assert_eq!([role("CONV_2D", 9), role("SomethingCustom", 1), role("PACK", 3)], [X, X, X]);
    }
}
