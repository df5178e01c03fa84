"""A composed film is what its truth says, to the picture."""

from __future__ import annotations

import csv
import dataclasses

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.effects import EASINGS, EFFECTS, RETIMINGS, WIPES, Join, joined
from benchmarks.films import RECIPE, compose, dealt
from benchmarks.takes import decoded, difference, measured, read_takes

OLD, NEW = 40, 200


def plain(value, count):
    return np.full((count, 36, 64, 3), value, np.uint8)


def write_take(path, seed, *, count=150):
    """A clip of one soft random view that drifts a little."""
    rng = np.random.default_rng(seed)
    wide = cv2.GaussianBlur(rng.uniform(0, 255, (200, 400, 3)), (0, 0), 9)
    wide = np.clip((wide - wide.mean()) / wide.std() * 55 + rng.uniform(90, 160, 3), 0, 255).astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for row in range(count):
            picture = np.ascontiguousarray(wide[10:190, row // 3 : row // 3 + 320])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    for seed in range(4):
        write_take(folder / f"take{seed}.mp4", seed)
    return folder


def pictures_of(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def rows_of(path):
    with path.open(newline="") as stream:
        return [(row[0], int(row[1]), int(row[2]), row[3]) for row in list(csv.reader(stream))[1:]]


@given(
    length=st.integers(1, 60),
    easing=st.sampled_from(sorted(EASINGS)),
    way=st.sampled_from([*WIPES, "push", "slide", "uncover", ""]),
    angle=st.sampled_from([0, 90, 180, 270, 45]),
    soft=st.sampled_from([0.004, 0.3]),
)
@settings(max_examples=40, deadline=None)
def test_the_new_shot_comes_in_from_the_first_picture_of_a_blend_on_and_is_whole_only_after_its_last(
    length, easing, way, angle, soft
):
    kind = "wipe" if way else "dissolve"
    join = Join(kind=kind, way=way, out=length, into=length, easing=easing, angle=angle, soft=soft)
    mixed = joined(plain(OLD, length), plain(NEW, length), join)
    means = mixed.mean(axis=(1, 2, 3))
    assert len(mixed) == join.length == length
    assert (np.diff(means) >= 0).all()
    assert means[0] > OLD
    assert means[-1] < NEW


@given(out=st.integers(0, 30), into=st.integers(0, 30), hold=st.integers(0, 12), white=st.booleans())
@settings(max_examples=20, deadline=None)
def test_a_fade_holds_plain_pictures_between_both_shots(out, into, hold, white):
    if out + into == 0:
        return
    join = Join(kind="fadewhite" if white else "fade", out=out, into=into, hold=hold)
    mixed = joined(plain(OLD, max(1, out))[:out], plain(NEW, max(1, into))[:into], join)
    assert len(mixed) == join.length == out + hold + into
    assert (mixed[out : out + hold] == (255 if white else 0)).all()
    assert (mixed[:out] != OLD).all()
    assert (mixed[out + hold :] != NEW).all()


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_an_effect_leaves_what_is_before_it_and_says_where_it_ends(name):
    rng = np.random.default_rng(3)
    view = cv2.GaussianBlur(rng.uniform(0, 255, (90, 160, 3)), (0, 0), 6)
    shot = np.repeat(np.clip((view - view.mean()) * 4 + 120, 0, 255).astype(np.uint8)[None], 120, axis=0)
    first, after = EFFECTS[name](shot, 30, rng)
    assert first == 30
    assert first < after <= 90
    # Up to the effect, and after it, nothing moves in this still.
    assert (shot[:30] == shot[0]).all()
    assert (shot[after:] == shot[-1]).all()
    assert (shot[30:after] != shot[29]).any()


@pytest.mark.parametrize("name", sorted(RETIMINGS))
def test_a_retimed_take_never_runs_back(name):
    order, after = RETIMINGS[name](100, 30, np.random.default_rng(1))
    assert len(order) == 100
    assert order[0] == 0
    assert (np.diff(order) >= 0).all()
    assert (np.diff(order)[after:] == 1).all()


@given(deck=st.integers(1, 12), number=st.integers(1, 8), seed=st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_a_set_of_films_gets_every_card_of_a_deck_before_any_comes_again(deck, number, seed):
    cards = [card for film in range(deck) for card in dealt(range(deck), number, film=film, seed=seed)]
    assert sorted(cards[:deck]) == list(range(deck))
    assert len(cards) == deck * number


def test_the_truth_of_a_film_is_what_its_pictures_show(sources, tmp_path):
    recipe = dataclasses.replace(RECIPE, cuts=4, dissolves=1, fades=1, wipes=1, distractors=1)
    made = compose(tmp_path / "film.mp4", measured(read_takes(sources)), film=0, seed=2, recipe=recipe)
    pictures = pictures_of(tmp_path / "film.mp4")
    truth = rows_of(tmp_path / "film.mp4.gt.csv")
    assert len(pictures) == made.count
    assert [row[0] for row in truth if row[0] != "ignore"].count("cut") == 4
    assert len(rows_of(tmp_path / "film.mp4.distractors.csv")) == 1
    for kind, first, full, _ in truth:
        assert 0 <= first <= full <= len(pictures)
        if kind == "cut":
            steps = [difference(pictures[row - 1], pictures[row]) for row in (first - 1, first, first + 1)]
            assert steps[1] > 5 * max(steps[0], steps[2])
        elif kind != "ignore":
            assert difference(pictures[first - 1], pictures[full]) > 5 * difference(pictures[full], pictures[full + 1])


def test_the_same_seed_gives_the_same_film(sources, tmp_path):
    recipe = dataclasses.replace(RECIPE, cuts=1, dissolves=0, fades=0, wipes=0, distractors=0)
    takes = measured(read_takes(sources))
    for name in ("one.mp4", "other.mp4"):
        compose(tmp_path / name, takes, film=1, seed=5, recipe=recipe)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "other.mp4").read_bytes()
    assert (tmp_path / "one.mp4.gt.csv").read_text() == (tmp_path / "other.mp4.gt.csv").read_text()


def test_takes_are_read_as_their_table_says(sources, tmp_path):
    table = "file,first,last,left,top,right,bottom\n" + f"{sources / 'take0.mp4'},20,59,0.25,0,0.25,0\n"
    (tmp_path / "takes.csv").write_text(table)
    [(take, has)] = measured(read_takes(tmp_path)).items()
    assert has.count == 40
    [first] = decoded(take, 0, 1)
    assert first.shape == (180, 160, 3)
    assert (first == pictures_of(sources / "take0.mp4")[20][:, 80:240]).all()
