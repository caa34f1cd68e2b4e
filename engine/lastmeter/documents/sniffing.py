"""What a file is by its content, and whether it is safe to keep: pure, without looking at who sent it.

Only seven kinds are taken. A file that passes as two kinds at once is refused: a reader may see the other one.
"""

from __future__ import annotations

import io
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from lastmeter.documents.errors import UploadRefused

NAME_LENGTH = 180
MOST_MEMBERS = 5_000
MOST_EXPANDED = 200 * 1024 * 1024
# Office files hold a little XML that packs well; a bomb packs a thousand times and more.
MOST_RATIO = 200
_SMALL = 1024 * 1024


@dataclass(frozen=True)
class FileKind:
    """A kind of file that is taken."""

    name: str
    mime: str
    extensions: tuple[str, ...]


PDF = FileKind("PDF", "application/pdf", ("pdf",))
PNG = FileKind("PNG", "image/png", ("png",))
JPG = FileKind("JPG", "image/jpeg", ("jpg", "jpeg"))
DOCX = FileKind("DOCX", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ("docx",))
XLSX = FileKind("XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ("xlsx",))
TXT = FileKind("TXT", "text/plain", ("txt",))
CSV = FileKind("CSV", "text/csv", ("csv",))

_MARKUP = re.compile(rb"<\s*(?:!doctype|html|svg|script|\?php|\?xml|iframe|body|head)\b", re.IGNORECASE)
_DOCUMENT_TYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")  # would hide a document type from the search; no office program writes it
_TEXT_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


def display_name(name: str) -> str:
    """The name as people may see it: no path, no invisible or reversing signs, at most 180 characters, ending kept."""
    plain = unicodedata.normalize("NFC", _UNSEEN.sub("", name)).replace("\\", "/").rsplit("/", 1)[-1].strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not stem:
        return plain[:NAME_LENGTH] or "file"
    ending = ending[:10]
    return f"{stem[: NAME_LENGTH - len(ending) - 1]}{dot}{ending}"


def kind_of(data: bytes, name: str) -> FileKind:
    """The kind of a file by its content; its name must agree. Raises UploadRefused."""
    if not data:
        raise UploadRefused("empty")
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    kind = _by_content(data, ending)
    if ending not in kind.extensions:
        raise UploadRefused("wrong_extension", found=kind.name, given=f".{ending[:10]}" if ending else "—")
    return kind


def _by_content(data: bytes, ending: str) -> FileKind:
    for magic, judge in _MAGIC:
        if data.startswith(magic):
            return judge(data)
    if ending in ("txt", "csv"):
        _judge_text(data)
        return CSV if ending == "csv" else TXT
    raise UploadRefused("unknown_kind")


def _pdf(data: bytes) -> FileKind:
    if b"%%EOF" not in data[-2048:]:
        raise UploadRefused("damaged")
    _refuse_second_kind(data)
    return PDF


def _png(data: bytes) -> FileKind:
    position = 8
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        position += 12 + length
        if name == b"IEND":
            if position != len(data):
                raise UploadRefused("two_kinds_in_one")
            _refuse_second_kind(data)
            return PNG
    raise UploadRefused("damaged")


def _jpg(data: bytes) -> FileKind:
    # Cameras append previews after the end mark; what they append must not be another kind of file.
    if b"\xff\xd9" not in data[2:]:
        raise UploadRefused("damaged")
    _refuse_second_kind(data)
    return JPG


def _refuse_second_kind(data: bytes) -> None:
    # An end-of-directory record anywhere near the end lets unzip tools open the file as an archive.
    tail = data[-66_000:]
    found = tail.rfind(b"PK\x05\x06")
    if found >= 0 and len(tail) - found >= 22 and zipfile.is_zipfile(io.BytesIO(data)):
        raise UploadRefused("two_kinds_in_one")
    head = data[:1024]
    if _MARKUP.search(head) or (b"%PDF-" in head and not data.startswith(b"%PDF-")):
        raise UploadRefused("two_kinds_in_one")


def _office(data: bytes) -> FileKind:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, struct.error):
        raise UploadRefused("damaged") from None
    names = [member.filename for member in members]
    if "[Content_Types].xml" not in names:
        raise UploadRefused("unknown_kind")
    _judge_members(data, members)
    kind = DOCX if "word/document.xml" in names else XLSX if "xl/workbook.xml" in names else None
    if kind is None:
        raise UploadRefused("unknown_kind")
    _unfold(archive, members)
    return kind


def _judge_members(data: bytes, members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    if len(names) != len({name.lower() for name in names}) or len(names) > MOST_MEMBERS:
        raise UploadRefused("unsafe_archive")
    if data[-22:-18] != b"PK\x05\x06" or min(member.header_offset for member in members) != 0:
        raise UploadRefused("two_kinds_in_one")
    for member in members:
        parts = re.split(r"[\\/]", member.filename)
        is_link = member.external_attr >> 16 & 0o170000 == 0o120000
        if ".." in parts or parts[0] == "" or ":" in parts[0] or "\\" in member.filename or is_link:
            raise UploadRefused("unsafe_archive")
        if member.flag_bits & 1:
            raise UploadRefused("encrypted")
        if parts[-1].lower() in ("vbaproject.bin", "vbadata.xml"):
            raise UploadRefused("macros")
    total = sum(member.file_size for member in members)
    if total > MOST_EXPANDED or (total > _SMALL and total > MOST_RATIO * len(data)):
        raise UploadRefused("expands_too_much")


def _unfold(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Every member unpacks, to no more than it promised; no XML part brings a document type."""
    left = MOST_EXPANDED
    for member in members:
        is_xml = member.filename.lower().endswith((".xml", ".rels"))
        seam = b""
        try:
            with archive.open(member) as unpacked:
                while block := unpacked.read(_SMALL):
                    left -= len(block)
                    if left < 0:
                        raise UploadRefused("expands_too_much")
                    if is_xml and (_DOCUMENT_TYPE.search(seam + block) or (not seam and block.startswith(_UTF16))):
                        raise UploadRefused("unsafe_archive")
                    seam = block[-16:]
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, struct.error):
            raise UploadRefused("damaged") from None


def _judge_text(data: bytes) -> None:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    if head.startswith((b"<", b"#!")) or _MARKUP.search(head[:1024]):
        raise UploadRefused("active_text")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _TEXT_CONTROLS.search(text):
            return
    raise UploadRefused("not_text")


def _old_office(_data: bytes) -> FileKind:
    # The same container holds password-protected docx files, old Word files and installers.
    raise UploadRefused("unknown_kind")


_MAGIC: tuple[tuple[bytes, Callable[[bytes], FileKind]], ...] = (
    (b"%PDF-", _pdf),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"\xff\xd8\xff", _jpg),
    (b"PK\x03\x04", _office),
    (b"\xd0\xcf\x11\xe0", _old_office),
)
