#!/usr/bin/env python3
"""What users wait for, one row for each kind of work, as CPU time of whole runs and in proportion to an easy run.

    cargo build --release --bin pcluster-iam
    cargo build --release --manifest-path benches/parse-only/Cargo.toml --target-dir target/parse-only
    benches/table.py [--beside PROGRAM] [--only WORD] [--runs RUNS] [--roles ROLES] [--strict]

PROGRAM is an earlier build of pcluster-iam: both take turns in one run. The table is Markdown. A row whose name contains
WORD is measured alone. ROLES are those of the account dump, 5,000 unless given. With --strict the exit code is 1 where a
row exceeds its limit; on a busy machine the limits in seconds say little, and the ratios much.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROGRAM = TARGET / "release/pcluster-iam"
PARSE_ONLY = TARGET / "parse-only/release/parse-only"
USER = ROOT / "fixtures/reference/user-traditional-filled.json"
EASY = ["lint", USER, "--role", "user", "--scheduler", "torque"]
NEW = ["--role", "user", "--pcluster-version", "3.14.0", "--scheduler", "slurm"]
# Seconds after which a run is ended.
PATIENCE = 600


def run(program, arguments, folder):
    """CPU seconds, MiB of memory at most, and standard output. Exit codes 0, 1 and 2 are answers."""
    with tempfile.TemporaryFile(dir=folder) as out:
        command = [str(part) for part in [program, *arguments]]
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, cwd=folder)
        end = time.monotonic() + PATIENCE
        while True:
            done, status, used = os.wait4(child.pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() > end:
                child.kill()
            time.sleep(0.0005)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 1, 2):
            sys.exit(f"{' '.join(command)} ended with {child.returncode}")
        out.seek(0)
        return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, out.read()


def low(measure, runs):
    """The lowest decile of several runs: other work on the machine only adds."""
    times = sorted(measure() for _ in range(runs))
    return times[len(times) // 10]


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resources):
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def trust(service):
    principal = {"Service": service}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }


def ordinary():
    """Policies of every kind, with the release that they are judged against."""
    folder = ROOT / "fixtures/reference"
    kinds = sorted(folder.glob("*-filled.json")) + sorted((ROOT / "fixtures/examples").glob("*.json"))
    releases = ["2.4.1", "2.11.9", "3.0.0", "3.8.0", "3.14.0"]
    return [(kind, release) for kind in kinds for release in releases]


def scoped():
    """RunInstances on the ARNs of eight types, as people scope it."""
    types = ["instance", "volume", "network-interface", "security-group", "subnet", "key-pair", "launch-template", "placement-group"]
    arns = [f"arn:aws:ec2:us-east-1:*:{kind}/*" for kind in types]
    return document(allow("ec2:RunInstances", arns))


def targets(count):
    """A configuration with so many head nodes, each with an account of its own, and their policies."""
    text = (ROOT / "fixtures/examples/head-node.json").read_text()
    files = {}
    config = []
    for n in range(count):
        files[f"p{n}.json"] = text.replace("123456789012", f"{100_000_000_000 + n}")
        config.append(f'[[target]]\nname = "t{n}"\npolicies = ["p{n}.json"]\nrole = "instance"\nscheduler = "slurm"\n')
    files["pcluster-iam.toml"] = "\n".join(config)
    return files


def account(roles):
    """An account's details: one role in five is a head node's. 5,000 of them are 100 MB."""
    head = json.loads((ROOT / "fixtures/examples/head-node.json").read_text())
    other = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": f"S{k}", **allow(["s3:GetObject", "s3:ListBucket"], [f"arn:aws:s3:::bucket-{k}-{j}/*" for j in range(10)])}
            for k in range(9)
        ],
    }
    details = []
    for n in range(roles):
        policies = [head if n % 5 == 0 else other, other, other]
        details.append(
            {
                "Path": "/",
                "RoleName": f"r{n}",
                "RoleId": f"AROA{n:017}",
                "Arn": f"arn:aws:iam::123456789012:role/r{n}",
                "AssumeRolePolicyDocument": trust("ec2.amazonaws.com"),
                "RolePolicyList": [{"PolicyName": f"p{at}", "PolicyDocument": p} for at, p in enumerate(policies)],
                "AttachedManagedPolicies": [],
            }
        )
    return json.dumps({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": details, "Policies": []}, indent=2)


def template(roles):
    """A CloudFormation template with so many head nodes and open values."""
    head, role = (ROOT / "fixtures/examples/template.yaml").read_text().split("Resources:\n")
    return head + "Resources:\n" + "".join(role.replace("  HeadNode:", f"  HeadNode{n}:", 1) for n in range(roles))


def module(roles):
    """A Terraform module with so many roles, each with a policy that its expressions make."""
    trusted = json.dumps(trust("ec2.amazonaws.com"))
    role = """
resource "aws_iam_role" "rN" {
  name               = "rN"
  assume_role_policy = jsonencode(TRUST)
}
resource "aws_iam_role_policy" "rN" {
  role = aws_iam_role.rN.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = concat(local.actions, ["ec2:DescribeInstances"])
      Resource = "arn:${data.aws_partition.current.partition}:s3:::bucket-N/*"
    }]
  })
}
"""
    head = 'data "aws_partition" "current" {}\nlocals {\n  actions = ["s3:GetObject", "s3:PutObject"]\n}\n'
    return head + "".join(role.replace("TRUST", trusted).replace("N", str(n)) for n in range(roles))


def hostile():
    """Patterns within AWS's quota for which all words must be told apart."""
    queue = "arn:aws:sqs:us-east-1:123456789012:{}".format
    letters = "abcdefghijklmnopqrstuvwxyz"
    marks = "?" * 40
    return {
        "stars": document(allow("sqs:*", [queue(f"*{c}*{c}*{c}*") for c in letters])),
        "far": document(allow("sqs:*", [queue(f"*{c}{marks}") for c in letters])),
        "denied": document(
            allow("sqs:*", "*"),
            {"Effect": "Deny", "Action": "sqs:*", "Resource": [queue(f"*{c}{marks}") for c in letters]},
        ),
    }


def rows(options, folder):
    """Name, limit, whether a figure keeps it, and how to measure it with a program. Made one after another."""

    def seconds(program, arguments, runs=1):
        return low(lambda: run(program, arguments, folder)[0], runs)

    def easy(program):
        return seconds(program, EASY, options.runs)

    def write(name, text):
        path = Path(folder) / name
        path.write_text(text)
        return path

    def each_kind(program):
        scope = write("scoped.json", scoped())
        kinds = [*ordinary(), *[(scope, release) for release in ("3.0.0", "3.14.0")]]
        worst = (0, "")
        for policy, release in kinds:
            arguments = ["lint", policy, "--no-config", "--role", "auto", "--scheduler", "slurm", "--pcluster-version", release]
            took = seconds(program, arguments, max(3, options.runs // 10))
            worst = max(worst, (took, f"{policy.name} against {release}"))
        ratio = worst[0] / easy(program)
        shown = f"{ratio:.1f} × the easy run, {1000 * worst[0]:.1f} ms ({worst[1]})"
        return ratio <= 5 and worst[0] <= 0.02, shown

    def all_missing(program):
        nothing = write("one.json", document(allow("s3:ListAllMyBuckets", "*")))
        everything = write("all.json", document(allow("*", "*")))
        both = [seconds(program, ["lint", p, "--no-config", *NEW], options.runs) for p in (nothing, everything)]
        ratio = both[0] / both[1]
        return ratio <= 3, f"{ratio:.1f} × all covered, {1000 * both[0]:.1f} ms"

    def many(program):
        if not (Path(folder) / "pcluster-iam.toml").exists():
            for name, text in targets(1000).items():
                write(name, text)
        took = seconds(program, ["lint", "-q"])
        return took <= 2, f"{took:.1f} s"

    def dump(program):
        path = Path(folder) / "dump.json"
        if not path.exists():
            path.write_text(account(options.roles))
        took, memory, _ = run(program, ["lint", path, "--no-config", "--scheduler", "slurm", "-q"], folder)
        size = path.stat().st_size / 1e6
        kept = took <= 10 and memory <= 1024
        return kept, f"{took:.1f} s, {memory:.0f} MiB ({options.roles} roles, {size:.0f} MB)"

    def of_template(program):
        path = write("template.yaml", template(500))
        took = seconds(program, ["lint", path, "--no-config", "--role", "head-node", "-q"])
        return took <= 2, f"{took:.1f} s"

    def of_module(program):
        (Path(folder) / "module").mkdir(exist_ok=True)
        path = write("module/main.tf", module(200)).parent
        took = seconds(program, ["lint", path, "--no-config", "--role", "head-node", "--scheduler", "slurm", "--pcluster-version", "3.14.0", "-q"], 3)
        return took <= 2, f"{took:.2f} s"

    def output(program):
        _, _, out = run(program, [*EASY, "--no-config", "-f", "json"], folder)
        return len(out) <= 40_000, f"{len(out) / 1000:.0f} KB"

    def hard(program):
        needed = document(allow("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:*"))
        reference = write("needed.json", needed)
        worst = (0, "")
        for name, text in hostile().items():
            path = write(f"{name}.json", text)
            took = seconds(program, ["lint", path, "--no-config", "--reference", reference])
            worst = max(worst, (took, name))
        return worst[0] <= 2, f"{worst[0]:.2f} s ({worst[1]})"

    def parse_only(program):
        ratio = easy(program) / low(lambda: run(PARSE_ONLY, [USER], folder)[0], options.runs)
        return ratio <= 3, f"{ratio:.2f} ×"

    return [
        # First, as what the others leave in the memory of the machine slows down a start.
        ("the easy run beside a program that only parses the policy", "≤ 3 ×", parse_only),
        ("an ordinary policy of any kind, any release, `--role auto`", "≤ 5 × the easy run, ≤ 20 ms", each_kind),
        ("a policy of one statement against user 3.14.0", "≤ 3 × all covered", all_missing),
        ("1,000 head-node policies in one process", "≤ 2 s", many),
        ("an account dump", "≤ 10 s, ≤ 1,024 MiB", dump),
        ("a template of 500 roles with open values", "≤ 2 s, one second on two cores", of_template),
        ("a Terraform module of 200 roles", "≤ 2 s, one second on two cores", of_module),
        ("JSON of a clean policy of 7 KB", "≤ 40 KB", output),
        ("hostile patterns within AWS's quota", "≤ 2 s", hard),
    ]


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--beside", type=Path, metavar="PROGRAM")
    options.add_argument("--only", default="", metavar="WORD")
    options.add_argument("--runs", type=int, default=50)
    options.add_argument("--roles", type=int, default=5000)
    options.add_argument("--strict", action="store_true")
    options = options.parse_args()
    programs = [PROGRAM, *([options.beside] if options.beside else [])]
    exceeded = []
    with tempfile.TemporaryDirectory() as folder:
        copies = [shutil.copy(program, Path(folder) / f"program-{at}") for at, program in enumerate(programs)]
        heads = ["work", "this build", *(["beside"] if options.beside else []), "limit", "kept"]
        print("| " + " | ".join(heads) + " |")
        print("| " + " | ".join("---" for _ in heads) + " |")
        for name, limit, measure in rows(options, folder):
            if options.only not in name:
                continue
            found = [measure(program) for program in copies]
            kept = found[0][0]
            if not kept:
                exceeded.append(name)
            cells = [name, *(shown for _, shown in found), limit, "yes" if kept else "no"]
            print("| " + " | ".join(cells) + " |", flush=True)
    if exceeded and options.strict:
        sys.exit(f"{len(exceeded)} rows exceed their limits")


main()
