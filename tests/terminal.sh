#!/usr/bin/env bash
# The program at a terminal, narrow and wide: colour where a person watches, and help that fits. Needs python3.
#
#   tests/terminal.sh [PROGRAM]
set -euo pipefail
cd "$(dirname "$0")/.."
python3 - "$(realpath "${1:-target/release/pcluster-iam}")" <<'PYTHON'
import fcntl, os, pty, struct, subprocess, sys, termios

program = sys.argv[1]
lint = ["lint", "fixtures/examples/head-node.json", "--scheduler", "torque"]


def at_terminal(arguments, columns, variables={}):
    """What the program writes to a terminal of so many columns."""
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {"TERM": "xterm", **variables}
    child = subprocess.Popen([program, *arguments], stdin=terminal, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    text = b""
    while True:
        try:
            part = os.read(reader, 65536)
        except OSError:  # Linux says so where the terminal is closed.
            break
        if not part:
            break
        text += part
    os.close(reader)
    return child.wait(), text.decode().replace("\r\n", "\n")


def check(is_so, what):
    if not is_so:
        sys.exit(f"terminal: {what}")


code, text = at_terminal(lint, 80)
check(code == 1 and "\x1b[" in text, "no colour at a terminal")
for variables in [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"CLICOLOR": "0"}]:
    code, text = at_terminal(lint, 80, variables)
    check(code == 1 and "\x1b" not in text, f"colour with {variables}")
code, text = at_terminal([*lint, "--color", "never"], 80)
check("\x1b" not in text, "colour with --color never")
code, text = at_terminal([*lint, "-f", "json"], 80)
check("\x1b" not in text, "colour in JSON")

for columns, widest in [(50, 50), (80, 80), (100, 100), (250, 100)]:
    # The terminal counts, whatever a variable says.
    code, text = at_terminal(["lint", "--help"], columns)
    wide = [line for line in text.split("\n") if len(line) > widest]
    check(code == 0 and not wide, f"help at {columns} columns: {wide}")
    check(max(map(len, text.split("\n"))) > widest * 0.8, f"help at {columns} columns wastes room")
for columns in [1, 20]:
    check(at_terminal(["lint", "--help"], columns)[0] == 0, f"help at {columns} columns")
print("it behaves at a terminal")
PYTHON
