"""Runs a command on a pseudo terminal, sends it keys and signals, and reports what it did as JSON.

usage: terminal-driver.py STEPS COMMAND...

STEPS is a JSON list of lists. Without "job", the command is the leader of the session, so that no shell could continue it.
  ["job"]              as the first step: a shell starts the command in the foreground
  ["background"]       as the first step: a shell starts the command in the background
  ["fg"], ["bg"]       the shell continues the command in the foreground or in the background
  ["entered", N]       waits until the command has entered the alternate screen N times
  ["until", REGEX]     waits until the last frame of the screen matches
  ["without", REGEX]   waits until the last frame of the screen does not match
  ["send", TEXT]       sends keys
  ["size", ROWS, COLUMNS]
  ["signal", NAME]     sends a signal, for example SIGTERM
  ["signal", NAME, ID] sends a signal to another process
  ["stopped"]          waits until the process is stopped; with a shell, which then has the terminal again
  ["hidden"]           waits until the terminal does not show what is typed
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
mode = steps.pop(0)[0] if steps[0][0] in ["job", "background"] else None
orders, order = os.pipe()
reports, report = os.pipe()


def in_foreground(group):
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, group)


def run_shell():
    """Runs the command as a shell with job control does, and reports its process ID and each of its states."""
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        if mode == "job":
            in_foreground(os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execvp(command[0], command)
    os.write(report, b"%d\n" % job)
    while True:
        pid, value = os.waitpid(job, os.WNOHANG | os.WUNTRACED)
        if pid:
            in_foreground(os.getpgrp())
            os.write(report, b"%d\n" % value)
            if not os.WIFSTOPPED(value):
                os._exit(0)
        elif select.select([orders], [], [], 0.05)[0]:
            if os.read(orders, 1) == b"f":
                in_foreground(job)
            os.killpg(job, signal.SIGCONT)


child, master = pty.fork()
if child == 0:
    # The parent sets the size first.
    sys.stdin.readline()
    if mode:
        run_shell()
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


def state():
    if not mode:
        return os.waitpid(child, os.WNOHANG | os.WUNTRACED)
    return (job, int(states.readline())) if select.select([reports], [], [], 0)[0] else (0, 0)


def reap():
    global status
    if status is None:
        pid, value = state()
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


# Unbuffered, so that select sees each line.
states = os.fdopen(reports, "rb", buffering=0)
job = int(states.readline()) if mode else child
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
        os.kill(int(step[2]) if len(step) > 2 else job, getattr(signal, step[1]))
    elif step[0] in ["fg", "bg"]:
        os.write(order, step[0][:1].encode())
    elif step[0] == "entered":
        wait(step, lambda: text().count(ENTER) == step[1])
    elif step[0] == "stopped":
        wait(step, reap)
    elif step[0] == "hidden":
        wait(step, lambda: not termios.tcgetattr(master)[3] & termios.ECHO)
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
