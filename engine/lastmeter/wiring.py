"""The one place where rooms that do not know each other are put together."""

from __future__ import annotations

import importlib
import pkgutil

from sqlalchemy.orm import Session

import lastmeter
from lastmeter.actor import Actor
from lastmeter.casework import cases
from lastmeter.deadlines import register
from lastmeter.definitions import publishing
from lastmeter.forms import sources
from lastmeter.procurement import experts
from lastmeter.stations import evaluations, parties, ports
from lastmeter.workflow import hooks

MODEL_MODULES = "models"
STEP_MODULES = "steps"


def _modules(name: str) -> list[str]:
    """Every `lastmeter.<room>.<name>` there is."""
    found = []
    for room in pkgutil.iter_modules(lastmeter.__path__):
        if room.ispkg and any(
            module.name == name
            for module in pkgutil.iter_modules([f"{path}/{room.name}" for path in lastmeter.__path__])
        ):
            found.append(f"lastmeter.{room.name}.{name}")
    return sorted(found)


def load_models() -> None:
    """Every table is known to `Base.metadata`."""
    for module in ("lastmeter.audit", "lastmeter.outbox", "lastmeter.keys", *_modules(MODEL_MODULES)):
        importlib.import_module(module)


def connect() -> None:
    """Models, connectors and hooks are loaded; calling it again changes nothing."""
    load_models()
    for module in _modules(STEP_MODULES):
        importlib.import_module(module)
    ports.connect(cases.count, cases.orphaned)
    hooks.complete_parties = parties.complete
    hooks.form_scope = sources.scope_in
    hooks.aliases = experts.aliases


def furnish(session: Session, actor: Actor) -> int:
    """What comes with the program stands in the database: deadlines, calendar, evaluation tree, processes.

    Returns how many processes stand. What is there already stays as it is; equal processes make no new version.
    """
    connect()
    register.seed(session)
    evaluations.seed_tree(session)
    return len(publishing.publish_bundled(session, actor))
