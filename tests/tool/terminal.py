#!/usr/bin/env python3
"""terminal.py [--expect TEXT --answer TEXT | --signal TEXT NAME | --run TEXT LINE]... COMMAND...

Run a command on a terminal of its own. What the terminal shows goes to standard output. After TEXT was shown, the answer
is typed, the signal that a key sends is sent, or a line of shell is run; one after the other. Ends as the command ends, by 128 and the number of the signal if it was one. It has two minutes.
SPDX-License-Identifier: MIT
"""
import os
import pty
import select
import signal
import subprocess
import sys
import time


def read_arguments(arguments):
    script = []
    while arguments and arguments[0].startswith("--"):
        if arguments[0] == "--expect" and arguments[2] == "--answer":
            keys = (arguments[3] + "\r").encode()
            script.append((arguments[1].encode(), lambda terminal, keys=keys: os.write(terminal, keys)))
            del arguments[:4]
        elif arguments[0] == "--signal":
            keys = {"INT": b"\x03", "QUIT": b"\x1c"}[arguments[2]]
            script.append((arguments[1].encode(), lambda terminal, keys=keys: os.write(terminal, keys)))
            del arguments[:3]
        elif arguments[0] == "--run":
            line = arguments[2]
            script.append((arguments[1].encode(), lambda terminal, line=line: subprocess.run(line, shell=True, check=True)))
            del arguments[:3]
        else:
            sys.exit(f"terminal.py: unknown option {arguments[0]}")
    return script, arguments


def watch(terminal, script):
    """Show what the terminal shows and type what the script says; returns when the command lets go of it."""
    seen = b""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:
            return
        if not data:
            return
        os.write(1, data.replace(b"\r\n", b"\n"))
        seen += data
        while script and script[0][0] in seen:
            text, act = script.pop(0)
            seen = seen.partition(text)[2] if text else seen
            act(terminal)
    sys.exit("terminal.py: the command takes too long")


def main():
    script, command = read_arguments(sys.argv[1:])
    child, terminal = pty.fork()
    if child == 0:
        os.environ.setdefault("TERM", "xterm")
        for number in (signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)
    watch(terminal, script)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(code if code >= 0 else 128 - code)


main()
