"""How notebooks that ran read on a page: their text, their outputs, and the code of each step folded away.

An executed notebook may have been edited by anyone. It is shown only where its cells are those that the journal sealed,
and even then nothing of it goes onto a page as HTML before `sanitising` has written it anew.
"""

from __future__ import annotations

import base64
import dataclasses
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit._files import plain, sha256_bytes, sha256_file
from verikit.case.auditing import EXECUTED, FAILED, FINISHED, MOST_NOTEBOOK, TEMPLATES
from verikit.case.cells import LEFT_OUT, cell_digests, load_notebook, source_of, stated_digest
from verikit.case.derived import confined
from verikit.case.leaving_out import tells
from verikit.case.pieces import moment_words
from verikit.case.sanitising import MOST_HTML, picture, sanitised
from verikit.case.tables import folded, stacked, too_wide
from verikit.errors import AuditError
from verikit.records import RESULT_MIME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from verikit._html import Html
    from verikit.case.evidence import Places
    from verikit.case.journal import Entry

__all__ = ["NotebookStory", "Shelf", "notebook_html", "notebook_stories"]

# A page of five megabytes opens everywhere; what does not fit is named, never dropped in silence.
MOST_PAGE = 5_000_000
# Longer texts are no prose and no table that someone reads on a page.
MOST_TEXT = 100_000
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PICTURES = ("image/png", "image/jpeg")
_LEVEL = re.compile(r"<h([1-6])>")
_NOTE_LEFT_OUT = "[Left out of this page by the analyst: words of a note that is left out.]"
# Notebooks stand under a heading of this level.
_UNDER = 3


@dataclasses.dataclass(slots=True)
class Shelf:
    """The room that is left on a page, in letters."""

    left: int = MOST_PAGE

    def take(self, shown: Html, *, place: str) -> Html:
        """`shown` where it still fits, otherwise a sentence that says where it can be found."""
        if len(shown) <= self.left:
            self.left -= len(shown)
            return shown
        kilobytes = -(-len(shown) // 1000)
        return _html.element("p", f"[Left out of this page for its size, {kilobytes} kB: see {place}.]")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NotebookStory:
    """What the journal tells of the latest run of a notebook. `start` and `end` are None where there was none."""

    name: str
    start: Entry | None = None
    end: Entry | None = None
    cells: int = 0
    sealed: tuple[tuple[str, str], ...] = ()

    @property
    def kept(self) -> str:
        """Where its copy lies in the case: executed/ if the notebook ran through, failed/ if not."""
        through = self.end is None or self.end.body.get("state") == FINISHED
        return (EXECUTED if through else FAILED) + self.name


def notebook_stories(entries: Iterable[Entry], *, names: Iterable[str] = ()) -> tuple[NotebookStory, ...]:
    """The story of each notebook, by name: those that ran, and those of `names` that did not."""
    told: dict[str, list[Entry]] = {name: [] for name in names}
    for entry in entries:
        name = PurePosixPath(str(entry.body.get("notebook", ""))).name
        if entry.kind == "run-start":
            told[name] = [entry]
        elif entry.kind in {"cell", "cell-sealed", "run-end"} and told.get(name):
            told[name].append(entry)
    return tuple(_story(name, told[name]) for name in sorted(told))


def _story(name: str, told: Sequence[Entry]) -> NotebookStory:
    sealed = [entry.body for entry in told if entry.kind == "cell-sealed"]
    return NotebookStory(
        name=name,
        start=told[0] if told else None,
        end=next((entry for entry in reversed(told) if entry.kind == "run-end"), None),
        cells=sum(entry.kind == "cell" for entry in told),
        sealed=tuple((str(body.get("id")), str(body.get("digest"))) for body in sealed),
    )


def notebook_html(story: NotebookStory, *, folder: Path, shelf: Shelf, places: Places) -> Html:
    """One notebook with a heading of level 3: when and how it ran, and what stands in its executed copy."""
    parts = [
        _html.element("h3", story.name, id_=places.notebooks[story.name]),
        *(_html.element("p", line) for line in _ran(story, folder)),
    ]
    if story.start is not None:
        notebook = _executed(story, folder, left_out=places.redacted.get(story.kept, {}).get("outputs", ()))
        if isinstance(notebook, str):
            parts.append(_html.element("p", notebook))
        else:
            parts += _cells(story.kept, notebook, shelf=shelf, places=places)
    return _html.element("section", _html.join(parts))


# --------------------------------------------------------------------------------------------------------- when and how it ran


def _ran(story: NotebookStory, folder: Path) -> Iterator[str]:
    """What is to be said about a run before its cells."""
    if story.start is None:
        yield "Not run."
        return
    if story.end is None:
        yield f"Run from {moment_words(story.start.time)}. It did not end: the journal holds no end of this run."
        return
    state, cells = story.end.body.get("state"), "1 cell" if story.cells == 1 else f"{story.cells} cells"
    how = f"Run from {moment_words(story.start.time)} to {moment_words(story.end.time)} in a fresh kernel"
    if state == FINISHED:
        yield f"{how}, from the first cell to the last: {cells} of code."
    else:
        error = plain(str(story.end.body.get("error", "")))[:500] or "no reason recorded"
        word = plain(str(state))[:40]
        yield f"{how}. The run {word} after {cells} of code: {error}."
        if confined(folder, EXECUTED + story.name).is_file():
            yield f"{EXECUTED}{story.name} is of an earlier run, the last that came to its end; it is not shown here."
    template = confined(folder, TEMPLATES + story.name)
    if not template.is_file() or sha256_file(template) != story.start.body.get("sha256"):
        yield f"The notebook {TEMPLATES}{story.name} was edited or removed after this run."


def _executed(story: NotebookStory, folder: Path, *, left_out: Collection[str]) -> dict[str, Any] | str:
    """The executed copy, or in a sentence why it is not shown."""
    name = story.kept
    path = confined(folder, name)
    if not story.sealed:
        return "This run left no copy."
    if not path.is_file():
        return f"There is no {name} of this run."
    if path.stat().st_size > MOST_NOTEBOOK:
        return f"{name} is not shown: it is larger than {MOST_NOTEBOOK} bytes."
    try:
        notebook = load_notebook(path.read_bytes())
    except AuditError as fault:
        return f"{name} is not shown: {plain(str(fault))[:500]}."
    if tuple((cell.id, cell.digest) for cell in cell_digests(notebook, left_out=left_out)) != story.sealed:
        return f"{name} is not shown: its cells are not those that the journal sealed. It was changed after it ran."
    return notebook


# ------------------------------------------------------------------------------------------------------------------- its cells


def _cells(name: str, notebook: Mapping[str, Any], *, shelf: Shelf, places: Places) -> Iterator[Html]:
    level = _UNDER
    for index, cell in enumerate(notebook["cells"]):
        place = f"{name}, cell {index} ({cell['id']})"
        before = dict(places.shown)
        for piece in _cell(cell, level=level, place=place, places=places, name=f"{name}:{cell['id']}"):
            shown = shelf.take(piece, place=place)
            if shown is not piece:
                places.shown = before
            before = dict(places.shown)
            found = _LEVEL.findall(shown)
            level = int(found[-1]) if found else level
            yield shown


def _cell(cell: Mapping[str, Any], *, level: int, place: str, places: Places, name: str) -> Iterator[Html]:
    source = source_of(cell)
    if tells(source, places.notes):
        source = ""
        yield _html.element("p", _NOTE_LEFT_OUT, class_="left-out")
    if cell["cell_type"] == "markdown":
        yield _markdown(source, level=level, pictures=_attached(cell), place=place)
    elif cell["cell_type"] == "raw":
        yield _lines(source, place=place)
    elif source.strip():
        code = _html.element("pre", _html.element("code", _letters(source)))
        yield _html.element("details", _html.element("summary", "code of this step"), code)
    for output in cell.get("outputs", ()):
        if _is_card(output):
            continue
        gone = _gone(output, cell=name, places=places)
        shown = gone or _output(output, level=level, place=place, places=places)
        level = int((_LEVEL.findall(shown) or [level])[-1])
        # What a reader has to move sideways must be reached by the keyboard, too.
        reached = {"class_": "wide", "tabindex": "0", "role": "group", "aria_label": "a wide table: it moves sideways"}
        yield _html.element("div", shown, **(reached if too_wide(shown) else {}))


def _letters(words: str) -> str:
    """Text without what only a terminal needs: colours, carriage returns, tabs."""
    return _ANSI.sub("", words).replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)


def _lines(words: str, *, place: str) -> Html:
    """Text with its lines as they are, cut where it is too long to be read."""
    shown = _html.element("pre", _letters(words[:MOST_TEXT]).rstrip("\n"))
    if len(words) <= MOST_TEXT:
        return shown
    rest = _html.element("p", f"[{len(words) - MOST_TEXT} more letters: see {place}.]")
    return _html.join([shown, rest])


def _markdown(source: str, *, level: int, pictures: Mapping[str, str], place: str) -> Html:
    if len(source) > MOST_TEXT:
        return _lines(source, place=place)
    # Imported here: only reports need it. Raw HTML in the text is shown as text.
    import mistune  # noqa: PLC0415

    renderer = mistune.HTMLRenderer(escape=True, allow_harmful_protocols=["attachment:"])
    made = mistune.create_markdown(renderer=renderer, plugins=["table", "strikethrough"])(source)
    return _rewritten(str(made), level=level, pictures=pictures) or _lines(source, place=place)


def _rewritten(given: str, *, level: int, pictures: Mapping[str, str] | None = None) -> Html | None:
    """HTML as it may stand on a page; None where it is too long to be read."""
    if len(given) > MOST_HTML:
        return None
    return folded(stacked(sanitised(given, under=_UNDER, after=level, pictures=pictures)))


def _attached(cell: Mapping[str, Any]) -> dict[str, str]:
    """The pictures pasted into a cell, as data URIs by the address that its text calls them by."""
    return {
        f"attachment:{name}": f"data:{mime};base64,{code}"
        for name, forms in cell.get("attachments", {}).items()
        if isinstance(forms, dict)
        for mime, code in forms.items()
        if mime in _PICTURES and isinstance(code, str)
    }


# ----------------------------------------------------------------------------------------------------------------- its outputs


def _output(output: Mapping[str, Any], *, level: int, place: str, places: Places) -> Html:
    kind = output["output_type"]
    if kind == "error":
        return _error(output, place=place)
    if kind == "stream":
        return _lines(_text(output["text"]), place=place)
    data = {mime: _text(value) for mime, value in output["data"].items()}
    if data.get("text/html") and (shown := _rewritten(data["text/html"], level=level)):
        return shown
    words = data.get("text/plain", "")
    for mime in _PICTURES:
        alt = _alt(output, mime, words=words, place=place)
        if data.get(mime) and (shown := picture(data[mime], mime=mime, alt=alt)):
            return places.figure(shown, sha256_bytes(base64.b64decode(data[mime])))
    if data.get("text/markdown"):
        return _markdown(data["text/markdown"], level=level, pictures={}, place=place)
    if words:
        return _lines(words, place=place)
    kinds = ", ".join(sorted(data)) or "nothing"
    return _html.element("p", f"[An output that a page cannot show ({plain(kinds)[:200]}): see {place}.]")


def _gone(output: Mapping[str, Any], *, cell: str, places: Places) -> Html | None:
    """What stands in the place of an output that the analyst left out; None where it is shown."""
    reason, what = places.left_out.reason(output, cell=cell)
    if stated_digest(output):
        told = output["data"][LEFT_OUT]
        reason, what = (str(told.get(name)) for name in ("reason", "sha256"))
    if reason:
        return places.stand_in(plain(reason), what)
    words = any(tells(value, places.notes) for value in _shown_texts(output))
    return _html.element("p", _NOTE_LEFT_OUT, class_="left-out") if words else None


def _shown_texts(output: Mapping[str, Any]) -> list[str]:
    data = output.get("data")
    return [_text(value) for value in [*(data.values() if isinstance(data, dict) else ()), output.get("text")]]


def _is_card(output: Mapping[str, Any]) -> bool:
    """Whether an output is the card of the case: a page that begins with the claim and the board needs none."""
    data = output.get("data")
    result = data.get(RESULT_MIME) if isinstance(data, dict) else None
    return isinstance(result, dict) and result.get("kind") == "CaseCard"


def _text(value: object) -> str:
    """Text that .ipynb may hold as one string or as a list of lines; nothing for anything else."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _alt(output: Mapping[str, Any], mime: str, *, words: str, place: str) -> str:
    """What a picture shows, in words: its description, or the text beside it unless that is only an object's name."""
    metadata = output.get("metadata")
    about = metadata.get(mime) if isinstance(metadata, dict) else None
    given = about.get("alt") if isinstance(about, dict) else None
    said = " ".join((given if isinstance(given, str) else words).split())
    if not said or (said.startswith("<") and said.endswith(">")):
        return f"a picture without a description: {place}"
    return said[:2000]


def _error(output: Mapping[str, Any], *, place: str) -> Html:
    name, value = (plain(_letters(str(output.get(key, "")))) for key in ("ename", "evalue"))
    said = _html.element("p", _html.element("strong", "This step ended in an error. "), f"{name}: {value}"[:2000])
    trace = output.get("traceback")
    lines = [line for line in trace if isinstance(line, str)] if isinstance(trace, list) else []
    return _html.join(
        [
            said,
            _html.element(
                "details", _html.element("summary", "where it happened"), _lines("\n".join(lines), place=place)
            ),
        ]
    )
