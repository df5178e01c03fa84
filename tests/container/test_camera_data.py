"""What cameras hide in forms of their own, made by hand so that the answer is known."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hypothesis import given
from hypothesis import strategies as st
from making import box, data_reference, ftyp, full, hdlr, mvhd, sample_tables

from verikit.container.camera_blocks import (
    avchd_tags,
    nikon_avi_tags,
    nikon_tags,
    recorder_xml_tags,
    track_camera_tags,
)
from verikit.container.elements import read_at
from verikit.container.exif import exif_tags
from verikit.container.isobmff import read_boxes
from verikit.container.movie import read_movie
from verikit.container.movie_details import read_movie_details
from verikit.container.telemetry import gopro_settings
from verikit.container.times_places import parse_place
from verikit.container.xmp import xmp_tags


def told(tags):
    return {tag.key: tag.value for tag in tags}


def key(name, kind, size, *values):
    data = b"".join(values)
    return name + kind + bytes([size]) + struct.pack(">H", len(data) // size) + data + bytes(-len(data) % 4)


def nest(name, *inner):
    data = b"".join(inner)
    return name + b"\0" + b"\1" + struct.pack(">H", len(data)) + data


def one_track(path, codec, samples, *, kind="meta", entry=b"", extra=b""):
    """An MP4 with one track whose samples are given; returns its structure and movie."""
    head = ftyp()
    media = b"".join(samples)
    starts = [len(head) + 8 + sum(map(len, samples[:i])) for i in range(len(samples))]
    tables = sample_tables(tuple(map(len, samples)), *starts)
    stsd = full("stsd", struct.pack(">I", 1), box(codec, bytes(6) + b"\0\1" + entry))
    tkhd = full("tkhd", struct.pack(">III", 0, 0, 1), bytes(68))
    mdhd = full("mdhd", struct.pack(">IIII", 0, 0, 1000, 4000), bytes(4))
    minf = box("minf", data_reference(flags=1), box("stbl", stsd, tables))
    track = box("trak", tkhd, box("mdia", mdhd, hdlr(kind, b"made\0"), minf), extra)
    path.write_bytes(head + box("mdat", media) + box("moov", mvhd(), track))
    structure = read_boxes(path)
    return structure, read_movie(path, structure)


def second(latitude, *, fix=3, when=b"210525162151.000"):
    scales = key(b"SCAL", b"l", 4, struct.pack(">iiiii", 10**7, 10**7, 1000, 1000, 100))
    rows = struct.pack(">iiiii", round(latitude * 1e7), round(-122.4 * 1e7), 66_000, 0, 0)
    gps = key(b"GPSF", b"L", 4, struct.pack(">I", fix)) + key(b"GPSU", b"U", 16, when) + scales
    stream = nest(b"STRM", key(b"STNM", b"c", 1, b"GPS"), gps, key(b"GPS5", b"l", 20, rows))
    return nest(b"DEVC", key(b"DVNM", b"c", 1, b"Hero Test"), stream)


def test_gopros_telemetry_tells_device_first_and_last_place_and_the_satellites_time(tmp_path):
    path = tmp_path / "made.mp4"
    structure, movie = one_track(
        path, "gpmd", [second(10.0, fix=0), second(11.0), second(12.0, when=b"210525162152.000")]
    )
    tags = told(read_movie_details(path, structure, movie))
    assert tags["device"] == "Hero Test"
    assert parse_place(tags["GPS position, first"]) == pytest.approx((11.0, -122.4, 66.0))
    assert parse_place(tags["GPS position, last"])[0] == pytest.approx(12.0)
    assert (tags["GPS time, first"], tags["GPS time, last"]) == ("2021-05-25T16:21:51Z", "2021-05-25T16:21:52Z")
    assert tags["telemetry track"] == "gpmd"
    assert tags["telemetry"] == "GPS5 GPS (3 readings)"


def test_gopros_settings_are_read_as_texts():
    data = nest(b"DEVC", key(b"MINF", b"c", 1, b"GoPro Max"), key(b"CASN", b"c", 1, b"C3331325"))
    assert told(gopro_settings(data, origin="udta")) == {"MINF": "GoPro Max", "CASN": "C3331325"}


def test_a_camera_motion_track_tells_its_first_and_last_place(tmp_path):
    samples = [struct.pack("<HHddd", 0, 5, place, 13.4, 35.0) for place in (52.5, 52.6)]
    path = tmp_path / "made.mp4"
    structure, movie = one_track(path, "camm", samples)
    tags = told(read_movie_details(path, structure, movie))
    assert parse_place(tags["GPS position, first"]) == (52.5, 13.4, 35.0)
    assert parse_place(tags["GPS position, last"])[0] == 52.6


def test_djis_track_names_its_device(tmp_path):
    path = tmp_path / "made.mp4"
    structure, _ = one_track(path, "djmd", [b"\x0a\x1edvtm_Mini4_Pro.proto\x12"])
    with path.open("rb") as stream:
        tags = told(track_camera_tags(stream, structure.find("moov/trak")[0], codec="djmd"))
    assert tags["device"] == "dvtm_Mini4_Pro"


@pytest.mark.parametrize(
    ("flags", "count", "text"), [(0, 90_000, "01:00:00:00"), (1, 107_892, "01:00:00;00"), (1, 1800, "00:01:00;02")]
)
def test_a_time_code_is_counted_as_its_track_says(tmp_path, flags, count, text):
    rate = (30_000, 1001, 30) if flags else (25, 1, 25)
    entry = bytes(4) + struct.pack(">IIIB", flags, *rate) + b"\0"
    path = tmp_path / "made.mp4"
    structure, movie = one_track(path, "tmcd", [struct.pack(">I", count)], kind="tmcd", entry=entry)
    assert told(read_movie_details(path, structure, movie))["timecode"] == text


def mdpm(*rows):
    return bytes([len(rows)]) + b"".join(bytes([code]) + data for code, data in rows)


def test_avchds_camera_block_tells_time_with_zone_maker_model_and_place():
    places = [(0xB2 + i, struct.pack(">HH", n, 1)) for i, n in enumerate((52, 30, 0))]
    places += [(0xB5, b"W\0\0\0")] + [(0xB6 + i, struct.pack(">HH", n, 1)) for i, n in enumerate((13, 24, 0))]
    block = mdpm(
        (0x18, bytes([0x22, 0x20, 0x12, 0x01])),
        (0x19, bytes([0x26, 0x09, 0x18, 0x35])),
        (0xA1, struct.pack(">HH", 28, 10)),
        (0xB1, b"N\0\0\0"),
        *places,
        (0xE0, struct.pack(">HH", 0x0108, 0)),
        (0xE4, b"ILCE"),
        (0xE5, b"-7M3"),
    )
    tags = told(avchd_tags(block, origin="here"))
    assert tags["DateTimeOriginal"] == "2012-01-26T09:18:35-01:00"
    assert (tags["Make"], tags["Model"], tags["FNumber"]) == ("Sony", "ILCE-7M3", "2.8")
    assert parse_place(tags["GPS position"])[:2] == pytest.approx((52.5, -13.4))


def tiff(order="<"):
    """A TIFF header with IFD0 (maker, model), Exif (date) and GPS."""

    def ifd(start, *entries):
        out, after = struct.pack(order + "H", len(entries)), b""
        end = start + 2 + 12 * len(entries) + 4
        for code, kind, count, data in entries:
            value = data if len(data) <= 4 else struct.pack(order + "I", end + len(after))
            after += data if len(data) > 4 else b""
            out += struct.pack(order + "HHI", code, kind, count) + value.ljust(4, b"\0")
        return out + bytes(4) + after

    long = lambda n: struct.pack(order + "I", n)  # noqa: E731 - a pack in a word
    fractions = lambda *ns: b"".join(struct.pack(order + "II", n, 1) for n in ns)  # noqa: E731 - the same
    first = ifd(
        8,
        (0x010F, 2, 6, b"Canon\0"),
        (0x0110, 2, 8, b"EOS 5D\0\0"),
        (0x8769, 4, 1, long(200)),
        (0x8825, 4, 1, long(300)),
    )
    exif = ifd(200, (0x9003, 2, 20, b"2021:05:25 09:21:51\0"))
    gps = ifd(
        300,
        (1, 2, 2, b"S\0"),
        (2, 5, 3, fractions(33, 30, 0)),
        (3, 2, 2, b"E\0"),
        (4, 5, 3, fractions(151, 12, 0)),
        (7, 5, 3, fractions(9, 21, 51)),
        (29, 2, 11, b"2021:05:25\0"),
    )
    head = (b"II*\0" if order == "<" else b"MM\0*") + long(8)
    return (head + first).ljust(200, b"\0") + exif.ljust(100, b"\0") + gps


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_exif_block_is_found_and_tells_who_when_and_where(order):
    tags = told(exif_tags(b"thumbnail and so on" + tiff(order), origin="udta/CNTH@1"))
    assert (tags["Make"], tags["Model"], tags["DateTimeOriginal"]) == ("Canon", "EOS 5D", "2021:05:25 09:21:51")
    assert parse_place(tags["GPS position"])[:2] == pytest.approx((-33.5, 151.2))
    assert tags["GPS time"] == "2021:05:25 09:21:51Z"


@given(st.binary(max_size=400))
def test_whatever_the_bytes_say_the_readers_of_blocks_answer(data):
    for reader in (avchd_tags, nikon_tags, nikon_avi_tags, recorder_xml_tags, gopro_settings, xmp_tags, exif_tags):
        list(reader(data, origin="x"))
    list(exif_tags(tiff()[:12] + data, origin="x"))


def test_sonys_recorder_xml_tells_device_date_and_place():
    text = (
        b'<NonRealTimeMeta><CreationDate value="2021-05-25T09:21:51+02:00"/>'
        b'<Device manufacturer="Sony" modelName="ILCE-7M3" serialNo="123"/>'
        b'<Item name="LatitudeRef" value="N"/><Item name="Latitude" value="52:30:0.0"/>'
        b'<Item name="LongitudeRef" value="W"/><Item name="Longitude" value="13:24:0.0"/></NonRealTimeMeta>'
    )
    tags = told(recorder_xml_tags(text, origin="xml"))
    assert (tags["Make"], tags["Model"], tags["CreationDate"]) == ("Sony", "ILCE-7M3", "2021-05-25T09:21:51+02:00")
    assert parse_place(tags["GPS position"])[:2] == pytest.approx((52.5, -13.4))


def test_nikons_lists_tell_the_model_in_mov_and_avi():
    row = lambda code, text: struct.pack(">IHH", code, 2, len(text)) + text  # noqa: E731 - a row in a word
    assert told(nikon_tags(b"NCTG" + row(1, b"NIKON\0") + row(2, b"D90\0"), origin="x")) == {
        "Make": "NIKON",
        "Model": "D90",
    }
    rows = struct.pack("<HH", 3, 6) + b"NIKON\0" + struct.pack("<HH", 4, 4) + b"D90\0"
    assert told(nikon_avi_tags(rows, origin="x")) == {"Make": "NIKON", "Model": "D90"}


def test_an_xmp_packet_is_read_in_all_its_forms_and_its_entities_are_not_expanded():
    packet = b"""<?xpacket?><!DOCTYPE x [<!ENTITY a "boom">]><x:xmpmeta x:xmptk="Core 5"><rdf:RDF xmlns:rdf="r">
    <rdf:Description xmp:CreatorTool="Adobe Premiere &amp; more"><xmpMM:History><rdf:Seq>
    <rdf:li stEvt:softwareAgent="One" stEvt:when="2018-04-19"/><rdf:li stEvt:softwareAgent='Two'/></rdf:Seq></xmpMM:History>
    <dc:title><rdf:Alt><rdf:li xml:lang="x">A &a; title</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF>"""
    tags = list(xmp_tags(packet, origin="uuid@1"))
    pairs = {(tag.key, tag.value) for tag in tags}
    assert {("x:xmptk", "Core 5"), ("xmp:CreatorTool", "Adobe Premiere & more"), ("dc:title", "A &a; title")} <= pairs
    assert {("stEvt:softwareAgent", "One"), ("stEvt:softwareAgent", "Two")} <= pairs


def test_an_xmp_packet_made_to_be_slow_is_read_at_once():
    for piece in (b"<a:b ", b'<a:b "', b"<a:b c:d='", b"<a:b><c:d>"):
        assert len(list(xmp_tags(piece * 150_000, origin="x"))) <= 401


@given(st.integers(-(2**70), 2**70), st.integers(-(2**70), 2**70))
def test_a_place_that_no_file_has_holds_nothing(offset, length):
    data = b"0123456789"
    kept = read_at(io.BytesIO(data), offset, min(length, 2**40))
    assert kept == (data[offset : offset + length] if offset >= 0 and length > 0 else b"")
