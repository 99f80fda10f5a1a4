"""Numbers that follow from a name, as tests/golden_support/generator.rs makes them."""

import numpy as np


def generate(name, shape, center, scale, seed=14):
    """Numbers in center ± scale, in f32: splitmix64 under a hash of the name."""
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = ((key ^ byte) * 0x100000001B3) % 2**64
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = np.uint64(key ^ seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    u = (z >> np.uint64(40)).astype(np.float64) / 2**24
    return (center + scale * (2 * u - 1)).astype(np.float32).reshape(shape)
