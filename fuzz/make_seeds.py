#!/usr/bin/env python3
"""Makes the fuzzer's seeds of the fixtures: fuzz/seeds/tflite, fuzz/seeds/openvino and fuzz/seeds/openvino.bin.

A fuzzer gets on fastest with files of one or two kilobytes that differ from each other. So small fixtures are taken
as they are, and larger ones are taken apart: one file for every operation with the constants behind it, each kind of
operation with each kind of operands once. The constants of all IR seeds lie in one `.bin`, which the target maps once;
a changed offset then leads to another seed's constants. Needs the packages of fixtures/requirements.txt.
"""
import copy
import pathlib
import shutil
import xml.etree.ElementTree as ET

import flatbuffers
from ai_edge_litert import schema_py_generated as s

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEEDS = ROOT / "fuzz" / "seeds"
WHOLE = 1600  # bytes up to which a file is taken as it is
PART = 2400  # bytes up to which a part is
PATTERN = 4096  # bytes of all kinds at the start of the .bin, for constants that are too long to keep
KEPT = 256  # bytes up to which a constant is kept


# TensorFlow Lite

def pack(model):
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def constants_behind(graph, model, tensors):
    """The operators that make the tensors from constants alone, and None where something else comes in."""
    makers = {t: op for op in graph.operators for t in op.outputs}
    found, waiting = [], list(tensors)
    while waiting:
        t = waiting.pop()
        op = makers.get(t)
        if op is None or any(op is one for one in found):
            continue
        if len(found) > 6:
            return None
        found.append(op)
        waiting.extend(i for i in op.inputs if i >= 0)
    inputs = set(graph.inputs)
    leaves = {i for op in found for i in op.inputs if i >= 0 and i not in makers}
    return None if leaves & inputs else found


def tflite_parts(data):
    model = s.ModelT.InitFromPackedBuf(data, 0)
    for graph in model.subgraphs or []:
        for op in graph.operators or []:
            if op.inputs is None or op.outputs is None:
                continue
            ops = []
            for i in op.inputs:
                ops += [one for one in (constants_behind(graph, model, [i] if i >= 0 else []) or []) if not any(one is o for o in ops)]
            ops = ops[::-1] + [op]
            if (op.builtinOptionsType or 0) in (s.BuiltinOptions.IfOptions, s.BuiltinOptions.WhileOptions, s.BuiltinOptions.CallOptions,
                                                s.BuiltinOptions.CallOnceOptions):
                continue
            part = s.ModelT()
            part.version, part.operatorCodes, part.buffers = 3, [], [s.BufferT()]
            small = s.SubGraphT()
            small.tensors, small.operators, small.inputs, small.outputs = [], [], [], []
            place = {}

            def tensor(index):
                if not 0 <= index < len(graph.tensors):
                    return index
                if index in place:
                    return place[index]
                t = copy.deepcopy(graph.tensors[index])
                place[index] = len(small.tensors)
                small.tensors.append(t)
                t.name = f"t{place[index]}"
                buffer = model.buffers[t.buffer] if t.buffer < len(model.buffers) else s.BufferT()
                if buffer.data is not None and len(buffer.data):
                    part.buffers.append(copy.deepcopy(buffer))
                    t.buffer = len(part.buffers) - 1
                else:
                    t.buffer = 0
                details = t.quantization and t.quantization.details
                if hasattr(details, "scales"):
                    details.scales = tensor(details.scales)
                    if details.zeroPoints > 0:
                        details.zeroPoints = tensor(details.zeroPoints)
                return place[index]

            kinds = []
            for one in ops:
                one = copy.deepcopy(one)
                code = copy.deepcopy(model.operatorCodes[one.opcodeIndex])
                part.operatorCodes.append(code)
                one.opcodeIndex = len(part.operatorCodes) - 1
                one.inputs = [tensor(i) for i in one.inputs]
                one.outputs = [tensor(i) for i in one.outputs]
                one.intermediates = [tensor(i) for i in one.intermediates] if one.intermediates is not None else None
                small.operators.append(one)

                def kind(i):
                    if i >= len(small.tensors):
                        return i
                    t = small.tensors[i]
                    q = t.quantization
                    return (t.type, t.buffer != 0, t.sparsity is not None, q is not None and q.scale is not None and len(q.scale) > 1,
                            q and q.detailsType)
                kinds.append((code.builtinCode, code.customCode, tuple(kind(i) for i in one.inputs if i >= 0)))
            small.outputs = [small.operators[-1].outputs[0]] if len(small.operators[-1].outputs) else []
            part.subgraphs = [small]
            yield tuple(kinds), pack(part)


def make_tflite(folder):
    seen = set()
    files = [*(ROOT / "fixtures" / "tflite").glob("*.tflite"), *(ROOT / "fixtures" / "hostile").glob("*.tflite"),
             *(ROOT / "fixtures" / "container").glob("*.*")]
    for path in sorted(files):
        data = path.read_bytes()
        if path.suffix == ".json":
            continue
        limit = 2 * PART if path.parent.name == "container" or any(w in path.stem for w in ("while", "if_", "call", "variable", "sparse")) else WHOLE
        if len(data) <= limit:
            (folder / f"{path.stem}{path.suffix}").write_bytes(data)
        if path.parent.name != "tflite" or len(data) <= WHOLE:
            continue
        for number, (kind, part) in enumerate(tflite_parts(data)):
            if kind not in seen and len(part) <= PART:
                seen.add(kind)
                (folder / f"{path.stem}-{number}.tflite").write_bytes(part)


# OpenVINO IR

class Bin:
    def __init__(self):
        self.bytes = bytearray((n * 37 + n // 256) % 256 for n in range(PATTERN))

    def place(self, data):
        if len(data) > KEPT:
            return 0
        at = self.bytes.find(data, PATTERN)
        if at < 0:
            self.bytes += bytes(-len(self.bytes) % 8)
            at = len(self.bytes)
            self.bytes += data
        return at


def compact(net):
    for element in net.iter():
        element.tail = None
        element.text = (element.text or "").strip() or None
        for port in [p for p in element if element.tag == "input" and p.tag == "port"] if net.get("version") in ("10", "11") else []:
            for dim in port.findall("dim"):
                port.remove(dim)


def move_constants(net, data, bin):
    for element in net.iter():
        if element.get("offset", "").isdigit() and element.get("size", "").isdigit():
            offset, size = int(element.get("offset")), int(element.get("size"))
            if offset + size <= len(data):
                element.set("offset", str(bin.place(bytes(data[offset : offset + size]))))


def ir_parts(net):
    """Every layer that is not made of constants alone, with the constants behind it; and what kind of part it is."""
    layers = net.find("layers")
    edges = net.find("edges")
    if layers is None or edges is None:
        return
    by_id = {layer.get("id"): layer for layer in layers}
    feeding = {}
    for edge in edges:
        feeding.setdefault(edge.get("to-layer"), []).append(edge)
    constant = {}
    for identity in sorted(by_id, key=int):
        kind, sources = by_id[identity].get("type"), feeding.get(identity, [])
        constant[identity] = kind in ("Const", "Constant") or bool(sources) and all(constant.get(e.get("from-layer")) for e in sources)
    for identity, layer in by_id.items():
        if constant[identity] and layer.get("type") != "Result" or layer.get("type") in ("Parameter", "Input"):
            continue
        taken, waiting = [identity], [identity]
        while waiting:
            for edge in feeding.get(waiting.pop(), []):
                source = edge.get("from-layer")
                if constant.get(source) and source not in taken:
                    taken.append(source)
                    waiting.append(source)
        if len(taken) < 2 and layer.find("blobs") is None and layer.find("weights") is None:
            continue
        part = ET.Element("net", {"name": "n", "version": net.get("version")})
        into, edges_into = ET.SubElement(part, "layers"), ET.SubElement(part, "edges")
        numbers = {old: str(new) for new, old in enumerate(sorted(taken, key=int))}
        kinds = []
        for old, new in numbers.items():
            one = copy.deepcopy(by_id[old])
            for info in one.findall("rt_info"):
                one.remove(info)
            for port in one.iter("port"):
                port.attrib.pop("names", None)
                for info in port.findall("rt_info"):
                    port.remove(info)
            one.set("id", new)
            one.set("name", f"l{new}")
            into.append(one)
            values = one.find("data")
            values = {} if values is None else {k: v for k, v in values.attrib.items() if k not in ("shape", "offset", "size")}
            kinds.append((one.get("type"), tuple(values.items())))
            for edge in feeding.get(old, []):
                if edge.get("from-layer") in numbers:
                    ET.SubElement(edges_into, "edge", {"from-layer": numbers[edge.get("from-layer")], "from-port": edge.get("from-port"),
                                                       "to-layer": new, "to-port": edge.get("to-port")})
        yield (net.get("version"), tuple(kinds)), part


def make_openvino(folder):
    bin, seen = Bin(), set()
    files = [*(ROOT / "fixtures" / "ir").glob("*.xml"), *(ROOT / "fixtures" / "legacy").glob("*.xml"), *(ROOT / "fixtures" / "hostile").glob("*.xml"),
             *(ROOT / "assets" / "example").glob("*.xml")]
    for path in sorted(files):
        raw = path.read_bytes()
        if path.parent.name == "hostile":
            if len(raw) <= WHOLE:
                (folder / path.name).write_bytes(raw)
            continue
        try:
            net = ET.fromstring(raw)
        except (ET.ParseError, ValueError):
            continue
        data = path.with_suffix(".bin").read_bytes() if path.with_suffix(".bin").exists() else b""
        compact(net)
        move_constants(net, data, bin)
        whole = ET.tostring(net)
        limit = 3 * PART if any(w in path.stem for w in ("iterator", "bodies", "body", "recurrent")) else PART
        if len(whole) <= limit:
            (folder / path.name).write_bytes(whole)
            continue
        for number, (kind, part) in enumerate(ir_parts(net)):
            text = ET.tostring(part)
            if kind not in seen and len(text) <= limit:
                seen.add(kind)
                (folder / f"{path.stem}-{number}.xml").write_bytes(text)
    (SEEDS / "openvino.bin").write_bytes(bin.bytes)


def main():
    for name, make in (("tflite", make_tflite), ("openvino", make_openvino)):
        folder = SEEDS / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        sizes = sorted(path.stat().st_size for path in folder.iterdir())
        print(f"{name}: {len(sizes)} seeds, {sum(sizes)} bytes, median {sizes[len(sizes) // 2]}, longest {sizes[-1]}")
    print(f"openvino.bin: {(SEEDS / 'openvino.bin').stat().st_size} bytes")


if __name__ == "__main__":
    main()
