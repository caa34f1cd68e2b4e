"""`python -m lastmeter.definitions.layout IN OUT`: writes IN, laid out, to OUT."""

from __future__ import annotations

import sys
from pathlib import Path

from lastmeter.definitions.layout import layout

if __name__ == "__main__":
    source, target = sys.argv[1:3]
    Path(target).write_bytes(layout(Path(source).read_bytes()))
