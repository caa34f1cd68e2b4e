"""Who is who, what runs, which days are worked, and what happened."""

from lastmeter_web.admin import audits, calendars, mending, operations
from lastmeter_web.admin.pages import blueprint
from lastmeter_web.navigation import NavEntry

NAVIGATION = [
    NavEntry("admin.organisations", "机构", "Organisations", "organisation.manage", 20, group="admin"),
    NavEntry("admin.people", "人员", "People", "people.manage", 30, group="admin"),
    NavEntry("admin.show_operations", "运行", "Operations", "operate.view", 40, group="admin"),
    NavEntry("admin.show_calendar", "工作日历", "Working calendar", "calendar.manage", 50, group="admin"),
    NavEntry("admin.list_audits", "审计", "Audit", "audit.read", 60, group="admin"),
]
_PAGES = (audits, calendars, mending, operations)  # they stand on the blueprint by being imported
__all__ = ["NAVIGATION", "blueprint"]
