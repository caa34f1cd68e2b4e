"""What is under way: lists, one instance with its timeline, starting something new."""

from lastmeter_web.instances.pages import blueprint
from lastmeter_web.navigation import NavEntry

NAVIGATION = [
    NavEntry("instances.show", "办理中的事项", "In progress", "process.view", 20),
    NavEntry(
        "instances.new",
        "发起新事项",
        "Start something",
        "process.start",
        10,
        group="processes",
        pages=("instances.start_form", "instances.start"),
    ),
]
__all__ = ["NAVIGATION", "blueprint"]
