//! How much two layers' names say that they are the same: words that converters keep, weighed by how rare
//! they are.
//!
//! Converters join names, append what they made of a layer and number what had no name. So a name is cut into
//! words at every sign and at every change between letters, capitals and digits; words that only say what
//! kind of thing is there are dropped, numbers are kept.

use std::collections::{BTreeSet, HashMap};

/// The words of one weight: its operation's and its constant's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// The words that tell it, in a fixed order.
    pub set: BTreeSet<String>,
    /// The operation's name as a whole, without signs and kinds.
    pub whole: String,
}

/// How many weights of both models have a word.
#[derive(Clone, Debug, Default)]
pub(super) struct Rarity {
    counts: HashMap<String, u32>,
    total: f64,
}

/// Words that say what something is, not which.
const KINDS: [&str; 62] = [
    "add",
    "bias",
    "biasadd",
    "biases",
    "conv",
    "conv1d",
    "conv2d",
    "conv3d",
    "convolution",
    "constant",
    "const",
    "compressed",
    "convert",
    "depthwise",
    "dense",
    "dequantize",
    "dequantized",
    "fake",
    "fakequantize",
    "fq",
    "fully",
    "fullyconnected",
    "fused",
    "batchnorm",
    "fusedbatchnorm",
    "fusedbatchnormv3",
    "gemm",
    "group",
    "identity",
    "input",
    "kernel",
    "linear",
    "matmul",
    "mul",
    "multiply",
    "nncf",
    "op",
    "output",
    "param",
    "pseudo",
    "qconst",
    "quant",
    "quantize",
    "quantized",
    "read",
    "readvariableop",
    "relu",
    "relu6",
    "reshape",
    "resource",
    "scale",
    "sub",
    "tensor",
    "tfl",
    "transpose",
    "value",
    "variable",
    "weight",
    "weights",
    "without",
    "withoutbiases",
    "activation",
];

impl Words {
    pub fn of(operation: &str, constant: &str) -> Self {
        let first = operation.split(';').find(|part| !part.is_empty()).unwrap_or(operation);
        let set = words(operation).chain(words(constant)).collect();
        Self { set, whole: words(first).collect::<Vec<_>>().join(" ") }
    }
}

impl Rarity {
    pub fn of<'w>(all: impl Iterator<Item = &'w Words>) -> Self {
        let mut rarity = Self::default();
        for words in all {
            rarity.total += 1.0;
            for word in &words.set {
                *rarity.counts.entry(word.clone()).or_default() += 1;
            }
        }
        rarity
    }

    /// 0 where no word is shared, 1 where all that says something is.
    pub fn likeness(&self, a: &Words, b: &Words) -> f64 {
        if a.whole == b.whole && !a.whole.is_empty() {
            return 1.0;
        }
        let weight = |word: &String| ((self.total + 1.0) / f64::from(self.counts.get(word).copied().unwrap_or(1)).max(1.0)).ln().max(0.0);
        let shared: f64 = a.set.intersection(&b.set).map(weight).sum();
        // One side may carry a name more: the poorer of the two has to be explained.
        let of = |words: &Words| words.set.iter().map(weight).sum::<f64>();
        let (least, most) = (of(a).min(of(b)), of(a).max(of(b)));
        if least <= 0.0 { 0.0 } else { 0.6 * shared / least + 0.4 * shared / most }
    }
}

/// The words that tell something.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words: Vec<String> = Vec::new();
    for part in name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
        // `Conv2D` and the like, before digits are cut off.
        if KINDS.contains(&part.to_ascii_lowercase().as_str()) {
            continue;
        }
        let mut word = String::new();
        let mut last: Option<char> = None;
        for c in part.chars() {
            let is_cut =
                last.is_some_and(|last| (last.is_ascii_digit() != c.is_ascii_digit()) || (last.is_lowercase() && c.is_uppercase()));
            if is_cut {
                words.push(std::mem::take(&mut word));
            }
            word.extend(c.to_lowercase());
            last = Some(c);
        }
        words.push(word);
    }
    words.into_iter().filter(|word| !word.is_empty() && !KINDS.contains(&word.as_str())).map(|word| {
        let digits = word.trim_start_matches('0');
        if word.chars().all(|c| c.is_ascii_digit()) && !digits.is_empty() { digits.to_owned() } else { word }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Words {
        Words::of(name, "")
    }

    #[test]
    fn converters_keep_the_words() {
        for (name, expected) in [
            ("model/block1/conv/Relu;model/block1/conv/BiasAdd;model/block1/conv/Conv2D", "model block 1"),
            ("model/block1/conv/Conv2D", "model block 1"),
            ("MobilenetV1/Conv2d_0/Relu6", "mobilenet v 1 0"),
            ("layers.03.attn.weight", "layers 3 attn"),
            ("/layers/3/attn/MatMul", "layers 3 attn"),
        ] {
            assert_eq!(of(name).whole, expected);
        }
        assert_eq!(of("StatefulPartitionedCall/featureExtractor2").whole, "stateful partitioned call feature extractor 2");
    }

    #[test]
    fn rare_words_weigh_more() {
        let all: Vec<Words> = (0..9).map(|number| of(&format!("net/stage{number}/body"))).chain([of("net/head/body")]).collect();
        let rarity = Rarity::of(all.iter());
        let (same, other) =
            (rarity.likeness(&of("net/head/x"), &of("head/body")), rarity.likeness(&of("net/stage1/body"), &of("net/stage2/body")));
        assert!(same > 0.6 && other < 0.4, "{same} {other}");
        assert_eq!(rarity.likeness(&of(""), &of("")), 0.0);
    }
}
