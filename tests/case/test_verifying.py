"""Verifying: an untouched package holds, and every change to it is caught, in the right property and at the right place."""

# pytest passes fixtures by name, whatever their number.

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.tampers import TAMPERS, pack, read, unpack
from verikit.case.sealing import seal_case
from verikit.case.verifying import NOT_SHOWN, Verification, verify_package
from verikit.errors import AuditError

NAMES = ["shape", "hashes", "journal", "notebook", "signature", "time", "seal", "rerun", "review"]


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


def test_without_ssh_keygen_a_package_signed_by_ed25519_is_still_checked(signed, keys, monkeypatch, tmp_path):
    pytest.importorskip("cryptography")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert verify_package(signed.package, key=keys / "analyst.pub").exit_code == 0
    broken(verify_package(signed.package, key=keys / "other.pub"), "signature", "not the given key")


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
    with pytest.raises(FileNotFoundError, match="no such file of keys"):
        verify_package(sealed.package, key=tmp_path / "none.pub")


@given(junk=st.binary(max_size=300))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_that_begins_as_a_zip_is_an_answer(tmp_path, junk):
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\x03\x04" + junk)
    assert verify_package(path).exit_code == 1


def test_the_notebooks_in_a_package_are_valid_to_jupyter_s_own_reader(sealed):
    import nbformat

    notebooks = {name: data for name, data in read(sealed.package).items() if name.endswith(".ipynb")}
    assert len(notebooks) == 4
    for data in notebooks.values():
        nbformat.validate(nbformat.reads(data.decode(), as_version=4))


def test_a_large_file_is_read_once_when_it_is_sealed_and_refused_where_it_is_not_the_journal_s(case, monkeypatch):
    monkeypatch.setattr("verikit.case.sealing.LARGE", 1000)
    monkeypatch.setattr("verikit.case.bag.ASIDE_FROM", 1000)
    seal = seal_case(case)
    assert verify_package(seal.package, expect_seal=seal.seal).exit_code == 0
    whole = seal.package.read_bytes()
    (case / "inputs/clip.mp4").write_bytes(bytes(4096))
    with pytest.raises(AuditError, match="not the file of the journal") as caught:
        seal_case(case)
    assert "data/inputs/clip.mp4" in caught.value.problems[0]
    assert seal.package.read_bytes() == whole
