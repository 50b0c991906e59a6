//! Graphs like those of real models, of any size, the same every time.

use weightscope::layout::{LayoutGraph, NodeSize};

/// A graph under construction: operations in file order, each with what it reads.
#[derive(Default)]
pub struct Builder {
    graph: LayoutGraph,
}

impl Builder {
    /// An operation that reads the outputs of others; `rows` of text below its title. Each operation
    /// has one output, which is one line.
    pub fn add(&mut self, inputs: &[u32], rows: u32) -> u32 {
        let node = self.graph.nodes.len() as u32;
        self.graph.nodes.push(NodeSize { width: 244.0, height: 34.0 + 18.0 * f64::from(rows) });
        let mut inputs = inputs.to_vec();
        inputs.sort_unstable();
        inputs.dedup();
        for input in inputs {
            self.graph.edges.push((input, node));
            self.graph.lines.push(input);
        }
        node
    }

    /// One operation after another.
    fn chain(&mut self, mut last: u32, operations: u32, rows: u32) -> u32 {
        for _ in 0..operations {
            last = self.add(&[last], rows);
        }
        last
    }

    fn len(&self) -> usize {
        self.graph.nodes.len()
    }
}

/// A decoder with rotary embeddings: every layer reads one attention mask and one pair of tables.
pub fn transformer(operations: usize) -> LayoutGraph {
    let mut b = Builder::default();
    let (tokens, raw_mask, positions) = (b.add(&[], 0), b.add(&[], 0), b.add(&[], 0));
    let mask = b.chain(raw_mask, 4, 0);
    let angles = b.chain(positions, 2, 0);
    let (cos, sin) = (b.add(&[angles], 0), b.add(&[angles], 0));
    let mut x = b.add(&[tokens], 1);
    while b.len() + 60 < operations {
        let normed = norm(&mut b, x);
        let [q, k, v] = [0; 3].map(|_| {
            let projected = b.add(&[normed], 1);
            b.chain(projected, 2, 0)
        });
        let [q, k] = [q, k].map(|x| rotary(&mut b, x, cos, sin));
        let k = b.add(&[k], 0);
        let scores = b.add(&[q, k], 0);
        let scaled = b.add(&[scores], 0);
        let masked = b.add(&[scaled, mask], 0);
        let weights = b.add(&[masked], 0);
        let mixed = b.add(&[weights, v], 0);
        let joined = b.chain(mixed, 2, 0);
        let projected = b.add(&[joined], 1);
        let attended = b.add(&[x, projected], 0);
        let normed = norm(&mut b, attended);
        let (gate, up) = (b.add(&[normed], 1), b.add(&[normed], 1));
        let sigmoid = b.add(&[gate], 0);
        let silu = b.add(&[gate, sigmoid], 0);
        let product = b.add(&[silu, up], 0);
        let down = b.add(&[product], 1);
        x = b.add(&[attended, down], 0);
    }
    let normed = norm(&mut b, x);
    b.add(&[normed], 1);
    b.graph
}

/// x²'s mean, its root, and x divided by it, as converters write it out.
fn norm(b: &mut Builder, x: u32) -> u32 {
    let square = b.add(&[x], 0);
    let mean = b.chain(square, 3, 0);
    let scaled = b.add(&[x, mean], 0);
    b.add(&[scaled], 1)
}

fn rotary(b: &mut Builder, x: u32, cos: u32, sin: u32) -> u32 {
    let (first, second) = (b.add(&[x], 0), b.add(&[x], 0));
    let negated = b.add(&[second], 0);
    let turned = b.add(&[negated, first], 0);
    let (a, c) = (b.add(&[x, cos], 0), b.add(&[turned, sin], 0));
    b.add(&[a, c], 0)
}

/// A chain of convolutions; skips of several lengths that overlap, and now and then a wide block.
pub fn convolutions(operations: usize) -> LayoutGraph {
    let mut b = Builder::default();
    let mut x = b.add(&[], 0);
    let mut outputs = vec![x];
    while b.len() + 16 < operations {
        let block = outputs.len();
        let convolved = b.chain(x, 2, 3);
        let activated = b.chain(convolved, 1, 0);
        let mut joined = vec![activated, x];
        if block.is_multiple_of(3) {
            joined.push(outputs[block.saturating_sub(4)]);
        }
        x = b.add(&joined, 0);
        if block.is_multiple_of(8) {
            let branches: Vec<u32> = (1..=4).map(|depth| b.chain(x, depth, 3)).collect();
            x = b.add(&branches, 0);
        }
        outputs.push(x);
    }
    b.graph
}

/// A vision transformer with windows, as converters write it: each head by itself, normalisation and
/// activation taken apart, shapes computed at run time, windows shifted by slices.
pub fn vision(operations: usize) -> LayoutGraph {
    const HEADS: usize = 12;
    let mut b = Builder::default();
    let image = b.add(&[], 0);
    let patches = b.add(&[image], 3);
    let mut x = b.chain(patches, 2, 0);
    while b.len() + 260 < operations {
        let normed = layer_norm(&mut b, x);
        let shape = b.add(&[normed], 0);
        let sizes: Vec<u32> = (0..3)
            .map(|_| {
                let size = b.add(&[shape], 0);
                b.add(&[size], 0)
            })
            .collect();
        let target = b.add(&sizes, 0);
        let folded = b.add(&[normed, target], 0);
        let shifted = shift(&mut b, folded);
        let windows = b.chain(shifted, 3, 0);
        let [q, k, v] = [0; 3].map(|_| {
            let product = b.add(&[windows], 1);
            let biased = b.add(&[product], 1);
            b.add(&[biased, target], 0)
        });
        let heads: Vec<u32> = (0..HEADS)
            .map(|_| {
                let [q, k, v] = [q, k, v].map(|x| b.add(&[x], 0));
                let turned = b.add(&[k], 0);
                let scores = b.add(&[q, turned], 0);
                let scaled = b.add(&[scores], 0);
                let biased = b.add(&[scaled], 1);
                let weights = b.add(&[biased], 0);
                b.add(&[weights, v], 0)
            })
            .collect();
        let joined = b.add(&heads, 0);
        let projected = b.chain(joined, 2, 1);
        let merged = b.chain(projected, 3, 0);
        let back = shift(&mut b, merged);
        let unfolded = b.add(&[back, target], 0);
        let attended = b.add(&[x, unfolded], 0);
        let normed = layer_norm(&mut b, attended);
        let wide = b.chain(normed, 2, 1);
        let active = gelu(&mut b, wide);
        let narrow = b.chain(active, 2, 1);
        x = b.add(&[attended, narrow], 0);
    }
    let pooled = b.add(&[x], 0);
    b.add(&[pooled], 1);
    b.graph
}

fn layer_norm(b: &mut Builder, x: u32) -> u32 {
    let mean = b.add(&[x], 0);
    let centred = b.add(&[x, mean], 0);
    let square = b.add(&[centred], 0);
    let deviation = b.chain(square, 3, 0);
    let normed = b.add(&[centred, deviation], 0);
    b.chain(normed, 2, 1)
}

fn gelu(b: &mut Builder, x: u32) -> u32 {
    let error = b.chain(x, 3, 0);
    let product = b.add(&[x, error], 0);
    b.add(&[product], 0)
}

fn shift(b: &mut Builder, x: u32) -> u32 {
    let parts = [b.add(&[x], 0), b.add(&[x], 0)];
    let rolled = b.add(&parts, 0);
    let parts = [b.add(&[rolled], 0), b.add(&[rolled], 0)];
    b.add(&parts, 0)
}
