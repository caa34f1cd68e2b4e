"""The designer: definitions and drafts listed, a diagram drawn, judged, laid out, published."""

from lastmeter_web.designer.pages import blueprint
from lastmeter_web.navigation import NavEntry

NAVIGATION = [NavEntry("designer.show", "流程设计", "Process design", "definition.view", 30, group="processes")]
__all__ = ["NAVIGATION", "blueprint"]
