"""Times the network in PyTorch, on the cases that `cargo bench` left as lines of JSON.

    python3 benches/pytorch/forward.py LINES [--device cuda|cpu] [--modes MODE,...] [CASE ...]

First it computes what the crate computed: all of the shipped digits' network by the crate's CPU executor,
and of every case the numbers kept of its output. Where an output differs, it ends without a time.
Its measurements are appended to the same file.

Modes: eager or compiled; f32, tf32, f16 (everything in it), autocast f16, bf16; by default all that the
device has. Each eager one is timed in both memory layouts, the faster is kept, and compiled.
"""

import argparse
import copy
import os
import pathlib
import platform

import torch

import lines
import weights
from timing import measure
from unet import Unet

ROOT = pathlib.Path(__file__).parents[2]
MODES = {
    "cuda": ["eager f32", "eager tf32", "eager f16", "eager autocast f16", "compile f32", "compile tf32", "compile f16"],
    "cpu": ["eager f32", "eager bf16", "compile f32"],
}
LAYOUTS = {"channels first": torch.contiguous_format, "channels last": torch.channels_last}
DTYPES = {"f16": torch.float16, "bf16": torch.bfloat16}


def set_tf32(on):
    kind = "tf32" if on else "ieee"
    if hasattr(torch.backends.cudnn, "conv"):
        torch.backends.cuda.matmul.fp32_precision = kind
        torch.backends.cudnn.conv.fp32_precision = kind
    else:
        torch.backends.cuda.matmul.allow_tf32 = on
        torch.backends.cudnn.allow_tf32 = on


def check_digits(reference, device):
    """The crate's CPU executor on the shipped network, by the tolerance of the golden numbers."""
    network = Unet(reference["config"])
    network.load_state_dict(weights.load(ROOT / reference["reference"]), strict=True)
    network.to(device).eval()
    x, timesteps = weights.inputs(reference["config"], reference["batch"], reference["side"])
    labels = torch.tensor(reference["labels"])
    with torch.inference_mode():
        output = network(x.to(device), timesteps.to(device), labels.to(device)).cpu().flatten().double()
    expected = torch.tensor(reference["output"], dtype=torch.float64)
    excess = (output - expected).abs() - (5e-5 + 1e-4 * expected.abs())
    if output.shape != expected.shape or not bool((excess <= 0).all()):
        raise SystemExit(f"the digits' network: the output differs by {(output - expected).abs().max():.1e}")
    print(f"the digits' network: as the crate's, largest difference {(output - expected).abs().max():.1e}")


class Subject:
    """A case's network on the device."""

    def __init__(self, case, device):
        self.case, self.device = case, device
        self.network = Unet(case["config"])
        weights.fill(self.network)
        self.network.to(device).eval()
        self.x, self.timesteps = weights.inputs(case["config"], case["batch"], case["side"])
        self.timesteps = self.timesteps.to(device)

    def run(self, mode, layout, expected):
        """The time of a mode, once its output has been found right."""
        how, precision = mode.split(" ", 1)
        set_tf32(precision == "tf32")
        network = copy.deepcopy(self.network).to(memory_format=LAYOUTS[layout])
        network.to(DTYPES.get(precision, torch.float32))
        if how == "compile":
            torch._dynamo.reset()
            network = torch.compile(network, dynamic=False)
        x = self.x.to(self.device).contiguous(memory_format=LAYOUTS[layout])
        autocast = torch.autocast(self.device, dtype=torch.float16, enabled=precision == "autocast f16")

        def run():
            return network(x, self.timesteps)

        with torch.inference_mode(), autocast:
            output = run().cpu().flatten()
            kept = len(expected)
            sample = [output[i * len(output) // kept].item() for i in range(kept)]
            what = f"{self.case['case']}, PyTorch {mode}, {layout}"
            found = lines.check(what, precision, sample, expected)
            wait = torch.cuda.synchronize if self.device == "cuda" else lambda: None
            return {**measure(2.0 if self.device == "cuda" else 4.0, run, wait), "distance": found}


def software(device):
    about = {"implementation": "PyTorch", "version": torch.__version__, "python": platform.python_version()}
    if device == "cuda":
        about |= {
            "device": torch.cuda.get_device_name(),
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    else:
        about |= {"load": os.getloadavg()[0]}
    return about


def time_case(case, modes, device, expected, path):
    subject = Subject(case, device)
    best = {}
    for mode in modes:
        how, precision = mode.split(" ", 1)
        # A layout is a matter of the kernels of one precision: what eager found holds for the compiler.
        layouts = LAYOUTS if how == "eager" or precision not in best else [best[precision]]
        results = {}
        failure = None
        for layout in layouts:
            try:
                results[layout] = subject.run(mode, layout, expected)
            except (RuntimeError, torch.cuda.OutOfMemoryError) as error:
                failure = str(error).strip().splitlines()[0]
        line = {key: case[key] for key in ["case", "network", "batch", "flop", "threads"] if key in case}
        line |= software(device) | {"mode": mode}
        if results:
            layout = min(results, key=lambda layout: results[layout]["median"])
            best[precision] = layout
            line |= results[layout] | {"layout": layout}
            rate = case["flop"] / line["median"] / 1e9
            print(
                f"{case['case']:<20} {mode:<20} {1e3 * line['median']:10.3f} {1e3 * line['fastest']:10.3f}"
                f" {rate:10.1f}   {layout}", flush=True
            )
        else:
            line |= {"skipped": failure}
            print(f"{case['case']:<20} {mode:<20} {failure}", flush=True)
        lines.append(path, line)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", help="the file that cargo bench was given as --json")
    parser.add_argument("cases", nargs="*", help="only these cases")
    parser.add_argument("--device", choices=MODES, default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--modes", type=lambda text: text.split(","))
    arguments = parser.parse_args()
    device = arguments.device
    modes = arguments.modes or MODES[device]
    for mode in modes:
        if mode not in MODES[device]:
            parser.error(f"{mode} is none of {MODES[device]}")

    found = lines.read(arguments.lines)
    references = [line for line in found if "reference" in line]
    if not references:
        raise SystemExit(f"{arguments.lines}: no output of the crate's CPU executor")
    set_tf32(False)
    torch.backends.cudnn.benchmark = True
    check_digits(references[0], device)

    # The same case may have been timed before, and in several precisions.
    cases = {
        (line["case"], line.get("threads")): line
        for line in found
        if line.get("implementation") == "iddpm" and (not arguments.cases or line["case"] in arguments.cases)
    }
    print("case                 mode                  median ms fastest ms    GFLOP/s   layout")
    for (name, threads), case in cases.items():
        if device == "cpu" and threads:
            torch.set_num_threads(threads)
        time_case(case, modes, device, lines.expected(found, name), arguments.lines)


if __name__ == "__main__":
    main()
