"""numpy's part of `benches/stats.rs`: a line a figure, with the seconds that it took."""

import sys
import time
from pathlib import Path

import numpy as np

folder, bins = Path(sys.argv[1]), int(sys.argv[2])


def measure(name, work):
    start = time.perf_counter()
    result = work()
    print(f"numpy {name} {time.perf_counter() - start:.6f}")
    return result


floats = np.fromfile(folder / "floats.bin", np.float32)
floats.max()  # Warm.
measure("min", floats.min)
measure("max", floats.max)
measure("mean", floats.mean)
measure("std", floats.std)
measure("histogram", lambda: np.histogram(floats, bins))
del floats
rows = 1 << 14
stored = np.fromfile(folder / "int8.bin", np.int8)
codes = stored[: 1 << 28].reshape(rows, -1)
scales = stored[1 << 28 :].view(np.float32).reshape(rows, 1)


def dequantise():
    values = codes.astype(np.float32) * scales
    return values.min(), values.max(), values.mean(), values.std(), np.histogram(values, bins)


measure("int8", dequantise)
