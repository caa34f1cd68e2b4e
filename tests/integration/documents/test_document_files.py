from __future__ import annotations

import io
import os
import random
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from lastmeter.actor import Actor
from lastmeter.audit import AuditEvent
from lastmeter.config import Settings
from lastmeter.documents import files
from lastmeter.documents.errors import SENTENCES, DocumentDamaged, UploadRefused
from lastmeter.documents.models import Document
from lastmeter.documents.sniffing import display_name, kind_of
from lastmeter.errors import InvalidInput, Missing

WEI = Actor(person_id=11, name="魏×")
LI = Actor(person_id=12, name="李×")

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
# Parts are searched a mebibyte at a time; the comment cannot be packed, else it would pass for a bomb.
ACROSS_A_SEAM = (
    b"<a><!--" + random.Random(1).randbytes(512 * 1024).hex().encode()[: 1024 * 1024 - 15] + b"--><!DOCTYPE a>"
)
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 40 + b"\xff\xd9"


def png() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00\x00")) + chunk(b"IEND", b"")
    )


def office(main: str = "word/document.xml", **more: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", '<?xml version="1.0"?><Types/>')
        archive.writestr(main, '<?xml version="1.0"?><w:document><![CDATA[你好]]></w:document>')
        for name, body in more.items():
            archive.writestr(name, body)
    return out.getvalue()


def with_member(name: str, body: bytes = b"x") -> bytes:
    return office(**{name: body})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, upload_limit_bytes=1024 * 1024)


def put(session: Session, settings: Settings, data: bytes, name: str, **more: object) -> Document:
    return files.store(session, WEI, io.BytesIO(data), name, settings=settings, **more)  # type: ignore[arg-type]


def on_disk(settings: Settings) -> list[Path]:
    return sorted(path for path in (settings.data_dir / "files").rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("data", "name", "mime"),
    [
        (PDF, "方案.pdf", "application/pdf"),
        (png(), "现场.PNG", "image/png"),
        (JPG, "照片.jpeg", "image/jpeg"),
        (office(), "合同.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (office("xl/workbook.xml"), "预算.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("走访记录\n".encode(), "记录.txt", "text/plain"),
        ("姓名,次数\r\n王,3\r\n".encode("gb18030"), "统计.csv", "text/csv"),
    ],
)
def test_the_seven_kinds_are_taken_and_given_back_as_they_were(
    session: Session, settings: Settings, data: bytes, name: str, mime: str
) -> None:
    document = put(session, settings, data, name)
    assert (document.mime, document.size, document.name) == (mime, len(data), name)
    assert files.read(session, document, settings=settings) == data


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        pytest.param(b"", "空.pdf", "empty", id="0 bytes"),
        pytest.param(b"MZ\x90\x00" + b"\x00" * 200, "发票.pdf", "unknown_kind", id="renamed exe"),
        pytest.param(b"MZ\x90\x00" + b"\x00" * 200, "发票.txt", "not_text", id="exe as text"),
        pytest.param(b"\x7fELF\x02\x01" + b"\x00" * 80, "a.png", "unknown_kind", id="elf"),
        pytest.param(PDF, "setup.exe", "wrong_extension", id="pdf called exe"),
        pytest.param(PDF, "无后缀", "wrong_extension", id="no extension"),
        pytest.param(png(), "合同.docx", "wrong_extension", id="png called docx"),
        pytest.param(b"<svg xmlns='x'><script>alert(1)</script></svg>", "图.svg", "unknown_kind", id="svg"),
        pytest.param(b"<svg><script>alert(1)</script></svg>", "图.txt", "active_text", id="svg as text"),
        pytest.param(b"\xef\xbb\xbf \n<!DOCTYPE html>", "a.csv", "active_text", id="html after a mark"),
        pytest.param(b"hello <script>x</script>", "a.txt", "active_text", id="script further on"),
        pytest.param(b"#!/bin/sh\nrm -rf /\n", "a.txt", "active_text", id="shell script"),
        pytest.param(b"abc\x00def", "a.txt", "not_text", id="NUL in text"),
        pytest.param(PDF + office(), "a.pdf", "two_kinds_in_one", id="zip behind a pdf"),
        pytest.param(PDF + office() + b" " * 3000, "a.pdf", "damaged", id="pdf that ends in something else"),
        pytest.param(b"%PDF-<html><script>x</script>%%EOF", "a.pdf", "two_kinds_in_one", id="html in a pdf's head"),
        pytest.param(png() + office(), "a.png", "two_kinds_in_one", id="zip behind a png"),
        pytest.param(png()[:-8], "a.png", "damaged", id="torn png"),
        pytest.param(JPG + office(), "a.jpg", "two_kinds_in_one", id="zip behind a jpg"),
        pytest.param(b"\xff\xd8\xff\xfe\x00\x30<script>alert(1)</script>" + JPG[4:], "a.jpg", "two_kinds_in_one",
                     id="html in a jpg's comment"),
        pytest.param(PDF[:-7], "a.pdf", "damaged", id="torn pdf"),
        pytest.param(office()[:-30], "a.docx", "damaged", id="torn docx"),
        pytest.param(b"PK\x03\x04" + b"\x00" * 40, "a.docx", "damaged", id="no archive at all"),
        pytest.param(office() + b"trailing", "a.docx", "two_kinds_in_one", id="something behind a docx"),
        pytest.param(office("other/part.xml"), "a.docx", "unknown_kind", id="another office file"),
        pytest.param(with_member("../../etc/cron.d/x"), "a.docx", "unsafe_archive", id="zip slip"),
        pytest.param(with_member("/etc/passwd"), "a.docx", "unsafe_archive", id="absolute path"),
        pytest.param(with_member("C:/windows/x"), "a.docx", "unsafe_archive", id="drive letter"),
        pytest.param(with_member("word/vbaProject.bin"), "a.docx", "macros", id="macros"),
        pytest.param(with_member("word/x.xml", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a/>"), "a.docx",
                     "unsafe_archive", id="entities"),
        pytest.param(with_member("word/x.xml", ACROSS_A_SEAM), "a.docx", "unsafe_archive",
                     id="a document type across a seam"),
        pytest.param(with_member("word/x.xml", "<!DOCTYPE a>".encode("utf-16")), "a.docx", "unsafe_archive",
                     id="a document type in UTF-16"),
        pytest.param(with_member("word/media/a.bin", b"\x00" * 50_000_000), "a.docx", "expands_too_much",
                     id="zip bomb"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500, "a.docx", "unknown_kind", id="password"),
        pytest.param(b"x" * (1024 * 1024 + 1), "a.txt", "too_large", id="too large"),
    ],
)  # fmt: skip
def test_a_dangerous_or_broken_file_is_refused_with_its_reason(
    session: Session, settings: Settings, data: bytes, name: str, reason: str
) -> None:
    with pytest.raises(UploadRefused) as refused:
        put(session, settings, data, name)
    assert refused.value.reason == reason
    for language in ("zh", "en"):
        assert "{" not in refused.value.say(language)
    assert on_disk(settings) == []
    assert session.scalars(select(Document)).all() == []


def test_a_zip_is_refused_unless_it_is_an_office_file() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(UploadRefused) as refused:
        kind_of(out.getvalue(), "a.zip")
    assert refused.value.reason == "unknown_kind"


def test_a_bomb_whose_directory_lies_about_its_size_is_refused() -> None:
    data = bytearray(with_member("word/media/a.bin", b"\x00" * 3_000_000))
    position = data.rindex(b"PK\x01\x02", 0, data.rindex(b"PK\x05\x06"))
    struct.pack_into("<I", data, position + 24, 1000)
    with pytest.raises(UploadRefused) as refused:
        kind_of(bytes(data), "a.docx")
    assert refused.value.reason == "damaged"


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(office())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", data, data.index(mark) + offset, 1)
    with pytest.raises(UploadRefused) as refused:
        kind_of(bytes(data), "a.docx")
    assert refused.value.reason == "encrypted"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\用户\\王\\合同.docx", "合同.docx"),
        ("发票\u202efdp.exe", "发票fdp.exe"),
        ("a\x00b\nc.pdf", "abc.pdf"),
        (".pdf", "pdf"),
        ("", "file"),
        ("  ..  ", "file"),
        ("㐀𠀀龘.pdf", "㐀𠀀龘.pdf"),
    ],
)
def test_names_are_shown_without_paths_and_tricks(given: str, shown: str) -> None:
    assert display_name(given) == shown


def test_a_name_of_300_characters_is_shortened_and_keeps_its_ending(session: Session, settings: Settings) -> None:
    document = put(session, settings, PDF, "很" * 300 + ".pdf")
    assert document.name == "很" * 176 + ".pdf"


def test_the_same_content_lies_on_disk_once_under_a_name_that_nobody_chose(
    session: Session, settings: Settings
) -> None:
    first, second = put(session, settings, PDF, "甲.pdf"), put(session, settings, PDF, "乙.pdf")
    assert first.id != second.id
    [path] = on_disk(settings)
    assert path.name == first.sha256.hex()
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("classification", ["case", "sealed"])
def test_classified_files_lie_encrypted_name_included(
    session: Session, settings: Settings, classification: str
) -> None:
    secret = "王某某家访记录".encode()
    document = put(session, settings, secret, "王某某.txt", classification=classification, key_class="bid/7")
    again = put(session, settings, secret, "王某某.txt", classification=classification)
    for path in on_disk(settings):
        assert secret not in path.read_bytes()
    assert len(on_disk(settings)) == 2
    assert (document.key_class, again.key_class, document.name) == ("bid/7", "documents", None)
    row = session.execute(text("SELECT document::text FROM document WHERE id = :id"), {"id": document.id}).scalar_one()
    assert "王某某" not in row
    assert files.read(session, document, settings=settings) == secret
    assert files.name_of(session, document) == "王某某.txt"
    facts = [str(event.facts) for event in session.scalars(select(AuditEvent))]
    assert facts
    assert not any("王某某" in each for each in facts)


def test_an_unknown_classification_is_refused(session: Session, settings: Settings) -> None:
    with pytest.raises(InvalidInput):
        put(session, settings, PDF, "a.pdf", classification="secret")


def test_a_field_takes_only_the_kinds_it_names(session: Session, settings: Settings) -> None:
    assert put(session, settings, PDF, "a.pdf", accept=".pdf, .docx").kind == "PDF"
    assert put(session, settings, png(), "a.png", accept="image/*").kind == "PNG"
    with pytest.raises(UploadRefused) as refused:
        put(session, settings, PDF, "a.pdf", accept="image/*,.docx")
    assert "image/*,.docx" in refused.value.say("zh")


def test_a_changed_or_missing_file_is_noticed(session: Session, settings: Settings) -> None:
    document = put(session, settings, PDF, "a.pdf")
    [path] = on_disk(settings)
    path.write_bytes(PDF + b" ")
    with pytest.raises(DocumentDamaged):
        files.read(session, document, settings=settings)
    path.unlink()
    with pytest.raises(DocumentDamaged):
        files.read(session, document, settings=settings)


def test_an_upload_belongs_to_its_uploader_until_it_is_handed_in(session: Session, settings: Settings) -> None:
    document = put(session, settings, PDF, "a.pdf")
    assert document.owner == "upload/11"
    assert files.may_be_named(session, WEI, document.id)
    assert not files.may_be_named(session, LI, document.id)
    with pytest.raises(Missing):
        files.bind(session, LI, [document.id], "task/9")
    files.bind(session, WEI, [document.id, document.id], "task/9")
    files.bind(session, LI, [document.id], "task/9")
    assert [each.id for each in files.of_owner(session, "task/9")] == [document.id]
    assert not files.may_be_named(session, WEI, document.id)
    with pytest.raises(Missing):
        files.bind(session, WEI, [document.id], "task/10")
    with pytest.raises(Missing):
        files.bind(session, WEI, [10**9], "task/9")


def test_files_that_a_rollback_left_behind_are_swept_after_a_day(session: Session, settings: Settings) -> None:
    kept = put(session, settings, PDF, "a.pdf")
    with session.begin_nested() as inner:
        put(session, settings, png(), "b.png")
        put(session, settings, png(), "c.png", classification="case")
        inner.rollback()
    assert len(on_disk(settings)) == 3
    assert files.sweep(session, settings=settings) == 0
    for path in on_disk(settings):
        os.utime(path, (1, 1))
    assert files.sweep(session, settings=settings) == 2
    assert files.read(session, kept, settings=settings) == PDF


def test_every_refusal_has_a_sentence_in_both_languages() -> None:
    for zh, en in SENTENCES.values():
        assert zh.endswith("。")
        assert en.endswith(".")
