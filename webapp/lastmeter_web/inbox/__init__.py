"""The inbox and the task page: what somebody works in all day."""

from lastmeter_web.inbox.pages import blueprint
from lastmeter_web.navigation import NavEntry

NAVIGATION = [NavEntry("inbox.show", "待办", "Inbox", "inbox.use", 10)]
__all__ = ["NAVIGATION", "blueprint"]
