"""Changes to a sealed package, from a letter in an output to a perfect rewrite, and the people who make them.

Three of them: one edits files and leaves the rest (naive); one makes every manifest, the metadata and bag-info fit again,
without the key (`rehash`); one holds the key, writes the journal anew so that every digest in it fits, and signs again
(`refit`). Used by the tests, and by `benchmarks.tamper`, which shows them to other tools.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import zipfile

from verikit._files import canonical_json, sha256_bytes, sha256_file
from verikit.case.auditing import info_fields
from verikit.case.bag import bytes_member, info_text
from verikit.case.cells import cell_digests, load_notebook
from verikit.case.claims import Claim
from verikit.case.crate import crate_bytes
from verikit.case.derived import pretty_json
from verikit.case.header import journaled_header
from verikit.case.journal import append, read_journal
from verikit.case.opening import new_case, open_case
from verikit.case.report import write_report
from verikit.case.running import run_case
from verikit.errors import AuditError
from verikit.records import RESULT_MIME

NOTEBOOK = "data/executed/02_what_is_this_file.ipynb"
TEMPLATE = "data/notebooks/02_what_is_this_file.ipynb"
JOURNAL, CLIP = "data/journal.jsonl", "data/inputs/clip.mp4"
MANIFEST, TAGMANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
SIGNATURE = f"signatures/{TAGMANIFEST}.sig"
NOTEBOOKS = ("01_claim.ipynb", "02_what_is_this_file.ipynb")
CRATE, TOKEN = "data/ro-crate-metadata.json", f"signatures/{TAGMANIFEST}.sig.tsr"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def read(package):
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def unpack(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def rehash(files):
    """What someone does who has no key: make every manifest fit again."""
    for manifest, chosen in (
        (MANIFEST, lambda name: name.startswith("data/")),
        (TAGMANIFEST, lambda name: name in {"bagit.txt", "bag-info.txt", MANIFEST}),
    ):
        listed = sorted(name for name in files if chosen(name))
        files[manifest] = "".join(f"{sha256_bytes(files[name])}  {name}\n" for name in listed).encode()
    oxum = [len(data) for name, data in files.items() if name.startswith("data/")]
    lines = files.get("bag-info.txt", b"").decode().splitlines(keepends=True)
    fitted = [f"Payload-Oxum: {sum(oxum)}.{len(oxum)}\n" if line.startswith("Payload-Oxum") else line for line in lines]
    if fitted != lines:
        files["bag-info.txt"] = "".join(fitted).encode()
        rehash(files)


# ---------------------------------------------------------------------------------------------------- what gets changed


def code(number, *, count, source, outputs, tags=()):
    metadata = {"tags": list(tags)} if tags else {}
    cell = {"cell_type": "code", "id": f"c{number:03d}", "metadata": metadata, "source": source}
    return cell | {"execution_count": count, "outputs": outputs}


def made_notebook(*, executed):
    """One of the case's notebooks, as run or as written."""
    shown = [
        {"output_type": "stream", "name": "stdout", "text": "score 0.91\n"},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": PIXEL, "text/plain": "a still"}},
    ]
    result = {"text/plain": "created 2019", "text/html": "<p>created 2019</p>"}
    result |= {"application/vnd.verikit.result.v1+json": {"created": 2019}}
    returned = [{"output_type": "execute_result", "execution_count": 2, "metadata": {}, "data": result}]
    cells = [
        {"cell_type": "markdown", "id": "c000", "metadata": {}, "source": "# A clip of a flood", "attachments": {}},
        code(1, count=1, source="threshold = 0.5\nfind(threshold)", outputs=shown, tags=("parameters",)),
        code(2, count=2, source="inspect(case.video)", outputs=returned),
        {"cell_type": "markdown", "id": "c003", "metadata": {}, "source": "Note: the sign is in Thai."},
        code(4, count=3, source="done()", outputs=[]),
    ]
    if not executed:
        cells = [
            cell | {"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else cell for cell in cells
        ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(notebook, indent=1) + "\n").encode()


def make_case(folder, *, clip=None):
    """A case folder as a run leaves it: with every kind of file that a case has, all of them in the journal."""
    given = folder.parent / "given"
    given.mkdir()
    for name in NOTEBOOKS:
        (given / name).write_bytes(made_notebook(executed=False))
    if clip is None:
        clip = given / "clip.mp4"
        clip.write_bytes(bytes(range(256)) * 16)
    claim = Claim(text="a flood in 2024", url="https://example.org/1")
    case = new_case(folder, video=clip, claim=claim, notebooks=given, post=b"{}", by="A. Analyst")
    case.decide("S4", status="contradicted", because="an older copy")
    (folder / "inputs/.writing-x").write_bytes(b"left behind")
    (folder / "scans/clip.bin").write_bytes(b"a cache")
    (folder / "executed").mkdir()
    environment = b'{"verikit":"0.1.0"}\n'
    (folder / "environment.json").write_bytes(environment)
    for name in NOTEBOOKS:
        template = sha256_file(folder / "notebooks" / name)
        tell(folder, "run-start", notebook=f"notebooks/{name}", sha256=template, environment=sha256_bytes(environment))
        case.keep_bytes(name.encode(), name=name.replace(".ipynb", ".png"), operation="still", parents=["video"])
        tell_run(folder, name, made_notebook(executed=True))
    write_report(open_case(folder))
    return folder


def tell(folder, kind, **body):
    """One more entry in the case's journal."""
    append(folder / "journal.jsonl", kind, body, case=open_case(folder).id)


def tell_run(folder, name, data):
    """An executed notebook with these bytes, and its cells in the journal."""
    (folder / "executed" / name).write_bytes(data)
    for cell in cell_digests(load_notebook(data)):
        tell(folder, "cell-sealed", notebook=f"notebooks/{name}", **dataclasses.asdict(cell))
    tell(folder, "run-end", notebook=f"notebooks/{name}", sha256=sha256_bytes(data), state="done")


# The same as made_notebook shows, written so that it can run anywhere, without a decoder.
RUNNING = (
    f"""threshold = 0.5
import base64
from IPython.display import display
from verikit.case.opening import open_case
case = open_case()
print(f"score {{threshold + 0.41:.2f}}")
display({{"image/png": "{PIXEL}", "text/plain": "a still"}}, raw=True)""",
    """class Made:
    def __init__(self, data):
        self.year = 2019 if len(data) == 4096 and data[:2] == bytes([0, 1]) else 1970
    def _repr_mimebundle_(self, include=None, exclude=None):
        said = f"created {self.year}"
        value = {"created": self.year}
        return {"text/plain": said, "text/html": f"<p>{said}</p>", "RESULT": value}
Made(case.video.read_bytes())""".replace("RESULT", RESULT_MIME),
    "done = True",
)


def running_case(folder):
    """A case like `make_case`, whose notebooks really ran."""
    given = folder.parent / "given"
    given.mkdir()
    for name in NOTEBOOKS:
        content = json.loads(made_notebook(executed=False))
        still = (
            f"case.keep_bytes(b'{name}', name='{name.replace('.ipynb', '.png')}', operation='still', parents=['video'])"
        )
        for cell, source in zip((1, 2, 4), RUNNING, strict=True):
            content["cells"][cell]["source"] = source if cell != 4 else f"{source}\n_ = {still}"
        (given / name).write_text(json.dumps(content))
    clip = given / "clip.mp4"
    clip.write_bytes(bytes(range(256)) * 16)
    claim = Claim(text="a flood in 2024", url="https://example.org/1")
    case = new_case(folder, video=clip, claim=claim, notebooks=given, post=b"{}", by="A. Analyst")
    case.decide("S4", status="contradicted", because="an older copy")
    runs = run_case(case)
    assert [run.state for run in runs] == ["ran", "ran"], list(map(str, runs))
    write_report(case)
    return folder


# ----------------------------------------------------------------------------------------------------------- the changes


def swap(name, old, new):
    """Replace bytes in one file."""

    def change(files):
        assert old in files[name], (name, old)
        files[name] = files[name].replace(old, new, 1)

    return change


def put(name, data):
    return lambda files: files.update({name: data})


def drop(name):
    return lambda files: files.pop(name)


def notebook(edit):
    """Change the executed notebook as JSON, written again in its own form."""

    def change(files):
        content = json.loads(files[NOTEBOOK])
        edit(content)
        files[NOTEBOOK] = (json.dumps(content, indent=1) + "\n").encode()

    return change


def cell(number, **fields):
    return notebook(lambda content: content["cells"][number].update(fields))


def data_of(number, mime, value):
    return notebook(lambda content: content["cells"][number]["outputs"][-1]["data"].update({mime: value}))


def lines(edit):
    """Change the journal as a list of its lines."""

    def change(files):
        content = files[JOURNAL].splitlines(keepends=True)
        edit(content)
        files[JOURNAL] = b"".join(content)

    return change


def turn(content):
    content[4], content[5] = content[5], content[4]


def rewritten(old, new):
    """The journal rewritten from its first line with a fresh and perfect chain; what every hash chain lets through."""

    def change(files):
        prev, out = "0" * 64, []
        for line in files[JOURNAL].replace(old, new).splitlines():
            entry = {**json.loads(line), "prev": prev}
            del entry["hash"]
            canonical = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            prev = hashlib.sha256(b"verikit-journal-v1\n" + canonical.encode()).hexdigest()
            out.append(json.dumps({**entry, "hash": prev}, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
        files[JOURNAL] = ("\n".join(out) + "\n").encode()

    return change


def first_run_only(content):
    """Cut after an earlier run's end: a chain that holds and ends as it should, only too early."""
    ends = [number for number, line in enumerate(content) if b'"kind":"run-end"' in line]
    del content[ends[0] + 1 :]


def double_key(files):
    swap(NOTEBOOK, b'"nbformat": 4', b'"nbformat": 4, "nbformat": 4')(files)


# name: (what is done, the property that must break, what its problem must say, who else sees it without a seal string).
# The last is what a person sees who fits all manifests anew: "journal" or "notebook", or nothing but the seal string.
TAMPERS = {
    # the notebook
    "output text": (swap(NOTEBOOK, b"0.91", b"0.19"), "notebook", "cell 1 (c001): output 0 differs", True),
    "output picture": (data_of(1, "image/png", "AAAA"), "notebook", "cell 1 (c001): output 1 differs", True),
    "output html": (data_of(2, "text/html", "<p>2024</p>"), "notebook", "cell 2 (c002): output 0 differs", True),
    "output plain": (data_of(2, "text/plain", "created 2024"), "notebook", "cell 2 (c002): output 0 differs", True),
    "result json": (
        data_of(2, RESULT_MIME, {"created": 2024}), "notebook", "cell 2 (c002): output 0 differs", True,
    ),
    "output added": (
        cell(4, outputs=[{"output_type": "stream", "name": "stdout", "text": "x"}]),
        "notebook", "cell 4 (c004): 1 outputs where the journal has 0", True,
    ),
    "output removed": (cell(2, outputs=[]), "notebook", "cell 2 (c002): 0 outputs where the journal has 1", True),
    "parameter": (swap(NOTEBOOK, b"0.5", b"0.1"), "notebook", "cell 1 (c001): its source differs", True),
    "cell deleted": (notebook(lambda n: n["cells"].pop(3)), "notebook", "cell 3 (c003): removed", True),
    "cells turned": (notebook(lambda n: n["cells"].insert(0, n["cells"].pop(3))), "notebook", "cell 3 (c003): moved", True),
    "cell duplicated": (
        notebook(lambda n: n["cells"].append(n["cells"][3])), "notebook", "cell 5: its id is missing, not of its form, or taken", True,
    ),
    "cell added": (
        notebook(lambda n: n["cells"].append({**n["cells"][3], "id": "new"})), "notebook", "cell 5 (new): not in the journal", True,
    ),
    "cell renamed": (cell(3, id="c999"), "notebook", "cell 3 (c003): removed", True),
    "execution count": (cell(4, execution_count=7), "notebook", "cell 4 (c004): run as 7 where run as 3 follows", True),
    "note": (swap(NOTEBOOK, b"is in Thai", b"is in Lao"), "notebook", "cell 3 (c003): its source differs", True),
    "hidden letter in a note": (
        cell(3, source="Note: the sign\u200b is in Thai."), "notebook", "cell 3 (c003): its source differs", True,
    ),
    "tag": (cell(1, metadata={}), "notebook", "cell 1 (c001): its tags or attachments differ", True),
    "attachment": (
        cell(0, attachments={"a.png": {"image/png": "AAAA"}}), "notebook", "cell 0 (c000): its tags or attachments", True,
    ),
    "cell type": (cell(3, cell_type="raw"), "notebook", "cell 3 (c003): its type differs", True),
    "cell metadata": (cell(3, metadata={"hidden": True}), "notebook", "re-saved, content unchanged", True),
    "notebook metadata": (notebook(lambda n: n["metadata"].update(title="x")), "notebook", "re-saved", True),
    "re-saved": (
        lambda files: files.update({NOTEBOOK: json.dumps(json.loads(files[NOTEBOOK])).encode()}),
        "notebook", "re-saved, content unchanged: text, tags and outputs of all cells", True,
    ),
    "key twice": (double_key, "notebook", "stands twice", True),
    "notebook not json": (put(NOTEBOOK, b"x"), "notebook", "not JSON", True),
    "notebook nested deep": (put(NOTEBOOK, b"[" * 200_000), "notebook", "nested too deeply", True),
    "notebook removed": (drop(NOTEBOOK), "notebook", f"{NOTEBOOK}: missing; the journal tells", True),
    "notebook swapped": (
        lambda files: files.update({NOTEBOOK: files["data/notebooks/01_claim.ipynb"]}), "notebook", "not run", True,
    ),
    "template": (swap(TEMPLATE, b"0.5", b"0.1"), "notebook", f"{TEMPLATE}: edited after it ran", True),
    "environment": (swap("data/environment.json", b"0.1.0", b"0.1.1"), "notebook", "data/environment.json: not the", True),
    # files
    "input bit": (swap(CLIP, b"\x01", b"\x00"), "journal", f"{CLIP}: not the file of entry 1 (acquired)", True),
    "input cut": (lambda files: files.update({CLIP: files[CLIP][:-1]}), "journal", f"{CLIP}: not the file", True),
    "input removed": (drop(CLIP), "journal", f"{CLIP}: missing; entry 1 (acquired)", True),
    "derived": (
        put("data/derived/02_what_is_this_file.png", b"other"), "journal", "derived/02_what_is_this_file.png: not the file", True,
    ),
    "claim": (swap("data/case.json", b"in 2024", b"in 2023"), "journal", "case.json: its claim is not the one", True),
    "video's name": (swap("data/case.json", b'"name": "clip.mp4"', b'"name": "clap.mp4"'), "journal", "its video is not", True),
    "header's date": (
        swap("data/case.json", b'"created": "20', b'"created": "19'), "journal", "case.json: its created is not the one", True,
    ),
    "header's archive": (
        swap("data/case.json", b'"archive": null', b'"archive": "../x"'), "journal", "case.json: its archive is not", True,
    ),
    "header with a field more": (
        swap("data/case.json", b'"archive": null', b'"archive": null, "remark": "seen by a judge"'),
        "journal", "case.json: 'remark' is no field of a case", True,
    ),
    "video with a field more": (
        swap("data/case.json", b'"name": "clip.mp4"', b'"name": "clip.mp4", "from": "a friend"'),
        "journal", "case.json: its video is not the one", True,
    ),
    "failed copy": (put("data/failed/01_claim.ipynb", b"{}"), "journal", "failed/01_claim.ipynb: no entry", True),
    "report": (swap("data/report.html", b"report", b"recipe"), "journal", "data/ro-crate-metadata.json: not what follows", True),
    "entries turned": (lines(turn), "journal", "line 5: number 5 where 4 follows", True),
    "entry twice": (lines(lambda c: c.append(c[-1])), "journal", "where", True),
    "carriage returns": (lambda files: files.update({JOURNAL: files[JOURNAL].replace(b"\n", b"\r\n")}), "journal", "carriage", True),
    "journal key twice": (swap(JOURNAL, b'"v":1}', b'"v":1,"v":1}'), "journal", "twice", True),
    "address": (swap(JOURNAL, b"example.org/1", b"example.org/2"), "journal", "does not match its hash", True),
    "journal rewritten": (rewritten(b"an older copy", b"a newer copy"), "journal", "Verikit-Journal-Head is", True),
    "journal removed": (drop(JOURNAL), "journal", f"{JOURNAL}: missing", True),
    "journal of junk": (put(JOURNAL, b"\xff\xfe\n" * 99), "journal", "line 1: ", True),
    # the package
    "agent": (swap("bag-info.txt", b"verikit 0", b"verikit 9"), "hashes", "bag-info.txt: changed after sealing", False),
    "date": (swap("bag-info.txt", b"Bagging-Date: 20", b"Bagging-Date: 19"), "journal", "Bagging-Date is", True),
    "case name": (swap("bag-info.txt", b"Identifier: case", b"Identifier: cast"), "journal", "External-Identifier is", True),
    "format": (swap("bag-info.txt", b"verikit-case/1", b"verikit-case/2"), "hashes", "Verikit-Format is", True),
    "info field added": (
        lambda files: files.update({"bag-info.txt": files["bag-info.txt"] + b"X: y\n"}), "hashes", "its fields are not those", True,
    ),
    "bagit version": (swap("bagit.txt", b"1.0", b"0.97"), "shape", "bagit.txt: not the two lines", True),
    "file on top": (put("readme.txt", b"x"), "shape", "readme.txt: a sealed case has no such file", True),
    "fetch": (put("fetch.txt", b"http://x - data/x\n"), "shape", "fetch.txt: a sealed case has no such file", True),
    "weak manifest": (put("manifest-md5.txt", b""), "shape", "manifest-md5.txt: a sealed case", True),
    "file among signatures": (put("signatures/x.sig", b"x"), "shape", "signatures/x.sig: a sealed case", True),
    "manifest removed": (drop(MANIFEST), "hashes", f"{MANIFEST}: missing", None),
    "tagmanifest removed": (drop(TAGMANIFEST), "shape", f"{TAGMANIFEST}: missing", None),
    "manifest line twice": (
        lambda files: files.update({MANIFEST: files[MANIFEST] + files[MANIFEST].splitlines(keepends=True)[-1]}),
        "hashes", "is listed twice", None,
    ),
    "manifest traversal": (
        lambda files: files.update({MANIFEST: files[MANIFEST] + b"0" * 64 + b"  ../../etc/passwd\n"}), "hashes", "'..'", None,
    ),
    "manifest carriage returns": (
        lambda files: files.update({MANIFEST: files[MANIFEST].replace(b"\n", b"\r\n")}), "hashes", f"{MANIFEST}: line 1", None,
    ),
    "manifest line removed": (
        lambda files: files.update({MANIFEST: b"".join(files[MANIFEST].splitlines(keepends=True)[1:])}),
        "hashes", "not listed in manifest-sha256.txt: added after sealing", None,
    ),
    "case collision": (put("data/inputs/Clip.mp4", b"x"), "shape", "falls together", True),
    "hidden letters in a name": (put("data/inputs/a\u202e4pm.exe", b"x"), "shape", "control, format", True),
}  # fmt: skip

# What needs a file system: (what is done to the unpacked folder, what the shape's problem must say).
FOLDER_TAMPERS = {
    "link to a file": (lambda root: (root / "data/link").symlink_to("/etc/passwd"), "data/link: a link"),
    "link to a folder": (lambda root: (root / "data/etc").symlink_to("/etc"), "data/etc: a link"),
    "input is a link": (
        lambda root: ((root / CLIP).rename(root.parent / "x"), (root / CLIP).symlink_to(root.parent / "x")),
        f"{CLIP}: a link",
    ),
    "empty folder": (lambda root: (root / "data/empty").mkdir(), "data/empty: an empty folder"),
    "pipe": (lambda root: os.mkfifo(root / "data/pipe"), "data/pipe: neither a file nor a folder"),
    "folder as a tag file": (lambda root: ((root / MANIFEST).unlink(), (root / MANIFEST).mkdir()), "empty folder"),
}


def crate(edit):
    """Change the research object's metadata as JSON."""

    def change(files):
        content = json.loads(files[CRATE])
        edit(content["@graph"])
        files[CRATE] = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"

    return change


def exchange(one, other):
    def change(files):
        files[one], files[other] = files[other], files[one]

    return change


def rename(old, new):
    return lambda files: files.update({new: files.pop(old)})


def line(number, edit, *, hashed=True):
    """Change one line of the journal as JSON; its own hash made to fit, not the chain behind it."""

    def change(files):
        content = files[JOURNAL].splitlines()
        entry = json.loads(content[number])
        edit(entry)
        if hashed:
            entry.pop("hash", None)
            told = "verikit-journal-v1\n" + canonical_json(entry)
            entry["hash"] = hashlib.sha256(told.encode()).hexdigest()
        content[number] = canonical_json(entry).encode()
        files[JOURNAL] = b"\n".join(content) + b"\n"

    return change


def info(old, new):
    def change(files):
        files["bag-info.txt"], count = re.subn(old, new, files["bag-info.txt"], count=1)
        assert count == 1

    return change


def graph(edit):
    return crate(lambda found: [edit(part) for part in found])


def renamed_person(part):
    if part["@type"] == "Person":
        part["name"] = "Someone Else"


def other_digest(part):
    if part["@id"] == "inputs/clip.mp4":
        part["sha256"] = "0" * 64


def outputs_turned(content):
    content["cells"][1]["outputs"].reverse()


def outputs_moved(content):
    cells = content["cells"]
    cells[1]["outputs"], cells[4]["outputs"] = cells[4]["outputs"], cells[1]["outputs"]


def appended(files):
    """One entry more, with a hash and a place in the chain that fit; its kind is no kind."""
    last = json.loads(files[JOURNAL].splitlines()[-1])
    entry = {**last, "seq": last["seq"] + 1, "prev": last["hash"], "kind": "court-order"}
    del entry["hash"]
    entry["hash"] = hashlib.sha256(("verikit-journal-v1\n" + canonical_json(entry)).encode()).hexdigest()
    files[JOURNAL] += canonical_json(entry).encode() + b"\n"


def stream(**fields):
    return notebook(lambda content: content["cells"][1]["outputs"][0].update(fields))


TAMPERS |= {
    "stream's name": (stream(name="stderr"), "notebook", "cell 1 (c001): output 0 differs", True),
    "output's metadata": (
        notebook(lambda n: n["cells"][1]["outputs"][1].update(metadata={"alt": "another still"})),
        "notebook", "cell 1 (c001): output 1 differs", True,
    ),
    "result numbered for another run": (
        notebook(lambda n: n["cells"][2]["outputs"][0].update(execution_count=9)), "notebook", "output 0 differs", True,
    ),
    "outputs turned": (notebook(outputs_turned), "notebook", "cell 1 (c001): output 0 differs", True),
    "outputs moved to another cell": (notebook(outputs_moved), "notebook", "cell 4 (c004): 2 outputs", True),
    "direction of an output's text": (stream(text="\u202e19.0 erocs\n"), "notebook", "output 0 differs", True),
    "a letter that looks alike": (
        cell(3, source="Note: the sign is in Th\u0430i."), "notebook", "cell 3 (c003): its source differs", True,
    ),
    "a space at a source's end": (
        cell(4, source="done() "), "notebook", "cell 4 (c004): its source differs", True,
    ),
    "a comment in html": (
        data_of(2, "text/html", "<p>created 2019</p><!-- 2024 -->"), "notebook", "cell 2 (c002): output 0 differs", True,
    ),
    "a result's number as text": (data_of(2, RESULT_MIME, {"created": "2019"}), "notebook", "output 0 differs", True),
    "a result's number with a fraction": (
        data_of(2, RESULT_MIME, {"created": 2019.0}), "notebook", "output 0 differs", True,
    ),
    "a type added to an output": (data_of(2, "text/latex", "2024"), "notebook", "output 0 differs", True),
    "an attachment's name": (
        cell(0, attachments={"\u202egpj.exe": {"image/png": PIXEL}}), "notebook", "cell 0 (c000): its tags or att", True,
    ),
    "an older format": (notebook(lambda n: n.update(nbformat_minor=4)), "notebook", "format (4, 4)", True),
    "the kernel's name": (
        notebook(lambda n: n["metadata"]["kernelspec"].update(name="other")), "notebook", "re-saved", True,
    ),
    "run and written swapped": (exchange(NOTEBOOK, TEMPLATE), "notebook", "not run where run as 1 follows", True),
    "two runs swapped": (
        lambda files: exchange(NOTEBOOK, "data/executed/01_claim.ipynb")(files) or swap(NOTEBOOK, b"0.91", b"0.92")(files),
        "notebook", "output 0 differs", True,
    ),
    "two inputs swapped": (exchange(CLIP, "data/inputs/post.json"), "journal", f"{CLIP}: not the file of entry 1", True),
    "two stills swapped": (
        exchange("data/derived/01_claim.png", "data/derived/02_what_is_this_file.png"), "journal", "not the file of", True,
    ),
    "a still renamed": (
        rename("data/derived/01_claim.png", "data/derived/03.png"), "journal", "derived/01_claim.png: missing", True,
    ),
    "a byte behind an input": (
        lambda files: files.update({CLIP: files[CLIP] + b"\0"}), "journal", f"{CLIP}: not the file", True,
    ),
    "an input made empty": (put(CLIP, b""), "journal", f"{CLIP}: not the file", True),
    "header re-saved": (
        lambda files: files.update({"data/case.json": json.dumps(json.loads(files["data/case.json"])).encode()}),
        "journal", f"{CRATE}: not what follows", True,
    ),
    "header's claim split otherwise": (
        swap("data/case.json", b'"key": "S1"', b'"key": "S9"'), "journal", "case.json: its claim is not the one", True,
    ),
    "crate's person": (graph(renamed_person), "journal", f"{CRATE}: not what follows", True),
    "crate's digest": (graph(other_digest), "journal", f"{CRATE}: not what follows", True),
    "crate's time": (
        crate(lambda found: found[1].update(datePublished="2019-01-01T00:00:00+00:00")), "journal", f"{CRATE}: not", True,
    ),
    "crate with a part more": (
        crate(lambda found: found.append({"@id": "#x", "@type": "Person", "name": "A Judge"})), "journal", f"{CRATE}: not", True,
    ),
    "crate removed": (drop(CRATE), "hashes", f"{CRATE}: listed in {MANIFEST} and not there", False),
    "who said it": (
        line(3, lambda e: e["body"].update(by="Someone Else")), "journal", "line 5: does not continue", True,
    ),
    "a decision turned around": (
        line(3, lambda e: e["body"].update(status="supported")), "journal", "line 5: does not continue", True,
    ),
    "an earlier time with a hash that fits": (
        line(3, lambda e: e.update(time="2019-01-01T00:00:00.000+00:00")), "journal", "line 5: does not continue", True,
    ),
    "the last line's outcome": (
        line(-1, lambda e: e["body"].update(state="failed")), "journal", "Verikit-Journal-Head is", True,
    ),
    "the last line's case": (line(-1, lambda e: e.update(case="other")), "journal", "of another case", True),
    "a number as a fraction": (line(4, lambda e: e.update(seq=4.0)), "journal", "line 5", True),
    "a hash in capitals": (
        line(4, lambda e: e.update(hash=e["hash"].upper()), hashed=False), "journal", "line 5: hash is not of its form", True,
    ),
    "an entry of no kind": (appended, "journal", "kind is not of its form", True),
    "byte order mark": (lambda files: files.update({JOURNAL: b"\xef\xbb\xbf" + files[JOURNAL]}), "journal", "line 1", True),
    "a blank line behind": (lambda files: files.update({JOURNAL: files[JOURNAL] + b"\n"}), "journal", "not JSON", True),
    "spaces in a line": (swap(JOURNAL, b'"v":1}', b'"v": 1}'), "journal", "not written as canonical JSON", True),
    "letters as escapes": (swap(JOURNAL, b'"kind":"acquired"', b'"kind":"\\u0061cquired"'), "journal", "canonical", True),
    "bagit's version": (swap("bagit.txt", b"1.0", b"0.9"), "shape", "bagit.txt: not the two lines", True),
    "bag-info's date": (info(rb"(?<=Date: )\d{4}", b"2019"), "journal", "Bagging-Date is", True),
    "bag-info's head": (info(rb"(?<=Head: )[0-9a-f]{8}", b"00000000"), "journal", "Verikit-Journal-Head is", True),
    "bag-info's case": (info(rb"(?<=Identifier: ).*", b"case-x"), "journal", "External-Identifier is", True),
    "bag-info with a field more": (info(rb"\Z", b"Contact-Name: A Judge\n"), "hashes", "bag-info.txt: its fields", True),
    "bag-info superseding another": (
        info(rb"\Z", b"Verikit-Supersedes: verikit-seal:1:sha256:" + b"0" * 64 + b"\n"), "hashes", "its fields are", True,
    ),
    "manifest in capitals": (
        lambda files: files.update({MANIFEST: files[MANIFEST][:64].upper() + files[MANIFEST][64:]}), "hashes", "line 1", None,
    ),
    "manifest with a star": (
        lambda files: files.update({MANIFEST: files[MANIFEST].replace(b"  ", b" *", 1)}), "hashes", "line 1", None,
    ),
    "manifest out of order": (
        lambda files: files.update({MANIFEST: b"".join(sorted(files[MANIFEST].splitlines(keepends=True))[::-1])}),
        "hashes", "not sorted", None,
    ),
    "tagmanifest with a file more": (
        lambda files: files.update({TAGMANIFEST: files[TAGMANIFEST] + b"0" * 64 + b"  zz.txt\n"}),
        "hashes", "zz.txt: listed in tagmanifest-sha256.txt and not there", None,
    ),
    "a key put beside the signature": (put("signatures/key.pub", b"ssh-ed25519 AAAA"), "shape", "has no such file", True),
    "a list of signers put in": (put("allowed_signers", b"* ssh-ed25519 AAAA"), "shape", "has no such file", True),
    "a review that nobody signed": (put("reviews/0001.json", b"{}"), "review", "reviews/0001.json", True),
    "a review of another name": (put("reviews/0001.txt", b"all good"), "shape", "has no such file", True),
    "a file beside the journal": (put("data/journal.jsonl.bak", b"x"), "journal", "no entry of the journal", True),
    "Unicode twins": (put("data/inputs/\uff43lip.mp4", b"x"), "shape", "falls together", True),
    "a name that is not composed": (put("data/inputs/cafe\u0301.mp4", b"x"), "shape", "composed form", True),
    "a device's name with a colon": (put("data/inputs/CON:", b"x"), "shape", "colon", True),
    "a name that ends in a dot": (put("data/inputs/clip.mp4.", b"x"), "shape", "ends in a dot", True),
}  # fmt: skip


# --------------------------------------------------------------------------------------------------------- who makes them


def refit(files, sign=None):
    """What someone does who has the key: the journal written anew so that all of it fits, then all else, then signed."""
    try:
        _journal_anew(files)
        _metadata_anew(files)
    except (AuditError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        # What no longer is a journal cannot be made to fit; the manifests still can.
        pass
    rehash(files)
    if sign is not None:
        files[SIGNATURE] = sign(files[TAGMANIFEST])


def _journal_anew(files):
    """The same entries, with the digests of the files as they are now, in a fresh and perfect chain."""
    digest = {name.removeprefix("data/"): sha256_bytes(data) for name, data in files.items()}
    cells = {
        name.removeprefix("data/executed/"): {cell.id: cell for cell in cell_digests(load_notebook(data))}
        for name, data in files.items()
        if name.startswith("data/executed/")
    }
    prev, out = "0" * 64, []
    for number, text in enumerate(files[JOURNAL].replace(b"\r", b"").strip().splitlines()):
        entry = json.loads(text)
        body = entry["body"]
        file = str(body.get("notebook", "")).removeprefix("notebooks/")
        if entry["kind"] in {"acquired", "derived"} and body["path"] in digest:
            body |= {"sha256": digest[body["path"]], "size": len(files["data/" + body["path"]])}
        elif entry["kind"] == "run-start":
            body |= {"sha256": digest["notebooks/" + file], "environment": digest["environment.json"]}
        elif entry["kind"] == "run-end":
            body["sha256"] = digest["executed/" + file]
        elif entry["kind"] == "cell-sealed" and body["id"] in cells.get(file, {}):
            body |= dataclasses.asdict(cells[file][body["id"]])
        entry |= {"seq": number, "prev": prev}
        entry.pop("hash", None)
        prev = hashlib.sha256(("verikit-journal-v1\n" + canonical_json(entry)).encode()).hexdigest()
        out.append(canonical_json({**entry, "hash": prev}))
    files[JOURNAL] = ("\n".join(out) + "\n").encode()


def _metadata_anew(files):
    """The crate and bag-info as they follow from the journal."""
    entries = read_journal(files[JOURNAL])
    case = {name.removeprefix("data/"): data for name, data in files.items() if name.startswith("data/")}
    case.pop("ro-crate-metadata.json", None)
    files["data/case.json"] = case["case.json"] = pretty_json(journaled_header(entries))
    files[CRATE] = crate_bytes(entries, {name: (len(data), sha256_bytes(data)) for name, data in case.items()})
    payload = [bytes_member(name, data) for name, data in files.items() if name.startswith("data/")]
    agent = re.search(rb"Software-Agent: (.*)", files.get("bag-info.txt", b"Software-Agent: x"))[1].decode()
    files["bag-info.txt"] = info_text(info_fields(entries, payload, agent=agent)).encode()
