from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import audit, keys
from lastmeter.identity.models import Organisation
from lastmeter.identity.people import within_scope
from lastmeter.rehearsal.world import World


def test_a_district_officer_sees_the_subtree_of_the_own_district_only(session: Session, world: World) -> None:
    officer = world.actor("lixia.officer")
    seen = set(session.scalars(select(Organisation.name_en).where(within_scope(officer, "procurement.view"))))
    assert "Lixia Finance Bureau" in seen
    assert not any("Licheng" in name for name in seen)


def test_the_chain_of_a_subject_is_whole(session: Session, world: World) -> None:
    assert audit.verify(session, "organisation") is None


def test_what_is_sealed_opens_again_and_only_under_its_class(session: Session) -> None:
    sealed = keys.encrypt(session, "identifiers", "370102199001010036")
    assert b"370102" not in sealed
    assert keys.decrypt_text(session, "identifiers", sealed) == "370102199001010036"
