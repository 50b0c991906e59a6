#!/usr/bin/env python3
"""Times `weightscope compare` on two generated models of 500 MB each, beside numpy in the same run.

    compare.py [--bin target/release/weightscope] [--folder FOLDER] [--runs 3] [--scale 1.0]

A: 24 fully connected layers, float32, as OpenVINO IR. B: the same network trained on a little (float32, the same layout),
with its kernels transposed, and as int8 with a scale a row. Pairing and all default metrics are Weightscope's part; numpy's
are one `np.max` over both models' values, and the same metrics written in numpy (float64, as the definitions ask for).
Prints a Markdown table of medians. Needs numpy and scipy.
"""
import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

LAYERS = 24


def write_ir(path, matrices, transposed=False, scales=None):
    """A chain of MatMul; with scales the matrices are int8 behind Convert and Multiply."""
    lines, edges, offset = [], [], 0
    dims = lambda shape: "".join(f"<dim>{d}</dim>" for d in shape)

    def layer(kind, name, data, inputs, output, version="opset1"):
        identity = len(lines)
        ports = "".join(f'<port id="{n}" precision="{p}">{dims(s)}</port>' for n, (p, s, _) in enumerate(inputs))
        made = f'<output><port id="{len(inputs)}" precision="{output[0]}">{dims(output[1])}</port></output>' if output else ""
        ports = f"<input>{ports}</input>" if inputs else ""
        lines.append(f'<layer id="{identity}" name="{name}" type="{kind}" version="{version}">{data}{ports}{made}</layer>')
        for n, (_, _, (source, port)) in enumerate(inputs):
            edges.append(f'<edge from-layer="{source}" from-port="{port}" to-layer="{identity}" to-port="{n}"/>')
        return identity, len(inputs)

    with open(path[:-4] + ".bin", "wb") as file:
        def constant(name, element, precision, array):
            nonlocal offset
            file.write(array.tobytes())
            text = ", ".join(map(str, array.shape))
            made = layer("Const", name, f'<data element_type="{element}" shape="{text}" offset="{offset}" size="{array.nbytes}"/>', [],
                         (precision, array.shape))
            offset += array.nbytes
            return made

        side = matrices[0].shape[0]
        x = layer("Parameter", "x", f'<data shape="1,{side}" element_type="f32"/>', [], ("FP32", [1, side]))
        for n, matrix in enumerate(matrices):
            if scales is None:
                w = constant(f"dense_{n}/weight", "f32", "FP32", matrix)
            else:
                w = constant(f"dense_{n}/weight", "i8", "I8", matrix)
                w = layer("Convert", f"dense_{n}/convert", '<data destination_type="f32"/>', [("I8", matrix.shape, w)], ("FP32", matrix.shape))
                s = constant(f"dense_{n}/scale", "f32", "FP32", scales[n])
                w = layer("Multiply", f"dense_{n}/scaled", '<data auto_broadcast="numpy"/>',
                          [("FP32", matrix.shape, w), ("FP32", scales[n].shape, s)], ("FP32", matrix.shape))
            way = "false" if transposed else "true"
            x = layer("MatMul", f"dense_{n}", f'<data transpose_a="false" transpose_b="{way}"/>',
                      [("FP32", [1, side], x), ("FP32", matrix.shape, w)], ("FP32", [1, side]))
        layer("Result", "result", "", [("FP32", [1, side], x)], None)
    with open(path, "w", encoding="utf-8") as file:
        file.write('<?xml version="1.0"?>\n<net name="benchmark" version="11">\n<layers>\n' + "\n".join(lines) + "\n</layers>\n<edges>\n"
                   + "\n".join(edges) + "\n</edges>\n<rt_info/>\n</net>\n")


def mapped(path, side, kind=np.float32):
    return np.memmap(path[:-4] + ".bin", np.uint8, "r")[: LAYERS * side * side * np.dtype(kind).itemsize].view(kind).reshape(LAYERS, side, side)


def maximum(*models):
    """One pass of `np.max` over every model."""
    start = time.perf_counter()
    for model in models:
        for matrix in model:
            np.max(matrix)
    return time.perf_counter() - start


def metrics(a, b):
    """The default columns of the table, as one writes them in numpy."""
    from scipy import stats

    start = time.perf_counter()
    for x, y in zip(a, b):
        x, y = x.astype(np.float64), y.astype(np.float64)
        e = y - x
        xx, yy, xy, ee = (x * x).sum(), (y * y).sum(), (x * y).sum(), (e * e).sum()
        rows = 10 * np.log10((x * x).sum(1) / (e * e).sum(1))
        _ = 10 * np.log10(xx / ee), rows.min(), rows.argmin(), np.sqrt(ee / e.size), abs(e).max(), xy / np.sqrt(xx * yy), xy / xx, stats.kurtosis(x, None)
    return time.perf_counter() - start


def ours(program, a, b):
    start = time.perf_counter()
    done = subprocess.run([program, "compare", a, b], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(done.stderr.decode(errors="replace"))
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.path.join(os.path.dirname(__file__), "..", "target", "release", "weightscope"))
    parser.add_argument("--folder", default=None, help="where the generated files go (a temporary folder)")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of the models' sides, to try the script out")
    a = parser.parse_args()
    program, side = os.path.abspath(a.bin), int(2282 * a.scale)
    with tempfile.TemporaryDirectory(prefix="weightscope-compare-", dir=a.folder) as folder:
        at = lambda name: os.path.join(folder, name + ".xml")
        rng = np.random.default_rng(0)
        first = [rng.standard_normal((side, side), np.float32) * np.float32(0.05) for _ in range(LAYERS)]
        second = [matrix + rng.standard_normal((side, side), np.float32) * np.float32(0.002) for matrix in first]
        write_ir(at("a"), first)
        write_ir(at("b"), second)
        write_ir(at("transposed"), [np.ascontiguousarray(matrix.T) for matrix in second], transposed=True)
        scales = [(abs(matrix).max(1, keepdims=True) / np.float32(127)).astype(np.float32) for matrix in first]
        write_ir(at("int8"), [np.round(matrix / scale).astype(np.int8) for matrix, scale in zip(first, scales)], scales=scales)
        del first, second
        model_a, model_b = mapped(at("a"), side), mapped(at("b"), side)
        names = {"b": "float32, the same layout", "transposed": "float32, kernels transposed", "int8": "int8, a scale a row"}
        taken = {name: [] for name in [*names, "max", "numpy"]}
        ours(program, at("a"), at("b")), maximum(model_a, model_b)
        for _ in range(a.runs):
            for name in names:
                taken[name].append(ours(program, at("a"), at(name)))
            taken["max"].append(maximum(model_a, model_b))
            taken["numpy"].append(metrics(model_a, model_b))
        median = {name: statistics.median(times) for name, times in taken.items()}
        print("| A float32, 500 MB; B | `compare` | times `np.max` over two of 500 MB | numpy's metrics over ours |\n| --- | --- | --- | --- |")
        for name, title in names.items():
            print(f"| {title} | {median[name]:.2f} s | {median[name] / median['max']:.1f} | {median['numpy'] / median[name]:.1f} |")
        print(f"\n`np.max` takes {median['max']:.2f} s, the metrics in numpy {median['numpy']:.1f} s. {a.runs} runs in turn, medians; "
              f"{os.cpu_count()} cores; numpy {np.__version__}, Python {platform.python_version()}; {a.scale:g} of the size.")


if __name__ == "__main__":
    main()
