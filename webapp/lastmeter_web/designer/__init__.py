"""The designer: definitions and drafts listed, a diagram drawn, judged, laid out, published; decisions tried."""

from lastmeter_web.designer import decisions
from lastmeter_web.designer.pages import blueprint
from lastmeter_web.navigation import NavEntry

NAVIGATION = [NavEntry("designer.show", "流程设计", "Process design", "definition.view", 30, group="processes")]
_PAGES = (decisions,)  # they stand on the blueprint by being imported
__all__ = ["NAVIGATION", "blueprint"]
