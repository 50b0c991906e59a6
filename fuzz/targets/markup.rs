//! Changes to an IR's `.xml` that keep it well formed, so that they reach what lies behind the parser: other
//! values of attributes, other dimensions, elements left out, repeated or moved.

use crate::random::Random;

const TYPES: &str = "f32 f16 bf16 f64 i4 i8 i16 i32 i64 u1 u2 u3 u4 u6 u8 u16 u32 u64 nf4 f4e2m1 f8e4m3 f8e5m2 f8e8m0 boolean string dynamic \
    FP32 FP16 I8 U8 I32 I64 BIN BOOL U4 I4 MIXED UNSPECIFIED";
const KINDS: &str = "Const Parameter Result Convert ConvertLike Add Subtract Multiply Divide Mod FloorMod Power Maximum Minimum SquaredDifference \
    Equal NotEqual Less LessEqual Greater GreaterEqual LogicalAnd LogicalOr LogicalXor LogicalNot Abs Negative Sign Floor Ceiling Sqrt Exp Log \
    Sin Cos Tanh Sigmoid Erf ReLU Relu Clamp Elu Round Gelu Select FakeQuantize FakeConvert Reshape Squeeze Unsqueeze Transpose Concat Split \
    VariadicSplit Slice StridedSlice Reverse ReverseSequence Broadcast Tile Pad Roll DepthToSpace SpaceToDepth Gather GatherElements GatherND \
    ScatterUpdate ScatterElementsUpdate ScatterNDUpdate OneHot ShapeOf Range CumSum MatMul ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd \
    ReduceL1 ReduceL2 ReduceLogicalAnd Convolution GroupConvolution ConvolutionBackpropData GroupConvolutionBackpropData BinaryConvolution \
    DeformableConvolution LSTMCell LSTMSequence GRUCell GRUSequence RNNCell RNNSequence BatchNormInference PReLU MVN Loop TensorIterator If \
    EmbeddingBagOffsetsSum ReadValue Assign Softmax Identity FullyConnected InnerProduct Deconvolution ScaleShift BatchNormalization Eltwise Crop \
    Permute Flatten Normalize Memory Input NormalizeL2 TopK";
const WORDS: &str = "true false 0 1 2 3 -1 -2 0,1 1,0 2,1,0 -1,0 1,1,1,1 numpy none pdpd bidirectional explicit constant edge reflect symmetric \
    half_to_even half_away_from_zero tanh erf forward reverse bidirectional blocks_first depth_first opset1 opset3 opset5 opset8 opset13 opset15 \
    extension mul sum max 1e30 nan inf 0.5 255 256 15 16 2 65536 18446744073709551615 -9223372036854775808 ? ... 1..8";
const NAMES: &str = "special_zero auto_broadcast mode levels axis batch_dims begin_mask end_mask new_axis_mask shrink_axis_mask ellipsis_mask \
    destination_type output_type element_type shape offset size transpose_a transpose_b value power scale shift dim order keep_dims exclusive \
    reverse min max alpha approximation_mode pad_mode hidden_size direction linear_before_reset eps across_channels input output out-size group \
    kernel strides groups type version id precision names num_splits block_size depth";

/// Changes a document; `false` if it is none or the change found nothing to change.
pub fn mutate(bytes: &mut Vec<u8>, random: &mut Random) -> bool {
    let mut is_changed = false;
    for _ in 0..=random.below(3) {
        is_changed |= match random.below(12) {
            0..=4 => change_value(bytes, random),
            5 | 6 => change_dim(bytes, random),
            7 => remove(bytes, random),
            8 => repeat(bytes, random),
            9 => exchange(bytes, random),
            10 => add_attribute(bytes, random),
            _ => rename(bytes, random),
        };
    }
    is_changed
}

/// A place in the document, from and to.
type Span = (usize, usize);

/// The names and values of all attributes.
fn attributes(bytes: &[u8]) -> Vec<(Span, Span)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(equals) = bytes.get(at..).and_then(|rest| rest.windows(2).position(|pair| pair == b"=\"")).map(|offset| at + offset) {
        let start = equals + 2;
        let Some(end) = bytes[start..].iter().position(|byte| *byte == b'"').map(|offset| start + offset) else { break };
        let name = bytes[..equals].iter().rposition(|byte| byte.is_ascii_whitespace()).map_or(equals, |blank| blank + 1);
        found.push(((name, equals), (start, end)));
        at = end + 1;
    }
    found
}

/// A tag's element from its first byte to behind its end, if there is one at `start`.
fn element(bytes: &[u8], start: usize) -> Option<Span> {
    let mut depth = 0usize;
    let mut at = start;
    loop {
        let open = at + bytes.get(at..)?.iter().position(|byte| *byte == b'<')?;
        let end = open + bytes[open..].iter().position(|byte| *byte == b'>')?;
        match (bytes.get(open + 1)?, bytes[end - 1]) {
            (b'/', _) => depth = depth.checked_sub(1)?,
            (b'!' | b'?', _) | (_, b'/') => {}
            _ => depth += 1,
        }
        at = end + 1;
        if depth == 0 {
            return Some((start, at));
        }
    }
}

/// An element other than the root, of any depth.
fn some_element(bytes: &[u8], random: &mut Random) -> Option<Span> {
    let starts: Vec<usize> = bytes
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair[0] == b'<' && pair[1].is_ascii_alphabetic())
        .map(|(at, _)| at)
        .skip(1)
        .collect();
    element(bytes, *random.of(&starts)?)
}

fn word(words: &str, random: &mut Random) -> Vec<u8> {
    let words: Vec<&str> = words.split_whitespace().collect();
    random.of(&words).map_or_else(Vec::new, |word| word.as_bytes().to_vec())
}

fn replace(bytes: &mut Vec<u8>, (start, end): Span, with: &[u8]) -> bool {
    bytes.splice(start..end, with.iter().copied());
    true
}

fn change_value(bytes: &mut Vec<u8>, random: &mut Random) -> bool {
    let all = attributes(bytes);
    let Some(&(name, value)) = random.of(&all) else { return false };
    let text = &bytes[name.0..name.1];
    let with = match text {
        _ if random.below(4) == 0 => {
            // What an attribute of the same name has elsewhere.
            let others: Vec<Span> = all.iter().filter(|(other, _)| bytes[other.0..other.1] == *text).map(|(_, value)| *value).collect();
            random.of(&others).map_or_else(Vec::new, |other| bytes[other.0..other.1].to_vec())
        }
        b"type" => word(KINDS, random),
        b"element_type" | b"destination_type" | b"precision" | b"output_type" => word(TYPES, random),
        b"shape" | b"order" | b"dims" => {
            let dims: Vec<String> = (0..random.below(5)).map(|_| random.number(64).to_string()).collect();
            dims.join(",").into_bytes()
        }
        b"offset" | b"size" => match random.below(4) {
            0 => word(WORDS, random),
            _ => (8 * random.below(3600) + random.below(2)).to_string().into_bytes(),
        },
        b"id" | b"from-layer" | b"to-layer" | b"from-port" | b"to-port" => random.number(8).to_string().into_bytes(),
        _ if random.below(2) == 0 => random.number(64).to_string().into_bytes(),
        _ => word(WORDS, random),
    };
    replace(bytes, value, &with)
}

fn change_dim(bytes: &mut Vec<u8>, random: &mut Random) -> bool {
    let starts: Vec<usize> = bytes.windows(5).enumerate().filter(|(_, tag)| *tag == b"<dim>").map(|(at, _)| at + 5).collect();
    let Some(&start) = random.of(&starts) else { return false };
    let len = bytes[start..].iter().position(|byte| *byte == b'<').unwrap_or(0);
    let with = random.number(64).to_string();
    replace(bytes, (start, start + len), with.as_bytes())
}

fn remove(bytes: &mut Vec<u8>, random: &mut Random) -> bool {
    some_element(bytes, random).is_some_and(|span| replace(bytes, span, b""))
}

fn repeat(bytes: &mut Vec<u8>, random: &mut Random) -> bool {
    let (Some((start, end)), Some((to, _))) = (some_element(bytes, random), some_element(bytes, random)) else { return false };
    let copy = bytes[start..end].to_vec();
    let to = if random.below(2) == 0 { end } else { to };
    replace(bytes, (to, to), &copy)
}

fn exchange(bytes: &mut Vec<u8>, random: &mut Random) -> bool {
    let all = attributes(bytes);
    let (Some(&(_, a)), Some(&(_, b))) = (random.of(&all), random.of(&all)) else { return false };
    let (a, b) = (a.min(b), a.max(b));
    if a.1 > b.0 {
        return false;
    }
    let (first, second) = (bytes[a.0..a.1].to_vec(), bytes[b.0..b.1].to_vec());
    replace(bytes, b, &first);
    replace(bytes, a, &second)
}

fn add_attribute(bytes: &mut Vec<u8>, random: &mut Random) -> bool {
    let Some(&(name, _)) = random.of(&attributes(bytes)) else { return false };
    let mut added = word(NAMES, random);
    added.extend(b"=\"");
    added.extend(word(WORDS, random));
    added.extend(b"\" ");
    replace(bytes, (name.0, name.0), &added)
}

fn rename(bytes: &mut Vec<u8>, random: &mut Random) -> bool {
    let Some(&(name, _)) = random.of(&attributes(bytes)) else { return false };
    let with = word(NAMES, random);
    replace(bytes, name, &with)
}
