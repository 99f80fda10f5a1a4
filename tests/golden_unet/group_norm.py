"""Writes the golden case unet/op_groupnorm_4, and its lines of the index: in 4 groups, in f64 by the formula.

    python3 tests/golden_unet/group_norm.py tests/golden
"""

import hashlib
import json
import pathlib
import struct
import sys

import numpy as np

CASE = "op_groupnorm_4"
GROUPS, EPS = 4, 1e-5
# Of x: shape, deviation and mean.
ENTRIES = [((2, 8, 4, 5), 1.0, 0.0), ((3, 16, 3, 3), 0.003, 0.0), ((1, 24, 2, 4), 0.5, 20.0), ((2, 4, 3, 7), 1.0, -1.0)]
TYPES = {"float32": "F32", "float64": "F64"}


def group_norm(x, weight, bias):
    groups = x.reshape(x.shape[0], GROUPS, -1)
    mean = groups.mean(axis=2, keepdims=True)
    variance = ((groups - mean) ** 2).mean(axis=2, keepdims=True)
    normal = ((groups - mean) / np.sqrt(variance + EPS)).reshape(x.shape)
    return normal * weight[:, None, None] + bias[:, None, None]


def safetensors(tensors):
    header, data = {}, b""
    for name, values in sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
        end = len(data) + values.nbytes
        header[name] = {"dtype": TYPES[str(values.dtype)], "shape": values.shape, "data_offsets": [len(data), end]}
        data += values.tobytes()
    text = json.dumps(header, separators=(",", ":"))
    text += " " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text.encode() + data


def main(golden):
    rng = np.random.default_rng(4)
    inputs, expected, entries = {}, {}, []
    for at, (shape, scale, mean) in enumerate(ENTRIES):
        x = (scale * rng.standard_normal(shape) + mean).astype(np.float32)
        weight, bias = rng.standard_normal((2, shape[1])).astype(np.float32)
        out = group_norm(*(values.astype(np.float64) for values in (x, weight, bias)))
        inputs |= {f"{at}.x": x, f"{at}.weight": weight, f"{at}.bias": bias}
        expected |= {f"{at}.out": out.astype(np.float32), f"{at}.out_f64": out}
        entries.append({"id": at, "channels": shape[1], "input_scale": scale, "input_mean": mean})
    case = {
        "format": 1,
        "split": "public",
        "group": "unet",
        "case": CASE,
        "statement": "group normalisation in 4 groups, eps 1e-5, biased variance over (channels in group, H, W), in f64 by "
        "the formula; out is out_f64 rounded.",
        "params": {"entries": entries, "groups": GROUPS, "eps": EPS},
        "inputs": list(inputs),
        "expected": list(expected),
        "reference": "tests/golden_unet/group_norm.py",
        "generated_with": {"numpy": np.__version__},
    }
    path = golden / "index.json"
    index = json.loads(path.read_text())
    files = {file["file"]: file for file in index["files"]}
    written_as = {"json": (json.dumps(case, indent=1) + "\n").encode(), "safetensors": safetensors(inputs | expected)}
    for suffix, written in written_as.items():
        name = f"unet/{CASE}.{suffix}"
        (golden / name).write_bytes(written)
        files[name] = {"file": name, "bytes": len(written), "sha256": hashlib.sha256(written).hexdigest()}
    index["files"] = [files[name] for name in sorted(files)]
    path.write_text(json.dumps(index, indent=1) + "\n")


main(pathlib.Path(sys.argv[1]))
