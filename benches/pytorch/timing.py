"""How long something takes, by the rules of `benches/networks/timing.rs`."""

import math
import time

# Repeats last at least so long, so that what comes once a repeat does not count.
REPEAT = 0.05
# Most runs of a repeat.
MOST = 64


def measure(budget, run, wait):
    """Times repeats for so many seconds, 5 of them at least, after two to warm up."""

    def once(runs):
        begun = time.perf_counter()
        for _ in range(runs):
            run()
        wait()
        return (time.perf_counter() - begun) / runs

    once(1)
    runs = min(max(math.ceil(REPEAT / once(1)), 1), MOST)
    begun = time.perf_counter()
    seconds = []
    while len(seconds) < 5 or time.perf_counter() - begun < budget:
        seconds.append(once(runs))
    seconds.sort()
    return {
        "median": seconds[len(seconds) // 2],
        "fastest": seconds[0],
        "repeats": len(seconds),
        "runs": runs,
    }
