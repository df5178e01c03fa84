"""A new case appears whole or not at all, and is found again from inside."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from verikit.case.claims import Claim
from verikit.case.opening import new_case, open_case
from verikit.errors import AuditError, MediaError

CLAIM = Claim(text="a post", url="https://example.org/1")
NOTEBOOK = b'{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[]}'


@pytest.fixture
def given(tmp_path: Path) -> dict[str, object]:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "01_a.ipynb").write_bytes(NOTEBOOK)
    (tmp_path / "clip.mp4").write_bytes(b"moving pictures")
    return {"video": tmp_path / "clip.mp4", "claim": CLAIM, "notebooks": tmp_path / "templates"}


def test_a_new_case_holds_a_checked_copy_and_its_first_entries(tmp_path: Path, given: dict[str, object]) -> None:
    post = b'{"text": "a post"}\n'
    case = new_case(tmp_path / "case", **given, post=post, by="Ada", archive=tmp_path / "archive")
    assert case.video.read_bytes() == b"moving pictures"
    assert case.video_sha256 == hashlib.sha256(b"moving pictures").hexdigest()
    assert (case.folder / "inputs" / "post.json").read_bytes() == post
    assert (case.folder / "notebooks" / "01_a.ipynb").read_bytes() == NOTEBOOK
    assert case.archive == tmp_path / "archive"
    assert [entry.kind for entry in case.entries] == ["case-open", "acquired", "acquired"]
    assert case.entries[0].body["claim"] == CLAIM.to_dict()
    assert case.entries[0].body["archive"] == "../archive"
    assert json.loads((case.folder / "case.json").read_bytes())["created"] == case.entries[0].time
    told = {entry.body["path"]: entry.body for entry in case.entries[1:]}
    assert told["inputs/clip.mp4"]["sha256"] == case.video_sha256
    assert told["inputs/clip.mp4"]["size"] == 15
    assert told["inputs/post.json"]["sha256"] == hashlib.sha256(post).hexdigest()
    assert (case.by, case.claim, case.video_name) == ("Ada", CLAIM, "clip.mp4")
    assert str(tmp_path) not in (case.folder / "case.json").read_text() + case.journal.read_text()


def test_an_original_name_is_recorded_and_a_safe_one_is_used(tmp_path: Path, given: dict[str, object]) -> None:
    for number, name in enumerate(
        ["..weird name\u202e;$(rm).mp4", "post.json", "x" * 200 + ".MOV", "клип.mp4", "noext"]
    ):
        video = tmp_path / "given" / name
        video.parent.mkdir(exist_ok=True)
        video.write_bytes(b"v")
        case = new_case(tmp_path / f"case{number}", **given | {"video": video}, post=b"{}")
        assert case.video_name == name
        assert case.video.read_bytes() == b"v"
        assert case.video.suffix == video.suffix
        assert not set(case.video.name) & set("\u202e;$() /")
        assert len(case.video.name) < 90


@pytest.mark.skipif(sys.platform != "linux", reason="only there a file's name may be any bytes")
def test_a_name_that_is_no_text_is_recorded_as_far_as_it_is(tmp_path: Path, given: dict[str, object]) -> None:
    video = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.mp4"))
    video.write_bytes(b"v")
    case = new_case(tmp_path / "case", **given | {"video": video})
    assert case.video_name == "\ufffd\ufffd.mp4"
    assert case.video.read_bytes() == b"v"


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path, given: dict[str, object]) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="not an empty folder"):
        new_case(tmp_path / "case", **given)
    assert [path.name for path in (tmp_path / "case").iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert new_case(tmp_path / "empty", **given).claim == CLAIM


def test_nothing_half_made_is_left_where_making_fails(tmp_path: Path, given: dict[str, object]) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.ipynb").write_bytes(b"{}")
    (tmp_path / "none").mkdir()
    before = sorted(tmp_path.iterdir())
    for wrong, error in [
        ({"video": tmp_path / "absent.mp4"}, FileNotFoundError),
        ({"video": tmp_path}, ValueError),
        ({"video": tmp_path / "empty.mp4"}, MediaError),
        ({"notebooks": tmp_path / "none"}, FileNotFoundError),
        ({"notebooks": tmp_path / "bad"}, AuditError),
    ]:
        with pytest.raises(error):
            new_case(tmp_path / "case", **given | wrong)
    assert sorted(tmp_path.iterdir()) == before


def test_a_case_is_found_from_any_folder_in_it(
    tmp_path: Path, given: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = new_case(tmp_path / "case", **given)
    monkeypatch.chdir(case.folder / "notebooks")
    assert open_case() == case
    assert open_case(case.folder) == case
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="not a case"):
        open_case()
    with pytest.raises(FileNotFoundError, match="not a case"):
        open_case(case.folder / "notebooks")


def test_a_case_that_was_changed_by_hand_is_not_opened(tmp_path: Path, given: dict[str, object]) -> None:
    case = new_case(tmp_path / "case", **given)
    whole = (case.folder / "case.json").read_text()
    header = json.loads(whole)
    for changed in (
        header | {"claim": header["claim"] | {"text": "another post"}},
        header | {"id": "case-other"},
        header | {"format": "verikit-case/2"},
        header | {"video": header["video"] | {"path": "../clip.mp4"}},
        header | {"video": header["video"] | {"path": "/etc/hostname"}},
        header | {"video": header["video"] | {"size": 3}},
        header | {"video": {}},
        header | {"video": header["video"] | {"size": True}},
        header | {"video": header["video"] | {"name": "other.mp4"}},
        header | {"video": header["video"] | {"from": "a friend"}},
        header | {"note": "unread"},
        header | {"created": "2020-01-01T00:00:00.000+00:00"},
        header | {"archive": "../another"},
        header | {"archive": 0},
        {name: value for name, value in header.items() if name != "created"},
        {"format": "verikit-case/1"},
        [],
    ):
        (case.folder / "case.json").write_text(json.dumps(changed))
        with pytest.raises(AuditError):
            open_case(case.folder)
    (case.folder / "case.json").write_text("not json")
    with pytest.raises(AuditError, match="not JSON"):
        open_case(case.folder)
    (case.folder / "case.json").write_text(whole)
    assert open_case(case.folder).claim == CLAIM


def test_a_video_that_was_replaced_is_noticed(tmp_path: Path, given: dict[str, object]) -> None:
    case = new_case(tmp_path / "case", **given)
    case.check_video()
    case.video.chmod(0o644)
    case.video.write_bytes(b"MOVING PICTURES")
    with pytest.raises(AuditError, match="not the video"):
        case.check_video()
    case.video.write_bytes(b"moving")
    with pytest.raises(AuditError, match="size"):
        open_case(case.folder)


def test_importing_the_wing_loads_no_notebook_and_no_video_package() -> None:
    code = (
        "import sys, verikit.case.opening, verikit.case.running\n"
        "heavy = {'nbformat', 'nbclient', 'jupyter_client', 'zmq', 'pandas', 'numpy', 'av', 'cv2', 'matplotlib'}\n"
        "print(*heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
