"""ro-crate-metadata.json: what is in the package and what made it, for programs that know research objects.

RO-Crate 1.1 with the profile Process Run Crate 0.5: each notebook's run is a CreateAction with its instrument, inputs and
results. It follows from the journal and the files alone, so whoever verifies makes it anew and compares: nothing can be
said here that the journal does not say. What this room writes is therefore part of the format; a change of it is a new
format version. Times are written as +00:00, which the profile asks for.
"""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, Any

from verikit.case.auditing import EXECUTED, FINISHED, TEMPLATES
from verikit.case.derived import pretty_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from verikit.case.journal import Entry

__all__ = ["CRATE", "crate_bytes"]

CRATE = "ro-crate-metadata.json"
_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_NOTEBOOK = "application/x-ipynb+json"
# A table of our own: Python's takes in what each machine adds to it, and the file must not differ.
_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".ipynb": _NOTEBOOK,
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".mkv": "video/matroska",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".txt": "text/plain",
    ".webm": "video/webm",
}


def crate_bytes(entries: Sequence[Entry], files: Mapping[str, tuple[int, str]]) -> bytes:
    """The metadata file of a case with these entries and files: each file's size and SHA-256 by its name in the case."""
    first, last = entries[0], entries[-1]
    people = _people(entries)
    runs = _runs(entries, files)
    withheld = {str(e.body.get("path")): e.body for e in entries if e.kind == "withheld"}
    hidden = [_withheld(path, body) for path, body in sorted(withheld.items()) if path not in files]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Sealed case {last.case}",
        "description": str(_claim(entries).get("text", "")) or "A case of video verification",
        "identifier": last.case,
        "dateCreated": first.time,
        "datePublished": last.time,
        "license": "Not stated: ask who sealed it.",
        "conformsTo": {"@id": _PROFILE},
        "author": _refs([person["@id"] for person in people]),
        "hasPart": [{"@id": _quoted(name)} for name in sorted(files)],
        "mentions": _refs([run["@id"] for run in runs] + [one["@id"] for one in hidden]),
    }
    descriptor = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }
    profile = {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    parts = [_file(name, size, digest) for name, (size, digest) in sorted(files.items())]
    graph = [descriptor, root, profile, *people, *runs, *hidden, *parts]
    return pretty_json({"@context": _CONTEXT, "@graph": graph})


def _quoted(name: str) -> str:
    return urllib.parse.quote(name)


def _refs(names: Sequence[str]) -> Any:
    """References to entities; the profile wants a single one by itself, not in a list."""
    found = [{"@id": name} for name in names]
    return found[0] if len(found) == 1 else found


def _claim(entries: Sequence[Entry]) -> Mapping[str, Any]:
    claims = [e.body["claim"] for e in entries if isinstance(e.body.get("claim"), dict)]
    return claims[-1] if claims else {}


def _people(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Everyone whom the journal names, the one who opened the case first."""
    names = dict.fromkeys([str(entries[0].body.get("by", "")), *(str(e.body.get("by", "")) for e in entries)])
    named = [name for name in names if name] or ["not named"]
    return [
        {
            "@id": f"#person-{number}",
            "@type": "Person",
            "name": name,
        }
        for number, name in enumerate(named)
    ]


def _runs(entries: Sequence[Entry], files: Mapping[str, tuple[int, str]]) -> list[dict[str, Any]]:
    """The last run of each notebook that ran through, as an action."""
    found: dict[str, dict[str, Any]] = {}
    start: dict[str, Entry] = {}
    inputs = sorted({str(e.body.get("path")) for e in entries if e.kind == "acquired"} & files.keys())
    for entry in entries:
        about = str(entry.body.get("notebook", ""))
        name = about.removeprefix(TEMPLATES)
        if entry.kind == "run-start":
            start[name] = entry
        elif entry.kind == "run-end" and entry.body.get("state") == FINISHED and name in start:
            made = {
                str(e.body.get("path")) for e in entries[start[name].seq : entry.seq] if e.kind == "derived"
            } & files.keys()
            results = [path for path in (EXECUTED + name, *sorted(made)) if path in files]
            found[name] = {
                "@id": f"#run-{entry.seq}",
                "@type": "CreateAction",
                "name": f"Run of {name}",
                "description": f"verikit {start[name].body.get('verikit')}, Python {start[name].body.get('python')}",
                "instrument": {"@id": _quoted(about)},
                "agent": {"@id": "#person-0"},
                "object": _refs([_quoted(path) for path in inputs]),
                "result": _refs([_quoted(path) for path in results]),
                "startTime": start[name].time,
                "endTime": entry.time,
                "actionStatus": "http://schema.org/CompletedActionStatus",
            }
    return [run for name, run in sorted(found.items()) if TEMPLATES + name in files]


def _file(name: str, size: int, digest: str) -> dict[str, Any]:
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    form = _TYPES.get(ending, "application/octet-stream")
    code = name.startswith(TEMPLATES)
    return {
        "@id": _quoted(name),
        "@type": ["File", "SoftwareSourceCode"] if code else "File",
        "name": name,
        "contentSize": str(size),
        "encodingFormat": form,
        "sha256": digest,
    } | ({"version": digest} if code else {})


def _withheld(path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@id": "#withheld-" + _quoted(path),
        "@type": "CreativeWork",
        "name": path,
        "description": f"Withheld from this package: {body.get('reason')}",
        "contentSize": str(body.get("size")),
        "sha256": str(body.get("sha256")),
    }
