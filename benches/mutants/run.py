#!/usr/bin/env python3
"""Tests all mutants of `matcher`, `diff` and `lints` with one build, and lists those that no test notices.

    benches/mutants/run.py [--folder target/mutants] [--minutes 60] [--budget 6] [--again]

`main.rs` beside this file writes a copy of the crate with its mutants; those that do not compile are left out. Each test
runs alone once, to learn its time and which mutants it comes to. Then each mutant, in random order, gets the tests that
come to it, fast ones and those that notice many first, until one fails or their time exceeds the budget. A later call
goes on where the one before stopped, while the source is the same. `--again` gives the mutants that survived a larger
budget, from where they were left. `--first` names tests that are likely to notice them, `--cases` makes random tests try
more.

Mutants of `explained.jsonl` beside this file change nothing that a user sees, for the reason that stands there; they are
not tested. The folder then has `results.jsonl`, and `survivors.jsonl`: the mutants that survived, with the number of tests that come
to each (`reached`) and of those that the budget left out (`left`).
"""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
CRATE = HERE.parent.parent
# These tests read the source, the pages or the packages: a mutant changes nothing of them.
LEFT_OUT = ("architecture::", "prose::", "docs::", "ci::", "picture::", "fuzz::engine")
SETTINGS = {"PCLUSTER_IAM_FUZZ_SECONDS": "0", "RUST_BACKTRACE": "0"}
CHUNK = 15
TEST = re.compile(r"^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED)", re.M)


def cargo(options, *arguments, **more):
    environment = os.environ | {"CARGO_TARGET_DIR": str(options.target)}
    return subprocess.run(["cargo", *arguments], env=environment, text=True, stdout=subprocess.PIPE, **more)


def messages(output):
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def make(options):
    """The copy, without the mutants that do not compile."""
    without = options.folder / "without"
    without.touch()
    copy = options.folder / "copy"
    tool = [options.target / "tool/release/mutants", CRATE, copy, options.folder / "mutants.jsonl", without]
    manifest = str(HERE / "Cargo.toml")
    subprocess.run(
        ["cargo", "build", "--release", "--quiet", "--manifest-path", manifest, "--target-dir", options.target / "tool"],
        check=True,
    )
    left_out = set(without.read_text().split())
    while True:
        subprocess.run(tool, check=True)
        checked = cargo(options, "check", "--lib", "--message-format=json", cwd=copy, stderr=subprocess.DEVNULL)
        if checked.returncode == 0:
            return copy
        found = set()
        for message in messages(checked.stdout):
            if message["reason"] != "compiler-message" or message["message"]["level"] != "error":
                continue
            for span in message["message"]["spans"]:
                while span.get("expansion") and not span["file_name"].startswith("src/"):
                    span = span["expansion"]["span"]
                if not span["is_primary"] or not span["file_name"].startswith("src/"):
                    continue
                before = (copy / span["file_name"]).read_bytes()[: span["byte_end"]]
                found |= set(re.findall(rb"mutant::on\((\d+)\)", before)[-1:])
        found = {number.decode() for number in found} - left_out
        print(f"{len(found)} mutants do not compile", flush=True)
        if not found:
            sys.exit("the copy does not compile, and not for its mutants")
        left_out |= found
        without.write_text("".join(f"{number}\n" for number in sorted(left_out, key=int)))


def build(options, copy):
    """The test binaries by their names."""
    built = cargo(
        options, "test", "--no-run", "--lib", "--test", "it", "--message-format=json", cwd=copy, check=True
    )
    return {
        message["target"]["name"]: message["executable"]
        for message in messages(built.stdout)
        if message["reason"] == "compiler-artifact" and message["profile"]["test"] and message["executable"]
    }


def run(options, binary, tests, limit, **variables):
    """Runs tests until one fails.

    Returns those that passed, what ended the run, the test that did not pass, and the seconds of CPU time.
    """
    process = subprocess.Popen(
        [binary, "--exact", "--test-threads=1", *tests],
        cwd=options.folder / "copy",
        env=os.environ
        | SETTINGS
        | {"CARGO_MANIFEST_DIR": str(options.folder / "copy"), "PCLUSTER_IAM_CASES": str(options.cases)}
        | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    is_late = threading.Event()

    def stop():
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def give_up():
        is_late.set()
        stop()

    timer = threading.Timer(limit, give_up)
    timer.start()
    passed, failed = [], None
    for line in process.stdout:
        test = TEST.match(line.decode(errors="replace"))
        if test and test[2] == "ok":
            passed.append(test[1])
        elif test:
            failed = test[1]
            break
    timer.cancel()
    if failed:
        stop()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = usage.ru_utime + usage.ru_stime
    if failed:
        return passed, "failed", failed, took
    if process.returncode == 0 and len(passed) == len(tests):
        return passed, "passed", None, took
    left = [test for test in tests if test not in passed]
    return passed, "late" if is_late.is_set() else "ended", left[0] if left else None, took


def in_parallel(work, jobs):
    lock = threading.Lock()
    jobs = iter(jobs)

    def worker():
        while True:
            with lock:
                job = next(jobs, None)
            if job is None:
                return
            work(job)

    workers = [threading.Thread(target=worker) for _ in range(2)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()


def baseline(options, binaries):
    """For each test its time and the mutants that it comes to. Tests that fail without a mutant are left out."""
    path = options.folder / "tests.json"
    if path.exists() and path.stat().st_mtime > max(os.stat(binary).st_mtime for binary in binaries.values()):
        return json.loads(path.read_text())
    jobs = []
    for name, binary in binaries.items():
        listed = subprocess.run([binary, "--list", "--format=terse"], text=True, stdout=subprocess.PIPE, check=True)
        for line in listed.stdout.splitlines():
            test, _, kind = line.rpartition(": ")
            if kind == "test" and not test.startswith(LEFT_OUT):
                jobs.append((name, test))
    tests = {}

    def work(job):
        name, test = job
        folder = options.folder / "reached" / f"{threading.get_ident()}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _, end, _, took = run(options, binaries[name], [test], 60, PCLUSTER_IAM_REACHED=str(folder))
        reached = {int(number) for file in folder.iterdir() for number in file.read_text().split()}
        if end == "passed":
            tests[f"{name} {test}"] = {"seconds": took, "reached": sorted(reached)}
        else:
            print(f"left out, as it {end} without a mutant: {test}", flush=True)

    in_parallel(work, jobs)
    path.write_text(json.dumps(tests))
    print(f"{len(tests)} tests, {sum(test['seconds'] for test in tests.values()):.0f} seconds", flush=True)
    return tests


def test_all(options, binaries, tests, mutants):
    seconds = {test: facts["seconds"] for test, facts in tests.items()}
    reaching = collections.defaultdict(list)
    for test, facts in tests.items():
        for number in facts["reached"]:
            reaching[number].append(test)
    path = options.folder / "results.jsonl"
    done = {}
    if path.exists():
        done = {result["id"]: result for result in map(json.loads, path.read_text().splitlines())}
    files = {mutant["id"]: mutant["file"] for mutant in mutants}
    # How often each test had a mutant, and noticed it, by the mutant's file and in all.
    tried, killed = collections.Counter(), collections.Counter()

    def count(result):
        for file in ("", files.get(result["id"], "")):
            tried.update((file, test) for test in result["passed"])
            if result["by"]:
                tried[file, result["by"]] += 1
                killed[file, result["by"]] += 1

    for result in done.values():
        count(result)
    end = time.monotonic() + 60 * options.minutes
    lock = threading.Lock()
    results = path.open("a")

    def rank(file, test):
        rate = (killed["", test] + 0.1) / (tried["", test] + 1)
        return (seconds[test] + 0.01) * (tried[file, test] + 1) / (killed[file, test] + rate)

    def one(mutant):
        if time.monotonic() > end:
            return
        number = mutant["id"]
        before = done.get(number, {"passed": [], "seconds": 0})
        with lock:
            is_later = lambda test: not (options.first and options.first.search(test))
            left = {test for test in reaching[number] if test not in before["passed"] or not is_later(test)}
            left = sorted(left, key=lambda test: (is_later(test), rank(mutant["file"], test)))
        passed, spent, outcome, by = list(before["passed"]), 0.0, "survived", None
        while time.monotonic() < end + 20:
            short = [test for test in left if spent + seconds[test] < options.budget]
            if not short:
                break
            binary = short[0].split(" ")[0]
            chunk, expected = [], 0.0
            for test in short:
                if test.startswith(f"{binary} ") and len(chunk) < CHUNK and (not chunk or expected < 1):
                    chunk.append(test)
                    expected += seconds[test]
            names = [test.split(" ")[1] for test in chunk]
            ok, how, failed, took = run(
                options, binaries[binary], names, min(60, 5 + 8 * expected), PCLUSTER_IAM_MUTANT=str(number)
            )
            spent += took
            passed += [f"{binary} {test}" for test in ok]
            left = [test for test in left if test not in set(chunk)]
            if how != "passed":
                outcome, by = how, f"{binary} {failed}"
                break
        result = {
            "id": number,
            "outcome": outcome,
            "by": by,
            "reached": len(reaching[number]),
            "left": len(left) if outcome == "survived" else 0,
            "passed": passed,
            "seconds": round(before["seconds"] + spent, 2),
        }
        with lock:
            count(result)
            done[number] = result
            results.write(json.dumps(result) + "\n")
            results.flush()

    jobs = [mutant for mutant in order(options, mutants, done) if not is_explained(mutant)]
    in_parallel(one, jobs)
    return done


EXPLAINED = [json.loads(line) for line in (HERE / "explained.jsonl").read_text().splitlines()]


def is_explained(mutant):
    """Whether an entry of `explained.jsonl` is about a mutant: one that has all that the entry says."""
    return any(all(mutant.get(key) == entry[key] for key in entry if key != "reason") for entry in EXPLAINED)


def order(options, mutants, done):
    if options.again:
        jobs = [mutant for mutant in mutants if done.get(mutant["id"], {}).get("left")]
        return sorted(jobs, key=lambda mutant: done[mutant["id"]]["left"])
    jobs = [mutant for mutant in mutants if mutant["id"] not in done]
    random.Random(1).shuffle(jobs)
    return jobs


def report(options, mutants, done):
    survivors = []
    table = collections.defaultdict(collections.Counter)
    for mutant in mutants:
        result = done.get(mutant["id"])
        folder = pathlib.Path(mutant["file"]).with_suffix("").parts[1]
        if is_explained(mutant):
            outcome = "explained"
        elif not result:
            outcome = "not run"
        elif result["outcome"] != "survived":
            outcome = "killed"
        else:
            outcome = "survived" if result["reached"] else "never reached"
            outcome = "left" if result["left"] else outcome
            survivors.append(mutant | {key: result[key] for key in ("reached", "left", "seconds")})
        table[folder][outcome] += 1
        table[mutant["kind"]][outcome] += 1
        table["all"][outcome] += 1
    columns = ["killed", "explained", "survived", "left", "never reached", "not run"]
    print(f"{'':10}" + "".join(f"{column:>15}" for column in columns))
    for row, counts in table.items():
        print(f"{row:10}" + "".join(f"{counts[column]:15}" for column in columns))
    survivors.sort(key=lambda mutant: (mutant["file"], mutant["line"]))
    lines = (json.dumps(mutant, ensure_ascii=False) + "\n" for mutant in survivors)
    (options.folder / "survivors.jsonl").write_text("".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, default=CRATE / "target/mutants")
    parser.add_argument("--minutes", type=float, default=60, help="when to stop testing mutants")
    parser.add_argument("--budget", type=float, default=6, help="seconds of tests for each mutant")
    parser.add_argument("--cases", type=int, default=30, help="random cases of each test")
    parser.add_argument("--first", type=re.compile, help="tests to run first, once more where they passed before")
    parser.add_argument("--again", action="store_true", help="test those that survived with tests left")
    parser.add_argument("--report", action="store_true", help="only write the survivors so far")
    options = parser.parse_args()
    options.folder = options.folder.resolve()
    options.folder.mkdir(parents=True, exist_ok=True)
    options.target = options.folder / "target"
    read = lambda: [json.loads(line) for line in (options.folder / "mutants.jsonl").read_text().splitlines()]
    if options.report:
        results = map(json.loads, (options.folder / "results.jsonl").read_text().splitlines())
        return report(options, read(), {result["id"]: result for result in results})
    copy = make(options)
    binaries = build(options, copy)
    # A mutant may ask for memory without end.
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    tests = baseline(options, binaries)
    mutants = read()
    print(f"{len(mutants)} mutants compile", flush=True)
    report(options, mutants, test_all(options, binaries, tests, mutants))


if __name__ == "__main__":
    main()
