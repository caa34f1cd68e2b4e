"""Named spots where a fault test lets this process die or stumble; without LASTMETER_FAILPOINT they do nothing.

`LASTMETER_FAILPOINT="before_commit:kill"` kills at the first hit, `before_commit:kill:3` at the third;
`raise` raises, `sleep=2.5` waits that many seconds at every hit.
"""

from __future__ import annotations

import os
import signal
import time


class FailpointHit(RuntimeError):
    """The fault that a test asked for."""


_wanted: tuple[str, str, int] | None = None
_hits = 0


def arm(text: str) -> None:
    """The failpoint of this process from now on; an empty text disarms."""
    global _wanted, _hits
    name, action, nth = ([*text.split(":"), "kill", "1"] if text.count(":") == 0 else [*text.split(":"), "1"])[:3]
    _wanted, _hits = ((name, action, int(nth)) if name else None), 0


def hit(name: str) -> None:
    """Passes, unless this spot is the one that was asked for."""
    global _hits
    if _wanted is None or _wanted[0] != name:
        return
    _hits += 1
    if _wanted[1].startswith("sleep="):
        time.sleep(float(_wanted[1][6:]))
    elif _hits == _wanted[2]:
        if _wanted[1] == "raise":
            raise FailpointHit(name)
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("LASTMETER_FAILPOINT", ""))
