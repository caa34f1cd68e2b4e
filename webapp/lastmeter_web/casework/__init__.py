"""Case files for the few who may read them: the responsible worker and the station's manager."""

from lastmeter_web.casework.pages import blueprint
from lastmeter_web.navigation import NavEntry

NAVIGATION = [NavEntry("casework.show", "我的个案", "My cases", "case.read", 20)]
__all__ = ["NAVIGATION", "blueprint"]
