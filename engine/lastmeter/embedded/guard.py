"""Become, or watch over, a program that ends when its parent ends.

    python -I guard.py <mode> <parent pid> <signal when the parent is gone> <uid>:<gid> <program> [argument …]

Mode `become` turns into the program: Linux tells it itself (PR_SET_PDEATHSIG survives exec); elsewhere this is `watch`.
Mode `watch` stays as its parent, looks twice a second, and takes along whatever the program started and left behind.
Run by path and not imported, so that it starts in a few milliseconds and needs nothing but the standard library.
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
    mode, parent, last_signal = arguments[0], int(arguments[1]), signal.Signals(int(arguments[2]))
    uid, gid = (int(part) for part in arguments[3].split(":"))
    program = arguments[4:]
    become(uid, gid)
    if mode == "become" and sys.platform == "linux":
        end_with_parent(last_signal)  # after the change of user, which would clear it
        if os.getppid() != parent:  # it died before we asked
            return 1
        os.execvp(program[0], program)
    return watch(parent, last_signal, program)


def become(uid: int, gid: int) -> None:
    """This process runs as `uid`; nothing changes where it does already."""
    if os.geteuid() == uid:
        return
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def end_with_parent(last_signal: signal.Signals) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(last_signal), 0, 0, 0)


def watch(parent: int, last_signal: signal.Signals, program: list[str]) -> int:
    """The program's exit status, after passing on every signal and ending it and its offspring with the parent."""
    child = subprocess.Popen(program, close_fds=False, preexec_fn=lambda: end_with_parent(last_signal))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    while child.poll() is None and os.getppid() == parent:
        try:
            child.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    if child.poll() is None:
        child.send_signal(last_signal)
        try:
            child.wait(GIVE_UP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
    status = child.wait()
    end_offspring()
    return status


def end_offspring() -> None:
    """Nobody else is left in our process group, which is the program's: we lead it."""
    if os.getpgrp() != os.getpid():
        return
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    time.sleep(LOOK_SECONDS / 5)
    # SIGKILL cannot be ignored and takes us along; our work is done.
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
