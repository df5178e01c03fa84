"""Whether two runs of a notebook came to the same: outputs compared by their type, with tolerances that are said.

JSON, the source of truth of every result: numbers with a fraction to a relative 1e-6 (another processor's last digits),
all else exactly. Pictures: the same size, no value further than 8 of 255 apart and half a value on average (another
version's rounding). HTML and plain text: letter for letter, but for addresses in memory; pictures inside HTML as pictures.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
import re
from typing import TYPE_CHECKING, Any

from verikit._files import plain
from verikit.case.cells import joined, output_digest, source_of, stated_digest, tags_of
from verikit.case.journal import strict_json
from verikit.case.live import as_shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["NOT_COMPARED", "file_difference", "json_difference", "notebook_differences", "picture_difference"]

RELATIVE, MOST_APART, MOST_MEAN = 1e-6, 8, 0.5
# A notebook's figures have a few megapixels; a crafted header may claim any size.
MOST_PIXELS = 64_000_000
# Said of an output of which only the digest is there, where the digest is another now.
NOT_COMPARED = "left out of the package, and not byte for byte what it is now"
_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")
_PICTURE_FILES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b", re.IGNORECASE)
_INSIDE = re.compile(r"data:image/(?:png|jpeg|webp|gif);base64,([A-Za-z0-9+/=]+)")


def notebook_differences(sealed: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where two loaded notebooks differ in what was written or is shown: (the cell's id, a sentence) for each difference.

    Cells that did not run in `again` are left out where a cell of it ended in an error: that cell is named.
    """
    others = {cell["id"]: cell for cell in again["cells"]}
    for cell in sealed["cells"]:
        place, other = f"cell {cell['id']}", others.pop(cell["id"], None)
        if other is None:
            yield cell["id"], f"{place}: not in the notebook that was run"
            continue
        if (cell["cell_type"], source_of(cell)) != (other["cell_type"], source_of(other)):
            yield cell["id"], f"{place}: its source is not the one that was run"
        if (tags_of(cell), cell.get("attachments", {})) != (tags_of(other), other.get("attachments", {})):
            yield cell["id"], f"{place}: its tags or attachments are not those of the cell that was run"
        outputs, now = cell.get("outputs", []), other.get("outputs", [])
        for found in _outputs_differences(outputs, now):
            yield cell["id"], f"{place} {found}"
        if any(output["output_type"] == "error" for output in now):
            return
    for name in others:
        yield name, f"cell {name}: it was run, and is not in the sealed notebook"


def _outputs_differences(sealed: Sequence[Mapping[str, Any]], again: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if len(sealed) != len(again) and not any(output["output_type"] == "error" for output in again):
        yield f"has {len(sealed)} outputs before, {len(again)} now"
    for number, (one, other) in enumerate(zip(sealed, again, strict=False)):
        place = f"output {number}"
        if digest := stated_digest(one):
            if digest != output_digest(other):
                yield f"{place}: {NOT_COMPARED}"
        elif other["output_type"] == "error":
            error = plain(f"{other.get('ename')}: {other.get('evalue')}"[:300])
            yield f"{place}: ended in an error now: {error}"
        elif (one["output_type"], one.get("name")) != (other["output_type"], other.get("name")):
            kinds = [plain(str(found.get("name", found["output_type"]))) for found in (one, other)]
            yield f"{place}: {kinds[0]} before, {kinds[1]} now"
        elif one["output_type"] == "stream":
            if _masked(as_shown(joined(one["text"]))) != _masked(as_shown(joined(other["text"]))):
                yield f"{place}: what it printed differs"
        else:
            yield from _data_differences(one.get("data", {}), other.get("data", {}), place)
            if found := json_difference(one.get("metadata", {}), other.get("metadata", {})):
                yield f"{place}: its metadata {found}"


def _data_differences(sealed: Mapping[str, Any], again: Mapping[str, Any], place: str) -> Iterator[str]:
    for mime in sorted(sealed.keys() | again.keys()):
        if mime not in sealed or mime not in again:
            yield f"{place} {plain(mime)}: {'only now' if mime in again else 'not there now'}"
        elif found := _value_difference(mime, joined(sealed[mime]), joined(again[mime])):
            yield f"{place} {plain(mime)}: {found}"


def _value_difference(mime: str, one: Any, other: Any) -> str:
    """How two values of one type differ, in words; empty where they are the same within the tolerances."""
    if mime.endswith(("/json", "+json")):
        return json_difference(one, other)
    if not isinstance(one, str) or not isinstance(other, str):
        return "" if one == other else "differs"
    if mime in _PICTURES:
        return _coded_difference(one, other)
    if mime == "text/html":
        if _masked(_INSIDE.sub("picture", one)) != _masked(_INSIDE.sub("picture", other)):
            return "differs"
        pairs = zip(_INSIDE.findall(one), _INSIDE.findall(other), strict=True)
        return next((found for pair in pairs if (found := _coded_difference(*pair))), "")
    return "" if _masked(one) == _masked(other) else "differs"


def _masked(text: str) -> str:
    return _ADDRESS.sub("0x", text)


def json_difference(one: Any, other: Any) -> str:
    """Where two JSON values first differ, as a path and both values; empty where they do not, within the tolerance."""
    # A stack, as nesting comes from a file.
    waiting: list[tuple[str, Any, Any]] = [("", one, other)]
    while waiting:
        path, a, b = waiting.pop()
        if isinstance(a, dict) and isinstance(b, dict):
            if a.keys() != b.keys():
                return f"differs at {plain(path) or 'its top'}: other keys"
            waiting += [(f"{path}/{key}"[:200], a[key], b[key]) for key in sorted(a, reverse=True)]
        elif isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                return f"differs at {plain(path) or 'its top'}: {len(a)} entries before, {len(b)} now"
            waiting += [(f"{path}/{n}"[:200], x, y) for n, (x, y) in enumerate(zip(a, b, strict=True))][::-1]
        elif not _same_leaf(a, b):
            told = f"{str(a)[:60]!r} before, {str(b)[:60]!r} now"
            return plain(f"differs at {path or 'its top'}: {told}")
    return ""


def _same_leaf(a: Any, b: Any) -> bool:
    if isinstance(a, float) or isinstance(b, float):
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (a, b))
        return numbers and math.isclose(a, b, rel_tol=RELATIVE, abs_tol=1e-12)
    return type(a) is type(b) and bool(a == b)


def _coded_difference(one: str, other: str) -> str:
    try:
        # Line ends may stand in it.
        pair = [base64.b64decode("".join(text.split()), validate=True) for text in (one, other)]
    except (binascii.Error, ValueError):
        return "" if one == other else "differs, and is no picture"
    return picture_difference(*pair)


def picture_difference(one: bytes, other: bytes) -> str:
    """How far two pictures are apart, in words; empty where they are the same within the tolerance."""
    if one == other:
        return ""
    from PIL import Image, ImageChops, ImageStat, UnidentifiedImageError  # noqa: PLC0415 - only running again needs it

    pictures = []
    for data in (one, other):
        try:
            picture = Image.open(io.BytesIO(data))
            if picture.width * picture.height > MOST_PIXELS:
                return f"differs, and is too large to compare: {picture.width} x {picture.height}"
            pictures.append(picture.convert("RGB"))
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
            return "differs, and one of the two is no picture that can be read"
    a, b = pictures
    if a.size != b.size:
        return f"{a.width} x {a.height} before, {b.width} x {b.height} now"
    apart = ImageStat.Stat(ImageChops.difference(a, b))
    most, mean = max(high for _, high in apart.extrema), max(apart.mean)
    if most <= MOST_APART and mean <= MOST_MEAN:
        return ""
    return f"pixels differ by up to {most:.0f} of 255, {mean:.2f} on average"


def file_difference(name: str, sealed: bytes, again: bytes) -> str:
    """How two files of one name differ, in words: JSON and pictures within their tolerances, all others by their bytes."""
    if sealed == again:
        return ""
    if name.endswith(_PICTURE_FILES):
        return picture_difference(sealed, again)
    if name.endswith(".json"):
        try:
            return json_difference(strict_json(sealed), strict_json(again))
        except ValueError:
            return "differs, and one of the two is not JSON"
    return "its bytes differ"
