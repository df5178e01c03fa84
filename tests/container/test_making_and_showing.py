"""How files were made and how it is shown: fingerprints, dates, the card, the tree, exports."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import random
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hypothesis import given, settings
from hypothesis import strategies as st
from making import box, ftyp, full, hdlr, international, keyed_meta, mvhd, sample_tables, trak

from verikit._files import harmless_cell
from verikit.container.claimed import Claimed
from verikit.container.credentials import Credentials
from verikit.container.dates import Dated, dates_of, moment_of
from verikit.container.elements import Tag
from verikit.container.export import export_container
from verikit.container.facts import collect_facts
from verikit.container.inspection import inspect
from verikit.container.isobmff import read_boxes
from verikit.container.making import Likeness, compare_making, edits_of, read_symbols
from verikit.container.movie import read_movie
from verikit.container.mpegts import is_transport_stream, picture_bytes, read_transport_stream
from verikit.container.timing import Hidden, hidden_samples, read_sample_times
from verikit.geo import Point
from verikit.media.video import Video, open_video
from verikit.plots.dates import plot_dates

MOMENT = 3_704_804_511


def seen(folder, *moov, name="made.mp4", major="isom", claimed=None, **values):
    path = folder / name
    path.write_bytes(ftyp(major, **values) + box("mdat", bytes(64)) + box("moov", *moov))
    return inspect(open_video(path), claimed=claimed)


symbols = st.lists(st.sampled_from(["moov", "moov/trak", "ftyp:major=isom", "moov/mvhd:clock=1000", "order=a,b"]))


@given(symbols, symbols)
def test_likeness_is_one_for_the_same_symmetric_and_within_its_bounds(one, other):
    both, back = compare_making(one, other), compare_making(other, one)
    assert both.likeness == back.likeness
    assert (both.only_one, both.only_other) == (back.only_other, back.only_one)
    assert all(0 <= part <= 1 for part in (both.likeness, both.paths, both.values))
    assert compare_making(one, one).likeness == (1.0 if one else 0.0)
    assert Likeness.from_dict(json.loads(json.dumps(both.to_dict()))) == both


def test_a_recordings_own_length_and_date_leave_its_making_alike_and_another_writer_does_not(tmp_path):
    one = seen(tmp_path, mvhd(MOMENT, MOMENT), trak(created=MOMENT, duration=4000))
    same = seen(tmp_path, mvhd(MOMENT + 999, MOMENT + 999, duration=9000), trak(created=5, duration=9000))
    other = seen(tmp_path, mvhd(scale=600), trak(name=b"Core Media Video\0", scale=600), major="qt  ", brands=("qt  ",))
    assert compare_making(one.symbols, same.symbols).likeness == 1.0
    likeness = compare_making(one.symbols, other.symbols, names=("a", "b"))
    assert likeness.likeness < 0.9
    assert "ftyp:major=isom" in likeness.only_one
    assert any("Core Media Video" in symbol for symbol in likeness.only_other)
    assert "only in a: " in likeness._repr_mimebundle_()["text/plain"]


def test_symbols_hold_what_a_writer_sets_and_not_the_day_or_other_bytes(tmp_path):
    day = b"ISO Media file produced by Google Inc. Created on: 05/03/2018.\0"
    counted = box("hdlr", bytes(4), b"mhlrsoun", bytes(12), b"\x10Core Media Audio")
    sound = full("stsd", struct.pack(">I", 1), box("mp4a", bytes(8) + bytes(range(1, 80))))
    track = trak(kind="soun", tables=sound + sample_tables((1,), 40))
    track = track.replace(hdlr("soun", b"VideoHandle\0"), counted)
    found = seen(tmp_path, mvhd(), trak(name=day), box("trak", track[8:])).symbols
    assert "moov/trak[vide]/mdia/hdlr:name=ISO Media file produced by Google Inc. Created on: a day." in found
    assert "moov/trak[soun]/mdia/hdlr:name=Core Media Audio" in found
    assert not any("mp4a:compressor" in symbol for symbol in found)


def test_files_of_one_writer_share_more_than_files_of_two(public):
    pairs = [
        ("ThreatExchange__chair-orig-22-sd-bar.mp4", "ThreatExchange__doorknob-hd-no-bar.mp4"),
        ("media__sample_with_color_info.mp4", "interactive-examples__flower.mp4"),
    ]
    same, other = (compare_making(public(a).symbols, public(b).symbols).likeness for a, b in pairs)
    assert same > 0.9
    assert other < 0.5


def edited(folder, edits, *, lengths=((100, 40),)):
    stts = full("stts", struct.pack(">I", len(lengths)), b"".join(struct.pack(">II", *row) for row in lengths))
    count = sum(row[0] for row in lengths)
    media = sum(row[0] * row[1] for row in lengths)
    tables = stts + sample_tables((1,) * count, 40, share=count)
    path = folder / "edited.mp4"
    path.write_bytes(ftyp() + box("moov", mvhd(), trak(edits=edits, tables=tables, duration=media)))
    structure = read_boxes(path)
    movie = read_movie(path, structure)
    return movie, hidden_samples(movie, read_sample_times(path, structure, movie))


def test_pictures_before_and_after_what_is_played_are_counted_with_their_spans(tmp_path):
    _, found = edited(tmp_path, ((1000, 2000),))
    assert [(h.total, h.not_shown, h.samples, h.spans) for h in found] == [(100, 75, 75, ((0.0, 2.0), (3.0, 4.0)))]
    assert Hidden.from_dict(json.loads(json.dumps(found[0].to_dict()))) == found[0]


@pytest.mark.parametrize(
    "edits",
    [
        ((4000, 0),),
        ((0, 0),),
        ((3840, 160),),
        ((500, -1), (4000, 0)),
        ((2000, 0), (2000, 2000)),
        ((2000, 2000), (2000, 0)),
    ],
)
def test_a_run_up_a_wait_and_a_change_of_order_hide_nothing(tmp_path, edits):
    _, found = edited(tmp_path, edits)
    assert sum(h.samples for h in found) == 0


def test_a_stretch_cut_out_of_the_middle_is_found(tmp_path):
    _, found = edited(tmp_path, ((1000, 0), (1000, 3000)))
    assert found[0].spans == ((1.0, 3.0),)
    assert found[0].samples == 50
    assert str(found[0]) == "50 of 100 pictures"
    assert str(dataclasses.replace(found[0], kind="sound")) == "2.000 s of sound"


@pytest.mark.parametrize(
    ("edits", "hidden"),
    [
        (((1000, 0), (2960, 1040)), 1),  # one picture cut out of the middle
        (((3920, 0),), 2),  # the last two
        (((3950, 0),), 1),
        (((3960, 0),), 0),  # the edit ends where the last picture begins: its writer did not know how long it lasts
        (((3959, 0),), 0),
        (((3840, 160),), 0),  # four before the first: a run-up
        (((3800, 200),), 5),
    ],
)
def test_only_at_the_beginning_do_four_pictures_count_as_a_run_up(tmp_path, edits, hidden):
    _, found = edited(tmp_path, edits)
    assert sum(h.samples for h in found) == hidden


@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(-1, 4000)), min_size=1, max_size=5))
@settings(max_examples=20, deadline=None)
def test_hidden_pictures_never_exceed_all_pictures_and_spans_lie_within_the_media(tmp_path_factory, edits):
    _, found = edited(tmp_path_factory.getbasetemp(), tuple(edits))
    for one in found:
        assert 0 <= one.samples <= one.not_shown <= one.total == 100
        assert len(one.times) == one.samples
        assert all(0 <= start < end <= 4.0 for start, end in one.spans)


def test_raw_edit_lists_keep_their_speed(tmp_path):
    movie, _ = edited(tmp_path, ((1000, 0), (500, -1)))
    assert edits_of(movie) == ((1, 1.0, 0.0, 1.0), (1, 0.5, None, 1.0))


def packet(pid, payload, *, starts=False, counter=0):
    head = bytes([0x47, (0x40 if starts else 0) | pid >> 8, pid & 255, 0x10 | counter])
    return head + payload.ljust(184, b"\xff")


def section(body):
    return b"\0" + body + bytes(4)


def transport(*, before=b""):
    """Two programs, of which the first has pictures and sound in German."""
    pat = section(b"\0\xb0\x11" + bytes(5) + struct.pack(">HHHH", 1, 0xE100, 2, 0xE200))
    german = b"\x0a\x04deu\0"
    streams = (
        b"\x1b"
        + struct.pack(">HH", 0xE101, 0xF000)
        + b"\x0f"
        + struct.pack(">HH", 0xE102, 0xF000 | len(german))
        + german
    )
    pmt = section(b"\2" + struct.pack(">H", 0xB000 | (9 + len(streams) + 4)) + bytes(9) + streams)
    parts = [packet(0, pat, starts=True), packet(0x100, pmt, starts=True), packet(0x101, b"picture", starts=True)]
    parts += [
        packet(0x101, b" goes on", counter=1),
        packet(0x102, b"sound", starts=True),
        packet(0x101, b"next", starts=True, counter=2),
    ]
    return b"".join(before + part for part in parts)


@pytest.mark.parametrize("before", [b"", bytes(4)])
def test_a_transport_stream_shows_its_programs_streams_and_languages(tmp_path, before):
    path = tmp_path / "made.ts"
    path.write_bytes(transport(before=before))
    with path.open("rb") as stream:
        assert is_transport_stream(stream)
    structure, tags = read_transport_stream(path)
    (top,) = structure.boxes
    assert [(p.type, [s.type for s in p.children]) for p in top.children] == [
        ("program 1", ["stream 0x101 H.264", "stream 0x102 AAC"])
    ]
    assert ("stream 0x102", "language", "deu") in {(t.group, t.key, t.value) for t in tags}
    with path.open("rb") as stream:
        pictures = [data.rstrip(b"\xff") for _, data in picture_bytes(stream, structure, most=10_000)]
    assert pictures[0].startswith(b"picture")
    assert pictures[0].endswith(b" goes on")
    assert len(pictures) == 2


def test_a_packet_that_is_lost_breaks_the_count_and_a_cut_leaves_trailing_bytes(tmp_path):
    data = transport()
    path = tmp_path / "made.ts"
    path.write_bytes(data[: 188 * 3] + data[188 * 4 :] + data[:100])
    structure, tags = read_transport_stream(path)
    assert [f.kind for f in structure.faults] == ["trailing bytes"]
    assert any(t.key == "counting breaks" for t in tags)


@given(st.binary(max_size=800), st.integers(0, 1127))
@settings(max_examples=20, deadline=None)
def test_whatever_the_bytes_say_a_transport_stream_is_answered(tmp_path_factory, noise, at):
    data = bytearray(transport())
    data[at : at + len(noise)] = noise
    path = tmp_path_factory.getbasetemp() / "noise.ts"
    path.write_bytes(data)
    structure, _ = read_transport_stream(path)
    with path.open("rb") as stream:
        list(picture_bytes(stream, structure, most=10_000))
    assert structure.boxes[0].type == "TS"


def film(tmp_path):
    keys = {
        "com.apple.quicktime.creationdate": "2021-05-25T09:21:51-0700",
        "com.apple.quicktime.location.ISO6709": "+37.7450-122.4301+066.374/",
        "com.apple.quicktime.location.accuracy.horizontal": "5.5",
    }
    place = Point(latitude=37.8, longitude=-122.4)
    claimed = Claimed(recorded="2021-05-25", posted="2021-06-01", place=place)
    name = "VID_20210525.mov"
    return seen(tmp_path, mvhd(MOMENT, MOMENT + 4), trak(), keyed_meta(keys), name=name, major="qt  ", claimed=claimed)


def test_all_dates_stand_in_order_with_basis_and_meaning(tmp_path):
    found = film(tmp_path)
    rows = [(d.kind, d.value, d.basis) for d in found.dates]
    # In order of the moments, not of the digits: 09:21:51-07:00 and 16:21:51Z are one.
    assert [value for _, value, _ in rows] == [
        "2021-05-25",
        "2021-05-25",
        "2021-05-25T09:21:51-07:00",
        "2021-05-25T16:21:51Z",
        "2021-05-25T16:21:55Z",
        "2021-06-01",
    ]
    assert {
        ("claimed", "2021-05-25", "unknown"),
        ("posted", "2021-06-01", "unknown"),
        ("file name", "2021-05-25", "unknown"),
    } <= set(rows)
    assert ("created", "2021-05-25T16:21:51Z", "utc") in rows
    assert ("created", "2021-05-25T09:21:51-07:00", "local") in rows
    assert all(d.meaning and d.origin for d in found.dates)
    assert all(Dated.from_dict(d.to_dict()) == d for d in found.dates)


def test_each_date_has_the_meaning_of_the_place_where_it_stands(tmp_path):
    meanings = {d.value: d.meaning for d in film(tmp_path).dates if d.kind == "created"}
    assert meanings["2021-05-25T09:21:51-07:00"] == "the camera's or an app's word for the recording"
    assert meanings["2021-05-25T16:21:51Z"] == "header: when this file was begun, by the program that wrote it"


@given(
    st.lists(st.sampled_from(["2021", "2021-05", "2021-05-25", "2021-05-25T23:00:00-07:00", "2021-05-26T05:00:00Z"]))
)
def test_dates_of_any_precision_are_put_in_order_of_their_moments(values):
    tags = [Tag(group="x", key="DateTimeOriginal", value=value, origin="x@1") for value in values]
    facts = collect_facts(tags, credentials=Credentials())
    told = dates_of(SimpleNamespace(facts=facts, tags=tags, name="x", claimed=Claimed()))
    moments = [moment_of(one.value) for one in told]
    assert moments == sorted(moments)


def test_the_card_has_ten_facts_and_the_place_its_distance_to_the_claim(tmp_path):
    card = film(tmp_path).card
    rows = {what: (value, origin) for what, value, origin in card.rows}
    assert len(card.rows) == 10
    place, origin = rows["place"]
    assert place.startswith("37.74500, -122.43010, 66 m high, accurate to 6 m by its own word; 6.7 km from")
    assert origin.startswith("moov/meta/ilst/")
    assert rows["recorded"][0] == "2021-05-25T09:21:51-07:00 (local)"
    assert "proves nothing" in rows["credentials"][0]


def test_the_dates_are_drawn_and_said_in_words(tmp_path):
    found = film(tmp_path)
    figure = plot_dates(tuple(found.dates), name=found.name)
    assert figure == plot_dates(tuple(found.dates), name=found.name)
    assert figure.data.startswith(b"\x89PNG")
    assert "2021-06-01 (unknown, posted: when the post was published)" in figure.alt
    assert plot_dates((), name="x").alt == "Dates of x, the earliest first: none"


@given(
    st.text(max_size=30), st.sampled_from(["2021", "2021-02", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "x"])
)
@settings(max_examples=20, deadline=None)
def test_any_name_and_any_date_can_be_drawn(name, value):
    one = Dated(kind="created", value=value, basis="utc", meaning=name, origin="x")
    assert plot_dates([one], name=name).data.startswith(b"\x89PNG")


def test_the_tree_reads_as_text_and_as_nested_lists(tmp_path):
    tree = film(tmp_path).tree
    lines = str(tree).split("\n")
    assert lines[0].startswith("ftyp")
    assert any(line.startswith("  mvhd") and "movie header: times and length" in line for line in lines)
    html = str(tree.html())
    assert html.count("<ul>") == html.count("</ul>") > 3
    assert html.count("<li>") == html.count("</li>") == len(tree.lines)


def test_a_row_of_fragments_is_cut_in_the_tree_and_counted(tmp_path):
    path = tmp_path / "made.mp4"
    path.write_bytes(ftyp() + box("moov", mvhd(), trak()) + (box("moof", box("traf")) + box("mdat")) * 50)
    tree = inspect(open_video(path)).tree
    assert sum(kind == "moof" for _, kind, *_ in tree.lines) == 4
    assert tree.left > 0
    assert f"... and {tree.left} more" in str(tree)


def test_an_export_can_be_opened_by_a_spreadsheet_without_running_anything(tmp_path):
    evil = '=HYPERLINK("http://x")'
    found = seen(tmp_path, mvhd(MOMENT), trak(name=b"@SUM(A1)\0"), box("udta", box("©nam", international(evil))))
    paths = export_container(found, tmp_path / "out")
    assert [p.name for p in paths] == [
        "container.json",
        "facts.csv",
        "dates.csv",
        "tags.csv",
        "traces.csv",
        "findings.csv",
    ]
    for path in paths[1:]:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
        assert all(len(row) == len(rows[0]) for row in rows)
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)
    assert f"'{evil}" in {row[2] for row in csv.reader(io.StringIO(paths[3].read_text(encoding="utf-8-sig")))}
    assert json.loads(paths[0].read_text(encoding="utf-8")) == json.loads(json.dumps(found.to_dict()))


@given(st.text())
def test_a_harmless_cell_never_begins_a_formula(text):
    assert not harmless_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert harmless_cell(text).removeprefix("'").endswith(text.removeprefix("'"))


def test_the_notebook_shows_strengths_base_rates_and_origins_and_escapes_what_strangers_wrote(tmp_path):
    found = seen(
        tmp_path, mvhd(MOMENT, MOMENT - 99), trak(name=b"<b>\0"), box("udta", box("©nam", international("<script>")))
    )
    html = found._repr_mimebundle_()["text/html"]
    assert "Contradiction: " in html
    assert "public files" in html
    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html


def test_a_few_hundred_changed_files_are_answered_or_refused_in_one_line(tmp_path):
    from benchmarks.fuzz_inspect import changed
    from verikit.container import inspection

    stts = full("stts", struct.pack(">III", 1, 60, 40))
    video = trak(edits=((1000, 500),), tables=stts + sample_tables((1,) * 60, 40, share=60))
    tags = box("udta", box("©xyz", international("+51.5-000.1/")), box("XMP_", b'<x:xmpmeta x:xmptk="y"/>'))
    data = (
        ftyp()
        + box("mdat", bytes(64))
        + box("moov", mvhd(MOMENT), video, tags, keyed_meta({"com.android.version": "14"}))
    )
    path = tmp_path / "whole.mp4"
    path.write_bytes(data)
    boxes = tuple(read_boxes(path).walk())
    chance = random.Random(3)  # noqa: S311 - no secret
    for _ in range(300):
        variant = tmp_path / "variant.mp4"
        variant.write_bytes(changed(data, boxes, chance))
        # The own readers, without the processes beside them: those are for the long run.
        structure, movie, found = inspection._read_own(variant)
        times = read_sample_times(variant, structure, movie)
        assert all(one.samples <= one.total for one in hidden_samples(movie, times))
        assert len(read_symbols(variant, structure)) <= 4000
        assert all(tag.origin for tag in found)


def test_a_few_changed_files_go_the_whole_way(tmp_path):
    from benchmarks.fuzz_inspect import changed, outcome

    data = ftyp() + box("mdat", bytes(64)) + box("moov", mvhd(MOMENT), trak(edits=((9, 9),)), keyed_meta({"a": "b"}))
    path = tmp_path / "made.mp4"
    path.write_bytes(data)
    boxes, chance = tuple(read_boxes(path).walk()), random.Random(5)  # noqa: S311 - no secret
    for _ in range(8):
        path.write_bytes(changed(data, boxes, chance))
        assert outcome(path) in {"answered", "refused"}
    assert isinstance(open_video(path), Video)
