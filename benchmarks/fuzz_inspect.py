"""`python -m benchmarks.fuzz_inspect FOLDER`: does `inspect` answer whatever a file's structure claims?

Each file of the folder is changed where its structure says what comes next: sizes, counts, offsets, types and nesting of
boxes, elements, chunks and packets; and cut short. Every variant must give a result or a MediaError of one line, within
the limit. Each twentieth goes the whole way, MediaInfo and credentials in their own processes included; the others go
through the own readers, FFmpeg and all checks. What goes wrong is kept in --keep and counted; the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import struct
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from verikit.container import inspection, isobmff, matroska, mpegts, riff
from verikit.container.credentials import Credentials
from verikit.container.mediainfo import MediaInfoReport
from verikit.errors import MediaError
from verikit.media.video import Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from verikit.container.elements import Box

LIMIT = 5.0
EDGES = (0, 1, 2, 7, 8, 15, 16, 255, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
KINDS = (
    b"moov",
    b"trak",
    b"mdia",
    b"stbl",
    b"udta",
    b"meta",
    b"ilst",
    b"moof",
    b"uuid",
    b"free",
    b"elst",
    b"stsd",
    b"wave",
)
TABLES = {"stts", "ctts", "stss", "stsz", "stsc", "stco", "co64", "elst", "stsd", "dref", "keys", "chpl", "sbgp"}
DEEPEST = 3000


def boxes_of(path: Path) -> tuple[Box, ...]:
    """Every box, element, chunk or stream of a file, as the own readers see it."""
    with path.open("rb") as stream:
        if matroska.is_matroska(stream):
            return tuple(matroska.read_elements(path).walk())
        if riff.is_riff(stream):
            return tuple(riff.read_chunks(path).walk())
        if isobmff.is_isobmff(stream, path.stat().st_size):
            return tuple(isobmff.read_boxes(path).walk())
        if mpegts.is_transport_stream(stream):
            return tuple(mpegts.read_transport_stream(path)[0].walk())
    return ()


def changed(data: bytes, boxes: tuple[Box, ...], chance: random.Random) -> bytes:
    """One variant: one to four changes."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        box = chance.choice(boxes) if boxes else None
        chance.choice(WAYS)(made, box, chance)
    return bytes(made)


def _size(made: bytearray, box: Box | None, chance: random.Random) -> None:
    """The size that a box claims."""
    at = box.offset if box else chance.randrange(max(1, len(made)))
    value = chance.choice(
        (*EDGES, chance.randrange(2**32), (box.size if box else 8) + chance.choice((-9, -1, 1, 4, 8)))
    )
    layout = chance.choice((">I", "<I"))
    at += chance.choice((0, 0, 0, 4)) if box else 0
    made[at : at + 4] = struct.pack(layout, value % 2**32)


def _wide(made: bytearray, box: Box | None, chance: random.Random) -> None:
    """A size in 64 bits."""
    if box:
        made[box.offset : box.offset + 4] = struct.pack(">I", 1)
        made[box.offset + 8 : box.offset + 16] = struct.pack(">Q", chance.choice((0, 1, 16, 2**40, 2**63, 2**64 - 1)))


def _kind(made: bytearray, box: Box | None, chance: random.Random) -> None:
    """The type of a box."""
    if box:
        made[box.offset + 4 : box.offset + 8] = chance.choice(KINDS)


def _count(made: bytearray, box: Box | None, chance: random.Random) -> None:
    """A number in the payload: counts, offsets, clocks."""
    if box and box.size > box.header + 4:
        room = min(box.size - box.header, 64 if box.type not in TABLES else 16)
        at = box.offset + box.header + chance.randrange(0, max(1, room - 3))
        made[at : at + 4] = struct.pack(">I", chance.choice((*EDGES, chance.randrange(2**32))))


def _bits(made: bytearray, box: Box | None, chance: random.Random) -> None:
    """Single bytes near a box's start."""
    start = box.offset if box else 0
    for _ in range(chance.randrange(1, 9)):
        at = min(max(0, len(made) - 1), start + chance.randrange(64))
        if made:
            made[at] = chance.randrange(256)


def _cut(made: bytearray, box: Box | None, chance: random.Random) -> None:
    """The end is missing."""
    at = (
        box.offset + chance.choice((0, 1, 4, 8, 9, box.header))
        if box and chance.random() < 0.6
        else chance.randrange(len(made) + 1)
    )
    del made[max(at, 1) :]


def _out(made: bytearray, box: Box | None, chance: random.Random) -> None:  # noqa: ARG001 - all ways are called alike
    """A box is gone."""
    if box and box.size < len(made):
        del made[box.offset : box.offset + box.size]


def _twice(made: bytearray, box: Box | None, chance: random.Random) -> None:
    """A small box is there many times."""
    if box and 0 < box.size <= 65_536:
        piece = bytes(made[box.offset : box.offset + box.size])
        made[box.offset : box.offset] = piece * chance.choice((1, 2, 50, 400))


def _nested(made: bytearray, box: Box | None, chance: random.Random) -> None:
    """Boxes in boxes, deeper than any file."""
    kind = chance.choice(KINDS)
    inner = b""
    for _ in range(chance.choice((5, 30, 300, DEEPEST))):
        inner = struct.pack(">I", 8 + len(inner)) + kind + inner
        if len(inner) > 40_000:
            break
    at = box.offset if box else 0
    made[at:at] = inner


def _swapped(made: bytearray, box: Box | None, chance: random.Random) -> None:  # noqa: ARG001 - as above
    """Two stretches change places."""
    a, b = (chance.randrange(max(1, len(made) - 64)) for _ in range(2))
    made[a : a + 32], made[b : b + 32] = made[b : b + 32], made[a : a + 32]


WAYS: tuple[Callable[[bytearray, Box | None, random.Random], None], ...] = (
    _size, _size, _size, _wide, _kind, _count, _count, _count, _bits, _cut, _out, _twice, _nested, _swapped,
)  # fmt: skip


def outcome(path: Path) -> str:
    """What `inspect` came to: "answered", "refused", or what is wrong."""
    video = Video(path=path, name=path.name, size=path.stat().st_size, sha256="0" * 64)
    try:
        seen = inspection.inspect(video)
        # Everything that a person or a program reads of it must be there too.
        str(seen)
        seen.to_dict()
    except MediaError as error:
        return "refused" if "\n" not in str(error) else f"a message of several lines: {error!r}"
    except Exception:  # noqa: BLE001 - what must not happen is what is looked for
        return traceback.format_exc()
    return "answered"


def timed(path: Path, data: bytes) -> tuple[str, float, float]:
    """The outcome, the seconds it took, and the processor's seconds, those of processes that it started included."""
    start, before = time.monotonic(), os.times()
    said = outcome(path) if data else "refused"
    return said, time.monotonic() - start, sum(os.times()[:4]) - sum(before[:4])


def variants(folder: Path, *, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of `count` variants of the files in a folder, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    sources = [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix not in {".json", ".csv"}]
    held = [(path, path.read_bytes(), boxes_of(path)) for path in sources]
    for number in range(count):
        path, data, boxes = held[number % len(held)]
        yield f"{number}_{path.name}", changed(data, boxes, chance)


def main() -> int:
    """Run them, and tell how many answered, refused and failed, and how long the slowest took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="where variants that fail are kept")
    options = parser.parse_args()
    whole = inspection.read_mediainfo, inspection.read_credentials
    counts: collections.Counter[str] = collections.Counter()
    slowest, busiest, began = (0.0, ""), (0.0, ""), time.monotonic()
    with tempfile.TemporaryDirectory() as aside:
        for number, (name, data) in enumerate(variants(options.folder, count=options.count, seed=options.seed)):
            path = Path(aside) / name
            path.write_bytes(data)
            if number % 20:
                inspection.read_mediainfo = lambda _: MediaInfoReport(version="left out")
                inspection.read_credentials = lambda *_, **__: Credentials()
            else:
                inspection.read_mediainfo, inspection.read_credentials = whole
            said, spent, worked = timed(path, data)
            for _ in range(2):  # on a busy machine another program may have had the processor: late is late three times
                if spent > LIMIT:
                    said, spent, worked = min(timed(path, data), (said, spent, worked), key=lambda one: one[1])
            slowest, busiest = max(slowest, (spent, name)), max(busiest, (worked, name))
            wrong = said not in {"answered", "refused"} or spent > LIMIT
            counts["failed" if wrong else said] += 1
            if wrong:
                print(f"{name}: {spent:.2f} s\n{said}", flush=True)
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / name).write_bytes(data)
            path.unlink()
            if number % 1000 == 999:
                told = f"{number + 1} variants, {dict(counts)}, slowest {slowest[0]:.2f} s (processor {busiest[0]:.2f} s), {time.monotonic() - began:.0f} s in all"
                print(told, flush=True)
    print(f"{dict(counts)}; {time.monotonic() - began:.0f} s in all")
    print(f"slowest {slowest[0]:.2f} s ({slowest[1]}); most of the processor {busiest[0]:.2f} s ({busiest[1]})")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
