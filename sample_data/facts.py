"""What is true of the sample clips, for tests and demonstrations to check themselves against."""

from __future__ import annotations

from typing import Any

from clips import (
    ARCHIVE,
    CAPTION,
    DECOY,
    DECOY_SONG_FROM,
    LOOP,
    LOOP_FIRST,
    LOOP_PAST,
    VIRAL_COUNT,
    VIRAL_CROP,
    VIRAL_FIRST,
    VIRAL_SIZE,
)
from filming import FPS, Clip


def shots_truth(clip: Clip) -> list[dict[str, Any]]:
    """The shots of a clip; they meet in the middle of a transition."""
    rows, start = [], 0.0
    for shot in clip.shots:
        end = round(start + shot.seconds, 3)
        span = [round(start - shot.span / 2, 3), round(start + shot.span / 2, 3)]
        rows.append({"start": start, "end": end, "transition_in": shot.transition, "transition_span": span})
        start = end
    return rows


def archive_truth() -> dict[str, Any]:
    """What holds for the clips of the archive."""
    return {
        f"archive/{clip.name}.mp4": {
            "title": clip.title,
            "creation_time": clip.created,
            "duration": clip.seconds,
            "song": clip.song,
            "song_from": clip.song_from,
            "shots": shots_truth(clip),
        }
        for clip in ARCHIVE
    }


def viral_truth(box: list[int]) -> dict[str, Any]:
    """What holds for the viral clip."""
    first = VIRAL_FIRST / FPS
    return {
        "reference": "archive/dormitory_evening.mp4",
        "query_span": [0.0, VIRAL_COUNT / FPS],
        "reference_span": [first, round(first + VIRAL_COUNT / FPS, 3)],
        "speed": 1.0,
        "mirrored": True,
        "crop": list(VIRAL_CROP),
        "size": list(VIRAL_SIZE),
        "caption": {
            "lines": list(CAPTION),
            "scripts": ["Cyrillic", "Hangul"],
            "box": box,
        },
        "song": "neon",
        "sound": "another song than the reference",
        "stripped": ["creation_time", "title", "comment", "encoder tag", "x264 settings in the stream"],
    }


def truth(caption_box: list[int]) -> dict[str, Any]:
    """Everything that is hidden in the clips."""
    repeat = (LOOP_PAST - LOOP_FIRST) / FPS
    first, past = LOOP_FIRST / FPS, LOOP_PAST / FPS
    shared = {
        "song": DECOY.song,
        "reference": "archive/dormitory_evening.mp4",
        "query_span": [0.0, DECOY.seconds],
        "reference_span": [DECOY_SONG_FROM, DECOY_SONG_FROM + DECOY.seconds],
    }
    return {
        "note": "All footage is rendered by sample_data/render.py; it shows no real place, person or event.",
        "conventions": "Seconds; spans are half-open [start, end). Boxes are [x, y, width, height] in pixels: `crop` in the "
        "reference before mirroring, `caption.box` in the clip itself. Shots meet in the middle of their transition.",
        "fps": FPS,
        "archive": archive_truth(),
        "same_scene": [["archive/corridor_a.mp4", "archive/corridor_b.mp4"]],
        "viral.mp4": viral_truth(caption_box),
        "decoy.mp4": {"picture_match": None, "shared_song": shared},
        "loop.mp4": {
            "song": LOOP.song,
            "repeated": [{"first": [first, past], "again": [past, past + repeat]}],
            "sound_repeats": False,
        },
        "no_match.mp4": {},
    }
