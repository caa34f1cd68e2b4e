"""Performs due jobs: `python worker.py`, the same as `python -m lastmeter.worker`."""

from lastmeter.worker import main

if __name__ == "__main__":
    main()
