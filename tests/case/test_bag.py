"""The package's shape: names, manifests, and what stock tools say of a package."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.case import bag
from verikit.errors import AuditError

names = st.lists(st.text("abcXYZ019_-é%字", min_size=1, max_size=8), min_size=1, max_size=4).map("/".join)
digests = st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}")


@given(listed=st.dictionaries(names.filter(lambda name: not bag.name_problem(name)), digests, max_size=6))
@settings(max_examples=60)
def test_a_manifest_reads_back_as_what_was_written(listed):
    assert bag.parse_manifest(bag.manifest_text(listed).encode(), path=bag.MANIFEST) == (listed, [])


@given(first=names, second=names, digest=digests)
@settings(max_examples=60)
def test_two_sets_of_files_never_have_the_same_manifest(first, second, digest):
    assert (bag.manifest_text({first: digest}) == bag.manifest_text({second: digest})) == (first == second)


@pytest.mark.parametrize(
    "name",
    [
        "", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", "C:/x", "c:x", "a\\b", "a:stream", "a\nb", "a\tb", "a\0b",
        "a\u202egpj.exe", "a\u200bb", "e\u0301", "a. ", "a.", " a", "a /b", "x" * 1001, "a/" * 40 + "b", "\ud800",
    ],
)  # fmt: skip
def test_a_name_that_could_lead_astray_is_refused(name):
    assert bag.name_problem(name)


@pytest.mark.parametrize("name", ["data/a.txt", "data/été.mp4", "data/字.png", "data/100%.txt", ".hidden", "a b"])
def test_an_ordinary_name_passes(name):
    assert bag.name_problem(name) == ""


@pytest.mark.parametrize(
    ("one", "two"),
    [("a/B", "a/b"), ("straße", "STRASSE"), ("ﬁle", "file"), ("é".upper(), "é"), ("data", "data/x")],
)
def test_names_that_fall_together_somewhere_are_twins(one, two):
    assert [problem.kind for problem in bag.twin_problems([one, two])] == ["twin"]


def test_names_that_differ_everywhere_are_no_twins():
    assert bag.twin_problems(["a", "b", "c/a", "c/b"]) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0" * 63 + "  data/a\n", "not a digest"),
        ("0" * 64 + " data/a\n", "not a digest"),
        ("A" * 64 + "  data/a\n", "not a digest"),
        ("0" * 64 + "  ../a\n", "'..'"),
        ("0" * 64 + "  /a\n", "absolute"),
        (("0" * 64 + "  data/a\n") * 2, "listed twice"),
        ("0" * 64 + "  data/b\n" + "0" * 64 + "  data/a\n", "not sorted"),
        ("0" * 64 + "  data/a\r\n", "control"),
        ("0" * 64 + "  data/a", "end is missing"),
        ("0" * 64 + "  data/a%0Ab\n", ""),
        ("\n", "not a digest"),
    ],
)
def test_a_manifest_in_any_other_form_is_a_fault(text, said):
    _, problems = bag.parse_manifest(text.encode(), path=bag.MANIFEST)
    # "%0A" would be a line feed in a name: it stays as written, and so no file can have it.
    assert any(said in problem.detail for problem in problems) or (said == "" and not problems)


def test_a_member_is_read_up_to_a_bound():
    member = bag.bytes_member("x", b"12345")
    assert bag.read_member(member, most=5) == b"12345"
    with pytest.raises(AuditError, match="more than 4 bytes"):
        bag.read_member(member, most=4)


def test_a_member_shorter_than_announced_is_unreadable_not_silently_short():
    short = bag.Member(name="x", size=9, open=bag.bytes_member("x", b"12345").open)
    found, problems = bag.hash_members([short])
    assert found == {}
    assert [problem.kind for problem in problems] == ["unreadable"]


def test_links_pipes_and_empty_folders_are_told_and_not_followed(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    contents = bag.folder_contents(tmp_path)
    assert list(contents.members) == ["a"]
    assert {(problem.kind, problem.path) for problem in contents.problems} == {
        ("link", "link"),
        ("empty-folder", "empty"),
        ("special", "pipe"),
    }


def test_a_problem_reads_back_and_shows_hidden_letters():
    problem = bag.Problem(kind="name", path="a\u202eb", detail="x\x1b[2J")
    assert "\u202e" not in str(problem)
    assert "\x1b" not in str(problem)
    assert bag.Problem.from_dict(problem.to_dict()) == problem


def test_bag_info_in_another_form_has_no_fields():
    fields = {"External-Identifier": "x", "Payload-Oxum": "1.1"}
    assert bag.parse_info(bag.info_text(fields).encode()) == fields
    for other in (b"External-Identifier: x\r\n", b"a: b\na: c\n", b"no colon\n", b"a: b", b"\xff: x\n"):
        assert bag.parse_info(other) in ({}, {"External-Identifier": "x\r"})


@pytest.mark.parametrize("manifest", [bag.MANIFEST, bag.TAGMANIFEST])
def test_sha256sum_checks_an_unpacked_package_without_us(tmp_path, sealed, manifest):
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not on this machine")
    with zipfile.ZipFile(sealed.package) as archive:
        archive.extractall(tmp_path)
    check = ["sha256sum", "--check", "--strict", "--quiet", manifest]
    assert subprocess.run(check, cwd=tmp_path, check=False).returncode == 0
    (tmp_path / bag.BAG_INFO).write_text("x")
    (tmp_path / "data/inputs/clip.mp4").write_text("x")
    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode == 1


def test_the_library_of_congress_validator_accepts_an_unpacked_package(tmp_path, sealed):
    bagit = pytest.importorskip("bagit", reason="bagit is not installed; it is only a cross-check")
    with zipfile.ZipFile(sealed.package) as archive:
        archive.extractall(tmp_path)
    assert bagit.Bag(str(tmp_path)).validate()
