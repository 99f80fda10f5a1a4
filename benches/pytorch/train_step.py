"""Times a training step in PyTorch, on the cases that `benches/train_step.rs` left as lines of JSON.

    python3 benches/pytorch/train_step.py LINES [--device cuda|cpu] [--modes MODE,...] [CASE ...]

A step: forward, L_hybrid, backward, AdamW, one moving average, as the crate's. First the losses of every image
must be the crate's, with the same weights, images, noise and timesteps: otherwise it ends without a time. Its
measurements are appended to the same file.
"""

import argparse
import copy
import math
import os
import platform
import resource

import torch

import lines
import weights
from forward import software
from timing import measure
from unet import Unet

MODES = {
    "cuda": ["eager f32", "eager autocast f16", "compile f32", "compile autocast f16"],
    "cpu": ["eager f32", "compile f32"],
}
# Where a row of the crate's loss has which number: src/diffusion/loss_row.rs.
SQRT_ALPHA_BAR, SQRT_ONE_MINUS_ALPHA_BAR, GAIN, TRUE_LOG_VARIANCE, LOG_VARIANCE, SLOPE = 0, 1, 5, 6, 7, 8
MSE_WEIGHT, BOUND_WEIGHT = 10, 11


class Step:
    """A network in training."""

    def __init__(self, case, device, precision, compiled):
        self.device, self.half = device, precision == "autocast f16"
        network = Unet(case["config"])
        weights.fill(network)
        self.network = network.to(device).train()
        self.average = copy.deepcopy(self.network)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=1e-5, weight_decay=0.0)
        self.scaler = torch.amp.GradScaler(device, enabled=self.half)
        shape = (case["batch"], case["config"]["in_channels"], case["side"], case["side"])
        self.x_start = weights.generate(0, "x_start", shape, 0.0, 1.0).to(device)
        self.noise = weights.generate(0, "noise", shape, 0.0, 1.0).to(device)
        self.rows = torch.tensor(case["rows"], device=device).float()
        self.timesteps = torch.tensor(case["timesteps"], device=device).float()
        self.losses = torch.compile(self.plain_losses, dynamic=False) if compiled else self.plain_losses

    def number(self, at):
        return self.rows[:, at].view(-1, 1, 1, 1)

    def plain_losses(self):
        """L_hybrid of each image: no row of these cases is the decoder's."""
        x_t = self.number(SQRT_ALPHA_BAR) * self.x_start + self.number(SQRT_ONE_MINUS_ALPHA_BAR) * self.noise
        output = self.network(x_t, self.timesteps).float()
        epsilon, channel = output.chunk(2, dim=1)
        error = self.noise - epsilon
        log_variance = self.number(LOG_VARIANCE) + self.number(SLOPE) * channel
        difference = self.number(GAIN) * error.detach()
        true = self.number(TRUE_LOG_VARIANCE)
        nats = 0.5 * (
            log_variance - true - 1 + torch.exp(true - log_variance) + difference**2 * torch.exp(-log_variance)
        )
        mse = (error**2).flatten(1).mean(1)
        bound = nats.flatten(1).mean(1) / math.log(2)
        return self.rows[:, MSE_WEIGHT] * mse + self.rows[:, BOUND_WEIGHT] * bound

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.device, dtype=torch.float16, enabled=self.half):
            losses = self.losses()
        self.scaler.scale(losses.mean()).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1e-4)
        return losses.detach()


def peak_mb(device):
    if device == "cuda":
        return torch.cuda.max_memory_allocated() // 10**6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def time_case(case, modes, device, path):
    # Ours has total, squared error and bound for each image.
    expected = case["output"][::3]
    for mode in modes:
        how, precision = mode.split(" ", 1)
        torch._dynamo.reset()
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        line = {key: case[key] for key in ["case", "network", "batch", "flop", "threads"] if key in case}
        line |= software(device) | {"mode": mode}
        try:
            step = Step(case, device, precision, how == "compile")
            lines.check(f"{case['case']}, PyTorch {mode}", precision, step().tolist(), expected)
            wait = torch.cuda.synchronize if device == "cuda" else lambda: None
            line |= measure(8.0, step, wait) | {"peak_mb": peak_mb(device)}
            rate = case["flop"] / line["median"] / 1e9
            print(
                f"{case['case']:<20} {mode:<20} {1e3 * line['median']:10.2f} {case['batch'] / line['median']:10.1f}"
                f" {rate:10.1f} {line['peak_mb']:>8} MB", flush=True
            )
        except (RuntimeError, torch.cuda.OutOfMemoryError) as error:
            line["skipped"] = str(error).strip().splitlines()[0]
            print(f"{case['case']:<20} {mode:<20} {line['skipped']}", flush=True)
        lines.append(path, line)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", help="the file that cargo bench was given as --json")
    parser.add_argument("cases", nargs="*", help="only these cases")
    parser.add_argument("--device", choices=MODES, default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--modes", type=lambda text: text.split(","))
    arguments = parser.parse_args()
    modes = arguments.modes or MODES[arguments.device]
    for mode in modes:
        if mode not in MODES[arguments.device]:
            parser.error(f"{mode} is none of {MODES[arguments.device]}")
    torch.backends.cudnn.benchmark = True
    cases = {
        line["case"]: line
        for line in lines.read(arguments.lines)
        if line.get("implementation") == "iddpm"
        and line["mode"] == "f32"
        and (not arguments.cases or line["case"] in arguments.cases)
    }
    print("case                 mode                  median ms   images/s    GFLOP/s     peak")
    for case in cases.values():
        if arguments.device == "cpu" and "threads" in case:
            torch.set_num_threads(case["threads"])
        time_case(case, modes, arguments.device, arguments.lines)


if __name__ == "__main__":
    main()
