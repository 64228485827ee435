#!/usr/bin/env python3
"""CPU time of a whole run, from start to exit, beside that of a program that only reads and parses the same file.

    cargo build --release --bin pcluster-iam
    cargo build --release --manifest-path benches/parse-only/Cargo.toml --target-dir target/parse-only
    benches/process.py [RUNS] [--most TIMES]

Built together, the program would get the features of what only examples need.

The runs take turns. They are compared in rounds of 25 runs each, by the lowest decile of a round, and the median of the
rounds counts: a busy machine adds to single runs and slows whole rounds of all programs alike. What it costs to start a
program and to touch memory differs by machine, so `lint` is also compared with parsing the file 50 times, which takes
about as many instructions and pages of memory. Exit code 1 if `lint` takes more than TIMES as long as that, or fails
with 20 MiB of address space.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
POLICY = ROOT / "fixtures/reference/user-traditional-filled.json"
PARSE = TARGET / "parse-only/release/parse-only"
ONCE = "parse only"
OFTEN = "parse 50 times"
PROGRAMS = {
    ONCE: (PARSE, [POLICY]),
    OFTEN: (PARSE, [POLICY, 50]),
    "lint": (
        TARGET / "release/pcluster-iam",
        ["lint", POLICY, "--role", "user", "--scheduler", "torque"],
    ),
}
ADDRESS_SPACE = 20 << 20
ROUND = 25


def run(program, arguments):
    """Milliseconds of CPU, user and system, and page faults."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    command = [str(part) for part in [program, *arguments]]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{program} failed")
    return 1000 * (used.ru_utime + used.ru_stime), used.ru_minflt


def runs_within(size, program, arguments):
    """Whether it runs with so many bytes of address space, which is more than it then takes of memory."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))
    done = subprocess.run([program, *arguments], stdout=subprocess.DEVNULL, preexec_fn=limit)
    return done.returncode == 0


def low(times):
    """The lowest decile: what the program takes when nothing else disturbs it, but no single lucky run."""
    return sorted(times)[len(times) // 10]


def compare(found, other):
    """How many times as long `lint` takes as another program."""
    rounds = []
    for start in range(0, max(len(found["lint"]) - ROUND, 0) + 1, ROUND):
        lint, parse = (low([time for time, _ in found[name][start : start + ROUND]]) for name in ["lint", other])
        rounds.append(lint / parse)
    times = statistics.median(rounds)
    print(
        f"lint takes {times:.2f} times as long as {other} "
        f"({min(rounds):.2f} to {max(rounds):.2f} in {len(rounds)} rounds)"
    )
    return times


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("runs", nargs="?", type=int, default=500, metavar="RUNS")
    options.add_argument("--most", type=float, metavar="TIMES")
    options = options.parse_args()
    found = {name: [] for name in PROGRAMS}
    with tempfile.TemporaryDirectory() as folder:
        # A copy lies in memory as an installed program does, what a linker has just written in smaller pieces.
        copies = {
            name: (shutil.copy(program, folder), arguments)
            for name, (program, arguments) in PROGRAMS.items()
        }
        for _ in range(options.runs):
            for name, (program, arguments) in copies.items():
                found[name].append(run(program, arguments))
        small = runs_within(ADDRESS_SPACE, *copies["lint"])
    for name, measured in found.items():
        times, faults = zip(*measured)
        print(
            f"{name}: {min(times):.2f} ms at least, {low(times):.2f} ms in the lowest decile, "
            f"{statistics.median(times):.2f} ms in the middle, {statistics.median(faults):.0f} page faults"
        )
    compare(found, ONCE)
    times = compare(found, OFTEN)
    if options.most and times > options.most:
        sys.exit(f"that is more than {options.most} times")
    if not small:
        sys.exit(f"lint fails with {ADDRESS_SPACE >> 20} MiB of address space")


main()
