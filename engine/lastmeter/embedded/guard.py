"""Become a program that ends when its parent ends.

    python -I guard.py <parent pid> <signal when the parent is gone> <uid>:<gid> <program> [argument …]

Run by path and not imported, so that it starts in a few milliseconds and needs nothing but the standard library.
Linux tells the kernel (PR_SET_PDEATHSIG survives exec); elsewhere this process stays and looks twice a second.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 0.5
GIVE_UP_SECONDS = 10.0


def main(arguments: list[str]) -> int:
    parent, last_signal = int(arguments[0]), signal.Signals(int(arguments[1]))
    uid, gid = (int(part) for part in arguments[2].split(":"))
    program = arguments[3:]
    become(uid, gid)
    if sys.platform == "linux" and not os.environ.pop("LASTMETER_GUARD_STAYS", ""):
        # After the change of user, which would clear it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(last_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            return 1
        os.execvp(program[0], program)
    return stay(parent, last_signal, program)


def become(uid: int, gid: int) -> None:
    """This process runs as `uid`; nothing changes where it does already."""
    if os.geteuid() == uid:
        return
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def stay(parent: int, last_signal: signal.Signals, program: list[str]) -> int:
    """The program's exit status, after passing on every signal and ending it when the parent is gone."""
    child = subprocess.Popen(program)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    while child.poll() is None and os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    if child.poll() is None:
        child.send_signal(last_signal)
        try:
            child.wait(GIVE_UP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
