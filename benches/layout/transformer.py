#!/usr/bin/env python3
"""Writes a transformer as an OpenVINO IR, to look at its graph: rotary embeddings, one attention mask for all layers.

    transformer.py OUT.xml [--layers 12] [--flat-names] [--int8]

The weights are random and small; names are those of PyTorch's modules, or with --flat-names numbered types alone.
Needs the package `openvino` (fixtures/requirements.txt).
"""
import argparse

import numpy as np
import openvino as ov
from openvino import opset13 as op

HIDDEN, HEADS, WIDE, WORDS = 64, 4, 160, 256


class Writer:
    def __init__(self, flat_names, int8):
        self.rng = np.random.default_rng(0)
        self.flat_names, self.int8, self.count = flat_names, int8, 0

    def named(self, node, name):
        self.count += 1
        node.set_friendly_name(f"{node.get_type_name()}_{self.count}" if self.flat_names else name)
        return node

    def constant(self, values):
        return op.constant(np.asarray(values))

    def linear(self, x, rows, columns, name):
        if self.int8:
            stored = self.constant(self.rng.integers(-127, 128, (rows, columns), np.int8))
            scale = self.constant(self.rng.uniform(1e-3, 1e-2, (rows, 1)).astype(np.float32))
            wide = self.named(op.convert(stored, ov.Type.f32), f"{name}.weight/Convert")
            weight = self.named(op.multiply(wide, scale), f"{name}.weight/Multiply")
        else:
            weight = self.constant(self.rng.normal(0, 0.05, (rows, columns)).astype(np.float32))
        return self.named(op.matmul(x, weight, False, True), f"{name}/MatMul")

    def norm(self, x, name):
        square = self.named(op.power(x, self.constant(np.float32(2))), f"{name}/Power")
        mean = self.named(op.reduce_mean(square, self.constant([-1]), True), f"{name}/ReduceMean")
        safe = self.named(op.add(mean, self.constant(np.float32(1e-6))), f"{name}/Add")
        root = self.named(op.sqrt(safe), f"{name}/Sqrt")
        divided = self.named(op.divide(x, root), f"{name}/Divide")
        return self.named(op.multiply(divided, self.constant(np.ones(HIDDEN, np.float32))), f"{name}/Multiply")

    def rotary(self, x, cos, sin, name):
        halves = [self.named(op.slice(x, self.constant([at]), self.constant([at + 8]), self.constant([1]), self.constant([3])),
                             f"{name}/Slice_{at}") for at in (0, 8)]
        turned = self.named(op.negative(halves[1]), f"{name}/Negative")
        swapped = self.named(op.concat([turned, halves[0]], -1), f"{name}/Concat")
        return self.named(op.add(self.named(op.multiply(x, cos), f"{name}/Multiply"),
                                 self.named(op.multiply(swapped, sin), f"{name}/Multiply_1")), f"{name}/Add")

    def heads(self, x, name):
        split = self.named(op.reshape(x, self.constant([0, 0, HEADS, HIDDEN // HEADS]), True), f"{name}/Reshape")
        return self.named(op.transpose(split, self.constant([0, 2, 1, 3])), f"{name}/Transpose")

    def layer(self, x, mask, cos, sin, name):
        attention = f"{name}.self_attn"
        normed = self.norm(x, f"{name}.input_layernorm")
        q, k, v = [self.heads(self.linear(normed, HIDDEN, HIDDEN, f"{attention}.{part}_proj"), f"{attention}.{part}_proj")
                   for part in "qkv"]
        q, k = [self.rotary(part, cos, sin, f"{attention}.rotary_{which}") for part, which in ((q, "q"), (k, "k"))]
        scores = self.named(op.matmul(q, k, False, True), f"{attention}/MatMul")
        scaled = self.named(op.multiply(scores, self.constant(np.float32(0.25))), f"{attention}/Multiply")
        masked = self.named(op.add(scaled, mask), f"{attention}/Add")
        weights = self.named(op.softmax(masked, -1), f"{attention}/Softmax")
        mixed = self.named(op.matmul(weights, v, False, False), f"{attention}/MatMul_1")
        joined = self.named(op.transpose(mixed, self.constant([0, 2, 1, 3])), f"{attention}/Transpose")
        flat = self.named(op.reshape(joined, self.constant([0, 0, HIDDEN]), True), f"{attention}/Reshape")
        x = self.named(op.add(x, self.linear(flat, HIDDEN, HIDDEN, f"{attention}.o_proj")), f"{name}/Add")
        normed = self.norm(x, f"{name}.post_attention_layernorm")
        gate = self.named(op.swish(self.linear(normed, WIDE, HIDDEN, f"{name}.mlp.gate_proj")), f"{name}.mlp/Swish")
        product = self.named(op.multiply(gate, self.linear(normed, WIDE, HIDDEN, f"{name}.mlp.up_proj")), f"{name}.mlp/Multiply")
        return self.named(op.add(x, self.linear(product, HIDDEN, WIDE, f"{name}.mlp.down_proj")), f"{name}/Add_1")

    def model(self, layers):
        tokens = op.parameter([1, -1], ov.Type.i64, name="input_ids")
        mask = op.parameter([1, -1], ov.Type.i64, name="attention_mask")
        positions = op.parameter([1, -1], ov.Type.i64, name="position_ids")
        table = self.constant(self.rng.normal(0, 1, (WORDS, HIDDEN)).astype(np.float32))
        x = self.named(op.gather(table, tokens, self.constant(0)), "model.embed_tokens/Gather")
        wide = self.named(op.unsqueeze(self.named(op.convert(mask, ov.Type.f32), "model/Convert"), self.constant([1, 2])), "model/Unsqueeze")
        bias = self.named(op.multiply(self.named(op.subtract(wide, self.constant(np.float32(1))), "model/Subtract"),
                                      self.constant(np.float32(1e9))), "model/Multiply")
        place = self.named(op.unsqueeze(self.named(op.convert(positions, ov.Type.f32), "model.rotary_emb/Convert"), self.constant([1, 3])),
                           "model.rotary_emb/Unsqueeze")
        angles = self.named(op.multiply(place, self.constant(np.logspace(0, -4, 16).astype(np.float32))), "model.rotary_emb/Multiply")
        cos, sin = self.named(op.cos(angles), "model.rotary_emb/Cos"), self.named(op.sin(angles), "model.rotary_emb/Sin")
        for index in range(layers):
            x = self.layer(x, bias, cos, sin, f"model.layers.{index}")
        logits = self.linear(self.norm(x, "model.norm"), WORDS, HIDDEN, "lm_head")
        return ov.Model([op.result(logits, name="logits")], [tokens, mask, positions], "transformer")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--flat-names", action="store_true")
    parser.add_argument("--int8", action="store_true", help="linear layers behind Convert and Multiply")
    a = parser.parse_args()
    ov.save_model(Writer(a.flat_names, a.int8).model(a.layers), a.output, compress_to_fp16=False)


if __name__ == "__main__":
    main()
