"""Every change to a sealed package is caught, in the right property and at the right place, whoever makes it."""

# pytest passes fixtures by name, whatever their number.

from __future__ import annotations

import functools
import json
import shutil
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.further_tampers import ALL
from benchmarks.tampers import (
    CLIP,
    FOLDER_TAMPERS,
    JOURNAL,
    MANIFEST,
    NOTEBOOK,
    SIGNATURE,
    TAGMANIFEST,
    TOKEN,
    pack,
    read,
    refit,
    rehash,
    rewritten,
    swap,
    unpack,
)
from verikit.case.additions import review_package
from verikit.case.bag import read_member, seal_string
from verikit.case.claims import Claim
from verikit.case.opening import new_case
from verikit.case.running import run_case
from verikit.case.sealing import seal_case
from verikit.case.signing import sign
from verikit.case.verifying import verify_package
from verikit.case.zips import open_zip

NAMES = ["shape", "hashes", "journal", "notebook", "signature", "time", "seal", "rerun", "review"]


def broken(checked, name, said):
    """That the property broke and said so; all else about the package may be told too."""
    assert checked.exit_code == 1, checked
    assert checked[name].state == "broken", checked
    assert any(said in str(problem) for problem in checked[name].problems), checked
    assert [part.name for part in checked.properties] == NAMES


@pytest.mark.parametrize("tamper", ALL)
def test_a_change_is_caught_in_its_property_and_named(tmp_path, sealed, tamper):
    change, name, said, _ = ALL[tamper]
    files = read(sealed.package)
    change(files)
    broken(verify_package(pack(tmp_path / "x.zip", files)), name, said)


@pytest.mark.parametrize("tamper", [tamper for tamper, row in ALL.items() if row[3] is not None])
def test_who_fits_all_manifests_again_still_does_not_reach_the_published_seal_string(tmp_path, sealed, tamper):
    change, name, said, told = ALL[tamper]
    files = read(sealed.package)
    before = files[TAGMANIFEST]
    change(files)
    rehash(files)
    package = pack(tmp_path / "x.zip", files)
    checked = verify_package(package, expect_seal=sealed.seal)
    # A file outside of data/ and of the tag files is in no manifest: there the shape speaks, or the reviews do.
    if files[TAGMANIFEST] == before:
        broken(checked, name, said)
    else:
        broken(checked, "seal", "expected was " + sealed.seal)
    # Most of it shows even to who never saw the seal string: journal, notebooks and shape have to agree.
    if told:
        broken(verify_package(package), name, said)
    else:
        assert verify_package(package).ok


@pytest.mark.parametrize("tamper", [tamper for tamper, row in ALL.items() if row[3] is not None])
def test_who_fits_all_manifests_again_cannot_sign_them(tmp_path, signed, keys, tamper):
    files = read(signed.package)
    before = files[TAGMANIFEST]
    ALL[tamper][0](files)
    rehash(files)
    checked = verify_package(pack(tmp_path / "x.zip", files), key=keys / "analyst.pub")
    if files[TAGMANIFEST] == before:
        broken(checked, ALL[tamper][1], ALL[tamper][2])
    else:
        broken(checked, "signature", "does not fit this package")


@pytest.mark.parametrize("tamper", ALL)
def test_who_holds_the_key_and_writes_all_anew_reaches_neither_the_seal_string_nor_the_time(
    tmp_path, stamped, keys, tsa, tamper
):
    files = read(stamped)
    before = dict(files)
    ALL[tamper][0](files)
    refit(files, sign=lambda message: sign(message, key=keys / "analyst"))
    trusted = {"key": keys / "analyst.pub", "tsa_roots": tsa.roots}
    if files == before:
        # What was done was undone again by fitting all of it: nothing is left that anyone could be misled by.
        return
    checked = verify_package(pack(tmp_path / "x.zip", files), expect_seal=seal_string(before[TAGMANIFEST]), **trusted)
    if files[TAGMANIFEST] == before[TAGMANIFEST]:
        broken(checked, ALL[tamper][1], ALL[tamper][2])
        return
    broken(checked, "seal", "expected was")
    # Also to who has no seal string: the token is about another signature.
    broken(checked, "time", "it is about something else than this package")
    assert checked["signature"].state == "holds"


def test_a_token_that_was_taken_out_is_missed_by_who_asks_for_the_time(tmp_path, stamped, keys, tsa):
    files = read(stamped)
    ALL["note"][0](files)
    refit(files, sign=lambda message: sign(message, key=keys / "analyst"))
    files.pop(TOKEN)
    checked = verify_package(pack(tmp_path / "x.zip", files), key=keys / "analyst.pub", tsa_roots=tsa.roots)
    broken(checked, "time", "never stamped, or removed")
    # Who asks for neither the time nor the seal string is told what that leaves open.
    assert verify_package(pack(tmp_path / "x.zip", files), key=keys / "analyst.pub").ok


def test_the_tampers_are_as_many_as_were_promised():
    assert len(ALL) + len(FOLDER_TAMPERS) >= 230


def test_a_perfect_rewrite_is_caught_by_the_seal_string_and_the_signature_and_by_nothing_else(tmp_path, signed, keys):
    files = read(signed.package)
    rewritten(b"an older copy", b"a newer copy")(files)
    refit(files)
    unsigned = pack(tmp_path / "unsigned.zip", {name: data for name, data in files.items() if name != SIGNATURE})
    assert verify_package(unsigned).ok
    broken(verify_package(unsigned, expect_seal=signed.seal), "seal", "expected was")
    broken(verify_package(unsigned, key=keys / "analyst.pub"), "signature", "never signed, or removed")
    broken(verify_package(pack(tmp_path / "x.zip", files)), "signature", "does not fit this package")


def test_files_made_to_fill_the_memory_are_refused_by_their_size(tmp_path, sealed):
    files = read(sealed.package)
    for name, data, where, said in (
        (NOTEBOOK, b"[{}]," * 600_000, "notebook", "more than 1000000 brackets"),
        (NOTEBOOK, b"[" + b"1," * 1_100_000 + b"1]", "notebook", "more than 1000000 values"),
        (NOTEBOOK, b'["\\"",' + b'"a",' * 1_100_000 + b"1]", "notebook", "more than 1000000 values"),
        # Commas in a text are no values: this is refused for what it is.
        (NOTEBOOK, b'["' + b"\\\\,1" * 1_100_000 + b'"]', "notebook", "not a JSON object"),
        (JOURNAL, b"\n" * 200_000, "journal", "more than 100000 lines"),
        (MANIFEST, b"\n" * 200_000, "hashes", "more than 20000 lines"),
    ):
        broken(verify_package(pack(tmp_path / "x.zip", files | {name: data})), where, said)


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
def test_a_changed_byte_in_any_member_is_caught_and_located(tmp_path, stamped, draw, bit):
    name = draw.draw(st.sampled_from(sorted(member_spans(stamped))))
    start, size = member_spans(stamped)[name]
    data = bytearray(stamped.read_bytes())
    data[start + draw.draw(st.integers(0, size - 1))] ^= 1 << bit
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    checked = verify_package(path)
    assert checked.exit_code == 1
    assert name in str(checked)


@given(draw=st.data(), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_byte_whose_checksum_was_made_to_fit_is_caught_and_located(tmp_path, reviewed, draw, bit):
    files = read(reviewed)
    name = draw.draw(st.sampled_from(sorted(files)))
    data = bytearray(files[name])
    data[draw.draw(st.integers(0, len(data) - 1))] ^= 1 << bit
    # The same in a folder, where there is no checksum at all.
    checked = verify_package(pack(tmp_path / "x.zip", files | {name: bytes(data)}))
    assert checked.exit_code == 1
    assert name in str(checked)


@pytest.fixture(scope="module")
def reviewed(stamped, keys, tmp_path_factory):
    """A package with every kind of file that one can have: signed, stamped and reviewed."""
    package = tmp_path_factory.mktemp("reviewed") / "x.zip"
    shutil.copy(stamped, package)
    review_package(package, by="B. Reviewer", text="I agree.", key=keys / "other")
    assert verify_package(package).exit_code == 0
    return package


@pytest.mark.parametrize("name", ["bagit.txt", "bag-info.txt", MANIFEST, TAGMANIFEST])
def test_every_changed_byte_of_a_tag_file_is_caught_and_located_without_any_signature(tmp_path, sealed, name):
    root = unpack(tmp_path / "flood", read(sealed.package))
    whole = (root / name).read_bytes()
    for at in range(0, len(whole), 1 if len(whole) < 500 else 7):
        data = bytearray(whole)
        data[at] ^= 1 << at % 8
        (root / name).write_bytes(data)
        checked = verify_package(root)
        assert (checked.exit_code, name in str(checked)) == (1, True), at


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
