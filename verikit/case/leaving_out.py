"""What an analyst leaves out of a package and its report, so that what is left still checks.

A picture is withheld by the name of its file: the file stays out, and so does every output of a notebook that holds just
this picture. An output gives way to a stand-in that states its digest, and the journal names the digests that may be
stood in for, so that the cells' own digests hold as they were sealed. A note is left out of report.html alone: no chain
holds without its entry.

    {"path": "executed/...", "id": CELL, "digest": CELL'S, "reason"}       all outputs of a cell, as it ran
    {"entry": SEQ, "hash": ENTRY'S, "reason"}                              a note
    {"path": "executed/...", "sha256": AFTERWARDS, "outputs": [DIGEST]}    the notebook as packages hold it
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from typing import TYPE_CHECKING, Any, Self

from verikit._files import plain, sha256_bytes
from verikit.case.auditing import EXECUTED, MOST_NOTEBOOK, TEMPLATES, redacted_of, withheld_of
from verikit.case.bag import bytes_member, read_member
from verikit.case.cells import LEFT_OUT, cell_digests, load_notebook, output_digest
from verikit.case.derived import derived_of, pretty_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from verikit.case.bag import Member
    from verikit.case.journal import Entry

__all__ = ["LeftOut", "leave_out_entries", "notebook_entries", "packed_notebooks", "tells", "unclean_templates"]

_NOTE = re.compile(r"note:(\d{1,9})", re.ASCII)
_CELL = re.compile(r"([^/:]+\.ipynb):([A-Za-z0-9_-]{1,64})", re.ASCII)
_PICTURE = re.compile(r"data:image/[a-z]+;base64,([A-Za-z0-9+/=\s]+)")
_PICTURES = ("image/png", "image/jpeg")
_ESCAPE = re.compile(r"\\[nrt]")
# So many letters in a row are the note's own words: three or four of them.
_TELLING = 16


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What a case's journal says is left out: the reason by a picture's SHA-256, by a cell (PATH:ID), by a note's entry.

    A run makes its notes and outputs anew; what was left out stays so.
    """

    pictures: Mapping[str, str]
    cells: Mapping[str, str]
    notes: Mapping[int, str]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Self:
        """What these entries leave out."""
        said = [entry.body for entry in entries if entry.kind == "left-out"]
        named = {body.get("entry"): str(body.get("reason")) for body in said if "entry" in body}
        words = {str(e.body.get("text")): named[e.seq] for e in entries if e.kind == "note" and e.seq in named}
        return cls(
            pictures={str(e.body.get("sha256")): str(e.body.get("reason")) for e in withheld_of(entries).values()},
            cells={f"{body.get('path')}:{body['id']}": str(body.get("reason")) for body in said if "id" in body},
            notes={
                entry.seq: words[str(entry.body.get("text"))]
                for entry in entries
                if entry.kind == "note" and str(entry.body.get("text")) in words
            },
        )

    def reason(self, output: Mapping[str, Any], *, cell: str = "") -> tuple[str, str]:
        """Why an output of this cell (PATH:ID) is left out, and what it is by SHA-256: both empty where it is not.

        The SHA-256 is that of the picture, where it holds one that is withheld, else of the output.
        """
        for found in _pictures(output):
            if found in self.pictures:
                return self.pictures[found], found
        return (self.cells[cell], output_digest(output)) if cell in self.cells else ("", "")


def tells(words: str, notes: Sequence[str]) -> bool:
    """Whether words say a good part of one of these notes, whatever stands between its letters (quotes, line ends)."""
    letters = _letters(words) if notes else ""
    for note in map(_letters, notes):
        piece = min(len(note), _TELLING)
        if piece and any(note[start : start + piece] in letters for start in range(len(note) - piece + 1)):
            return True
    return False


def _letters(words: str) -> str:
    # In code a line may end as "\\n", which is no letter of it.
    return "".join(letter for letter in _ESCAPE.sub("", words).casefold() if letter.isalnum())


def packed_notebooks(members: Mapping[str, Member], entries: Sequence[Entry]) -> dict[str, tuple[Member, list[str]]]:
    """The executed notebooks that a package holds otherwise than the case, and the digests of the outputs left out."""
    left_out = LeftOut.of(entries)
    if not (left_out.pictures or left_out.cells):
        return {}
    found = {}
    for name, member in members.items():
        if name.startswith(EXECUTED):
            notebook = load_notebook(read_member(member, most=MOST_NOTEBOOK))
            if gone := list(_stand_in(notebook, left_out, path=name)):
                found[name] = (bytes_member(name, pretty_json(notebook)), gone)
    return found


def _stand_in(notebook: dict[str, Any], left_out: LeftOut, *, path: str) -> Iterator[str]:
    """Puts a stand-in for each output that is left out, and gives the digest of what was there."""
    for cell in notebook["cells"]:
        for number, output in enumerate(cell.get("outputs", ())):
            reason, what = left_out.reason(output, cell=f"{path}:{cell['id']}")
            if reason:
                digest = output_digest(output)
                told = {"digest": digest, "reason": reason, "sha256": what}
                data = {LEFT_OUT: told, "text/plain": f"Left out by the analyst: {plain(reason)}. SHA-256 {what}"}
                cell["outputs"][number] = {"output_type": "display_data", "metadata": {}, "data": data}
                yield digest


def _pictures(output: Mapping[str, Any]) -> Iterator[str]:
    """The SHA-256 of every picture in an output, also of those within its HTML."""
    data = output.get("data")
    for mime, value in (data if isinstance(data, dict) else {}).items():
        text = "".join(value) if isinstance(value, list) else value
        if not isinstance(text, str):
            continue
        codes = [text] if mime in _PICTURES else _PICTURE.findall(text) if mime == "text/html" else []
        for code in codes:
            try:
                yield sha256_bytes(base64.b64decode("".join(code.split()), validate=True))
            except (binascii.Error, ValueError):
                # What is no picture shows none.
                continue


def unclean_templates(members: Mapping[str, Member], entries: Sequence[Entry]) -> list[str]:
    """The notebooks as saved that still show what is left out. Their bytes are the journal's: they cannot be packed otherwise."""
    left_out, found = LeftOut.of(entries), []
    for name, member in members.items():
        if name.startswith(TEMPLATES):
            path = EXECUTED + name.removeprefix(TEMPLATES)
            cells = load_notebook(read_member(member, most=MOST_NOTEBOOK))["cells"]
            if any(
                left_out.reason(output, cell=f"{path}:{cell['id']}")[0]
                for cell in cells
                for output in cell.get("outputs", ())
            ):
                found.append(
                    f"{name}: as saved it still shows what is left out: clear its outputs, save it and run the case"
                )
    return found


# --------------------------------------------------------------------------------------------- what is said at the time of sealing


def leave_out_entries(
    wanted: Mapping[str, str], members: Mapping[str, Member], entries: Sequence[Entry]
) -> list[tuple[str, dict[str, Any]]]:
    """The journal's entries, kind and body, that leave out what is named, each with its reason.

    Named are a derived picture or file ("copies/evidence_2.jpg"), a cell's outputs ("04_seen_before.ipynb:c005") or a note
    ("note:57", by its number in the journal). Raises ValueError for what is not there.
    """
    said = []
    for name, reason in wanted.items():
        if not reason.strip():
            raise ValueError(f"{plain(name)}: say why it is left out")
        if note := _NOTE.fullmatch(name):
            said.append(("left-out", _note(int(note[1]), entries) | {"reason": reason}))
        elif cell := _CELL.fullmatch(name):
            said.append(("left-out", _cell(cell[1], cell[2], members) | {"reason": reason}))
        elif thing := derived_of(entries).get(name):
            body = {"path": thing.path, "sha256": thing.sha256, "size": thing.size, "reason": reason}
            said.append(("withheld", body))
        else:
            raise ValueError(
                f"{plain(name)}: cannot be left out: no derived file of that name; a cell is named NOTEBOOK.ipynb:CELL, "
                "a note by its number in the journal, note:57"
            )
    return said


def notebook_entries(members: Mapping[str, Member], entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """What the journal still has to say of the notebooks as packages will hold them."""
    told = redacted_of(entries)
    bodies = [
        {"path": name, "sha256": sha256_bytes(read_member(member)), "outputs": gone}
        for name, (member, gone) in packed_notebooks(members, entries).items()
    ]
    return [body for body in bodies if not body.items() <= dict(told.get(str(body["path"]), {})).items()]


def _note(number: int, entries: Sequence[Entry]) -> dict[str, Any]:
    entry = next((e for e in entries if e.seq == number and e.kind == "note"), None)
    if entry is None:
        raise ValueError(f"note:{number}: entry {number} of the journal is no note")
    return {"entry": number, "hash": entry.hash}


def _cell(file: str, name: str, members: Mapping[str, Member]) -> dict[str, Any]:
    path = EXECUTED + file
    if path in members:
        notebook = load_notebook(read_member(members[path], most=MOST_NOTEBOOK))
        for cell in cell_digests(notebook):
            if cell.id == name and cell.outputs:
                return {"path": path, "id": name, "digest": cell.digest}
    raise ValueError(f"{plain(file)}:{name}: no such cell with outputs in {EXECUTED}")
