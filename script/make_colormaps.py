#!/usr/bin/env python3
"""Makes assets/colormaps/*.bin: 256 colours a table, three bytes (red, green, blue) a colour.

    pip install matplotlib==3.11.2 cmcrameri==1.10
    script/make_colormaps.py assets/colormaps

The tables are the packages' own, rounded to 8 bits. RdBu, PuOr and roma are turned round, so that
in every diverging map here low (negative) is cool and high (positive) is warm.
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np
from cmcrameri import cm

MATPLOTLIB = {"viridis": "viridis", "cividis": "cividis", "magma": "magma", "inferno": "inferno", "turbo": "turbo",
              "greys": "Greys_r", "rdbu": "RdBu_r", "puor": "PuOr_r"}
CRAMERI = {"batlow": "batlow", "vik": "vik", "broc": "broc", "roma": "roma_r", "berlin": "berlin"}


def main() -> None:
    out = Path(sys.argv[1])
    maps = {ours: matplotlib.colormaps[theirs] for ours, theirs in MATPLOTLIB.items()}
    maps |= {ours: getattr(cm, theirs) for ours, theirs in CRAMERI.items()}
    for name, colours in maps.items():
        assert colours.N == 256, name
        table = np.rint(colours(np.arange(256))[:, :3] * 255).astype(np.uint8)
        (out / f"{name}.bin").write_bytes(table.tobytes())
        print(name, *("#%02x%02x%02x" % tuple(table[i]) for i in (0, 127, 128, 255)))


main()
