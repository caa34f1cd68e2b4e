"""Who is who: the two organisation trees, people, logins, and the roles they hold from one day to another."""

from lastmeter_web.admin.pages import blueprint
from lastmeter_web.navigation import NavEntry

NAVIGATION = [
    NavEntry("admin.organisations", "机构", "Organisations", "organisation.manage", 20, group="admin"),
    NavEntry("admin.people", "人员", "People", "people.manage", 30, group="admin"),
]
__all__ = ["NAVIGATION", "blueprint"]
