"""Logging in and out, one's own password and language, notices."""

from lastmeter_web.account.pages import blueprint

__all__ = ["blueprint"]
