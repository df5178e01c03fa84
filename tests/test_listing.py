"""Lists and the archive: another newsroom's list finds the clip, and ours is one that such tools read."""

from __future__ import annotations

import json
import re

import pytest
from filmed import film, pictures

from verikit import cli
from verikit.errors import MediaError
from verikit.matching.interchange import read_pdq_list
from verikit.matching.store import open_archive
from verikit.media.video import open_video
from verikit.workflow.archiving import add_to_archive
from verikit.workflow.listing import export_lists, import_lists, search_archive


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A film, a piece of it, and another film."""
    folder = tmp_path_factory.mktemp("clips")
    shown = pictures(5, size=(320, 180))
    other = film(folder / "other.mp4", pictures(3, size=(320, 180), seed=7))
    return film(folder / "whole.mp4", shown), film(folder / "piece.mp4", shown[50:]), other


@pytest.fixture(scope="module")
def ours(clips, tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive") / "known"
    add_to_archive(folder, [clips[0]])
    return folder


@pytest.mark.parametrize("form", ["vpdq-json", "vpdq", "pdq"])
def test_what_one_archive_writes_finds_the_footage_in_another(clips, ours, tmp_path, form):
    (path,) = export_lists(ours, tmp_path / "lists", form=form)
    assert re.fullmatch(r"whole\.mp4_[0-9a-f]{12}\.v?pdq\.(json|txt)", path.name)
    theirs = tmp_path / "theirs"
    assert import_lists(theirs, [path]) == (1, 0)
    assert import_lists(theirs, [path]) == (0, 1)
    found = search_archive(theirs, open_video(clips[1]))
    (hit,) = found.listed
    assert hit.matched >= 2
    assert hit.distance <= 31
    if form != "pdq":
        # The piece begins at second 2 of the film.
        assert hit.time is not None
        assert 2.0 <= hit.time <= 5.0
    assert not found.search.matches
    assert len(search_archive(theirs, open_video(clips[2])).listed) == 0
    assert export_lists(theirs, tmp_path / "again", form="pdq")[0].read_text(encoding="utf-8").count("\n") == len(
        read_pdq_list(path)[0].codes
    )


def test_the_commands_take_lists_in_show_them_and_write_them(clips, ours, tmp_path, capsys):
    def run(*words):
        assert cli.main(["archive", *map(str, words), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    (file,) = run("export", ours, tmp_path / "lists")["files"]
    assert run("import", tmp_path / "theirs", file) == {"added": 1, "skipped": 0}
    (entry,) = run("list", tmp_path / "theirs")["lists"]
    assert entry["origin"] == file.rpartition("/")[2]
    found = run("search", tmp_path / "theirs", clips[1])
    assert [hit["key"] for hit in found["listed"]] == [entry["key"]]
    assert (found["lists"]["radius"], found["lists"]["exact"], found["matches"]) == (31, True, [])
    assert run("remove", tmp_path / "theirs", entry["key"])["removed"] == entry["name"]
    assert run("search", tmp_path / "theirs", clips[1])["listed"] == []
    assert run("check", tmp_path / "theirs")["ok"] is True


def test_one_bad_list_among_good_ones_takes_none_in(tmp_path):
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text("0f" * 32, encoding="utf-8")
    bad.write_text("0f" * 31, encoding="utf-8")
    with pytest.raises(MediaError, match=r"bad\.txt: line 1"):
        import_lists(tmp_path / "known", [good, bad])
    assert not (tmp_path / "known").exists()
    import_lists(tmp_path / "known", [good])
    assert open_archive(tmp_path / "known").lists()[0].hashes == 1
