"""The kit: pictures that every engine takes, a page that asks for nothing by itself, and stills that stay as they are."""

from __future__ import annotations

import csv
import re
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote

import cv2
import numpy as np
import pytest
from filmed import film, pictures

from verikit._files import sha256_file
from verikit.errors import MediaError
from verikit.keyframes.engines import Engine, engines
from verikit.keyframes.gentle import Grey
from verikit.keyframes.picking import pick_keyframes
from verikit.keyframes.saving import save_keyframes
from verikit.keyframes.search_kit import SearchPicture, write_search_kit
from verikit.keyframes.shots import detect_shots
from verikit.media.picture_area import PictureArea
from verikit.media.scanning import scan_video
from verikit.media.video import open_video

BARS = PictureArea(left=0.25, right=0.75, borders="plain bars")


class Page(HTMLParser):
    """The elements of a page with their attributes, and its words."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words += data

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module")
def stills(tmp_path_factory):
    """A folder with a few stills of a film of three scenes, and their records."""
    folder = tmp_path_factory.mktemp("stills")
    shown = [picture for seed in (1, 5, 9) for picture in pictures(1, size=(320, 180), seed=seed)]
    video = open_video(film(folder / "film.mp4", shown))
    scan = scan_video(video)
    return folder, save_keyframes(video, pick_keyframes(scan, detect_shots(scan), most=3), folder=folder)


@pytest.fixture
def kit(stills, tmp_path):
    folder, saved = stills
    return write_search_kit(saved, stills=folder, folder=tmp_path / "kit", name="clip.mp4", area=BARS), tmp_path / "kit"


def read(path):
    return cv2.imread(str(path)).astype(int)


def page_of(folder):
    return Page((folder / "search_kit.html").read_text(encoding="utf-8"))


def test_the_pictures_are_the_still_its_mirror_image_and_its_inside(stills, kit):
    folder, (found, place) = stills[0], kit
    assert len(found.stills) == 3
    for still in found.stills:
        plain, mirrored, trimmed = (read(place / picture.file) for picture in still.pictures)
        assert [picture.variant for picture in still.pictures] == ["plain", "mirrored", "trimmed"]
        whole = read(folder / still.keyframe.file)
        # JPEG at quality 92 loses a few grey levels in coloured noise; another picture is tens away.
        assert np.abs(plain - whole).mean() < 5
        assert np.abs(mirrored[:, ::-1] - whole).mean() < 5
        assert np.abs(trimmed - whole[:, 80:240]).mean() < 5


def test_what_the_kit_tells_of_its_files_is_so(kit):
    found, place = kit
    for picture in (picture for still in found.stills for picture in still.pictures):
        path = place / picture.file
        assert (sha256_file(path), path.stat().st_size) == (picture.sha256, picture.size)
        assert read(path).shape[:2] == (picture.height, picture.width)
        assert SearchPicture.from_dict(picture.to_dict()) == picture
    assert {path.name for path in place.iterdir()} == {
        *(picture.file for still in found.stills for picture in still.pictures),
        *("search_kit.html", "searches.csv"),
    }


def test_without_borders_nothing_is_trimmed(stills, tmp_path):
    found = write_search_kit(stills[1], stills=stills[0], folder=tmp_path, name="clip.mp4")
    assert {picture.variant for still in found.stills for picture in still.pictures} == {"plain", "mirrored"}


def test_a_large_picture_of_noise_is_made_small_enough_for_every_engine(stills, tmp_path):
    saved = stills[1]
    noise = np.random.default_rng(1).integers(0, 256, (1400, 2400, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / saved[0].file), noise)
    large = saved[0].__class__.from_dict(saved[0].to_dict() | {"sha256": sha256_file(tmp_path / saved[0].file)})
    found = write_search_kit([large], stills=tmp_path, folder=tmp_path / "kit", name="noise.mp4")
    for picture in found.stills[0].pictures:
        assert picture.size <= min(engine.most_bytes for engine in engines() if engine.most_bytes)
        assert max(picture.width, picture.height) <= 1600
        assert picture.width / picture.height == pytest.approx(2400 / 1400, rel=0.01)


def test_a_still_that_was_changed_is_not_searched_with(stills, tmp_path):
    folder, saved = stills
    shutil.copytree(folder, tmp_path / "copy")
    with (tmp_path / "copy" / saved[0].file).open("ab") as still:
        still.write(b"more")
    with pytest.raises(MediaError, match="not the still that was saved"):
        write_search_kit(saved, stills=tmp_path / "copy", folder=tmp_path / "kit", name="clip.mp4")


def test_the_page_runs_nothing_and_loads_nothing_from_elsewhere(kit):
    page = page_of(kit[1])
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "iframe", "form", "link", "object", "embed", "base"})
    assert not [attrs for _, attrs in page.elements if any(name.startswith("on") for name in attrs)]
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'"
    assert "url(" not in (kit[1] / "search_kit.html").read_text(encoding="utf-8")
    for image in page.all("img"):
        assert image["alt"].startswith("Still at 0:0")
        assert (kit[1] / unquote(image["src"])).is_file()


def test_a_link_leads_to_a_file_that_is_there_or_says_that_it_leaves_and_not_from_where(kit):
    links = page_of(kit[1]).all("a")
    outside = [link for link in links if link["href"].startswith("https://")]
    for link in outside:
        assert set(link["rel"].split()) == {"noreferrer", "noopener"}
    for link in links:
        if link not in outside:
            assert (kit[1] / unquote(link["href"])).is_file(), link["href"]
    for engine in engines():
        assert [link["href"] for link in outside].count(engine.page) == 1 + 3


def test_the_page_says_that_nothing_was_uploaded_and_whom_to_consider(kit):
    words = " ".join(page_of(kit[1]).words.split())
    assert "Nothing has been uploaded." in words
    assert "sends it to a company" in words
    assert "Consider the people in the picture" in words
    assert "It does not show that the footage is new" in words


def test_the_page_tells_each_stills_time_pts_and_digests(kit):
    words = page_of(kit[1]).words
    for still in kit[0].stills:
        assert f"pts {still.keyframe.keyframe.pts} in 1/12800 s" in words
        assert still.keyframe.sha256 in words
        assert all(picture.sha256 in words for picture in still.pictures)


def test_a_strangers_name_is_only_words_on_the_page(stills, tmp_path):
    name = "<script>alert(1)</script>\u202e.mp4"
    write_search_kit(stills[1][:1], stills=stills[0], folder=tmp_path, name=name)
    page = page_of(tmp_path)
    assert "script" not in {tag for tag, _ in page.elements}
    assert "\u202e" not in page.words


def test_a_gentle_page_shows_previews_and_leaves_the_pictures_alone(stills, kit, tmp_path):
    folder, saved = stills
    before = {one.file: sha256_file(folder / one.file) for one in saved}
    gentle = write_search_kit(saved, stills=folder, folder=tmp_path / "gentle", name="a", area=BARS, gentle=Grey())
    assert [still.pictures for still in gentle.stills] == [still.pictures for still in kit[0].stills]
    assert {one.file: sha256_file(folder / one.file) for one in saved} == before
    page = page_of(tmp_path / "gentle")
    shown = [unquote(image["src"]) for image in page.all("img")]
    assert shown == [still.preview for still in gentle.stills]
    for name in shown:
        picture = read(tmp_path / "gentle" / name)
        assert np.abs(picture - picture.mean(axis=2, keepdims=True)).max() <= 2
    linked = {unquote(link["href"]) for link in page.all("a")}
    assert {picture.file for still in gentle.stills for picture in still.pictures} <= linked
    assert "Faces can still be told" in page.words
    assert "Do not drag the picture shown" in page.words


def test_a_kit_made_again_has_no_pictures_of_the_one_before_and_all_that_people_left(stills, tmp_path):
    folder, saved = stills
    write_search_kit(saved, stills=folder, folder=tmp_path, name="a", area=BARS, gentle=Grey())
    (tmp_path / "cut_by_hand.jpg").write_bytes(b"mine")
    table = tmp_path / "searches.csv"
    text = table.read_text(encoding="utf-8-sig").replace("not searched", "nothing", 1)
    table.write_text(text, encoding="utf-8")
    again = write_search_kit(saved[1:], stills=folder, folder=tmp_path, name="a")
    pictures_there = {path.name for path in tmp_path.glob("*.jpg")}
    assert pictures_there == {"cut_by_hand.jpg", *(p.file for still in again.stills for p in still.pictures)}
    assert not (tmp_path / "previews").exists()
    rows = list(csv.reader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert [row[0] for row in rows if "nothing" in row] == [saved[0].file]


def test_the_same_stills_give_the_same_kit(stills, tmp_path):
    kits = [write_search_kit(stills[1], stills=stills[0], folder=tmp_path / name, name="a") for name in "ab"]
    assert kits[0] == kits[1]
    # Both lie beside each other, so that even the ways to the stills are the same.
    assert (tmp_path / "a/search_kit.html").read_bytes() == (tmp_path / "b/search_kit.html").read_bytes()


def test_no_stills_give_a_page_that_says_so(tmp_path):
    kit = write_search_kit([], stills=tmp_path, folder=tmp_path / "kit", name="black.mp4")
    assert kit.stills == ()
    assert "No still was worth choosing" in page_of(tmp_path / "kit").words


def test_progress_counts_the_stills(stills, tmp_path):
    told = []
    write_search_kit(stills[1], stills=stills[0], folder=tmp_path, name="a", progress=lambda *done: told.append(done))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_every_engine_names_its_page_its_sources_and_the_day_they_were_read():
    assert len({engine.name for engine in engines()}) == len(engines()) >= 6
    for engine in engines():
        assert re.fullmatch(r"https://[a-z.]+/.*", engine.page)
        assert engine.sources
        assert engine.good_at
        assert engine.checked.year >= 2026
        assert engine.to_dict()["checked"] == engine.checked.isoformat()


def test_an_engine_with_an_unsafe_address_is_refused():
    known = engines()[0]
    fields = {name: getattr(known, name) for name in ("name", "how", "good_at", "most_bytes", "sources", "checked")}
    with pytest.raises(ValueError, match="https:// only"):
        Engine(**fields, page="http://example.org/")
    with pytest.raises(ValueError, match="most_bytes"):
        Engine(**(fields | {"most_bytes": -1}), page=known.page)


def test_a_kit_shows_itself_as_what_it_holds(kit):
    shown = kit[0]._repr_mimebundle_()["text/plain"]
    assert "stills: 3" in shown
    assert "uploaded: nothing" in shown
