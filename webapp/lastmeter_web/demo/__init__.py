"""The clock bar: only in the demonstration the legal clock can be moved, and every move is audited."""

from lastmeter_web.demo.pages import blueprint

__all__ = ["blueprint"]
