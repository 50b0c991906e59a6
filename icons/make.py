#!/usr/bin/env python3
"""Make what is derived from the drawings in this folder.

    python3 icons/make.py

From weightscope.svg: weightscope-SIZE.png and weightscope.ico. Needs rsvg-convert (Debian: librsvg2-bin).
From glyphs/*.svg: src/gui/widgets/glyph.rs, the glyphs as polylines and circles, since the window draws them with
its own painter. Needs rustfmt.

A glyph may hold <path> with absolute M L H V C Z commands, <line>, and <circle>; everything is stroked
1.5 wide on a grid of 16, but a circle with fill="currentColor" is a dot.
"""
import math
import re
import struct
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ICONS = Path(__file__).resolve().parent
RUST = ICONS.parent / "src" / "gui" / "widgets" / "glyph.rs"

PNG_SIZES = [16, 32, 48, 64, 128, 256, 512]
ICO_SIZES = [16, 32, 48, 256]

GRID = 16
STROKE = "1.5"
# How far a flattened curve may lie from the true one, in units of the grid: a twentieth of a pixel
# where a unit is four pixels.
TOLERANCE = 0.0125


def main():
    for size in PNG_SIZES:
        subprocess.run(["rsvg-convert", "-w", str(size), "-h", str(size), "-o", png(size), ICONS / "weightscope.svg"], check=True)
    (ICONS / "weightscope.ico").write_bytes(ico([(size, png(size).read_bytes()) for size in ICO_SIZES]))
    glyphs = [(path.stem, parts(path)) for path in sorted(ICONS.glob("glyphs/*.svg"))]
    RUST.parent.mkdir(parents=True, exist_ok=True)
    RUST.write_text(rust(glyphs), encoding="utf-8")
    subprocess.run(["rustfmt", "--edition", "2024", RUST], check=True)


def png(size):
    return ICONS / f"weightscope-{size}.png"


def ico(images):
    """An .ico of PNG images: the header, an entry of 16 bytes for each image, the images."""
    entries, offset = b"", 6 + 16 * len(images)
    for size, data in images:
        # A side of 256 is written as 0.
        entries += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(data), offset)
        offset += len(data)
    return struct.pack("<HHH", 0, 1, len(images)) + entries + b"".join(data for _, data in images)


def parts(path):
    """The drawing as a list of ("Line" or "Loop", points), ("Circle" or "Dot", centre, radius)."""
    root = ElementTree.parse(path).getroot()
    expected = {"viewBox": f"0 0 {GRID} {GRID}", "fill": "none", "stroke-width": STROKE, "stroke-linecap": "round", "stroke-linejoin": "round"}
    for name, value in expected.items():
        if root.get(name) != value:
            raise SystemExit(f"{path.name}: {name} must be {value!r}")
    found = []
    for element in root:
        tag = element.tag.split("}")[-1]
        if tag == "path":
            found += path_parts(element.get("d"), path.name)
        elif tag == "line":
            x1, y1, x2, y2 = (float(element.get(name)) for name in ("x1", "y1", "x2", "y2"))
            found.append(("Line", [(x1, y1), (x2, y2)]))
        elif tag == "circle":
            cx, cy, r = (float(element.get(name)) for name in ("cx", "cy", "r"))
            found.append(("Dot" if element.get("fill") == "currentColor" else "Circle", (cx, cy), r))
        else:
            raise SystemExit(f"{path.name}: <{tag}> is not drawn by the window")
    return found


def path_parts(data, name):
    found, points, numbers = [], [], iter(())

    def end(kind):
        if points:
            found.append((kind, list(points)))
            points.clear()

    for command, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", data):
        numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+", rest)]
        if command == "M":
            end("Line")
            points.append((numbers[0], numbers[1]))
        elif command == "L":
            points.extend(zip(numbers[::2], numbers[1::2]))
        elif command == "H":
            points.append((numbers[0], points[-1][1]))
        elif command == "V":
            points.append((points[-1][0], numbers[0]))
        elif command == "C":
            points.extend(flatten(points[-1], *zip(numbers[::2], numbers[1::2])))
        elif command == "Z":
            if points[0] == points[-1]:
                points.pop()
            end("Loop")
        else:
            raise SystemExit(f"{name}: the path command {command} is not drawn by the window")
    end("Line")
    return found


def flatten(start, control1, control2, end):
    """Points along a cubic after its start, evenly in the parameter, close enough to the curve.

    n segments deviate by at most max|B''| / (8 n^2), and B'' is largest at an end of the cubic.
    """
    second = [math.dist((0, 0), [a - 2 * b + c for a, b, c in zip(*three)]) for three in ((start, control1, control2), (control1, control2, end))]
    count = max(1, math.ceil(math.sqrt(6 * max(second) / (8 * TOLERANCE))))
    for step in range(1, count + 1):
        t = step / count
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
        yield tuple(sum(w * p[axis] for w, p in zip(weights, (start, control1, control2, end))) for axis in (0, 1))


def rust(glyphs):
    def number(value):
        text = f"{value:.3f}".rstrip("0")
        return text + "0" if text.endswith(".") else text

    def point(xy):
        return f"[{number(xy[0])}, {number(xy[1])}]"

    def part(kind, *rest):
        if kind in ("Line", "Loop"):
            return f"Part::{kind}(&[{', '.join(point(xy) for xy in rest[0])}])"
        return f"Part::{kind} {{ center: {point(rest[0])}, radius: {number(rest[1])} }}"

    names = [("".join(word.title() for word in name.split("-")), name, drawn) for name, drawn in glyphs]
    lines = [
        "//! The interface glyphs as the painter's lines and circles.",
        "//!",
        "//! @generated from the drawings in `icons/glyphs/` by `icons/make.py`; change those instead.",
        "",
        "/// The side of the square that every glyph is drawn in; y points down.",
        f"pub const GRID: f32 = {GRID}.0;",
        "",
        "/// The width of every stroke, in units of the grid; ends and joins are round.",
        f"pub const STROKE: f32 = {STROKE};",
        "",
        "/// A piece of a glyph, in units of the grid.",
        "#[derive(Clone, Copy, Debug, PartialEq)]",
        "pub enum Part {",
        "/// A stroke through points.",
        "Line(&'static [[f32; 2]]),",
        "/// A stroke through points and back to the first.",
        "Loop(&'static [[f32; 2]]),",
        "/// A stroked circle; the radius is to the middle of the stroke.",
        "Circle { center: [f32; 2], radius: f32 },",
        "/// A filled circle without a stroke.",
        "Dot { center: [f32; 2], radius: f32 },",
        "}",
        "",
        "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]",
        "pub enum Glyph {",
        *(f"{variant}," for variant, _, _ in names),
        "}",
        "",
        "impl Glyph {",
        f"pub const ALL: [Self; {len(names)}] = [{', '.join('Self::' + variant for variant, _, _ in names)}];",
        "",
        "/// What the glyph is made of, in the order of drawing.",
        "pub fn parts(self) -> &'static [Part] {",
        "match self {",
        *(f"Self::{variant} => &[{', '.join(part(*piece) for piece in drawn)}]," for variant, _, drawn in names),
        "}",
        "}",
        "}",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
