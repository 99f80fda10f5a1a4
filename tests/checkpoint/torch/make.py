"""Makes the files beside it: state dicts as PyTorch saves them, and what is not one.

    apt-get install python3-torch    # 1.13; any since 1.6
    python3 tests/checkpoint/torch/make.py

All parameters lie in one storage, each from another number on, so that a whole network is a small file. Number i of the
storage is (37 i mod 257 - 128) / 64, which every type of numbers here holds.
"""

import collections
import pathlib

import torch

HERE = pathlib.Path(__file__).parent
NUMBERS = 20_000
SHIFT = 17


def storage(dtype):
    whole = torch.arange(NUMBERS) * 37 % 257 - 128
    return (whole / 64).to(dtype)


def state_dict(dtype, prefix=""):
    numbers, state = storage(dtype), collections.OrderedDict()
    for place, line in enumerate((HERE / "parameters.txt").read_text().splitlines()):
        name, *shape = line.split()
        shape = [int(extent) for extent in shape]
        begin = place * SHIFT
        end = begin + torch.Size(shape).numel()
        state[prefix + name] = numbers[begin:end].view(shape)
    return state


def save(name, what, **options):
    torch.save(what, HERE / name, **options)


save("state.pt", state_dict(torch.float32))
save("state_bf16.pt", state_dict(torch.bfloat16), pickle_protocol=4)
# A whole checkpoint of others' training: two networks, and numbers beside them.
save(
    "both.pt",
    {
        "epoch": 300,
        "step": 5_000_000_000,
        "lr": 1e-4,
        "done": True,
        "note": None,
        "betas": [0.9, 0.999],
        "model": state_dict(torch.float16, "module."),
        "ema": state_dict(torch.float32),
        "optimizer": {"state": {0: {"exp_avg": torch.zeros(2, dtype=torch.float64)}}, "param_groups": [{"lr": 0.1}]},
        "seen": torch.tensor([1, 2, 3]),
        "nothing": torch.zeros(3, 0),
    },
)
# One of its weights with its channels side by side, and one that is there again and again.
last = state_dict(torch.float32)
last["out.2.weight"] = last["out.2.weight"].contiguous(memory_format=torch.channels_last)
save("views.pt", {"net": last, "extra": torch.arange(6.0).view(2, 3).t(), "expanded": torch.ones(1).expand(5, 1000)})
linear = torch.nn.Linear(2, 3)
# With the versions of its modules, which a state dict has as an attribute.
save("module.pt", linear.state_dict())
save("parameters.pt", dict(linear.named_parameters()))
# What is no state dict, or none that is read.
save("network.pt", linear)
save("tensor.pt", torch.zeros(2))
save("scalar.pt", {"best": torch.zeros(2).numpy()})
save("old.pt", {"weight": torch.zeros(2)}, _use_new_zipfile_serialization=False)
