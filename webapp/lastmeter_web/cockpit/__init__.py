"""How the system runs: incidents with retry, work that waits. Operators see no content of any case."""

from lastmeter_web.cockpit.pages import blueprint
from lastmeter_web.navigation import NavEntry

NAVIGATION = [NavEntry("cockpit.show", "运行监控", "Operations", "operate.view", 10, group="admin")]
__all__ = ["NAVIGATION", "blueprint"]
