"""Designers' drafts and what differs between two versions."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session
from tests.integration.workflow.conftest import diagram, sequence

from lastmeter.definitions import diff, drafts
from lastmeter.definitions.source import SourceRejected
from lastmeter.errors import Forbidden
from lastmeter.rehearsal.world import World

ONE = diagram(sequence("p", '<userTask id="a" name="一"/>', '<userTask id="b" name="二"/>'))
TWO = diagram(sequence("p", '<userTask id="a" name="甲"/>', '<userTask id="c" name="三"/>'))


def test_the_second_of_two_editors_is_told_of_the_first(session: Session, world: World) -> None:
    designer = world.actor("designer")
    first = drafts.save(session, designer, "p", ONE, 0)
    assert (first.revision, first.base_version) == (1, None)
    with pytest.raises(drafts.DraftChanged) as refused:
        drafts.save(session, designer, "p", TWO, 0)
    assert refused.value.facts["by"] == "吴桐"
    assert drafts.save(session, designer, "p", TWO, 1).revision == 2


def test_a_draft_must_be_readable_and_its_writer_a_designer(session: Session, world: World) -> None:
    with pytest.raises(SourceRejected):
        drafts.save(session, world.actor("designer"), "p", b"<no", 0)
    with pytest.raises(Forbidden):
        drafts.save(session, world.actor("lixia.officer"), "p", ONE, 0)


def test_differences_name_what_is_added_changed_and_removed() -> None:
    found = {(each.change, each.element_id): each.aspects for each in diff.differences(ONE, TWO)}
    assert found[("changed", "a")] == ("name",)
    assert ("added", "c") in found
    assert ("removed", "b") in found
    assert diff.differences(ONE, ONE) == []
