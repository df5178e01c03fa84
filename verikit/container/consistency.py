"""Where the statements of a file do not fit together, or fit less than they seem to.

Each check is a pure function of what was read and gives one Finding with its limits. None of them tells forgery: most
of what they see is made every day by honest software.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from verikit._files import plain
from verikit.container.examined import long_time
from verikit.records import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from verikit.container.elements import Structure
    from verikit.container.facts import Facts
    from verikit.container.movie import Movie, Track

__all__ = [
    "check_creation_time",
    "check_dates_agree",
    "check_device_and_software",
    "check_edit_lists",
    "check_readers",
    "check_structure",
    "check_track_durations",
]

# No digital video is older; a camera whose clock is unset starts in 1970, 1980 or 2000 and later.
FIRST_YEAR = 1970
# Seconds from 1904-01-01, where MP4 counts from, to 1970-01-01, where Unix and some writers and readers do.
EPOCHS = 2_082_844_800
SOFTWARE = re.compile(
    r"Lav[fc]|HandBrake|x26[45]|Adobe|Mainconcept|L-SMASH|mkvmerge|Bento4|GPAC|DaVinci", re.IGNORECASE
)


def check_creation_time(facts: Facts, *, today: dt.date) -> Finding:
    """Whether the file gives a time of creation that can be true: not before 1970 and not after `today`.

    Limits: an impossible date mostly means a clock that was never set or a wrong epoch in the writing program; a
    missing one mostly means a web or platform encoder.
    """
    odd = [c for c in facts.created if int(c.value[:4]) < FIRST_YEAR or c.value[:10] > (today + _DAY).isoformat()]
    limits = (
        "An impossible date suggests an unset clock, a wrong epoch or a date written by hand; a missing one suggests an "
        "encoder or platform that sets none. Neither proves that the content was changed, and a possible date may still "
        "be wrong: any program can write any date, and platforms write the time of processing."
    )
    measures = {"created": [c.value for c in facts.created]}
    if odd:
        told = ", ".join(f"{c.value} ({c.origin})" for c in odd[:3])
        summary, outcome = f"A time of creation cannot be true: {told}", Outcome.ANOMALY
    elif facts.created:
        summary, outcome = f"Every time of creation is possible ({len(facts.created)} given)", Outcome.NONE_FOUND
    else:
        summary, outcome = "The file gives no time of creation, or zero", Outcome.INCONCLUSIVE
    return Finding(check="creation_time", outcome=outcome, summary=summary, limits=limits, measures=measures)


_DAY = dt.timedelta(days=1)  # zones differ by up to 14 hours


def check_dates_agree(facts: Facts, *, tolerance: float = 60.0) -> Finding:
    """Whether all times of creation whose zone is known lie within `tolerance` seconds of each other.

    Recording and closing a file take seconds; 60 s leaves a margin, and exports lie minutes to years apart.
    Limits: a later date in the header suggests a trim or export after the recording, not who did it or what changed.
    """
    moments = {c.value: dt.datetime.fromisoformat(c.value) for c in facts.created if c.basis != "unknown"}
    zoned = {value: moment.timestamp() for value, moment in moments.items() if moment.tzinfo is not None}
    kept, pairs = _one_reading_each(zoned)
    seconds = sorted(kept.values())
    params = {"tolerance": tolerance}
    limits = (
        "Dates that lie apart suggest that the file was trimmed, exported or transcoded after the recording, or that a "
        "camera wrote local time where UTC belongs (then they differ by whole hours). They do not tell who did it, or "
        "whether the pictures changed. Times without a zone are not compared. One number that two readers count from "
        "1904 and from 1970 is one time; which of its readings was meant, the file does not say."
    )
    twice = "".join(
        f"; one field is read in two epochs (1904 and 1970): {early} or {late}" for early, late in pairs[:3]
    )
    if len(seconds) < 2:
        summary, outcome, spread = "Fewer than two different times with a known zone", Outcome.NOT_APPLICABLE, None
    else:
        spread = seconds[-1] - seconds[0]
        apart = spread > tolerance
        summary = f"{len(seconds)} times of creation lie {long_time(spread)} apart: {', '.join(list(kept)[:4])}"
        outcome = Outcome.ANOMALY if apart else Outcome.NONE_FOUND
    return Finding(
        check="dates_agree",
        params=params,
        outcome=outcome,
        summary=summary + twice,
        limits=limits,
        measures={"spread_seconds": spread, "times": list(moments), "two_epochs": [list(pair) for pair in pairs]},
    )


def _one_reading_each(times: Mapping[str, float]) -> tuple[dict[str, float], list[tuple[str, str]]]:
    """`times` with one reading of each number that was read in two epochs, and those pairs (early, late).

    Readings that lie EPOCHS apart to the second are taken for one number: of a pair the reading that lies nearer to
    the other times is kept, so that the fold never makes a difference that is not there.
    """
    names = {seconds: value for value, seconds in times.items()}
    pairs = [(value, names[seconds + EPOCHS]) for value, seconds in times.items() if seconds + EPOCHS in names]
    paired = {value for pair in pairs for value in pair}
    rest = [seconds for value, seconds in times.items() if value not in paired]

    def far(value: str) -> float:
        return min((abs(times[value] - other) for other in rest), default=0.0)

    left = {max(pair[::-1], key=far) for pair in pairs}
    return {value: seconds for value, seconds in times.items() if value not in left}, pairs


def check_edit_lists(movie: Movie, *, frames: int = 4, sound_seconds: float = 0.15) -> Finding:
    """Whether edit lists hide pictures or sound that are still in the file.

    A player skips the first `frames` frames (reordering; measured on public files up to 3, rarely a little more) or the
    first `sound_seconds` (AAC priming is up to 5,186 samples) as a matter of course; more than that is told, for each
    track in seconds. ISO/IEC 14496-12 section 8.6.6.
    Limits: hidden footage suggests a trim without a new encode, such as a phone's own editor makes.
    """
    limits = (
        "Suggests that the file was trimmed without a new encode, as phones and QuickTime Player do, so that footage "
        "outside the trim may still be recovered. It does not prove intent; some recorders hide their own run-up."
    )
    params = {"frames": frames, "sound_seconds": sound_seconds}
    timed = [t for t in movie.tracks if t.kind in {"vide", "soun"} and t.edits and t.duration]
    if not timed:
        return Finding(
            check="edit_lists",
            params=params,
            outcome=Outcome.NOT_APPLICABLE,
            summary="No track of pictures or sound has an edit list",
            limits=limits,
        )
    rows = [_hidden(track) for track in timed]
    over = [
        row
        for track, row in zip(timed, rows, strict=True)
        if row["hidden"] > (frames * _frame(track) if track.kind == "vide" else max(sound_seconds, 3 * _frame(track)))
    ]
    if over:
        told = "; ".join(
            f"track {row['track']} ({row['kind']}): {row['hidden']:.3f} s of {row['media']:.3f} s are not played "
            f"({row['before']:.3f} s before, {row['after']:.3f} s after what is played)"
            for row in over
        )
        summary, outcome = f"The edit list hides media that is in the file: {told}", Outcome.ANOMALY
    else:
        summary, outcome = "Edit lists hide no more than a decoder's run-up", Outcome.NONE_FOUND
    return Finding(
        check="edit_lists", params=params, outcome=outcome, summary=summary, limits=limits, measures={"tracks": rows}
    )


def _frame(track: Track) -> float:
    """Mean seconds a sample; 0.04 where it cannot be told. Never above 0.2, so that a wild count hides nothing."""
    if track.samples and track.duration:
        return min(track.duration / track.samples, 0.2)
    return 0.04


def _hidden(track: Track) -> dict[str, Any]:
    """Seconds of the track's media that no edit plays: before the first, after the last, and in all."""
    media = track.duration or 0.0
    played = sorted(
        (e.start, min(media, e.start + e.duration) if e.duration else media)
        for e in track.edits
        if e.start is not None and e.start < media
    )
    shown, reach = 0.0, 0.0
    for start, end in played:
        shown += max(0.0, end - max(start, reach))
        reach = max(reach, end)
    first = played[0][0] if played else 0.0
    return {
        "track": track.id,
        "kind": "video" if track.kind == "vide" else "sound",
        "media": round(media, 6),
        "before": round(first, 6),
        "after": round(max(0.0, media - reach), 6) if played else round(media, 6),
        "hidden": round(max(0.0, media - shown), 6),
        "edits": len(track.edits),
    }


def check_structure(structure: Structure) -> Finding:
    """Whether every box lies within its parent and the file, and nothing stands behind the last one.

    Limits: a box that reaches past the end suggests an interrupted download or recording; trailing bytes suggest
    something appended, or padding.
    """
    limits = (
        "A box past the end suggests a file that was cut short: a broken download, upload or recording. Bytes behind "
        "the last box suggest padding or something appended. Neither proves tampering with what can be read."
    )
    if structure.format == "none":
        return Finding(
            check="structure",
            outcome=Outcome.NOT_APPLICABLE,
            summary="No box reader for this format",
            limits="The structure of this format is not examined by this version; nothing follows.",
        )
    faults = structure.faults
    told = "; ".join(plain(f"{f.path or 'top level'}@{f.offset}: {f.detail}") for f in faults[:3])
    more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
    return Finding(
        check="structure",
        outcome=Outcome.ANOMALY if faults else Outcome.NONE_FOUND,
        summary=f"Structure does not hold: {told}{more}"
        if faults
        else f"All {structure.count} boxes lie within their parents and the file",
        limits=limits,
        measures={"boxes": structure.count, "faults": [fault.to_dict() for fault in faults[:20]]},
    )


def check_track_durations(durations: Sequence[tuple[str, float]], *, tolerance: float = 0.25) -> Finding:
    """Whether pictures and sound are equally long, to `tolerance` seconds. `durations` are (type, seconds) pairs.

    Encoders round to whole frames and sound packets, well below 0.25 s (4 of 64 mixed public files exceeded it).
    Limits: a difference suggests a cut of one track, a missing part, or a platform's way of ending a file.
    """
    sides = {kind: [s for k, s in durations if k == kind] for kind in ("video", "audio")}
    params = {"tolerance": tolerance}
    limits = (
        "A difference suggests that one track was cut or ends early, or a recorder or platform that closes tracks "
        "apart. It does not tell which, and equal lengths prove no integrity."
    )
    if not sides["video"] or not sides["audio"]:
        summary, outcome, apart = (
            "Not both a video and an audio track with a known length",
            Outcome.NOT_APPLICABLE,
            None,
        )
    else:
        apart = abs(max(sides["video"]) - max(sides["audio"]))
        outcome = Outcome.ANOMALY if apart > tolerance else Outcome.NONE_FOUND
        summary = f"Video lasts {max(sides['video']):.3f} s, audio {max(sides['audio']):.3f} s"
    return Finding(
        check="track_durations",
        params=params,
        outcome=outcome,
        summary=summary,
        limits=limits,
        measures={**sides, "apart": apart},
    )


def check_device_and_software(facts: Facts, *, handlers: Sequence[str]) -> Finding:
    """Whether the tags of a device stand beside the marks of a software encoder or muxer.

    Limits: both together suggest a remux or re-encode that kept the tags, or tags that were written by hand; no device
    tags means nothing, since platforms strip them.
    """
    device = " ".join(value for value in (facts.make, facts.model) if value)
    marks = sorted({text for text in (*facts.encoder, *facts.software, *handlers) if SOFTWARE.search(text)})
    measures = {"device": device or None, "software": marks[:10]}
    if not device:
        summary = "No device tags. Platforms and messengers strip them, so nothing follows from that"
        limits = "Absence of device tags proves nothing: most files that passed a platform or an editor have none."
        outcome = Outcome.INCONCLUSIVE
    elif marks:
        summary = plain(f"Device tags ({device}) stand beside marks of software ({', '.join(marks[:3])})")
        limits = (
            "Suggests that the file was re-wrapped or re-encoded by software that kept the device's tags, or that the "
            "tags were written by hand. Does not tell which; apps on phones also use such software. (No such pair among "
            "112 mixed public files.)"
        )
        outcome = Outcome.ANOMALY
    else:
        summary = plain(f"Device tags ({device}) without marks of software")
        limits = "Consistent with a recording of that device. Tags can be copied or written by anyone in a second."
        outcome = Outcome.NONE_FOUND
    return Finding(check="device_and_software", outcome=outcome, summary=summary, limits=limits, measures=measures)


def check_readers(problems: Sequence[str]) -> Finding:
    """Whether every reader could read the file; `problems` are the refusals, a line each.

    Limits: a refusal suggests damage or a format that the reader does not know.
    """
    return Finding(
        check="readers",
        outcome=Outcome.ANOMALY if problems else Outcome.NONE_FOUND,
        summary="; ".join(plain(problem) for problem in problems) if problems else "Every reader read the file",
        limits=(
            "A refusal suggests damage, a cut, or a format that this reader does not know; what the others read is "
            "shown, and may be incomplete. It does not tell how the damage came about."
        ),
        measures={"problems": list(problems)},
    )
