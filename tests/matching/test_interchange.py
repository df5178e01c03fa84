"""PDQ lists: every form that ThreatExchange's tools write is read as what it tells, and nothing is taken in in part."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_videos import flipped, some_codes

from verikit.errors import AuditError, MediaError
from verikit.matching.index import open_index
from verikit.matching.interchange import WRITERS, pdq_lines, read_pdq_list, vpdq_json, vpdq_lines
from verikit.matching.lists import LISTED_HASHER, Listed, list_hits
from verikit.matching.lookups import nearest
from verikit.matching.store import create_archive

CODES = some_codes(3)
A, B, C = (code.tobytes().hex() for code in CODES)


def table(*rows):
    out = io.StringIO()
    csv.writer(out).writerows([("signal_type", "signal_str", "collab", "category", "tags"), *rows])
    return out.getvalue()


def read(tmp_path, text, name="list.txt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_pdq_list(path)


def told(listed):
    """A list as (hash, quality, seconds, label) rows."""
    times = [None if math.isnan(time) else time for time in listed.times.tolist()]
    codes = [code.tobytes().hex() for code in listed.codes]
    return list(zip(codes, listed.qualities.tolist(), times, listed.labels, strict=True))


FORMS = {
    "bare": (f"{A}\n{B.upper()}\n\n", [(A, 100, None, ""), (B, 100, None, "")]),
    "with a byte order mark and carriage returns": (f"\ufeff{A}\r\n{B}\r\n", [(A, 100, None, ""), (B, 100, None, "")]),
    "pdq-photo-hasher": (
        f"{A},97,some, file.jpg\n{B},3,b.jpg\n",
        [(A, 97, None, "some,file.jpg"), (B, 3, None, "b.jpg")],
    ),
    "hash and name": (f"{A},file1.jpg\n{B},1024.jpg\n", [(A, 100, None, "file1.jpg"), (B, 100, None, "1024.jpg")]),
    "detailed": (
        f"hash={A},norm=128,delta=0,quality=88,filename=file1.jpg\n",
        [(A, 88, None, "file1.jpg")],
    ),
    "a table of paths": (f"FilePath,Hash\n../b.jpg,{A}\n", [(A, 100, None, "../b.jpg")]),
    "vPDQ": (
        f"0,100,{A},0.000\n30,49,{B},1.001\n",
        [(A, 100, 0.0, "frame 0"), (B, 49, 1.001, "frame 30")],
    ),
    "a vPDQ signal": (json.dumps([f"{A},100,0.000", f"{B},12,1.5"]), [(A, 100, 0.0, ""), (B, 12, 1.5, "")]),
    "an old vPDQ signal": (
        json.dumps(
            {"0": {"quality": 100, "hash": A, "timestamp": 0.0}, "9": {"quality": 5, "hash": B, "timestamp": 0.3}}
        ),
        [(A, 100, 0.0, "frame 0"), (B, 5, 0.3, "frame 9")],
    ),
    "an exchange's cache": (f"{A},12345,2024-01-01,tag one\n", [(A, 100, None, "12345,2024-01-01,tag one")]),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read_as_what_it_tells(tmp_path, form):
    text, rows = FORMS[form]
    (listed,) = read(tmp_path, text)
    assert told(listed) == rows
    assert (listed.name, listed.origin) == ("list", "list.txt")
    assert listed.of_stills == (rows[0][2] is None)
    assert listed.usable.tolist() == [quality >= 50 for _, quality, _, _ in rows]


def test_a_dataset_gives_its_stills_together_and_each_video_alone(tmp_path):
    signal = json.dumps([f"{B},100,0.000", f"{C},100,1.000"])
    text = table(
        ("pdq", A, "c", "POSITIVE", "x y"), ("vpdq", signal, "c", "POSITIVE", ""), ("url", "https://a.b", "c", "", "")
    )
    video, stills = read(tmp_path, text, name="data.csv")
    assert told(video) == [(B, 100, 0.0, ""), (C, 100, 1.0, "")]
    assert video.name == "data.csv, line 3: c POSITIVE"
    assert told(stills) == [(A, 100, None, "c POSITIVE x y")]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "no PDQ hash in it"),
        ("# only words\n\n", "no PDQ hash in it"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (f"{A}\n{A[:-1]}\n", "line 2: no PDQ hash of 64 hex digits"),
        (f"{A}\n\x1b[2J\n", "line 2: no PDQ hash of 64 hex digits"),
        (f"one,{A},two\n", "line 1: no PDQ hash"),
        (f"0,101,{A},0.5\n", "line 1: a quality is a whole number from 0 to 100"),
        (f"hash={A},quality=-1\n", "line 1: a quality"),
        ("[1]", "entry 1: 'hash,quality,seconds' is wanted"),
        (json.dumps([f"{A},100"]), "entry 1"),
        (json.dumps([f"{A},100,-1"]), "entry 1: seconds"),
        (json.dumps([f"{A},100,1e400"]), "entry 1: seconds"),
        (json.dumps({"0": [A]}), "frame 0: hash, quality and timestamp"),
        ("[]", "without a hash"),
        ("[" * 100_000, "list.txt"),
        ("{", "list.txt"),
        (table(("pdq", "zz", "", "", "")), "line 2: not a PDQ hash"),
    ],
)
def test_what_is_no_list_is_refused_in_one_line_that_says_where(tmp_path, text, error):
    with pytest.raises(MediaError, match=error) as caught:
        read(tmp_path, text)
    assert str(caught.value).isprintable()


@st.composite
def videos(draw):
    count = draw(st.integers(1, 12))
    return Listed(
        name="list",
        origin="list.txt",
        codes=some_codes(count, seed=draw(st.integers(0, 99))),
        qualities=np.array(draw(st.lists(st.integers(0, 100), min_size=count, max_size=count)), np.uint8),
        times=np.sort(np.array(draw(st.lists(st.integers(0, 10**7), min_size=count, max_size=count)))) / 1000,
        labels=("",) * count,
    )


@given(videos(), st.sampled_from([vpdq_json, vpdq_lines]))
@settings(max_examples=25, deadline=None)
def test_what_is_written_of_a_video_is_read_as_the_same(tmp_path_factory, listed, write):
    (again,) = read(tmp_path_factory.mktemp("lists"), write(listed))
    assert [row[:3] for row in told(again)] == [row[:3] for row in told(listed)]


@given(videos())
@settings(max_examples=10, deadline=None)
def test_a_list_written_down_is_the_same_list(listed):
    again = Listed.from_dict(json.loads(json.dumps(listed.to_dict())))
    assert (again.key, told(again)) == (listed.key, told(listed))


def test_stills_are_written_with_what_stood_beside_them_and_videos_with_their_seconds(tmp_path):
    (stills,) = read(tmp_path, FORMS["pdq-photo-hasher"][0])
    assert pdq_lines(stills) == f"{A},97,some,file.jpg\n{B},3,b.jpg\n"
    (video,) = read(tmp_path, FORMS["vPDQ"][0])
    assert pdq_lines(video) == f"{A},100,list@0.000\n{B},49,list@1.001\n"
    for write in WRITERS.values():
        assert read(tmp_path, write(video))[0].codes.tolist() == video.codes.tolist()


# ---------------------------------------------------------------------------------------------------- in the archive


def listed_of(codes, *, name="there", times=None):
    count = len(codes)
    return Listed(
        name=name,
        origin=f"{name}.txt",
        codes=codes,
        qualities=np.full(count, 100, np.uint8),
        times=np.full(count, math.nan) if times is None else times,
        labels=tuple(f"label {number}" for number in range(count)),
    )


def test_a_list_goes_in_once_comes_back_whole_and_can_be_removed(tmp_path):
    archive = create_archive(tmp_path)
    listed = listed_of(CODES)
    assert archive.put_list(listed)
    assert not archive.put_list(listed)
    (entry,) = archive.lists()
    assert (entry.name, entry.hashes, entry.key) == ("there", 3, listed.key)
    assert told(archive.listed(listed.key)) == told(listed)
    assert (len(archive.entries()), archive.problems()) == (0, ())
    assert archive.remove(listed.key) == "there"
    assert (len(archive.lists()), archive.removed(), archive.problems()) == (0, 0, ())
    with pytest.raises(KeyError, match=listed.key):
        archive.listed(listed.key)


def test_a_damaged_or_a_lost_list_is_told(tmp_path):
    import sqlite3
    import zlib
    from contextlib import closing

    archive = create_archive(tmp_path)
    for name in ("a", "b", "c"):
        archive.put_list(listed_of(CODES, name=name))
    other = zlib.compress(json.dumps(listed_of(flipped(CODES, 1)).to_dict()).encode())
    with closing(sqlite3.connect(tmp_path / "archive.sqlite")) as connection, connection:
        connection.execute("UPDATE lists SET listed = ? WHERE name = 'a'", (other,))
        connection.execute("UPDATE lists SET listed = ? WHERE name = 'b'", (b"junk",))
        connection.execute("DELETE FROM lists WHERE name = 'c'")
    lost, first, second = archive.problems()
    assert lost == "list number 3 was put in and is lost"
    assert "the list a differs from its key" in first
    assert "the list b is damaged" in second
    with pytest.raises(AuditError, match="damaged"):
        open_index(archive, hasher=LISTED_HASHER, refresh=False).parts().__next__()


def test_a_clip_is_found_in_a_video_s_list_and_in_a_list_of_stills(tmp_path):
    archive = create_archive(tmp_path)
    archive.put_list(listed_of(CODES, name="film", times=np.array([10.0, 11.0, 12.0])))
    archive.put_list(listed_of(np.concatenate([some_codes(5, seed=9), flipped(CODES[1:2], 7)]), name="stills"))
    asked = listed_of(np.concatenate([flipped(CODES[1:], 3), some_codes(1, seed=8)]), times=np.array([0.0, 1.0, 2.0]))
    index = open_index(archive, hasher=LISTED_HASHER)
    hits = nearest(index, asked.codes[asked.usable], radius=31)
    film, stills = list_hits(asked, hits, lists={n: archive.listed(key) for n, key in index.videos.items()})
    assert json.loads(json.dumps(film.to_dict())) == {
        "name": "film",
        "origin": "film.txt",
        "key": film.key,
        "query_span": [0.0, 1.0],
        "matched": 2,
        "asked": 3,
        "share": 0.6667,
        "distance": 3,
        "label": "label 1",
        "time": 11.0,
    }
    assert (stills.name, stills.label, stills.time, stills.matched) == ("stills", "label 5", None, 1)
    # Seven bits turned over in the list and three in the clip, maybe some of them twice.
    assert 4 <= stills.distance <= 10
