"""REST under /api/v1: JSON for programs, with the same services, permissions and transactions as the pages."""

from __future__ import annotations

from flask import Flask
from flask_smorest import Api

from lastmeter_web.api import (
    data_stores,
    definitions,
    disclosure,
    instances,
    messages,
    migrations,
    problems,
    reference,
    schemas,
    surgery,
    tasks,
)
from lastmeter_web.api.calls import blueprint

__all__ = ["register"]

# The features add their calls to the blueprint by being imported.
_FEATURES = (definitions, migrations, instances, surgery, data_stores, tasks, messages, disclosure, reference)
problems.install(blueprint)


class _Api(Api):  # type: ignore[misc]  # flask-smorest is not typed
    """flask-smorest without its own error pages: ours speak problem+json."""

    ERROR_SCHEMA = schemas.ProblemSchema

    def _register_error_handlers(self) -> None:
        return None


def register(app: Flask) -> None:
    """The calls and their description stand under /api/v1."""
    app.config.setdefault("API_TITLE", "Lastmeter")
    app.config.setdefault("API_VERSION", "v1")
    app.config.setdefault("OPENAPI_VERSION", "3.1.0")
    api = _Api(app, spec_kwargs={"info": {"description": reference.INTRODUCTION}})
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    api.spec.options["security"] = [{"token": []}]
    api.register_blueprint(blueprint)
    reference.install(app)
    app.extensions["lastmeter_openapi"] = api.spec
