"""Runs a command on a pseudo terminal, sends it keys and signals, and reports what it did as JSON.

usage: terminal-driver.py STEPS COMMAND...

STEPS is a JSON list of lists:
  ["until", REGEX]     waits until the last frame of the screen matches
  ["without", REGEX]   waits until the last frame of the screen does not match
  ["send", TEXT]       sends keys
  ["size", ROWS, COLUMNS]
  ["signal", NAME]     sends a signal, for example SIGTERM
  ["stopped"]          waits until the process is stopped
  ["restored"]         waits until the terminal is as it was before

The report has the output, the frames that were matched, the exit code or the signal, and whether the terminal is as it was.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

LIMIT = 120
ENTER, LEAVE, HOME = "\x1b[?1049h", "\x1b[?1049l", "\x1b[H"

steps, command = json.loads(sys.argv[1]), sys.argv[2:]
child, master = pty.fork()
if child == 0:
    # The parent sets the size first.
    sys.stdin.readline()
    os.execvp(command[0], command)


def resize(rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


output, status = b"", None
resize(24, 80)
before = termios.tcgetattr(master)
os.write(master, b"\n")


def text():
    return output.decode("utf-8", "replace")


def frame():
    last = re.sub(r"\x1b\[[0-9]+;1H", "\n", text().rsplit(HOME, 1)[-1]).removeprefix("\n")
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last)


def read(seconds):
    global output
    if select.select([master], [], [], seconds)[0]:
        try:
            output += os.read(master, 65536)
        except OSError:
            time.sleep(seconds)


def reap(options=os.WNOHANG):
    global status
    if status is None:
        pid, value = os.waitpid(child, options | os.WUNTRACED)
        if pid and os.WIFSTOPPED(value):
            return True
        if pid:
            status = value
    return False


def wait(what, condition):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end or (status is not None and what[0] in ["until", "without"]):
            print(json.dumps({"failed": what, "output": text()}))
            sys.exit(1)
        read(0.05)
        if what[0] != "stopped":
            reap()


def is_restored():
    if text().rfind(LEAVE) < text().rfind(ENTER):
        return False
    return termios.tcgetattr(master) == before


frames = []
for step in steps:
    if step[0] == "until":
        wait(step, lambda: re.search(step[1], frame()))
        frames.append(frame())
    elif step[0] == "without":
        wait(step, lambda: not re.search(step[1], frame()))
        frames.append(frame())
    elif step[0] == "send":
        os.write(master, step[1].encode())
    elif step[0] == "size":
        resize(step[1], step[2])
    elif step[0] == "signal":
        os.kill(child, getattr(signal, step[1]))
    elif step[0] == "stopped":
        wait(step, reap)
    elif step[0] == "restored":
        wait(step, is_restored)
wait(["end"], lambda: status is not None)
while select.select([master], [], [], 0.2)[0]:
    size = len(output)
    read(0)
    if len(output) == size:
        break
print(json.dumps({
    "output": text(), "frames": frames, "restored": is_restored(), "entered": text().count(ENTER),
    "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
    "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
}))
