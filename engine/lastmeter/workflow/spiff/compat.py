"""The pinned version of SpiffWorkflow: what we override of it was read and tested in this one."""

from __future__ import annotations

from importlib.metadata import version

PINNED = "3.2.0"


def check_version() -> None:
    """Nothing if the installed SpiffWorkflow is the pinned one."""
    installed = version("SpiffWorkflow")
    if installed != PINNED:
        raise RuntimeError(f"SpiffWorkflow {installed} is installed; lastmeter is written for {PINNED} only")


check_version()
