#!/usr/bin/env python3
"""Makes assets/fonts/*.ttf: subsets of Inter and JetBrains Mono that the program bundles.

    pip install fonttools
    apt-get download fonts-inter fonts-jetbrains-mono     # Debian 12's are what was used
    for deb in fonts-*.deb; do dpkg-deb -x "$deb" fonts; done
    script/make_fonts.py fonts assets/fonts

Inter comes as CFF outlines and is converted to TrueType ones. Both fonts are under the SIL Open
Font License without a reserved name; the licence texts lie beside the output.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

FONTS = {
    "Inter-Regular": "usr/share/fonts/opentype/inter/Inter-Regular.otf",
    "Inter-SemiBold": "usr/share/fonts/opentype/inter/Inter-SemiBold.otf",
    "JetBrainsMono-Regular": "usr/share/fonts/truetype/jetbrains-mono/JetBrainsMono-Regular.ttf",
}

# Latin, Latin-1, Latin Extended-A, Greek, Cyrillic, punctuation and spaces, superscripts, arrows,
# mathematical operators, the geometric shapes and technical signs that interfaces use.
RANGES = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x218, 0x21B), (0x2B0, 0x2FF), (0x370, 0x3FF), (0x400, 0x45F), (0x1E80, 0x1E9E),
    (0x2000, 0x206F), (0x2070, 0x209F), (0x20AC, 0x20AC), (0x2100, 0x214F), (0x2150, 0x218F), (0x2190, 0x21FF),
    (0x2200, 0x22FF), (0x2300, 0x2335), (0x23CE, 0x23CE), (0x2500, 0x259F), (0x25A0, 0x25FF), (0x2600, 0x2606),
    (0x2713, 0x2717), (0xFFFD, 0xFFFD),
]


def to_truetype(font: TTFont) -> None:
    """Replaces CFF outlines by quadratic ones, at most a thousandth of an em off."""
    if "CFF " not in font:
        return
    glyph_set = font.getGlyphSet()
    glyphs = {}
    for name in font.getGlyphOrder():
        pen = TTGlyphPen(glyph_set)
        glyph_set[name].draw(Cu2QuPen(pen, max_err=font["head"].unitsPerEm / 1000, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font["loca"] = newTable("loca")
    font["glyf"] = glyf = newTable("glyf")
    glyf.glyphOrder = font.getGlyphOrder()
    glyf.glyphs = glyphs
    maxp = font["maxp"]
    maxp.tableVersion = 0x00010000
    for field in ("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs",
                  "maxStackElements", "maxSizeOfInstructions"):
        setattr(maxp, field, 1 if field == "maxZones" else 0)
    post = font["post"]
    post.formatType = 2.0
    post.extraNames, post.mapping, post.glyphOrder = [], {}, font.getGlyphOrder()
    del font["CFF "]
    if "VORG" in font:
        del font["VORG"]
    font.sfntVersion = "\x00\x01\x00\x00"


def make(source: Path, target: Path) -> None:
    options = subset.Options()
    options.layout_features = ["kern"]
    options.hinting = False
    options.glyph_names = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 16, 17]
    options.notdef_outline = True
    options.drop_tables += ["DSIG", "STAT", "meta"]
    options.recalc_bounds = True
    options.recalc_timestamp = False
    font = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    subsetter.subset(font)
    to_truetype(font)
    font["post"].formatType = 3.0
    subset.save_font(font, str(target), options)
    print(f"{target.name}: {target.stat().st_size} bytes, {len(font.getBestCmap())} characters")


def main() -> None:
    unpacked, out = Path(sys.argv[1]), Path(sys.argv[2])
    for name, path in FONTS.items():
        make(unpacked / path, out / f"{name}.ttf")


main()
