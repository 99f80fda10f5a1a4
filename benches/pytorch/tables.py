"""Makes a table of BENCHMARKS.md out of lines of measurements.

    python3 benches/pytorch/tables.py LINES BENCHMARKS.md --command TEXT

The table stands between two markers that name the device; what stood there before is replaced, tables of
other devices are left. Each round of measurements has its own number, so that drift can be seen.
"""

import argparse
import datetime
import os
import pathlib
import platform
import subprocess
import tempfile

import lines

# Beside which of ours a precision of PyTorch's is put, the first that there is.
BESIDE = {"f32": ["f32"], "tf32": ["f32"], "bf16": ["f32"]}
HALF = ["f16", "f16 weights", "f32"]


def said(*command):
    """What a program says first, or nothing where it is not there."""
    try:
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return text.splitlines()[0].strip() if text.strip() else None


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    name = names[0] if names else platform.processor() or platform.machine()
    features = pathlib.Path("/proc/cpuinfo")
    wide = features.exists() and "avx512f" in features.read_text()
    return f"{name}{' with AVX-512' if wide else ''}, {os.cpu_count()} cores"


class Row:
    """A program in a mode on a case, over all rounds."""

    def __init__(self, rounds):
        self.rounds = rounds
        self.last = rounds[-1]
        self.timed = [line for line in rounds if "median" in line]

    @property
    def fastest(self):
        return min(line["fastest"] for line in self.timed)

    @property
    def name(self):
        layout = self.last.get("layout")
        mode = self.last["mode"]
        return f"{self.last['implementation']} {mode}" + (f", {layout}" if layout == "channels last" else "")


def grouped(found):
    """{case: {(implementation, mode): Row}}, in the order measured."""
    groups = {}
    for line in found:
        if "case" in line:
            case = groups.setdefault((line["case"], line.get("threads")), {})
            # Variants of kernels, where all were timed, are rows of their own.
            case.setdefault((line["implementation"], line["mode"], line.get("variants")), []).append(line)
    return {case: {key: Row(rounds) for key, rounds in rows.items()} for case, rows in groups.items()}


def check(found):
    """Ours against ours in f32; PyTorch's were checked when they were timed."""
    for line in found:
        if line.get("implementation") == "iddpm":
            what = f"{line['case']}, iddpm {line['mode']}"
            lines.check(what, line["mode"], line["output"], lines.expected(found, line["case"]))


def counterpart(rows, row):
    precision = row.last["mode"].split(" ", 1)[1]
    ours = {mode: other for (program, mode, _), other in rows.items() if program == "iddpm"}
    return next(ours[mode] for mode in BESIDE.get(precision, HALF) if mode in ours)


def by_round(ours, theirs):
    pairs = zip(theirs.timed, ours.timed)
    return ", ".join(f"{theirs['median'] / ours['median']:.2f}" for theirs, ours in pairs)


def cells(case, rows, row, on_cpu, training):
    name, threads = case
    gemm = max((line.get("gemm", 0) for other in rows.values() for line in other.rounds), default=0)
    start = [name] + ([str(threads)] if on_cpu else []) + [row.name]
    peak = [str(row.last.get("peak_mb", ""))] if training else []
    if not row.timed:
        return start + [f"skipped: {row.last['skipped']}"] + [""] * (4 + on_cpu + training)
    rate = row.last["flop"] / row.fastest / 1e9
    found = start + [
        ", ".join(f"{1e3 * line['median']:.2f}" for line in row.timed),
        f"{1e3 * row.fastest:.2f}",
        f"{rate:.0f}" if rate >= 100 else f"{rate:.1f}",
    ]
    if on_cpu:
        found.append(f"{rate / gemm:.2f}")
    if row.last["implementation"] == "iddpm":
        return found + peak + ["", ""]
    ours = counterpart(rows, row)
    return found + peak + [by_round(ours, row), f"{row.fastest / ours.fastest:.2f}"]


def table(found, on_cpu, training):
    head = ["case"] + (["threads"] if on_cpu else []) + ["program", "ms, median of each round", "fastest", "GFLOP/s"]
    head += (["of `gemm`"] if on_cpu else []) + (["peak MB"] if training else [])
    head += ["iddpm is so many times as fast", "by the fastest"]
    text = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for case, rows in grouped(found).items():
        for row in rows.values():
            text.append("| " + " | ".join(cells(case, rows, row, on_cpu, training)) + " |")
    return "\n".join(text)


def preamble(found, command, on_cpu):
    ours = next(line for line in found if line.get("implementation") == "iddpm")
    theirs = next((line for line in found if line.get("implementation") == "PyTorch"), None)
    now = datetime.datetime.now(datetime.timezone.utc)
    about = [f"{now:%Y-%m-%d %H:%M} UTC, `{command}`.", ""]
    about += [f"- device: {processor()}" if on_cpu else f"- device: {ours['device']} ({ours['driver']})"]
    commit = said("git", "describe", "--always", "--dirty")
    versions = [f"iddpm {ours['version']}" + (f" ({commit})" if commit else ""), said("rustc", "--version")]
    if theirs is not None:
        torch = f"PyTorch {theirs['version']}"
        if "cuda" in theirs:
            driver = said("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
            torch += f" on {theirs['device']}, CUDA {theirs['cuda']}, cuDNN {theirs['cudnn']}, driver {driver}"
        elif not on_cpu:
            torch += f" on the processor ({processor()})"
        versions += [torch, f"Python {theirs['python']}"]
    about += ["- " + ", ".join(version for version in versions if version)]
    loads = [line["load"] for line in found if "load" in line]
    if on_cpu and loads:
        about += [
            f"- load average meanwhile, these programs' own threads among it: {min(loads):.1f} to {max(loads):.1f}"
        ]
    if not on_cpu and ours["kind"] == "Cpu":
        about += [
            "",
            "**A software device: these figures prove only that the script runs.** They say nothing of how fast",
            "the kernels are on a GPU" + (", and PyTorch ran on the processor itself." if theirs else "."),
        ]
    return "\n".join(about)


def replace(path, name, section):
    """Writes the section between its markers, whole or not at all."""
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    text = path.read_text()
    block = f"{begin}\n{section}\n{end}"
    if begin in text:
        before, rest = text.split(begin, 1)
        text = before + block + rest.split(end, 1)[1]
    else:
        text = f"{text.rstrip()}\n\n{block}\n"
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(file.name, path.stat().st_mode)
    os.replace(file.name, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines")
    parser.add_argument("benchmarks", type=pathlib.Path)
    parser.add_argument("--command", required=True, help="by which the lines were made")
    arguments = parser.parse_args()
    found = lines.read(arguments.lines)
    check(found)
    ours = next(line for line in found if line.get("implementation") == "iddpm")
    on_cpu, training = "device" not in ours, "rows" in ours
    name = processor() if on_cpu else ours["device"]
    about = (["CPU executor"] if on_cpu else []) + (["training"] if training else [])
    title = f"### {name}{': ' if about else ''}{', '.join(about)}"
    section = f"{title}\n\n{preamble(found, arguments.command, on_cpu)}\n\n{table(found, on_cpu, training)}"
    kind = ("cpu" if on_cpu else "gpu") + (", training" if training else "")
    replace(arguments.benchmarks, f"{kind}, {name}", section)
    print(f"{arguments.benchmarks}: {title}")


if __name__ == "__main__":
    main()
