"""What the law has published, for programs: no token needed. Source: 政府采购法 11; 条例 8."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Response, current_app, request

from lastmeter.reports import ocds
from lastmeter.reports.ocds.words import moment
from lastmeter_web.api import schemas
from lastmeter_web.api.calls import call
from lastmeter_web.extensions import db

TAG = "disclosure"


@call("/public/ocds/releases.json", scopes=(), tag=TAG, public=True, query=schemas.ReleaseQuery,
      answer=schemas.ReleasePackageSchema)  # fmt: skip
def list_releases(query: dict[str, Any]) -> Response:
    """Public procurement data as an OCDS 1.1 release package, without a token: dated `since` or later, oldest first;
    the header Link names the rest."""
    settings, address = current_app.config["SETTINGS"], request.url_root.rstrip("/")
    page = ocds.page(db.session(), **query, prefix=settings.ocid_prefix, address=address)
    answer = Response(orjson.dumps(page.package), content_type="application/json")
    if page.following is not None:
        rest = urlencode({"since": moment(page.following), "limit": query["limit"]})
        answer.headers["Link"] = f'<{request.base_url}?{rest}>; rel="next"'
    return answer
