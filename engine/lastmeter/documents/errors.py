"""Why a file is refused or cannot be given back; sentences in both languages with what to do about it."""

from __future__ import annotations

from typing import ClassVar

from lastmeter.errors import Kind, LastmeterError


class UploadRefused(LastmeterError):
    """The file cannot be taken; facts: `field`, `reason` (a key of SENTENCES), and the limit it broke."""

    code = "upload_refused"

    def __init__(self, reason: str, **facts: object) -> None:
        self.reason = reason
        super().__init__(field="file", reason=reason, **facts)

    def say(self, language: str) -> str:
        """The refusal as a sentence (zh or en)."""
        return SENTENCES[self.reason][1 if language == "en" else 0].format(**self.facts)


class DocumentDamaged(LastmeterError):
    """The stored file is gone or no longer what was handed in; facts: `document`."""

    code = "document_damaged"
    kind: ClassVar[Kind] = "unavailable"


SENTENCES: dict[str, tuple[str, str]] = {
    "empty": ("文件是空的，请重新选择文件。", "The file is empty; choose it again."),
    "too_large": (
        "文件超过 {most_mb} MB，请压缩或拆分后再上传。",
        "The file is larger than {most_mb} MB; make it smaller or split it.",
    ),
    "unknown_kind": (
        "不支持此类文件。可上传 PDF、Word（docx）、Excel（xlsx）、PNG、JPG、TXT 和 CSV。",
        "Files of this kind are not taken. PDF, Word (docx), Excel (xlsx), PNG, JPG, TXT and CSV are.",
    ),
    "wrong_extension": (
        "文件内容与扩展名不符：内容是 {found}，扩展名是 {given}。请用原程序另存后上传。",
        "The content is {found}, but the name ends in {given}; save it anew with the program it comes from.",
    ),
    "two_kinds_in_one": (
        "文件中夹带了另一种格式的内容，请用原程序另存后上传。",
        "The file hides content of another kind; save it anew with the program it comes from.",
    ),
    "damaged": ("文件已损坏或不完整，请重新导出后上传。", "The file is damaged or incomplete; export it again."),
    "encrypted": ("文件设有密码，请去除密码后上传。", "The file is protected by a password; remove it first."),
    "macros": (
        "文件含有宏，请另存为不含宏的 docx 或 xlsx。",
        "The file holds macros; save it without them.",
    ),
    "unsafe_archive": (
        "文件内部结构不安全，请用 Word 或 Excel 另存后上传。",
        "The file's inner structure is unsafe; save it anew with Word or Excel.",
    ),
    "expands_too_much": (
        "文件展开后过大，无法接收，请删减内容后上传。",
        "The file unfolds to too much; take some content out.",
    ),
    "not_text": (
        "文本文件须为 UTF-8 或 GB18030 编码，且不含控制字符。",
        "A text file must be UTF-8 or GB18030 without control characters.",
    ),
    "active_text": (
        "不接受网页、SVG 或脚本文件，请转换为 PDF 后上传。",
        "Web pages, SVG and scripts are not taken; turn it into a PDF.",
    ),
    "allowed_kinds": ("此处只接受 {accept} 文件。", "Only {accept} files are taken here."),
    "too_many": ("文件过多，最多 {most} 个。", "Too many files; at most {most}."),
}
