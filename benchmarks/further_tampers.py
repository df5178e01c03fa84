"""More changes to a sealed package, thought of by whoever attacked it after the first ones were caught.

Rows are as in `benchmarks.tampers`; `ALL` holds those and these.
"""

from __future__ import annotations

import json
import re

from benchmarks.tampers import (
    CLIP,
    CRATE,
    JOURNAL,
    MANIFEST,
    NOTEBOOK,
    TAGMANIFEST,
    TAMPERS,
    TEMPLATE,
    cell,
    crate,
    data_of,
    drop,
    info,
    lines,
    notebook,
    put,
    swap,
)
from verikit.case.derived import pretty_json
from verikit.records import RESULT_MIME

HEADER, REPORT = "data/case.json", "data/report.html"


def raw(name, edit):
    """One file's bytes, edited."""
    return lambda files: files.update({name: edit(files[name])})


def resub(name, old, new):
    """A pattern replaced once in one file."""

    def change(files):
        files[name], count = re.subn(old, new, files[name], count=1)
        assert count == 1, (name, old)

    return change


def renamed_mime(number, old, new):
    def edit(content):
        data = content["cells"][number]["outputs"][-1]["data"]
        data[new] = data.pop(old)

    return notebook(edit)


def split_stream(content):
    first = content["cells"][1]["outputs"][0]
    rest = {**first, "text": first["text"][6:]}
    content["cells"][1]["outputs"][0:1] = [{**first, "text": first["text"][:6]}, rest]


def cell_metadata(number, **fields):
    return notebook(lambda content: content["cells"][number]["metadata"].update(fields))


def added_cell(**fields):
    made = {"id": "added", "metadata": {}, "source": ""} | fields
    return notebook(lambda content: content["cells"].append(made))


def header(**fields):
    return raw(HEADER, lambda data: pretty_json(json.loads(data) | fields))


def copied(source, target):
    return lambda files: files.update({target: files[source]})


def action(**fields):
    return crate(lambda found: [part.update(fields) for part in found if part["@type"] == "CreateAction"])


def cut_line(content):
    content[-1] = content[-1][:40]


def held_otherwise(content):
    """A source as a list of its lines, or as one text where it was a list."""
    source = content["cells"][1]["source"]
    content["cells"][1]["source"] = "".join(source) if isinstance(source, list) else source.splitlines(keepends=True)


RESAVED, CRATE_SAYS = "re-saved, content unchanged", f"{CRATE}: not what follows"

# name: (what is done, the property that must break, what its problem must say, who else sees it without a seal string).
FURTHER = {
    # what an output is taken for
    "a picture of another type": (renamed_mime(1, "image/png", "image/jpeg"), "notebook", "cell 1 (c001): output 1", True),
    "a type in capitals": (renamed_mime(1, "image/png", "IMAGE/PNG"), "notebook", "cell 1 (c001): output 1", True),
    "a type with a character set": (
        renamed_mime(2, "text/html", "text/html;charset=utf-7"), "notebook", "cell 2 (c002): output 0 differs", True,
    ),
    "a script in html": (
        data_of(2, "text/html", "<p>created 2019</p><script>1</script>"), "notebook", "cell 2 (c002): output 0 differs", True,
    ),
    "a program as an output": (data_of(2, "application/javascript", "alert(1)"), "notebook", "output 0 differs", True),
    "a widget as an output": (
        data_of(2, "application/vnd.jupyter.widget-view+json", {"model_id": "x"}), "notebook", "output 0 differs", True,
    ),
    "a chart that fetches": (
        data_of(2, "application/vnd.vega.v5+json", {"data": {"url": "https://example.org"}}), "notebook", "output 0", True,
    ),
    "a stream in two": (notebook(split_stream), "notebook", "cell 1 (c001): 3 outputs where the journal has 2", True),
    "a field more in an output": (
        notebook(lambda n: n["cells"][2]["outputs"][0].update(transient={"display_id": "x"})), "notebook", "output 0", True,
    ),
    "an error put behind": (
        notebook(lambda n: n["cells"][4]["outputs"].append({"output_type": "error", "ename": "E", "evalue": "", "traceback": []})),
        "notebook", "cell 4 (c004): it ended in an error", True,
    ),
    "no number": (data_of(2, RESULT_MIME, {"created": float("nan")}), "notebook", "NaN is not JSON", True),
    "a number beyond all": (resub(NOTEBOOK, rb'"created": \d+', b'"created": 1e400'), "notebook", "not JSON", True),
    "a negative zero": (data_of(2, RESULT_MIME, {"created": -0.0}), "notebook", "output 0 differs", True),
    "half a letter": (swap(NOTEBOOK, b"Thai", b"Th\\ud83d"), "notebook", "not JSON", True),
    # what a cell is
    "an identity in capitals": (cell(3, id="C003"), "notebook", "cell 3 (c003): removed", True),
    "a count that is true": (cell(1, execution_count=True), "notebook", "its execution count is not a positive", True),
    "a count twice": (cell(4, execution_count=2), "notebook", "cell 4 (c004): run as 2 where run as 3 follows", True),
    "an unbreakable space": (cell(4, source="done()\u00a0"), "notebook", "cell 4 (c004): its source differs", True),
    "an attachment of code": (
        cell(4, attachments={"a.png": {"image/png": "AAAA"}}), "notebook", "cell 4 (c004): its tags or attachments", True,
    ),
    "a tag twice": (cell_metadata(1, tags=["parameters", "parameters"]), "notebook", "its tags or attachments", True),
    "an empty note added": (added_cell(cell_type="markdown"), "notebook", "cell 5 (added): not in the journal", True),
    "a raw cell added": (added_cell(cell_type="raw"), "notebook", "cell 5 (added): not in the journal", True),
    "an idle cell added": (
        added_cell(cell_type="code", outputs=[], execution_count=None), "notebook", "cell 5 (added): not in the journal", True,
    ),
    "a source hidden": (cell_metadata(1, jupyter={"source_hidden": True}), "notebook", RESAVED, True),
    "outputs folded": (cell_metadata(1, collapsed=True), "notebook", RESAVED, True),
    "trust claimed": (cell_metadata(1, trusted=True), "notebook", RESAVED, True),
    "a field more in a cell": (cell(3, comment="seen by a judge"), "notebook", RESAVED, True),
    "a source held otherwise": (notebook(held_otherwise), "notebook", RESAVED, True),
    # the notebook's file
    "a key twice, deep down": (
        swap(NOTEBOOK, b'"name": "python3"', b'"name": "python3", "name": "r"'), "notebook", "stands twice", True,
    ),
    "another language": (notebook(lambda n: n["metadata"].update(language_info={"name": "R"})), "notebook", RESAVED, True),
    "state of widgets": (notebook(lambda n: n["metadata"].update(widgets={"x": 1})), "notebook", RESAVED, True),
    "a field more in a notebook": (notebook(lambda n: n.update(judged=True)), "notebook", RESAVED, True),
    "a format with a fraction": (notebook(lambda n: n.update(nbformat_minor=5.0)), "notebook", "only 4.5 is read", True),
    "a notebook's last line end": (raw(NOTEBOOK, bytes.rstrip), "notebook", RESAVED, True),
    "a notebook's line ends": (raw(NOTEBOOK, lambda data: data.replace(b"\n", b"\r\n")), "notebook", RESAVED, True),
    "a notebook with a mark": (raw(NOTEBOOK, lambda data: b"\xef\xbb\xbf" + data), "notebook", "not JSON", True),
    "a letter as an escape": (swap(NOTEBOOK, b"Thai", b"\\u0054hai"), "notebook", RESAVED, True),
    "a notebook of spaces": (raw(NOTEBOOK, lambda data: data + b" " * (33 << 20)), "notebook", "more than", True),
    "a failed run put in": (
        copied(NOTEBOOK, "data/failed/02_what_is_this_file.ipynb"), "journal", "no entry of the journal tells", True,
    ),
    "a third notebook": (copied(NOTEBOOK, "data/executed/03_x.ipynb"), "notebook", "03_x.ipynb: no entry tells of its run", True),
    "a notebook never run": (copied(TEMPLATE, "data/notebooks/03_x.ipynb"), "notebook", "03_x.ipynb: it never ran", True),
    "a notebook further down": (
        copied(NOTEBOOK, "data/executed/sub/02_what_is_this_file.ipynb"), "notebook", "no entry tells of its run", True,
    ),
    # other files
    "a program that Python starts": (put("data/sitecustomize.py", b"import os"), "journal", "no entry of the journal", True),
    "a kit put in": (put("data/search_kit/x.png", b"x"), "journal", "no entry of the journal", True),
    "a cache put in": (put("data/scans/x.bin", b"x"), "journal", "no entry of the journal", True),
    "a page of the crate": (put("data/ro-crate-preview.html", b"<p>"), "journal", "no entry of the journal", True),
    "a post with a space": (put("data/inputs/post.json", b"{ }"), "journal", "post.json: not the file of entry", True),
    "report edited": (raw(REPORT, lambda data: data.replace(b"flood", b"storm")), "journal", CRATE_SAYS, True),
    "report with a script": (raw(REPORT, lambda data: data + b"<script>1</script>"), "journal", CRATE_SAYS, True),
    "report removed": (drop(REPORT), "journal", CRATE_SAYS, True),
    "environment removed": (drop("data/environment.json"), "notebook", "environment.json: not the environment", True),
    "header removed": (drop(HEADER), "journal", f"{HEADER}: missing", True),
    "header's archive": (header(archive="/etc"), "journal", "its archive is not the one in the journal", True),
    "header with a field more": (header(court="x"), "journal", "'court' is no field of a case", True),
    "header's day": (header(created="2019-01-01T00:00:00.000+00:00"), "journal", "its created is not the one", True),
    # the journal
    "entries backwards": (lines(list.reverse), "journal", "the first entry, and only the first, is case-open", True),
    "the first entry last": (lines(lambda found: found.append(found.pop(0))), "journal", "line 1", True),
    "an entry twice": (lines(lambda found: found.insert(5, found[4])), "journal", "line 6: number 4 where 5 follows", True),
    "half a line and its end": (lines(lambda found: found.append(found.pop()[:40] + b"\n")), "journal", "not JSON", True),
    "half a line": (lines(cut_line), "journal", "the last line is torn", True),
    "zeros behind, as a crash leaves them": (raw(JOURNAL, lambda data: data + bytes(10)), "journal", "torn", True),
    "a line separator of Unicode": (
        raw(JOURNAL, lambda data: data.replace(b"\n", "\u2028".encode(), 1)), "journal", "line 1: not JSON", True,
    ),
    "a number of 5,000 digits": (resub(JOURNAL, rb'"seq":3,', b'"seq":' + b"3" * 5000 + b","), "journal", "line 4", True),
    "another version of an entry": (resub(JOURNAL, rb'"v":1\}', b'"v":2}'), "journal", "line 1: v is not of its form", True),
    "a version that is true": (resub(JOURNAL, rb'"v":1\}', b'"v":true}'), "journal", "line 1: v is not of its form", True),
    "a time in another form": (resub(JOURNAL, rb'\+00:00","v"', b'Z","v"'), "journal", "line 1: time is not of its form", True),
    "a day that is none": (
        resub(JOURNAL, rb'"time":"\d{4}-\d\d-\d\d', b'"time":"2026-02-30'), "journal", "line 1: time is not of its form", True,
    ),
    "a journal of one line end": (put(JOURNAL, b"\n"), "journal", "line 1: not JSON", True),
    "no journal": (drop(JOURNAL), "journal", f"{JOURNAL}: missing", True),
    # the crate and the tag files
    "crate's licence": (crate(lambda found: found[1].update(license="CC0")), "journal", CRATE_SAYS, True),
    "crate with a part less": (crate(lambda found: found[1]["hasPart"].pop()), "journal", CRATE_SAYS, True),
    "crate's run at another time": (action(startTime="2019-01-01T00:00:00+00:00"), "journal", CRATE_SAYS, True),
    "crate's run by another": (action(agent={"@id": "#person-9"}), "journal", CRATE_SAYS, True),
    "crate's words from elsewhere": (swap(CRATE, b"w3id.org/ro/crate", b"example.org/crate"), "journal", CRATE_SAYS, True),
    "crate re-saved": (raw(CRATE, lambda data: json.dumps(json.loads(data)).encode()), "journal", CRATE_SAYS, True),
    "crate emptied": (put(CRATE, b"{}"), "journal", CRATE_SAYS, True),
    "a crate at the top": (copied(CRATE, "ro-crate-metadata.json"), "shape", "has no such file", True),
    "bag-info's program": (info(rb"(?<=Agent: ).*", b"another 9"), "hashes", "bag-info.txt: changed", False),
    "bag-info with carriage returns": (raw("bag-info.txt", lambda data: data.replace(b"\n", b"\r\n")), "journal", "External-Identifier is", True),
    "bag-info with a field twice": (raw("bag-info.txt", lambda data: data + data.splitlines(keepends=True)[0]), "hashes", "its fields", True),
    "bag-info's count": (info(rb"(?<=Count: )\d+", b"1"), "journal", "Verikit-Journal-Count is '1'", True),
    "bagit in another alphabet": (swap("bagit.txt", b"UTF-8", b"ISO-8859-1"), "shape", "bagit.txt: not the two lines", True),
    "bagit with a line more": (raw("bagit.txt", lambda data: data + b"X: y\n"), "shape", "bagit.txt: not the two lines", True),
    "a folder of metadata": (put("metadata/x.xml", b"x"), "shape", "has no such file", True),
    "manifest with a remark": (raw(MANIFEST, lambda data: b"# x\n" + data), "hashes", "line 1: not a digest", None),
    "manifest with a blank line": (raw(MANIFEST, lambda data: data + b"\n"), "hashes", "not a digest", None),
    "manifest without its last line end": (raw(MANIFEST, bytes.rstrip), "hashes", "its end is missing", None),
    "manifest in sha256sum's other form": (raw(MANIFEST, lambda data: b"\\" + data), "hashes", "line 1: not a digest", None),
    "manifest emptied": (put(MANIFEST, b""), "hashes", f"{CLIP}: not listed in {MANIFEST}", None),
    "tagmanifest with a file of the case": (
        raw(TAGMANIFEST, lambda data: data + b"0" * 64 + b"  data/inputs/clip.mp4\n"), "hashes", "listed in tagmanifest", None,
    ),
    "tagmanifest with a line less": (
        raw(TAGMANIFEST, lambda data: b"".join(data.splitlines(keepends=True)[1:])), "hashes", "not listed in tagmanifest", None,
    ),
    # names
    "a Roman numeral as a letter": (put("data/inputs/cl\u2170p.mp4", b"x"), "shape", "falls together", True),
    "a wide stroke": (put("data/inputs\uff0fclip.mp4", b"x"), "shape", "falls together", True),
    "a unit's sign": (put("data/\u212aey.txt", b"x"), "shape", "composed form", True),
    "a sharp s": (
        lambda files: files.update({"data/stra\u00dfe": b"x", "data/strasse": b"x"}), "shape", "falls together", True,
    ),
    "a line end in a name": (put("data/inputs/cl\nip.mp4", b"x"), "shape", "control, format", True),
    "a space before a name": (put("data/inputs/ clip.mp4", b"x"), "shape", "begins or ends with a space", True),
    "a name without end": (put("data/" + "x" * 2000, b"x"), "shape", "longer than", True),
    "folders without end": (put("data/" + "x/" * 40 + "y", b"x"), "shape", "parts", True),
    "a file below a file": (put(f"{CLIP}/x", b"x"), "shape", "is a file and a folder at once", True),
    "a file of the payload's name": (put("data", b"x"), "shape", "is a file and a folder at once", True),
    "a name that is an option": (put("-rf", b"x"), "shape", "has no such file", True),
    # reviews
    "a review's number in other digits": (put("reviews/\u0660\u0660\u0660\u0661.json", b"{}"), "shape", "has no such file", True),
    "a review's signature alone": (put("reviews/0001.json.sig", b"x"), "review", "a review is two files", True),
    "the ten-thousandth review": (put("reviews/9999.json", b"{}"), "review", "a review is two files", True),
}  # fmt: skip

ALL = TAMPERS | FURTHER
