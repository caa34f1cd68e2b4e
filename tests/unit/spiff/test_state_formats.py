"""States that earlier releases saved: loaded, upgraded and finished. A format, once released, keeps its file here."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import zstandard

from lastmeter.workflow.spiff import Live, Services, Spec, StateNotReadable, parse, restore, state

from .runner import NOW, shape

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "states"
GOLDEN = sorted(FOLDER.glob("format-*.zst"))


@pytest.fixture(scope="module")
def spec() -> Spec:
    return restore(parse((FOLDER / "everything.bpmn").read_bytes())[0].spec_blob)


def unpacked(blob: bytes) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(zstandard.ZstdDecompressor().decompress(blob))
    return found


def test_every_format_until_now_has_its_file() -> None:
    assert [unpacked(path.read_bytes())["format"] for path in GOLDEN] == list(range(1, state.STATE_FORMAT + 1))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_state_of_every_format_is_loaded_saved_in_the_present_one_and_finished(spec: Spec, path: Path) -> None:
    live = Live.load(spec, path.read_bytes(), Services())
    again = Live.load(spec, live.dump(), Services())
    assert unpacked(live.dump())["format"] == state.STATE_FORMAT
    assert shape(again) == shape(live)
    waits = {element: uid for uid, element in again.waiting().items()}
    assert set(waits) == {"ask", "remind", "wait", "esp_start"}
    again.fire_timer(waits["esp_start"], NOW)
    late = next(uid for uid, element in again.waiting().items() if element == "late")
    again.complete(late, {}, NOW)
    advance = again.complete(waits["ask"], {"answer": "否"}, NOW)
    assert advance.completed
    assert again.variables["streets"] == ["龙洞", "智远"]


@pytest.mark.parametrize("number", [0, state.STATE_FORMAT + 1])
def test_a_state_of_no_known_format_is_refused_and_left_alone(spec: Spec, number: int) -> None:
    raw = {**unpacked(GOLDEN[-1].read_bytes()), "format": number}
    blob = zstandard.ZstdCompressor().compress(orjson.dumps(raw))
    with pytest.raises(StateNotReadable) as refused:
        Live.load(spec, blob, Services())
    assert str(number) in str(refused.value.facts["reason"])
