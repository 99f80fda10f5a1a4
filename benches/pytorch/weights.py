"""Weights: from a safetensors file, or from their names as `benches/networks/generator.rs` makes them."""

import json
import math
import struct

import torch

DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def load(path):
    """The tensors of a safetensors file, in f32."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    tensors = {}
    for name, about in header.items():
        start, end = about["data_offsets"]
        dtype = DTYPES[about["dtype"]]
        count = (end - start) // dtype.itemsize
        tensor = torch.frombuffer(data, dtype=dtype, count=count, offset=start)
        tensors[name] = tensor.reshape(about["shape"]).float()
    return tensors


def wrapped(number):
    """An unsigned 64-bit number as the signed one of the same bits."""
    number %= 1 << 64
    return number - (1 << 64) if number >> 63 else number


def shifted(numbers, by):
    """A shift to the right that brings in zeros."""
    return (numbers >> by) & ((1 << (64 - by)) - 1)


def generate(seed, name, shape, center, scale):
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = ((key ^ byte) * 0x100000001B3) % (1 << 64)
    key ^= seed
    z = torch.arange(1, math.prod(shape) + 1, dtype=torch.int64)
    z = z * wrapped(0x9E3779B97F4A7C15) + wrapped(key)
    z = (z ^ shifted(z, 30)) * wrapped(0xBF58476D1CE4E5B9)
    z = (z ^ shifted(z, 27)) * wrapped(0x94D049BB133111EB)
    z = z ^ shifted(z, 31)
    u = shifted(z, 40).double() / (1 << 24)
    return (center + scale * (2 * u - 1)).float().reshape(shape)


def fill(network):
    """Gives every parameter the numbers that `benches/networks` gives it."""
    for name, parameter in network.named_parameters():
        shape = parameter.shape
        if len(shape) > 1:
            law = (0.0, math.sqrt(3 / math.prod(shape[1:])))
        else:
            law = (1.0 if name.endswith("weight") else 0.0, 0.1)
        with torch.no_grad():
            parameter.copy_(generate(0, name, shape, *law))


def inputs(config, batch, side):
    """x and timesteps, as `benches/networks` makes them."""
    x = generate(0, "x", (batch, config["in_channels"], side, side), 0.0, 1.0)
    timesteps = torch.tensor([n * 389 % 1000 for n in range(batch)], dtype=torch.float32)
    return x, timesteps
