"""Golden numbers of Inception-v3, made with PyTorch in f64: `python3 tests/evaluate/inception.py`.

Writes `inception.safetensors` beside itself: the features and the probabilities of two pictures and, as metadata, the
names and shapes of the network's tensors. Weights and pixels follow from their names, so that a test makes the same; the
network is written here once more, as the ports of the public evaluator's graph to PyTorch have it (FID's variants of the
blocks), from their description. Needs `torch` and `numpy`.
"""

import json
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F
from generated import generate
from torch import nn

SIDE = 299
CLASSES = 1008


class Conv(nn.Module):
    def __init__(self, before, channels, kernel, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(before, channels, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(channels, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


def mean_pool(x):
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def max_pool(x):
    return F.max_pool2d(x, 3, stride=1, padding=1)


class A(nn.Module):
    def __init__(self, before, pooled):
        super().__init__()
        self.branch1x1 = Conv(before, 64, 1)
        self.branch5x5_1 = Conv(before, 48, 1)
        self.branch5x5_2 = Conv(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = Conv(before, 64, 1)
        self.branch3x3dbl_2 = Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Conv(96, 96, 3, padding=1)
        self.branch_pool = Conv(before, pooled, 1)

    def forward(self, x):
        five = self.branch5x5_2(self.branch5x5_1(x))
        twice = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, twice, self.branch_pool(mean_pool(x))], 1)


class B(nn.Module):
    def __init__(self, before):
        super().__init__()
        self.branch3x3 = Conv(before, 384, 3, 2)
        self.branch3x3dbl_1 = Conv(before, 64, 1)
        self.branch3x3dbl_2 = Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Conv(96, 96, 3, 2)

    def forward(self, x):
        twice = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), twice, F.max_pool2d(x, 3, 2)], 1)


class C(nn.Module):
    def __init__(self, inner):
        super().__init__()
        row, column = dict(kernel=(1, 7), padding=(0, 3)), dict(kernel=(7, 1), padding=(3, 0))
        self.branch1x1 = Conv(768, 192, 1)
        self.branch7x7_1 = Conv(768, inner, 1)
        self.branch7x7_2 = Conv(inner, inner, **row)
        self.branch7x7_3 = Conv(inner, 192, **column)
        self.branch7x7dbl_1 = Conv(768, inner, 1)
        self.branch7x7dbl_2 = Conv(inner, inner, **column)
        self.branch7x7dbl_3 = Conv(inner, inner, **row)
        self.branch7x7dbl_4 = Conv(inner, inner, **column)
        self.branch7x7dbl_5 = Conv(inner, 192, **row)
        self.branch_pool = Conv(768, 192, 1)

    def forward(self, x):
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return torch.cat([self.branch1x1(x), once, twice, self.branch_pool(mean_pool(x))], 1)


class D(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch3x3_1 = Conv(768, 192, 1)
        self.branch3x3_2 = Conv(192, 320, 3, 2)
        self.branch7x7x3_1 = Conv(768, 192, 1)
        self.branch7x7x3_2 = Conv(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = Conv(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = Conv(192, 192, 3, 2)

    def forward(self, x):
        once = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([once, seven, F.max_pool2d(x, 3, 2)], 1)


class E(nn.Module):
    def __init__(self, before, pool):
        super().__init__()
        self.pool = pool
        row, column = dict(kernel=(1, 3), padding=(0, 1)), dict(kernel=(3, 1), padding=(1, 0))
        self.branch1x1 = Conv(before, 320, 1)
        self.branch3x3_1 = Conv(before, 384, 1)
        self.branch3x3_2a = Conv(384, 384, **row)
        self.branch3x3_2b = Conv(384, 384, **column)
        self.branch3x3dbl_1 = Conv(before, 448, 1)
        self.branch3x3dbl_2 = Conv(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = Conv(384, 384, **row)
        self.branch3x3dbl_3b = Conv(384, 384, **column)
        self.branch_pool = Conv(before, 192, 1)

    def forward(self, x):
        once = self.branch3x3_1(x)
        twice = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        return torch.cat(
            [
                self.branch1x1(x),
                self.branch3x3_2a(once),
                self.branch3x3_2b(once),
                self.branch3x3dbl_3a(twice),
                self.branch3x3dbl_3b(twice),
                self.branch_pool(self.pool(x)),
            ],
            1,
        )


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, 2)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = A(192, 32), A(256, 64), A(288, 64)
        self.Mixed_6a = B(288)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = C(128), C(160), C(160), C(192)
        self.Mixed_7a = D()
        self.Mixed_7b, self.Mixed_7c = E(1280, mean_pool), E(2048, max_pool)
        self.fc = nn.Linear(2048, CLASSES)

    def forward(self, x):
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(F.max_pool2d(x, 3, 2))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        features = x.mean(dim=(2, 3))
        # The evaluator takes no bias.
        return features, features @ self.fc.weight.T


def law(name, shape):
    """Center and scale of a tensor's numbers: results stay near 1 from layer to layer."""
    if name.endswith("conv.weight"):
        return 0.0, (6.0 / np.prod(shape[1:])) ** 0.5
    if name == "fc.weight":
        return 0.0, 0.02
    return {"weight": (1.0, 0.2), "bias": (0.0, 0.2), "mean": (0.0, 0.1), "var": (1.0, 0.5)}[
        name.rsplit(".", 1)[1].replace("running_", "")
    ]


def resized(pixels):
    """[H, W, 3] as TensorFlow 1 resizes it: output at i looks at i·(old/new), without half-pixel centres."""

    def between(old):
        place = np.arange(SIDE, dtype=np.float32) * (np.float32(old) / np.float32(SIDE))
        first = np.floor(place).astype(int)
        return first, np.minimum(first + 1, old - 1), (place - first).astype(np.float64)

    top, bottom, down = between(pixels.shape[0])
    left, right, along = between(pixels.shape[1])
    down, along = down[:, None, None], along[None, :, None]
    values = pixels.astype(np.float64)
    above = values[top][:, left] + (values[top][:, right] - values[top][:, left]) * along
    below = values[bottom][:, left] + (values[bottom][:, right] - values[bottom][:, left]) * along
    return (above + (below - above) * down - 128) / 128


def pictures():
    """Two colour pictures, one of waves and one of noise, 40 rows and 28 columns, [2, 40, 28, 3] of 8 bits."""
    noise = generate("noise", (40, 28, 3), 128, 127.99)
    row, column = np.arange(40)[:, None, None], np.arange(28)[None, :, None]
    waves = (row * 5 + column * 3 + np.arange(3)[None, None, :] * 60) % 256
    return np.stack([waves, noise.astype(np.int64)]).astype(np.uint8)


def main():
    network = Inception().double().eval()
    state = network.state_dict()
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            shape = tuple(tensor.shape)
            tensor.copy_(torch.from_numpy(generate(name, shape, *law(name, shape)).astype(np.float64)))
    given = torch.from_numpy(np.stack([resized(picture) for picture in pictures()]))
    with torch.no_grad():
        features, logits = network(given.permute(0, 3, 1, 2))
    print("features: mean", float(features.mean()), "deviation", float(features.std()))
    print("logits: mean", float(logits.mean()), "deviation", float(logits.std()))
    tensors = {"features": features.numpy(), "probabilities": logits.softmax(1).numpy()}
    weights = {name: list(tensor.shape) for name, tensor in state.items()}
    header, data = {"__metadata__": {"weights": json.dumps(weights, separators=(",", ":"))}}, b""
    for name, numbers in tensors.items():
        numbers = np.ascontiguousarray(numbers, dtype="<f4").tobytes()
        shape = list(tensors[name].shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(numbers)]}
        data += numbers
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inception.safetensors")
    with open(beside, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main()
