"""Evidence that other tools saved: taken in with what they say of it, refused where a digest that they state is no file's."""

from __future__ import annotations

import hashlib
import json

import pytest

from verikit._files import sha256_bytes
from verikit.case.claims import Claim
from verikit.case.exchange import Acquired, take_evidence, take_files
from verikit.case.opening import new_case
from verikit.errors import AuditError

CLIP, OTHER = b"moving pictures", b"other pictures"
# As yt-dlp 2025 writes it, shortened; as the documentation of its fields says.
INFO = {
    "id": "Vx1",
    "title": "A flood",
    "webpage_url": "https://example.org/watch?v=Vx1",
    "uploader": "Ann",
    "uploader_id": "@ann",
    "upload_date": "20241103",
    "timestamp": 1730622000,
    "epoch": 1730708400,
    "ext": "mp4",
    "_version": {"version": "2025.10.22", "release_git_head": "0" * 40},
}


@pytest.fixture
def case(tmp_path):
    (tmp_path / "given").mkdir()
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "given/01_x.ipynb").write_text(json.dumps(notebook))
    (tmp_path / "clip.mp4").write_bytes(CLIP)
    claim = Claim.from_text("a flood")
    return new_case(
        tmp_path / "case", video=tmp_path / "clip.mp4", claim=claim, notebooks=tmp_path / "given", by="A. Analyst"
    )


def acquired(case):
    return [entry.body for entry in case.entries if entry.kind == "acquired"]


def test_a_download_of_yt_dlp_is_taken_in_with_its_address_and_times(case, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "A flood [Vx1].info.json").write_text(json.dumps(INFO))
    (folder / "A flood [Vx1].mp4").write_bytes(CLIP)
    (folder / "A flood [Vx1].en.vtt").write_bytes(b"WEBVTT\n")
    (folder / "Another [Vx2].mp4").write_bytes(OTHER)
    taken = take_evidence(case, folder / "A flood [Vx1].info.json")
    told = {one.name: one for one in taken}
    assert sorted(told) == ["A flood [Vx1].en.vtt", "A flood [Vx1].info.json", "A flood [Vx1].mp4"]
    clip = told["A flood [Vx1].mp4"]
    # The case has these bytes already: what is known of them is told, and they are not copied again.
    assert (clip.path, clip.sha256) == ("inputs/clip.mp4", sha256_bytes(CLIP))
    assert (clip.url, clip.post, clip.account) == ("https://example.org/watch?v=Vx1", "Vx1", "@ann")
    assert (clip.published, clip.acquired_at) == ("2024-11-03T08:20:00+00:00", "2024-11-04T08:20:00+00:00")
    assert (clip.tool, clip.how, clip.stated) == ("yt-dlp 2025.10.22", "downloaded by yt-dlp", "")
    vtt = told["A flood [Vx1].en.vtt"]
    assert (case.folder / vtt.path).read_bytes() == b"WEBVTT\n"
    assert acquired(case)[-1]["by"] == "A. Analyst"
    assert len(acquired(case)) == 4
    assert case.video_sha256 == sha256_bytes(CLIP)
    assert Acquired.from_dict(json.loads(json.dumps(clip.to_dict()))) == clip


def archived(folder, *, digest, with_json=True, with_page=False):
    """A folder as auto-archiver's local storage leaves it: files renamed, metadata.json, the page."""
    folder.mkdir()
    (folder / "x7f3.mp4").write_bytes(CLIP)
    (folder / "thumb_1.jpg").write_bytes(b"a thumbnail")
    media = [
        {"filename": "tmp_1/clip.mp4", "_key": None, "urls": [], "properties": {"hash": digest}, "_mimetype": None}
    ]
    metadata = {
        "_processed_at": "2024-11-04 09:00:00+00:00",
        "url": "https://example.org/p/1",
        "timestamp": "2024-11-03",
    }
    if with_json:
        (folder / "m1.json").write_text(json.dumps({"status": "ok", "metadata": metadata, "media": media}))
    if with_page:
        page = f"""<h2>Archived media for <span class="copy">https://example.org/p/1?a=1&amp;b=2</span></h2>
        <li><b>hash:</b> <span class="copy">{digest}</span></li>
        <p class="center">Made with <a href="https://github.com/bellingcat/auto-archiver">bellingcat/auto-archiver</a>
        v1.2.7</p>"""
        (folder / "formatted9.html").write_text(page)
    return folder


SHA256 = "SHA-256:" + hashlib.sha256(CLIP).hexdigest()
SHA3 = "SHA3-512:" + hashlib.sha3_512(CLIP).hexdigest()


@pytest.mark.parametrize("digest", [SHA256, SHA3])
def test_a_folder_of_auto_archiver_is_taken_in_and_its_own_digest_checked(case, tmp_path, digest):
    taken = take_evidence(case, archived(tmp_path / "archived", digest=digest))
    clip = next(one for one in taken if one.name == "x7f3.mp4")
    assert (clip.stated, clip.url, clip.published) == (digest, "https://example.org/p/1", "2024-11-03")
    assert clip.acquired_at == "2024-11-04 09:00:00+00:00"
    assert len(taken) == 3
    assert next(one for one in taken if one.name == "thumb_1.jpg").stated == ""


def test_the_page_alone_tells_the_digests_the_address_and_the_version(case, tmp_path):
    folder = archived(tmp_path / "archived", digest=SHA256, with_json=False, with_page=True)
    clip = next(one for one in take_evidence(case, folder) if one.name == "x7f3.mp4")
    assert (clip.stated, clip.url) == (SHA256, "https://example.org/p/1?a=1&b=2")
    assert clip.tool == "auto-archiver 1.2.7"


def test_a_file_that_was_changed_since_auto_archiver_hashed_it_refuses_all_of_it(case, tmp_path):
    before = case.journal.read_bytes()
    folder = archived(tmp_path / "archived", digest=SHA256, with_page=True)
    (folder / "x7f3.mp4").write_bytes(OTHER)
    with pytest.raises(AuditError, match="nothing was taken in") as caught:
        take_evidence(case, folder)
    assert caught.value.problems == (f"{SHA256}: stated there, and no file of it has it: changed, or missing",)
    assert case.journal.read_bytes() == before
    assert [path.name for path in (case.folder / "inputs").iterdir()] == ["clip.mp4"]


def test_two_files_of_one_name_both_have_a_place(case, tmp_path):
    for number, data in enumerate((b"one", b"two")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "a.info.json").write_text(json.dumps(INFO | {"n": number}))
        (folder / "a.mp4").write_bytes(data)
        take_evidence(case, folder / "a.info.json")
    paths = [body["path"] for body in acquired(case)]
    assert len(set(paths)) == len(paths) == 5
    assert {(case.folder / path).read_bytes() for path in paths if path.endswith("mp4")} == {CLIP, b"one", b"two"}


def test_what_is_neither_is_refused_in_a_line(case, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.info.json").write_text("{}")
    (tmp_path / "b.info.json").write_text("[1")
    (tmp_path / "c.txt").write_text("x")
    for name, said in (
        ("empty", "not a folder"),
        ("a.info.json", "no id"),
        ("b.info.json", "not JSON"),
        ("c.txt", "neither"),
    ):
        with pytest.raises(ValueError, match=said):
            take_evidence(case, tmp_path / name)
    with pytest.raises(FileNotFoundError):
        take_evidence(case, tmp_path / "none")


# Files that no tool describes


def test_a_folder_of_files_is_taken_in_with_the_words_of_who_brought_it(case, tmp_path):
    folder = tmp_path / "from the witness"
    folder.mkdir()
    (folder / "letter.txt").write_bytes(b"I filmed it")
    (folder / "=1+1.png").write_bytes(b"a screenshot")
    taken = take_files(case, folder, how="handed over on a stick,\nby N. N.")
    assert [(one.name, one.path) for one in taken] == [
        ("=1+1.png", "inputs/1_1.png"),
        ("letter.txt", "inputs/letter.txt"),
    ]
    assert (case.folder / "inputs/letter.txt").read_bytes() == b"I filmed it"
    assert [body["how"] for body in acquired(case)[-2:]] == ["handed over on a stick, by N. N."] * 2
    assert acquired(case)[-1]["by"] == "A. Analyst"
    (again,) = take_files(case, folder / "letter.txt", how="sent again")
    assert again.path == "inputs/letter.txt"


def test_nothing_of_a_folder_is_left_out_in_silence(case, tmp_path):
    folder = tmp_path / "given too"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"a")
    before = len(case.entries)
    with pytest.raises(ValueError, match=r"only files with content .*: deeper"):
        take_files(case, folder, how="found")
    (folder / "deeper").rmdir()
    (folder / "empty").touch()
    with pytest.raises(ValueError, match=r"only files with content .*: empty"):
        take_files(case, folder, how="found")
    with pytest.raises(ValueError, match="only files with content"):
        take_files(case, folder / "empty", how="found")
    with pytest.raises(ValueError, match="say how you came by"):
        take_files(case, folder / "a.txt", how=" ")
    with pytest.raises(FileNotFoundError):
        take_files(case, folder / "b.txt", how="found")
    assert len(case.entries) == before
