"""What edit lists say: pictures that no player shows, stretches that were joined, speeds that were changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit.container.examined import Examined, Strength, listed, told

if TYPE_CHECKING:
    from verikit.container.timing import Hidden
    from verikit.records import Finding

__all__ = ["EDIT_CHECKS"]


def check_hidden_footage(seen: Examined) -> Finding:
    """Whether the file holds pictures that no player shows, counted in frames. Limits: recorders that hide their run-up."""
    over = [one for one in seen.hidden if one.samples]
    told_of = listed([_not_shown(one) for one in over])
    edits = any(track.edits for track in seen.movie.tracks)
    stills = ". The pictures can be exported as stills" if any(one.kind == "video" for one in over) else ""
    return told(
        "hidden_footage",
        Strength.TRACE,
        odd=f"{told_of}{stills}" if over else "",
        fine="Every picture is shown but for a decoder's run-up",
        absent="" if edits else "No track has an edit list",
        limits="Suggests that the file was trimmed without a new encode, as phones and QuickTime Player do. It proves no intent; some recorders hide their own run-up.",
        base_rate="10 of 105 public files, 4 of them more than a tenth of the film",
        measures={"tracks": [one.to_dict() for one in seen.hidden]},
    )


def _not_shown(one: Hidden) -> str:
    """How much of a track is not shown, and when."""
    spans = listed([f"{start:.3f} to {end:.3f} s" for start, end in one.spans])
    run_up = f", {one.not_shown - one.samples} more as a decoder's run-up" if one.not_shown > one.samples else ""
    run_up = run_up if one.kind == "video" else ""
    return f"{one} of track {one.track} are in the file and not shown ({spans} of what was recorded{run_up})"


def check_switched_off(seen: Examined) -> Finding:
    """Whether a track of pictures or sound is switched off, so that players leave it out. Limits: chapters, languages."""
    called = {number for track in seen.movie.tracks for number in track.chapters}
    media = [t for t in seen.movie.tracks if t.kind in {"vide", "soun"} and t.id not in called and t.samples != 0]
    off = [t for t in media if not t.enabled]
    told_of = listed(
        [f"track {t.id} ({'pictures' if t.kind == 'vide' else 'sound'}, {t.samples or 0:,} samples)" for t in off]
    )
    return told(
        "switched_off_tracks",
        Strength.TRACE,
        odd=f"The header switches tracks off that are in the file: {told_of}. Players leave them out" if off else "",
        fine="No track of pictures or sound is switched off",
        absent="" if media else "No track of pictures or sound in a movie header",
        limits="Other languages, commentaries, previews and motion photos are switched off by design. What such a track holds is to be looked at; it proves no intent.",
        base_rate="0 of 245 public MP4 and QuickTime files, chapter pictures aside",
        measures={"tracks": [t.id for t in off]},
    )


def check_edit_count(seen: Examined) -> Finding:
    """Whether one track plays several stretches of its media. Limits: a first empty edit is a mere delay."""
    cuts = [(t.id, sum(e.start is not None for e in t.edits)) for t in seen.movie.tracks if t.kind in {"vide", "soun"}]
    odd = [f"track {number} plays {count} stretches" for number, count in cuts if count > 1]
    return told(
        "edit_count",
        Strength.TRACE,
        odd=f"The edit list joins several stretches: {listed(odd)}" if odd else "",
        fine="No track plays more than one stretch of its media",
        absent="" if any(t.edits for t in seen.movie.tracks) else "No track has an edit list",
        limits="Suggests cuts made without a new encode. What lies between the stretches may still be in the file.",
        base_rate="more than one entry, delays included, in 13 of 89 public files",
        measures={"edits": [list(pair) for pair in cuts[:20]]},
    )


def check_speed(seen: Examined) -> Finding:
    """Whether an edit list plays media at another speed. Limits: slow motion of phones does so by intent."""
    odd = [f"track {t.id}: {e.rate:g}" for t in seen.movie.tracks for e in t.edits if e.rate != 1.0]
    return told(
        "edit_speed",
        Strength.TRACE,
        odd=f"The edit list plays media at another speed, or holds a picture: {listed(odd)}" if odd else "",
        fine="Edits play at normal speed",
        absent="" if any(t.edits for t in seen.movie.tracks) else "No track has an edit list",
        limits="Suggests slow motion or a held picture, set by the recorder or afterwards. Many players ignore it.",
    )


EDIT_CHECKS = (check_hidden_footage, check_switched_off, check_edit_count, check_speed)
