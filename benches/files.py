#!/usr/bin/env python3
"""Times the command line on generated files of gigabytes, each figure beside a peer's in the same run.

    files.py tflite|ir [--bin target/release/weightscope] [--folder FOLDER] [--runs 5] [--scale 1.0]

Writes models with random weights into a temporary folder (5 GB for each format), runs every command once to warm the
page cache and then --runs times in turn with its peer, and prints a Markdown table of medians. Needs the packages of
fixtures/requirements.txt: the peers are the runtimes' own readers in Python, and `cp`.
"""
import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

LAYERS = 24
GROUP = 128  # of int4 weights that share a scale


# Models

def write_tflite(path, side, layers=LAYERS):
    """A chain of fully connected layers, int8 per channel, `layers` times `side` by `side` bytes."""
    import flatbuffers
    import numpy as np
    from ai_edge_litert import schema_py_generated as s

    rng = np.random.default_rng(0)
    model, graph = s.ModelT(), s.SubGraphT()
    model.version, model.description = 3, "benchmark"
    code = s.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = s.BuiltinOperator.FULLY_CONNECTED
    model.operatorCodes, model.buffers = [code], [s.BufferT()]
    graph.tensors, graph.operators = [], []

    def tensor(name, kind, shape, data, scales):
        t = s.TensorT()
        t.name, t.type, t.shape = name, kind, np.array(shape, np.int32)
        buffer = s.BufferT()
        buffer.data = None if data is None else data.view(np.uint8).reshape(-1)
        model.buffers.append(buffer)
        t.buffer = len(model.buffers) - 1
        q = s.QuantizationParametersT()
        q.scale, q.zeroPoint = np.array(scales, np.float32), np.zeros(len(scales), np.int64)
        t.quantization = q
        graph.tensors.append(t)
        return len(graph.tensors) - 1

    previous = tensor("x", s.TensorType.INT8, [1, side], None, [0.1])
    graph.inputs = [previous]
    for layer in range(layers):
        kernel = rng.integers(-127, 128, (side, side), np.int8)
        bias = rng.integers(-1000, 1000, side, np.int32)
        scales = rng.uniform(1e-3, 1e-2, side)
        operator = s.OperatorT()
        operator.opcodeIndex = 0
        operator.builtinOptionsType = s.BuiltinOptions.FullyConnectedOptions
        operator.builtinOptions = s.FullyConnectedOptionsT()
        operator.inputs = [previous, tensor(f"dense_{layer}/kernel", s.TensorType.INT8, [side, side], kernel, scales),
                           tensor(f"dense_{layer}/bias", s.TensorType.INT32, [side], bias, scales * 0.1)]
        previous = tensor(f"dense_{layer}", s.TensorType.INT8, [1, side], None, [0.1])
        operator.outputs = [previous]
        graph.operators.append(operator)
    graph.outputs = [previous]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(layers * side * side + (1 << 20))
    builder.Finish(model.Pack(builder), b"TFL3")
    with open(path, "wb") as file:
        file.write(builder.Output())


def write_ir(path, side, kind, layers=LAYERS):
    """A chain of MatMul layers behind Convert and Multiply: i8 with a scale a row, or u4 in groups of 128."""
    import numpy as np

    rng = np.random.default_rng(0)
    lines, edges, offset, ids = [], [], 0, iter(range(1 << 20))

    def layer(kind, name, data, inputs, outputs, version="opset1"):
        identity = next(ids)
        ports = "".join(f'<port id="{n}" precision="{p}">{dims(s)}</port>' for n, (p, s, _) in enumerate(inputs))
        made = "".join(f'<port id="{len(inputs)}" precision="{p}">{dims(s)}</port>' for p, s in outputs)
        ports = f"<input>{ports}</input>" if inputs else ""
        made = f"<output>{made}</output>" if outputs else ""
        lines.append(f'<layer id="{identity}" name="{name}" type="{kind}" version="{version}">{data}{ports}{made}</layer>')
        for n, (_, _, source) in enumerate(inputs):
            edges.append(f'<edge from-layer="{source[0]}" from-port="{source[1]}" to-layer="{identity}" to-port="{n}"/>')
        return identity, len(inputs)

    def dims(shape):
        return "".join(f"<dim>{d}</dim>" for d in shape)

    with open(path[:-4] + ".bin", "wb") as bin_file:
        def constant(name, element, precision, shape, data):
            nonlocal offset
            bin_file.write(data.tobytes())
            text = ", ".join(map(str, shape))
            made = layer("Const", name, f'<data element_type="{element}" shape="{text}" offset="{offset}" size="{data.nbytes}"/>', [],
                         [(precision, shape)])
            offset += data.nbytes
            return made

        x = layer("Parameter", "x", f'<data shape="1,{side}" element_type="f32"/>', [], [("FP32", [1, side])])
        for n in range(layers):
            name = f"dense_{n}"
            if kind == "i8":
                shape, precision, scales = [side, side], "I8", [side, 1]
                stored = rng.integers(-127, 128, (side, side), np.int8)
            else:
                shape, precision, scales = [side, side // GROUP, GROUP], "U4", [side, side // GROUP, 1]
                stored = rng.integers(0, 256, side * side // 2, np.uint8)
            w = constant(f"{name}/weight", kind, precision, shape, stored)
            w = layer("Convert", f"{name}/weight/to_f16", '<data destination_type="f16"/>', [(precision, shape, w)], [("FP16", shape)])
            if kind == "u4":
                z = constant(f"{name}/weight/zero_point", "u4", "U4", scales, rng.integers(0, 256, side * side // GROUP // 2, np.uint8))
                z = layer("Convert", f"{name}/weight/zero_point/to_f16", '<data destination_type="f16"/>', [("U4", scales, z)],
                          [("FP16", scales)])
                w = layer("Subtract", f"{name}/weight/zero_point/subtract", '<data auto_broadcast="numpy"/>',
                          [("FP16", shape, w), ("FP16", scales, z)], [("FP16", shape)])
            s = constant(f"{name}/weight/scale", "f16", "FP16", scales, rng.uniform(1e-3, 1e-2, scales).astype(np.float16))
            w = layer("Multiply", f"{name}/weight/scaled", '<data auto_broadcast="numpy"/>', [("FP16", shape, w), ("FP16", scales, s)],
                      [("FP16", shape)])
            if kind == "u4":
                t = constant(f"{name}/weight/shape", "i64", "I64", [2], np.array([side, side], np.int64))
                w = layer("Reshape", f"{name}/weight/reshape", '<data special_zero="false"/>', [("FP16", shape, w), ("I64", [2], t)],
                          [("FP16", [side, side])])
            w = layer("Convert", f"{name}/weight/to_f32", '<data destination_type="f32"/>', [("FP16", [side, side], w)],
                      [("FP32", [side, side])])
            x = layer("MatMul", name, '<data transpose_a="false" transpose_b="true"/>', [("FP32", [1, side], x), ("FP32", [side, side], w)],
                      [("FP32", [1, side])])
        layer("Result", "result", "", [("FP32", [1, side], x)], [])
    with open(path, "w", encoding="utf-8") as file:
        file.write('<?xml version="1.0"?>\n<net name="benchmark" version="11">\n<layers>\n' + "\n".join(lines) + "\n</layers>\n<edges>\n"
                   + "\n".join(edges) + "\n</edges>\n<rt_info/>\n</net>\n")


# Measuring

def once(command, clean=()):
    """Seconds of one run."""
    for path in clean:
        if os.path.exists(path):
            os.remove(path)
    start = time.perf_counter()
    process = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    seconds = time.perf_counter() - start
    if process.returncode != 0:
        sys.exit(f"{command}: {process.stderr.decode(errors='replace')}")
    return seconds


def memory(command, clean=()):
    """The least limit of memory in MiB that the command does its work in, of a few: heap, stacks and all other private
    pages that can be written to (RLIMIT_DATA), whether they are touched or not; pages of mapped files are not in it."""
    for limit in (2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024):
        for path in clean:
            if os.path.exists(path):
                os.remove(path)
        lower = lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit << 20, limit << 20))
        # A backtrace needs memory of its own; without it, what does not fit ends at once.
        environment = {**os.environ, "RUST_BACKTRACE": "0"}
        done = subprocess.run(command, preexec_fn=lower, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        if done.returncode == 0:
            return limit
    return float("inf")


def together(runs, *commands):
    """Medians of several commands, run in turn; each is (command, files to remove before it)."""
    for command in commands:
        once(*command)
    taken = [[] for _ in commands]
    for _ in range(runs):
        for measured, command in zip(taken, commands):
            measured.append(once(*command))
    return [statistics.median(measured) for measured in taken]


def row(what, ours, peak, peer_name, peer, limit):
    print(f"| {what} | {ours * 1e3:.0f} ms | at most {peak} MiB | {peer_name} | {peer * 1e3:.0f} ms | {ours / peer:.2f} | {limit} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("format", choices=["tflite", "ir"])
    parser.add_argument("--bin", default=os.path.join(os.path.dirname(__file__), "..", "target", "release", "weightscope"))
    parser.add_argument("--folder", default=None, help="where the generated files go (a temporary folder)")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of the models' sides, to try the script out")
    parser.add_argument("--write", metavar="FOLDER", help=argparse.SUPPRESS)  # what the script calls itself for
    a = parser.parse_args()
    side = lambda full: int(full * a.scale) // GROUP * GROUP
    extension = ".tflite" if a.format == "tflite" else ".xml"
    if a.write:
        small, big, middle = (os.path.join(a.write, name + extension) for name in ("small", "big", "middle"))
        if a.format == "tflite":
            write_tflite(small, 256)
            write_tflite(big, side(7936))
            write_tflite(middle, side(8192), 4)
        else:
            write_ir(small, 256, "i8")
            write_ir(big, side(9216), "i8")
            write_ir(middle, side(8192), "u4", 4)
        return
    weightscope = os.path.abspath(a.bin)
    folder = tempfile.mkdtemp(prefix="weightscope-bench-", dir=a.folder)
    at = lambda name: os.path.join(folder, name)
    try:
        # In a process of its own, so that this one stays small: what is started from a large one starts slowly.
        subprocess.run([sys.executable, __file__, a.format, "--scale", str(a.scale), "--write", folder], check=True)
        small, big, middle = (at(name + extension) for name in ("small", "big", "middle"))
        if a.format == "tflite":
            reader = "from ai_edge_litert.interpreter import Interpreter; Interpreter(%r).get_tensor_details()"
            reader_name = "`Interpreter(...).get_tensor_details()`"
        else:
            reader = "import openvino; openvino.Core().read_model(%r)"
            reader_name = "`openvino.Core().read_model(...)`"
        weights = lambda path: os.path.getsize(path[:-4] + ".bin" if path.endswith(".xml") else path)
        size = lambda path: f"{weights(path) / 1e9:.2f} GB" if weights(path) > 1e8 else f"{weights(path) / 1e6:.1f} MB"
        inspect = lambda path, *more: ([weightscope, "inspect", path, *more],)
        python = lambda path: ([sys.executable, "-c", reader % path],)

        print("| what | Weightscope | memory over the map | beside | it takes | ratio | limit |\n| --- | --- | --- | --- | --- | --- | --- |")
        of_big, of_small, json_big, json_small, peer = together(
            a.runs, inspect(big), inspect(small), inspect(big, "--json"), inspect(small, "--json"), python(big))
        same = f"the same graph with {size(small)}"
        peaks = [memory(*inspect(big, *more)) for more in ((), ("--json",))]
        row(f"`inspect`, {size(big)}", of_big, peaks[0], same, of_small, "2; 64 MiB")
        row(f"`inspect`, {size(big)}", of_big, peaks[0], reader_name, peer, "0.1")
        row(f"`inspect --json`, {size(big)}", json_big, peaks[1], same, json_small, "none (it lists every scale); 64 MiB")
        row(f"`inspect --json`, {size(big)}", json_big, peaks[1], reader_name, peer, "none")

        result, copy = at("weights.npz"), at("copy.npz")
        extract = ([weightscope, "extract", middle, "--role", "kernel", "-o", result], (result, at("weights.json")))
        of_extract, of_copy = together(a.runs, extract, (["cp", result, copy], (copy,)))
        written = os.path.getsize(result) / 1e9
        row(f"`extract`, {size(middle)} to {written:.2f} GB of float32", of_extract, memory(*extract), "`cp` of the result", of_copy, "2")
        print(f"\n{a.runs} runs each, medians; {os.cpu_count()} cores; Python {platform.python_version()}.")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
