"""What is public, for programs without a token; nothing else, and in pages that fit together."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select
from tests.integration.reports.standard import faults
from tests.web.city import BID_CANARIES, CASE_CANARIES, City

from lastmeter.identity.models import Organisation
from lastmeter.procurement.models import Bid

RELEASES = "/api/v1/public/ocds/releases.json"


def test_a_program_without_a_token_gets_a_valid_package_without_bidders_or_clients(city: City) -> None:
    page = city.stranger().get(RELEASES)
    package = json.loads(page.text)
    assert (page.status, page.headers["Content-Type"]) == (200, "application/json")
    assert faults(package) == []
    assert ["tender"] in [release["tag"] for release in package["releases"]]
    with city.factory() as session:
        bidders = session.scalars(select(Organisation.name).join(Bid, Bid.supplier_id == Organisation.id)).all()
    assert bidders
    assert [word for word in (*CASE_CANARIES, *BID_CANARIES, *bidders) if word in page.text] == []


def test_the_header_link_leads_through_every_release_once(city: City) -> None:
    everything = json.loads(city.stranger().get(RELEASES).text)["releases"]
    seen, address = [], f"{RELEASES}?limit=1"
    while address:
        page = city.stranger().get(address)
        assert page.status == 200, page.text
        seen += json.loads(page.text)["releases"]
        address = page.headers.get("Link", "").partition(">")[0].removeprefix("<http://localhost")
    assert len(everything) >= 3
    assert seen == everything


def test_since_takes_a_day_or_an_instant_and_nothing_newer_gives_an_empty_list(city: City) -> None:
    everything = json.loads(city.stranger().get(f"{RELEASES}?since=").text)["releases"]
    day, instant = everything[-1]["date"][:10], everything[-1]["date"].replace("+", "%2B")
    for since in (day, instant):
        found = json.loads(city.stranger().get(f"{RELEASES}?since={since}").text)["releases"]
        assert everything[-1] in found
        assert everything[0] not in found
    assert json.loads(city.stranger().get(f"{RELEASES}?since=2030-01-01").text)["releases"] == []


@pytest.mark.parametrize("query", ["since=yesterday", "since=0001-01-01T00:00:00", "limit=0", "limit=1001", "other=1"])
def test_what_cannot_be_asked_is_refused_as_a_problem(city: City, query: str) -> None:
    page = city.stranger().get(f"{RELEASES}?{query}")
    assert (page.status, page.headers["Content-Type"]) == (422, "application/problem+json")


@pytest.mark.parametrize(("language", "words"), [("zh", "开放数据"), ("en", "every procurement as an OCDS")])
def test_the_public_page_says_where_the_data_is(city: City, language: str, words: str) -> None:
    page = city.visitor("lixia.officer", language).get("/public/")
    assert words in page.text
    assert f'href="{RELEASES}"' in page.text
