"""Verifying: an untouched package holds, and every change to it is caught, in the right property and at the right place."""

# pytest passes fixtures by name, whatever their number.

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verikit._files import sha256_bytes
from verikit.case.bag import read_member
from verikit.case.claims import Claim
from verikit.case.opening import new_case
from verikit.case.running import run_case
from verikit.case.sealing import seal_case
from verikit.case.signing import sign
from verikit.case.verifying import NOT_SHOWN, Verification, verify_package
from verikit.case.zips import open_zip
from verikit.errors import AuditError
from verikit.records import RESULT_MIME

NOTEBOOK = "data/executed/02_what_is_this_file.ipynb"
TEMPLATE = "data/notebooks/02_what_is_this_file.ipynb"
JOURNAL, CLIP = "data/journal.jsonl", "data/inputs/clip.mp4"
MANIFEST, TAGMANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
SIGNATURE = f"signatures/{TAGMANIFEST}.sig"
NAMES = ["shape", "hashes", "journal", "notebook", "signature", "time", "seal", "rerun", "review"]


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
    "report": (swap("data/report.html", b"report", b"recipe"), "hashes", "data/report.html: changed after sealing", False),
    "payload added": (put("data/inputs/b.mp4", b"x"), "journal", "inputs/b.mp4: no entry of the journal", True),
    "notebook added": (put("data/executed/09.ipynb", b"{}"), "notebook", "executed/09.ipynb: no entry tells", True),
    # the journal
    "entry removed": (lines(lambda c: c.pop(5)), "journal", "line 6: ", True),
    "tail cut": (lines(lambda c: c.pop()), "journal", "ends with cell-sealed, not with run-end", True),
    "tail cut at a run's end": (lines(first_run_only), "journal", "Verikit-Journal-Count is", True),
    "torn": (lambda files: files.update({JOURNAL: files[JOURNAL][:-9]}), "journal", "torn", True),
    "no last line feed": (lambda files: files.update({JOURNAL: files[JOURNAL][:-1]}), "journal", "torn", True),
    "time": (
        lines(lambda c: c.__setitem__(3, c[3].replace(b'"time":"20', b'"time":"19'))), "journal", "line 4: the entry does not match", True,
    ),
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


def broken(checked, name, said):
    """That the property broke and said so; all else about the package may be told too."""
    assert checked.exit_code == 1, checked
    assert checked[name].state == "broken", checked
    assert any(said in str(problem) for problem in checked[name].problems), checked
    assert [part.name for part in checked.properties] == NAMES


# --------------------------------------------------------------------------------------------------------- what holds


def test_an_untouched_package_holds_as_a_zip_and_as_a_folder(tmp_path, sealed):
    folder = unpack(tmp_path / "flood", read(sealed.package))
    for package in (sealed.package, folder):
        checked = verify_package(package)
        states = {part.name: part.state for part in checked.properties}
        assert states == dict.fromkeys(NAMES[:4], "holds") | dict.fromkeys(NAMES[4:], "absent")
        assert (checked.ok, checked.exit_code, checked.seal) == (True, 0, sealed.seal)
        assert not any(part.problems for part in checked.properties)


def test_a_signed_package_holds_with_its_key_and_its_published_seal_string(signed, keys):
    checked = verify_package(signed.package, key=keys / "analyst.pub", expect_seal=f" {signed.seal}\n")
    assert (checked["signature"].state, checked["seal"].state, checked.exit_code) == ("holds", "holds", 0)


def test_a_signature_that_nobody_asked_about_is_told_and_limits_nothing(signed):
    checked = verify_package(signed.package)
    assert (checked["signature"].state, checked.exit_code) == ("limited", 0)
    assert "SHA256:" in checked["signature"].says


def test_a_key_that_cannot_be_checked_without_ssh_keygen_leaves_the_package_limited(
    signed, keys, monkeypatch, tmp_path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    checked = verify_package(signed.package, key=keys / "analyst.pub")
    assert (checked.ok, checked["signature"].state, checked.exit_code) == (True, "limited", 3)


def test_the_text_says_every_property_the_seal_string_and_what_is_not_shown(sealed):
    checked = verify_package(sealed.package)
    shown = checked._repr_mimebundle_()
    for text in (shown["text/plain"], shown["text/html"]):
        assert all(name in text for name in (*NAMES, sealed.seal, *NOT_SHOWN))
    assert len(shown["text/plain"].splitlines()) <= 20


def test_a_verification_reads_back_from_its_json(tmp_path, sealed):
    files = read(sealed.package)
    TAMPERS["output text"][0](files)
    for package in (sealed.package, pack(tmp_path / "x.zip", files)):
        checked = verify_package(package)
        written = json.loads(json.dumps(checked.to_dict()))
        assert written["ok"] is checked.ok
        assert Verification.from_dict(written) == checked


def test_verifying_writes_nothing_beside_or_into_the_package(tmp_path, sealed):
    folder = unpack(tmp_path / "flood", read(sealed.package))
    before = sorted(tmp_path.rglob("*"))
    verify_package(folder)
    assert sorted(tmp_path.rglob("*")) == before


def test_verifying_imports_neither_a_decoder_nor_a_table_nor_nbformat():
    heavy = {"numpy", "pandas", "nbformat", "cv2", "av", "jsonschema", "IPython"}
    code = f"import sys, verikit.case.verifying; print(sorted({heavy!r} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


# ------------------------------------------------------------------------------------------------------- what is caught


@pytest.mark.parametrize("tamper", TAMPERS)
def test_a_change_is_caught_in_its_property_and_named(tmp_path, sealed, tamper):
    change, name, said, _ = TAMPERS[tamper]
    files = read(sealed.package)
    change(files)
    broken(verify_package(pack(tmp_path / "x.zip", files)), name, said)


@pytest.mark.parametrize("tamper", [tamper for tamper, row in TAMPERS.items() if row[3] is not None])
def test_who_fits_all_manifests_again_still_does_not_reach_the_published_seal_string(tmp_path, sealed, tamper):
    change, name, said, told = TAMPERS[tamper]
    files = read(sealed.package)
    before = files[TAGMANIFEST]
    change(files)
    rehash(files)
    package = pack(tmp_path / "x.zip", files)
    checked = verify_package(package, expect_seal=sealed.seal)
    # A file outside of data/ and of the tag files is in no manifest: there the shape speaks.
    if files[TAGMANIFEST] == before:
        broken(checked, "shape", said)
    else:
        broken(checked, "seal", "expected was " + sealed.seal)
    # Most of it shows even to who never saw the seal string: journal, notebooks and shape have to agree.
    if told:
        broken(verify_package(package), name, said)
    else:
        assert verify_package(package).ok


@pytest.mark.parametrize("tamper", [tamper for tamper, row in TAMPERS.items() if row[3] is not None])
def test_who_fits_all_manifests_again_cannot_sign_them(tmp_path, signed, keys, tamper):
    files = read(signed.package)
    before = files[TAGMANIFEST]
    TAMPERS[tamper][0](files)
    rehash(files)
    checked = verify_package(pack(tmp_path / "x.zip", files), key=keys / "analyst.pub")
    if files[TAGMANIFEST] == before:
        broken(checked, "shape", TAMPERS[tamper][2])
    else:
        broken(checked, "signature", "does not fit this package")


def test_a_perfect_rewrite_is_caught_by_the_seal_string_and_the_signature_and_by_nothing_else(tmp_path, signed, keys):
    files = read(signed.package)
    rewritten(b"an older copy", b"a newer copy")(files)
    head = json.loads(files[JOURNAL].splitlines()[-1])["hash"].encode()
    files["bag-info.txt"] = re.sub(rb"(?<=Head: ).*", head, files["bag-info.txt"])
    rehash(files)
    unsigned = pack(tmp_path / "unsigned.zip", {name: data for name, data in files.items() if name != SIGNATURE})
    assert verify_package(unsigned).ok
    broken(verify_package(unsigned, expect_seal=signed.seal), "seal", "expected was")
    broken(verify_package(unsigned, key=keys / "analyst.pub"), "signature", "never signed, or removed")
    broken(verify_package(pack(tmp_path / "x.zip", files)), "signature", "does not fit this package")


def test_files_made_to_fill_the_memory_are_refused_by_their_size(tmp_path, sealed):
    files = read(sealed.package)
    bombs = {NOTEBOOK: b"[{}]," * 600_000, JOURNAL: b"\n" * 200_000, MANIFEST: b"\n" * 200_000}
    said = {NOTEBOOK: "brackets", JOURNAL: "more than 100000 lines", MANIFEST: "more than 20000 lines"}
    where = {NOTEBOOK: "notebook", JOURNAL: "journal", MANIFEST: "hashes"}
    for name, data in bombs.items():
        broken(verify_package(pack(tmp_path / "x.zip", files | {name: data})), where[name], said[name])


def test_a_case_that_really_ran_seals_and_holds(tmp_path):
    cells = [
        {"cell_type": "markdown", "id": "c000", "metadata": {}, "source": ["# A clip\n", "of a flood"]},
        {
            "cell_type": "code", "id": "c001", "metadata": {}, "execution_count": None, "outputs": [],
            "source": "print('one', flush=True)\n{'two': 2}",
        },
    ]  # fmt: skip
    given = tmp_path / "given"
    given.mkdir()
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (given / "01_x.ipynb").write_text(json.dumps(content))
    (given / "clip.mp4").write_bytes(b"not looked into here")
    claim = Claim(text="a flood")
    case = new_case(tmp_path / "case", video=given / "clip.mp4", claim=claim, notebooks=given)
    assert [run.state for run in run_case(case)] == ["ran"]
    seal = seal_case(case.folder)
    assert verify_package(seal.package, expect_seal=seal.seal).exit_code == 0
    # What running left behind is sealed to the last output.
    files = read(seal.package)
    swap("data/executed/01_x.ipynb", b"print('one'", b"print('two'")(files)
    rehash(files)
    broken(verify_package(pack(tmp_path / "x.zip", files)), "notebook", "cell 1 (c001): its source differs")


@pytest.mark.parametrize("tamper", FOLDER_TAMPERS)
def test_what_a_folder_can_hide_is_caught(tmp_path, sealed, tamper):
    change, said = FOLDER_TAMPERS[tamper]
    root = unpack(tmp_path / "flood", read(sealed.package))
    change(root)
    broken(verify_package(root), "shape", said)


def test_a_signature_that_is_not_the_analysts_is_broken_when_asked_for(tmp_path, signed, keys):
    files = read(signed.package)
    good = files.pop(SIGNATURE)
    others = (
        ("not the given key", sign(files[TAGMANIFEST], key=keys / "other")),
        ("does not fit", sign(b"another package", key=keys / "analyst")),
        ("not an armoured", good[:-1]),
        ("not an armoured", b""),
    )
    for said, signature in others:
        package = pack(tmp_path / "x.zip", files | {SIGNATURE: signature})
        broken(verify_package(package, key=keys / "analyst.pub"), "signature", said)
    removed = pack(tmp_path / "x.zip", files)
    broken(verify_package(removed, key=keys / "analyst.pub"), "signature", "never signed, or removed")


def test_a_time_token_is_told_and_not_taken_as_checked(tmp_path, sealed):
    files = read(sealed.package) | {SIGNATURE + ".tsr": b"x"}
    checked = verify_package(pack(tmp_path / "x.zip", files))
    assert (checked["time"].state, checked.exit_code) == ("limited", 0)


def test_another_packages_seal_string_is_broken(sealed):
    broken(verify_package(sealed.package, expect_seal="verikit-seal:1:sha256:" + "0" * 64), "seal", sealed.seal)


@functools.cache
def member_spans(package):
    """Where each member's bytes lie in the zip."""
    with zipfile.ZipFile(package) as archive:
        return {
            info.filename: (info.header_offset + 30 + len(info.filename.encode()), info.file_size)
            for info in archive.infolist()
        }


@given(draw=st.data(), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_byte_in_any_member_is_caught(tmp_path, signed, draw, bit):
    start, size = member_spans(signed.package)[draw.draw(st.sampled_from(sorted(member_spans(signed.package))))]
    data = bytearray(signed.package.read_bytes())
    data[start + draw.draw(st.integers(0, size - 1))] ^= 1 << bit
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    assert verify_package(path).exit_code == 1


def content(package):
    with open_zip(package) as contents:
        return {name: read_member(member) for name, member in contents.members.items()}


@given(draw=st.data(), bit=st.integers(0, 7))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_byte_anywhere_in_the_zip_is_caught_or_changes_no_member(tmp_path, sealed, draw, bit):
    data = bytearray(sealed.package.read_bytes())
    # Half of the tries at the end, where the directory is.
    start = draw.draw(st.sampled_from([0, len(data) - 1500]))
    data[draw.draw(st.integers(start, len(data) - 1))] ^= 1 << bit
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    if verify_package(path).ok:
        assert content(path) == content(sealed.package)


def test_a_member_whose_bytes_are_damaged_is_unreadable_and_named(tmp_path, sealed):
    start, _ = member_spans(sealed.package)[CLIP]
    data = bytearray(sealed.package.read_bytes())
    data[start + 99] ^= 1
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    broken(verify_package(path), "hashes", f"{CLIP}: cannot be read: Bad CRC-32")


# ----------------------------------------------------------------------------------------------- what is no package at all


@pytest.mark.parametrize("data", [b"", b"hello", bytes(5000), b"\x1f\x8b" + bytes(99)])
def test_what_is_no_zip_is_an_error_in_one_line(tmp_path, data):
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with pytest.raises(AuditError, match="a package is a zip or a folder made by verikit seal") as caught:
        verify_package(path)
    assert caught.value.problems == ()
    assert "\n" not in str(caught.value)


def test_a_zip_or_folder_without_a_case_is_an_error_and_nothing_is_not_found(tmp_path):
    pack(tmp_path / "x.zip", {"holiday.jpg": b"x"})
    for path in (tmp_path / "x.zip", tmp_path):
        with pytest.raises(AuditError, match="no sealed case") as caught:
            verify_package(path)
        assert caught.value.problems == ()
    with pytest.raises(FileNotFoundError, match="no such package"):
        verify_package(tmp_path / "none.zip")


def test_a_folder_that_is_no_package_is_no_package_however_much_is_in_it(tmp_path, monkeypatch):
    monkeypatch.setattr("verikit.case.bag.MOST_MEMBERS", 3)
    (tmp_path / "data").mkdir()
    for number in range(5):
        (tmp_path / f"data/{number}").touch()
    with pytest.raises(AuditError, match=r"a folder, but no sealed case: no bagit\.txt") as caught:
        verify_package(tmp_path)
    assert caught.value.problems == ()
    (tmp_path / "bagit.txt").touch()
    broken(verify_package(tmp_path), "shape", "more than 3 files")


def test_what_holds_is_not_said_to_be_more_than_was_compared(sealed):
    checked = verify_package(sealed.package)
    assert checked["hashes"].says.endswith("each as this package's own manifest lists it")
    assert any("report.html says what the case says" in limit for limit in NOT_SHOWN)
    assert any("first sealed, unless its seal string or a signature was compared" in limit for limit in NOT_SHOWN)


def test_a_seal_string_or_key_that_is_none_is_a_bad_argument(sealed, tmp_path):
    for text in ("", "abc", "verikit-seal:1:sha256:123", sealed.seal.upper()):
        with pytest.raises(ValueError, match="not a seal string"):
            verify_package(sealed.package, expect_seal=text)
    with pytest.raises(FileNotFoundError, match="no such key"):
        verify_package(sealed.package, key=tmp_path / "none.pub")


@given(junk=st.binary(max_size=300))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_that_begins_as_a_zip_is_an_answer(tmp_path, junk):
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\x03\x04" + junk)
    assert verify_package(path).exit_code == 1
