"""Measurements as lines of JSON, and whether two programs computed the same."""

import json
import math

# Relative root mean square by which an output may differ from f32's, over the numbers kept of it. The public
# network in f16 differs by 4e-3 to 5e-3, several layers' roundings of 2^-11 each; five times that is
# allowed. tf32 rounds factors as f16 does; bf16 eight times as coarsely. In f32 it is 2^13 times less,
# but for the order of sums and Winograd's transforms. A network that is wrong in anything differs by 0.1 to 3.
TOLERANCE = {"f32": 1e-4, "tf32": 2.5e-2, "f16 weights": 2.5e-2, "f16": 2.5e-2, "autocast f16": 2.5e-2, "bf16": 0.2}


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def append(path, line):
    with open(path, "a") as file:
        file.write(json.dumps(line) + "\n")


def distance(output, expected):
    """Root mean square of the difference over that of what is expected; infinite where either is not finite."""
    # What is not finite is null in JSON.
    if len(output) != len(expected) or None in output or None in expected:
        return math.inf
    error = math.fsum((a - b) ** 2 for a, b in zip(output, expected))
    distance = math.sqrt(error / math.fsum(b * b for b in expected))
    return distance if math.isfinite(distance) else math.inf


def check(what, precision, output, expected):
    """Ends the program where an output is not that of the same network."""
    found, allowed = distance(output, expected), TOLERANCE[precision]
    if not found <= allowed:
        raise SystemExit(f"{what}: the output differs by {found:.1e} of its size, allowed is {allowed:.1e}")
    return found


def expected(lines, case):
    """What a case's network makes of its inputs: our output in f32."""
    for line in lines:
        if line.get("case") == case and line["implementation"] == "iddpm" and line["mode"] == "f32":
            return line["output"]
    raise SystemExit(f"{case}: there is no line of ours in f32 to compare with")
