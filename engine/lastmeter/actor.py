"""Who acts: a person with the roles held today, an API token's owner, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Post:
    """One membership that is in force: a role at an organisation."""

    role: str
    organisation_id: int
    path: str  # of the organisation in its tree, "/1/5/23/": subtree tests are prefix tests


@dataclass(frozen=True)
class Actor:
    """Passed first after the session wherever somebody does something; never looked up in a global."""

    person_id: int | None
    name: str
    posts: tuple[Post, ...] = ()
    permissions: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None  # of an API token; None: not a token
    session_id: str | None = field(default=None, compare=False)

    @property
    def is_system(self) -> bool:
        return self.person_id is None

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(post.role for post in self.posts)

    def may(self, permission: str) -> bool:
        """True where one of the roles, and the token if any, allow it; the system may do what it is asked."""
        return self.is_system or permission in self.permissions

    def organisations(self, *roles: str) -> frozenset[int]:
        """The organisations where one of `roles` (any role, if none is named) is held."""
        return frozenset(post.organisation_id for post in self.posts if not roles or post.role in roles)

    def holds(self, role: str, organisation_id: int) -> bool:
        return any(post.role == role and post.organisation_id == organisation_id for post in self.posts)


SYSTEM = Actor(person_id=None, name="system")
