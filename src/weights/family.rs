//! Families of operations, for colour: what kind of work an operation does.

/// What an operation does, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    Convolution,
    Depthwise,
    /// Matrix products, recurrent cells and tables.
    Matrix,
    Elementwise,
    Activation,
    /// Shapes, data movement, and everything else.
    Movement,
}

impl Family {
    /// The family of an operation by its type's name in any format.
    pub fn of(kind: &str) -> Self {
        let kind = kind.strip_prefix("STABLEHLO_").unwrap_or(kind);
        let name: String = kind.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["DEPTHWISE", "GROUPCONV"]) {
            return Self::Depthwise;
        }
        if has(&["CONV"]) && !has(&["CONVERT"]) {
            return Self::Convolution;
        }
        if has(&["MATMUL", "FULLYCONNECTED", "LSTM", "GRU", "RNN", "SVDF", "EMBEDDING", "GEMM", "DOTGENERAL", "ATTENTION", "EINSUM"]) {
            return Self::Matrix;
        }
        const ACTIVATIONS: [&str; 15] = [
            "RELU",
            "TANH",
            "SIGMOID",
            "LOGISTIC",
            "SOFTMAX",
            "SWISH",
            "GELU",
            "ELU",
            "MISH",
            "CLAMP",
            "HSWISH",
            "HSIGMOID",
            "SOFTPLUS",
            "SELU",
            "HARDSIGMOID",
        ];
        if has(&ACTIVATIONS) {
            return Self::Activation;
        }
        const ELEMENTWISE: [&str; 35] = [
            "ADD",
            "ADDN",
            "SUB",
            "SUBTRACT",
            "MUL",
            "MULTIPLY",
            "DIV",
            "DIVIDE",
            "POW",
            "POWER",
            "SQRT",
            "RSQRT",
            "EXP",
            "LOG",
            "ABS",
            "NEG",
            "MAXIMUM",
            "MINIMUM",
            "SQUAREDDIFFERENCE",
            "BATCHNORMINFERENCE",
            "RMS",
            "SQUARE",
            "RECIPROCAL",
            "NEGATIVE",
            "NEGATE",
            "EXPONENTIAL",
            "FLOOR",
            "CEIL",
            "CEILING",
            "ROUND",
            "SIGN",
            "SIN",
            "COS",
            "FLOORMOD",
            "FLOORDIV",
        ];
        if ELEMENTWISE.contains(&name.as_str()) || has(&["NORMALIZ", "MVN"]) {
            return Self::Elementwise;
        }
        Self::Movement
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Convolution => "convolution",
            Self::Depthwise => "depthwise",
            Self::Matrix => "matrix",
            Self::Elementwise => "elementwise",
            Self::Activation => "activation",
            Self::Movement => "shape and data movement",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_by_type() {
        for (kind, family) in [
            ("CONV_2D", Family::Convolution),
            ("TRANSPOSE_CONV", Family::Convolution),
            ("ConvolutionBackpropData", Family::Convolution),
            ("DEPTHWISE_CONV_2D", Family::Depthwise),
            ("GroupConvolution", Family::Depthwise),
            ("Convert", Family::Movement),
            ("ConvertLike", Family::Movement),
            ("FakeConvert", Family::Movement),
            ("STABLEHLO_CONVERT", Family::Movement),
            ("STABLEHLO_CONVOLUTION", Family::Convolution),
            ("MatMul", Family::Matrix),
            ("UNIDIRECTIONAL_SEQUENCE_LSTM", Family::Matrix),
            ("PRELU", Family::Activation),
            ("Add", Family::Elementwise),
            ("STABLEHLO_MULTIPLY", Family::Elementwise),
            ("FLOOR_MOD", Family::Elementwise),
            ("RMS", Family::Elementwise),
            ("Einsum", Family::Matrix),
            ("AUGRUSequence", Family::Matrix),
            ("SignalWindow", Family::Movement),
            ("RESHAPE", Family::Movement),
            ("PADV2", Family::Movement),
        ] {
            assert_eq!(Family::of(kind), family, "{kind}");
        }
    }
}
