#!/usr/bin/env python3
"""CPU time of a whole run, from start to exit, beside that of a program that only reads and parses the same file.

    cargo build --release --example parse_only
    cargo build --release --bin pcluster-iam
    benches/process.py [RUNS]

Built together, the program would get the features of what only examples need. The runs of both take turns, and the least time of each counts: others on the machine only add to it.
"""

import os
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
POLICY = ROOT / "fixtures/reference/user-traditional-filled.json"
LINT = ["lint", POLICY, "--role", "user", "--scheduler", "torque"]
PROGRAMS = {
    "parse only": [RELEASE / "examples/parse_only", POLICY],
    "lint": [RELEASE / "pcluster-iam", *LINT],
}


def run(command):
    """Milliseconds of CPU, user and system, and page faults."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    arguments = [str(part) for part in command]
    child = os.posix_spawn(arguments[0], arguments, os.environ, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{arguments[0]} failed")
    return 1000 * (used.ru_utime + used.ru_stime), used.ru_minflt


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    found = {name: [] for name in PROGRAMS}
    for _ in range(runs):
        for name, command in PROGRAMS.items():
            found[name].append(run(command))
    least = {}
    for name, measured in found.items():
        times = [time for time, _ in measured]
        faults = statistics.median(faults for _, faults in measured)
        least[name] = min(times)
        print(f"{name}: {min(times):.2f} ms at least, {statistics.median(times):.2f} ms in the middle, {faults:.0f} page faults")
    print(f"lint takes {least['lint'] / least['parse only']:.2f} times as long")


main()
