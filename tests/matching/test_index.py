"""The index: it finds what the archive holds, whatever became of its shards, and never what was removed."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_videos import BASE, columns, flipped, shard_of_columns, some_codes, video, wide

from verikit.errors import AuditError
from verikit.matching import index as rooms
from verikit.matching.engines import ENGINES, NumpyFlat
from verikit.matching.index import index_problems, mend_index, open_index, refresh_index
from verikit.matching.lookups import features_alike, features_of_words, nearest
from verikit.matching.shards import joined, open_shard, problems_of
from verikit.matching.store import create_archive

HERE = Path(__file__).parent


@pytest.fixture
def archive(tmp_path):
    return create_archive(tmp_path / "known")


def put(archive, name, codes, **rest):
    """Add a video with these codes. Returns its number."""
    made = video(name, codes, **rest)
    assert archive.put(made, size=1, facts={})
    return next(number for number, sha256 in archive.numbers()[BASE.hasher].items() if sha256 == made.sha256)


def opened(archive, **rest):
    return open_index(archive, hasher=BASE.hasher, **rest)


def shards(archive):
    return sorted(path for path in (archive.folder / "index").iterdir() if not path.name.startswith("."))


def hits(index, codes, *, radius=31, **rest):
    """The hits as a set of (query, video, instant, distance)."""
    found = nearest(index, codes, radius=radius, **rest)
    columns = (found.rows, found.videos, found.instants, found.distances)
    listed = list(zip(*(column.tolist() for column in columns), strict=True))
    assert len(set(listed)) == len(listed)
    return set(listed)


# ----------------------------------------------------------------------------------------------------------- finding


def test_a_code_is_found_at_its_video_instant_and_distance(archive):
    codes = some_codes(40)
    first, second = put(archive, "a", codes[:30]), put(archive, "b", codes[30:])
    query = flipped(codes[[7, 33]], 12)
    assert hits(opened(archive), query) == {(0, first, 7, 12), (1, second, 3, 12)}
    assert hits(opened(archive), query, radius=11) == set()


def test_instants_that_are_not_usable_are_not_in_the_index(archive):
    codes = some_codes(4)
    number = put(archive, "a", codes, usable=np.array([True, False, True, False]))
    assert hits(opened(archive), codes) == {(0, number, 0, 0), (2, number, 2, 0)}
    assert nearest(opened(archive), codes, radius=31).compared == 2


def test_a_video_without_a_usable_instant_is_covered_and_found_nowhere(archive):
    put(archive, "black", some_codes(3), usable=np.zeros(3, bool))
    number = put(archive, "a", some_codes(2, seed=5))
    index = opened(archive)
    assert (len(index.videos), index.unindexed) == (2, ())
    assert hits(index, some_codes(2, seed=5)) == {(0, number, 0, 0), (1, number, 1, 0)}


def test_an_empty_archive_holds_nothing_near(archive):
    assert hits(opened(archive), some_codes(2)) == set()
    assert hits(opened(archive), some_codes(0)) == set()


def test_two_copies_in_the_archive_are_both_found(archive):
    codes = some_codes(5)
    numbers = [put(archive, name, flipped(codes, bits)) for name, bits in (("a", 3), ("b", 9))]
    found = nearest(opened(archive), codes, radius=31)
    assert found.found_videos.tolist() == [2] * 5
    assert set(found.videos.tolist()) == set(numbers)


@st.composite
def layouts(draw):
    """Videos of some codes, in what order they came, which were removed, and when shards were made in between."""
    lengths = draw(st.lists(st.integers(0, 6), min_size=1, max_size=12))
    steps = draw(st.lists(st.sampled_from(["refresh", "remove", "none"]), min_size=len(lengths), max_size=len(lengths)))
    return lengths, steps, draw(st.integers(0, 99))


@given(layouts())
@settings(max_examples=12, deadline=None)
def test_the_hits_do_not_depend_on_the_shards_or_on_the_engine(tmp_path_factory, layout):
    lengths, steps, seed = layout
    archive = create_archive(tmp_path_factory.mktemp("archive"))
    pool = some_codes(4, seed=seed)
    rng = np.random.default_rng(seed)
    held = {}
    for number, (length, step) in enumerate(zip(lengths, steps, strict=True)):
        codes = flipped(pool[rng.integers(0, 4, length)], int(rng.integers(0, 30)), seed=number)
        held[put(archive, str(number), codes)] = codes
        if step == "refresh":
            assert refresh_index(archive)
        if step == "remove":
            gone = min(held)
            archive.remove(video(str(number - len(held) + 1), codes).sha256)
            del held[gone]
    bits = {number: np.unpackbits(codes, axis=1) for number, codes in held.items()}
    asked = np.unpackbits(pool, axis=1)
    expected = {
        (row, number, instant, int((asked[row] != bits[number][instant]).sum()))
        for number in held
        for instant in range(len(bits[number]))
        for row in range(4)
        if (asked[row] != bits[number][instant]).sum() <= 40
    }
    streamed = opened(archive, refresh=False)
    for word in sorted(ENGINES):
        engine = pytest.importorskip("faiss") and ENGINES[word]() if word == "faiss" else ENGINES[word]()
        assert hits(opened(archive, refresh=False, engine=engine), pool, radius=40) == expected
    assert hits(opened(archive), pool, radius=40) == expected
    assert hits(streamed, pool, radius=40) == expected


@pytest.mark.parametrize("most", [1, 3, 5, 100])
def test_of_too_many_hits_the_nearest_are_kept_and_the_rest_is_told(archive, most):
    code = some_codes(1)
    near = np.concatenate([flipped(code, bits, seed=bits) for bits in (9, 2, 5, 2, 7, 0)])
    numbers = [put(archive, "a", near[:3]), put(archive, "b", near[3:])]
    everything = [(0, numbers[1], 2, 0), (0, numbers[0], 1, 2), (0, numbers[1], 0, 2), (0, numbers[0], 2, 5)]
    everything += [(0, numbers[1], 1, 7), (0, numbers[0], 0, 9)]
    found = nearest(opened(archive), code, radius=31, most=most)
    assert hits(opened(archive), code, most=most) == set(everything[:most])
    assert (found.found.tolist(), found.found_videos.tolist()) == ([6], [2])
    assert found.cut.tolist() == [most < 6]
    assert found.to_dict()["capped"] == ([0] if most < 6 else [])


def test_what_is_kept_of_a_flood_does_not_depend_on_how_it_came(archive, monkeypatch):
    from verikit.matching import lookups

    code = some_codes(1)
    for name in "abc":
        put(archive, name, np.repeat(flipped(code, 4, seed=ord(name)), 50, axis=0))
        refresh_index(archive)
    whole = hits(opened(archive), code, most=70)
    assert len(whole) == 70
    assert {video for _, video, _, _ in whole} == {1, 2}
    monkeypatch.setattr(lookups, "BLOCK", 7)
    assert hits(opened(archive), code, most=70) == whole
    # Dropped as they come, and in the order in which the shards are read from the other end.
    monkeypatch.setattr(lookups, "PENDING", 5)
    assert hits(opened(archive), code, most=70) == whole
    index = opened(archive)
    assert hits(dataclasses.replace(index, shards=index.shards[::-1]), code, most=70) == whole
    assert nearest(opened(archive), code, radius=31).found_videos.tolist() == [3]


def test_hits_without_the_marked_queries_are_the_others(archive):
    codes = some_codes(3)
    number = put(archive, "a", codes)
    found = nearest(opened(archive), codes, radius=31).without(np.array([False, True, False]))
    assert list(zip(found.rows.tolist(), found.videos.tolist(), strict=True)) == [(0, number), (2, number)]


def test_what_a_re_check_needs_is_told(archive):
    put(archive, "a", some_codes(3))
    index = opened(archive, engine=NumpyFlat())
    told = {**index.to_dict(), **nearest(index, some_codes(2), radius=31, most=9).to_dict()}
    assert json.loads(json.dumps(told)) == {
        "videos": 1,
        "hasher": BASE.hasher,
        "engine": "numpy flat",
        "engine_version": np.__version__,
        "exact": True,
        "shards": 1,
        "read_from_archive": 0,
        "radius": 31,
        "compared": 3,
        "hits": 2,
        "most_hits": 9,
        "capped": [],
    }


# ------------------------------------------------------------------------------------------------ what became of shards


def test_a_removed_video_is_found_no_more_and_one_added_again_is(archive):
    codes = some_codes(6)
    number = put(archive, "a", codes[:3])
    other = put(archive, "b", codes[3:])
    before = opened(archive)
    archive.remove(video("a", codes).sha256)
    assert {video for _, video, _, _ in hits(opened(archive), codes)} == {other}
    assert {video for _, video, _, _ in hits(before, codes)} == {number, other}
    again = put(archive, "a", codes[:3])
    assert again > other
    assert {video for _, video, _, _ in hits(opened(archive), codes)} == {again, other}


def test_an_index_that_was_thrown_away_is_made_anew(archive):
    put(archive, "a", some_codes(3))
    refresh_index(archive)
    shutil.rmtree(archive.folder / "index")
    assert len(hits(opened(archive), some_codes(3))) == 3
    assert len(shards(archive)) == 1


SPOTS = ["codes.npy", "instants.npy", "starts.npy", "videos.npy", "word_starts.npy", "manifest.json"]


@pytest.mark.parametrize("name", SPOTS)
@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "zeros"])
def test_a_damaged_shard_is_not_believed_and_made_anew(archive, name, damage):
    codes = some_codes(50)
    put(archive, "a", codes)
    refresh_index(archive)
    (shard,) = shards(archive)
    path = shard / name
    data = bytearray(path.read_bytes())
    spot = len(data) - 20
    path.unlink()
    if damage == "flip":
        data[spot] ^= 16
    if damage == "zeros":
        data = bytearray(len(data))
    if damage != "gone":
        path.write_bytes(data[: -8 if damage == "cut" else None])
    with pytest.raises(ValueError, match=r"."):
        open_shard(shard)
    assert len(index_problems(archive)) == 1
    unread = opened(archive, refresh=False)
    assert (unread.shards, len(unread.unindexed)) == ((), 1)
    assert hits(unread, codes) == {(row, 1, row, 0) for row in range(50)}
    assert hits(opened(archive), codes) == {(row, 1, row, 0) for row in range(50)}
    assert index_problems(archive) == ()
    assert shard not in shards(archive)


def test_tables_that_do_not_agree_are_not_believed(archive):
    put(archive, "a", some_codes(5))
    refresh_index(archive)
    (shard,) = shards(archive)
    whole = open_shard(shard)
    from verikit.matching.shards import write_shard

    for change in (
        {"starts": np.array([0, 9], np.int64)},
        {"starts": np.array([3, 5], np.int64)},
        {"videos": np.empty(0, np.uint32)},
        {"instants": whole.instants[:2]},
        {"codes": whole.codes[:, :16]},
        {"signatures": np.zeros((3, 4), np.uint64)},
        {"word_starts": whole.word_starts[:-1]},
        {"still_numbers": np.zeros(3, np.uint32)},
        {"videos": whole.videos.astype(np.int64)},
    ):
        path = write_shard(dataclasses.replace(whole, **change), archive.folder / "odd")
        with pytest.raises(ValueError, match=r"do not agree|another shape"):
            open_shard(path)
        assert problems_of(path)


def test_a_folder_that_may_not_be_written_is_searched_all_the_same(archive, monkeypatch):
    codes = some_codes(5)
    put(archive, "a", codes[:2])
    refresh_index(archive)
    put(archive, "b", codes[2:])
    archive.folder.joinpath("index", rooms.LOCK).unlink()
    archive.folder.joinpath("index", rooms.LOCK).mkdir()
    index = opened(archive)
    assert (len(index.shards), len(index.unindexed)) == (1, 1)
    assert len(hits(index, codes)) == 5
    assert not refresh_index(archive)


def test_small_shards_are_merged_and_the_removed_left_out(archive):
    codes = some_codes(20)
    for number in range(20):
        put(archive, str(number), codes[number : number + 1])
        refresh_index(archive)
        assert len(shards(archive)) < 2 * rooms.MERGED
    expected = {(row, row + 1, 0, 0) for row in range(20)}
    assert hits(opened(archive), codes) == expected
    for number in range(11):
        archive.remove(video(str(number), codes).sha256)
    assert hits(opened(archive), codes) == {hit for hit in expected if hit[1] > 11}
    refresh_index(archive)
    assert hits(opened(archive), codes) == {hit for hit in expected if hit[1] > 11}
    assert sum(len(open_shard(path).codes) for path in shards(archive)) < 20
    for number in range(11, 20):
        archive.remove(video(str(number), codes).sha256)
    refresh_index(archive)
    assert shards(archive) == []


def test_a_shard_beside_the_one_that_takes_its_place_counts_once(archive):
    codes = some_codes(9)
    for number in range(3):
        put(archive, str(number), codes[3 * number : 3 * number + 3])
        refresh_index(archive)
    kept = shutil.copytree(shards(archive)[0], archive.folder / "kept")
    for path in shards(archive):
        shutil.rmtree(path)
    refresh_index(archive)
    kept.rename(archive.folder / "index" / "0000")
    for refresh in (False, True):
        assert hits(opened(archive, refresh=refresh), codes) == {(row, row // 3 + 1, row % 3, 0) for row in range(9)}
    refresh_index(archive)
    assert len(shards(archive)) == 1


def test_an_open_index_goes_on_reading_what_a_merge_replaced(archive):
    codes = some_codes(4)
    put(archive, "a", codes)
    before = opened(archive)
    shutil.rmtree(archive.folder / "index")
    assert len(hits(before, codes)) == 4


REFRESHER = """
import sys, random, time
from pathlib import Path
sys.path[:0] = {paths!r}
from known_videos import some_codes, video
from verikit.matching import index
from verikit.matching.store import create_archive
index.MERGED = 3
archive = create_archive(Path({folder!r}))
for number in range(100_000):
    archive.put(video(f"{{number}}", some_codes(2, seed=number)), size=1, facts={{}})
    print(number, flush=True)
    index.refresh_index(archive)
"""


def test_a_killed_writer_leaves_an_archive_in_which_everything_acknowledged_is_found(archive):
    paths = [str(HERE), str(HERE.parent)]
    code = REFRESHER.format(paths=paths, folder=str(archive.folder))
    done = 0
    for after in (5, 14, 25):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
            # A reader at the same time sees every video wholly or not at all.
            for line in iter(process.stdout.readline, ""):
                index = opened(archive, refresh=False)
                seen = nearest(index, np.zeros((1, 32), np.uint8), radius=256)
                assert seen.found.tolist() == [2 * len(index.videos)]
                done = max(done, int(line) + 1)
                if int(line) >= after:
                    break
            os.kill(process.pid, signal.SIGKILL)
    asked = np.concatenate([some_codes(2, seed=number) for number in range(done)])
    found = nearest(opened(archive), asked, radius=0)
    assert found.found.tolist() == [1] * len(asked)
    assert (archive.problems(), index_problems(archive)) == ((), ())
    assert not list((archive.folder / "index").glob(".writing-*"))


# ------------------------------------------------------------------------------------------------------ local features


def test_a_feature_is_found_by_its_word_within_its_signature(archive):
    numbers = [put(archive, name, some_codes(0)) for name in "ab"]
    shard_of_columns(
        archive,
        [
            columns(numbers[0], words=[9, 3, 9], signatures=[0b1111, 0, 0b0111], stills=[0, 0, 4]),
            columns(numbers[1], words=[3, 65535], signatures=[0b1, 7], stills=[2, 2]),
        ],
    )
    words, signatures = np.array([3, 9, 65535, 100], np.uint16), np.array([0, 0b1111, 7, 0], np.uint64)
    found = features_alike(opened(archive), words, signatures=wide(signatures), radius=1)
    names = ("rows", "videos", "stills", "features", "distances")
    listed = set(zip(*(getattr(found, name).tolist() for name in names), strict=True))
    one, other = numbers
    assert listed == {(1, one, 0, 0, 0), (0, one, 0, 1, 0), (1, one, 4, 2, 1), (0, other, 2, 0, 1), (2, other, 2, 1, 0)}
    exact = features_alike(opened(archive), words, signatures=wide(signatures), radius=0)
    assert set(exact.distances.tolist()) == {0}
    assert len(exact.rows) == 3
    archive.remove(video("a", some_codes(0)).sha256)
    left = features_alike(opened(archive), words, signatures=wide(signatures), radius=1)
    assert set(left.videos.tolist()) == {other}


@given(st.integers(0, 999), st.sampled_from([0, 20, 64]))
@settings(max_examples=10, deadline=None)
def test_features_are_those_that_comparing_all_with_all_gives(tmp_path_factory, seed, radius):
    from verikit.matching import lookups

    archive = create_archive(tmp_path_factory.mktemp("archive"))
    rng = np.random.default_rng(seed)
    expected = set()
    asked_words = rng.integers(0, 6, 9).astype(np.uint16)
    asked = rng.integers(0, 2**64, 9, dtype=np.uint64)
    for name in "abc":
        number, count = put(archive, name, some_codes(0)), int(rng.integers(0, 40))
        words = rng.integers(0, 6, count)
        signatures, stills = rng.integers(0, 2**64, count, dtype=np.uint64), rng.integers(0, 3, count)
        signatures[: count // 2] = asked[rng.integers(0, 9, count // 2)] ^ np.uint64(0b1011)
        shard_of_columns(archive, [columns(number, words=words, signatures=signatures, stills=stills)])
        for row in range(9):
            bits = np.bitwise_count(signatures ^ asked[row])
            for feature in np.nonzero((words == asked_words[row]) & (bits <= radius))[0]:
                expected.add((row, number, int(stills[feature]), int(feature), int(bits[feature])))
    for pairs in (lookups.PAIRS, 5):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lookups, "PAIRS", pairs)
            found = features_alike(opened(archive), asked_words, signatures=wide(asked), radius=radius)
        names = ("rows", "videos", "stills", "features", "distances")
        assert set(zip(*(getattr(found, name).tolist() for name in names), strict=True)) == expected
        assert len(found.rows) == len(expected)


def test_a_word_that_everything_has_is_left_out_and_told(archive):
    number = put(archive, "a", some_codes(0))
    shard_of_columns(archive, [columns(number, words=[5] * 10 + [6], signatures=[0] * 11, stills=[0] * 11)])
    words = np.array([5, 6, 5], np.uint16)
    found = features_alike(opened(archive), words, signatures=wide(np.zeros(3)), radius=64, most_rows=9)
    assert found.rows.tolist() == [1]
    assert found.common_words == (5,)
    assert found.to_dict()["common_words"] == [5]
    assert len(features_of_words(opened(archive), words).rows) == 21


def test_features_outlive_merging(archive):
    numbers = [put(archive, str(name), some_codes(1, seed=name)) for name in range(9)]
    for number in numbers:
        shard_of_columns(archive, [columns(number, words=[number, 7], signatures=[number, 1], stills=[3, 5])])
    assert len(shards(archive)) == 9
    archive.remove(video("0", some_codes(0)).sha256)
    refresh_index(archive)
    index = opened(archive)
    assert len(shards(archive)) < 9
    found = features_of_words(index, np.array([7, numbers[4]], np.uint16))
    assert set(zip(found.rows.tolist(), found.videos.tolist(), found.stills.tolist(), strict=True)) == {
        *((0, number, 5) for number in numbers[1:]),
        *((0, number, 3) for number in numbers[1:] if number == 7),
        (1, numbers[4], 3),
    }


def test_a_damaged_table_of_features_never_points_outside(archive):
    number = put(archive, "a", some_codes(0))
    path = shard_of_columns(archive, [columns(number, words=[5], signatures=[0], stills=[0])])
    data = bytearray((path / "still_rows.npy").read_bytes())
    data[-1] = 255
    (path / "still_rows.npy").write_bytes(data)
    with pytest.raises(AuditError, match="index is damaged"):
        features_of_words(opened(archive), np.array([5], np.uint16))
    (problem,) = index_problems(archive)
    assert problem == f"index/{path.name}/still_rows.npy differs from its checksum"
    assert mend_index(archive) == (problem,)
    assert index_problems(archive) == ()


def test_joining_keeps_every_row_of_every_video():
    one = columns(4, words=[2, 1], signatures=[20, 10], stills=[0, 1])
    other = columns(8, words=[1], signatures=[11], stills=[6])
    shard = joined("h", [one, other])
    assert shard.signatures[:, 0].tolist() == [10, 11, 20]
    assert shard.still_videos[shard.still_rows].tolist() == [4, 8, 4]
    assert shard.still_numbers[shard.still_rows].tolist() == [1, 6, 0]
    assert shard.features.tolist() == [1, 0, 0]
    assert (shard.word_starts[[1, 2, 3]].tolist(), shard.size) == ([0, 2, 3], 3)
