"""Which encoding a text file is in, and a UTF-8 copy of it where it is in another one.

UTF-8 is proved on the bytes; legacy encodings are judged by what their letters would be.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.errors import FileError
from data.ingest.archives import BLOCK, Budget, new_file
from data.ingest.limits import MEGABYTE

WHOLE_BELOW = 64 * MEGABYTE  # larger files are judged on this many bytes, spread over them
SPOTS = 64
MARKS = (  # the longer mark first: that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF8, "UTF-8", "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "UTF-32", "utf-32"),
    (codecs.BOM_UTF16_LE, "UTF-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "UTF-16", "utf-16"),
)
ODD_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b\x1a\x0b"))
EVIDENCE_BYTES = 256 * 1024  # of lines with letters beyond ASCII: enough to tell encodings apart


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """`codec` is Python's name; `in_place` says that DuckDB can read the bytes as they are."""

    name: str
    codec: str
    in_place: bool
    certain: bool = True


def judge(path: Path, name: str) -> Encoding:
    """The encoding of the text file at `path`; files above 64 MB are judged by 64 spread spots.

    Raises `FileError` where the bytes are no text.
    """
    with path.open("rb") as file:
        head = file.read(BLOCK)
    for mark, shown, codec in MARKS:
        if head.startswith(mark):
            if codec == "utf-8-sig":
                break
            return Encoding(name=shown, codec=codec, in_place=False)
    if wide := _unmarked_utf16(head):
        return Encoding(name="UTF-16", codec=wide, in_place=False)
    _refuse_binary(head, name)
    good = bad = 0
    evidence = bytearray()
    for line, block in _blocks(path):
        if (at := block.find(b"\0")) >= 0:
            raise _nul(name, line + block.count(b"\n", 0, at) if line else None)
        if block.isascii():
            continue
        try:
            block.decode()
            good += 1
        except UnicodeDecodeError:
            bad += 1
        if len(evidence) < EVIDENCE_BYTES:
            evidence += b"\n".join(li for li in block.split(b"\n") if not li.isascii())
    if not bad:
        old_mac = b"\r" in head and b"\n" not in head  # line ends that nothing below expects
        return Encoding(name="UTF-8", codec="utf-8", in_place=not old_mac)
    return _judge_bytes(bytes(evidence[:EVIDENCE_BYTES]))


def to_utf8(path: Path, encoding: Encoding, target: Path, budget: Budget) -> int:
    """Write a UTF-8 copy of `path` to `target`; how many letters could not be read.

    Lines of old Macs, which end with a carriage return alone, get a line feed instead.
    """
    decoder = codecs.getincrementaldecoder(encoding.codec)(errors="replace")
    unread = 0
    with path.open("rb") as file:
        start = decoder.decode(file.read(BLOCK))
        old_mac = "\r" in start and "\n" not in start
    decoder.reset()
    with path.open("rb") as file, new_file(target, budget) as out:
        while True:
            block = file.read(BLOCK)
            text = decoder.decode(block, final=not block)
            unread += text.count("\ufffd")
            if "\0" in text:
                raise _nul(budget.name, None)
            text = text.replace("\r", "\n") if old_mac else text
            out.write(text.encode("utf-8", errors="replace"))
            if not block:
                return unread


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """(line number, whole lines): all of a small file, 64 spots of a large one (line 0)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= WHOLE_BELOW:
            line = 1
            while block := file.read(BLOCK) + file.readline(BLOCK):
                yield line, block
                line += block.count(b"\n")
            return
        for spot in range(SPOTS):
            file.seek(size * spot // SPOTS)
            if spot:
                file.readline(BLOCK)
            yield 0, file.read(BLOCK) + file.readline(BLOCK)


def _unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 without a mark shows as a zero in every second byte of Western text."""
    for codec, start in (("utf-16-le", 1), ("utf-16-be", 0)):
        here, other = head[start::2].count(0), head[1 - start :: 2].count(0)
        if here > 0.3 * len(head) / 2 and other == 0:
            return codec
    return None


def _refuse_binary(head: bytes, name: str) -> None:
    strange = len(head) - len(head.translate(None, ODD_CONTROLS))
    if strange > 0.02 * len(head) and strange > 4:
        raise FileError(
            f"{name} holds binary data, not text, so there is no table to read. "
            "Save the table as CSV, Excel or Parquet and upload that."
        )


def _nul(name: str, line: int | None) -> FileError:
    place = f" in line {line:,}" if line else ""
    return FileError(
        f"{name} holds a NUL byte{place}: part of the file is not text, most likely damaged. "
        "Export it again, or remove those bytes, and upload the new file."
    )


def _judge_bytes(evidence: bytes) -> Encoding:
    """The legacy encoding whose letters make most sense in `evidence` (lines beyond ASCII)."""
    lines = evidence.split(b"\n")
    if sum(_decodes(line, "utf-8") for line in lines) >= 0.9 * len(lines):
        return Encoding(name="UTF-8", codec="utf-8", in_place=False, certain=False)
    for name, codec, share in (
        ("Shift-JIS", "cp932", _share_kana(evidence)),
        ("GB18030", "gb18030", _share_common_chinese(evidence)),
    ):
        if share > 0.6:
            return Encoding(name=name, codec=codec, in_place=False, certain=share > 0.8)
    if any(0x80 <= byte <= 0x9F for byte in evidence):
        return Encoding(name="cp1252", codec="cp1252", in_place=False, certain=False)
    return Encoding(name="Latin-1", codec="latin-1", in_place=False, certain=False)


def _decodes(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _share_common_chinese(evidence: bytes) -> float:
    """Share of letters beyond ASCII that are common Chinese ones when read as GB18030.

    Common ones are two bytes from 0xA1 on; a lone accented letter of a Western encoding swallows
    the ASCII letter behind it and lands elsewhere.
    """
    common = other = 0
    for char in evidence.decode("gb18030", errors="replace"):
        if char < "\x80":
            continue
        raw = char.encode("gb18030", errors="replace")
        if len(raw) == 2 and raw[1] >= 0xA1 and (0xB0 <= raw[0] <= 0xF7 or 0xA1 <= raw[0] <= 0xA3):
            common += 1
        else:
            other += 1
    return common / max(1, common + other)


def _share_kana(evidence: bytes) -> float:
    """Share of letters beyond ASCII that are Japanese kana or kanji, where kana are among them."""
    kana = kanji = other = 0
    for char in evidence.decode("cp932", errors="replace"):
        if "\u3040" <= char <= "\u30ff":
            kana += 1
        elif "\u4e00" <= char <= "\u9fff":
            kanji += 1
        elif char >= "\x80":
            other += 1
    return (kana + kanji) / max(1, kana + kanji + other) if kana > 0.1 * (kana + kanji) else 0.0
