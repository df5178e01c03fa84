"""How evenly pictures come, from the tables of the file, and what the packets of a scan tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from verikit.container.examined import Examined, Strength, listed, told
from verikit.media.tables import NO_PTS
from verikit.records import timecode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.media.scan import Scan
    from verikit.records import Finding

__all__ = ["TIMING_CHECKS"]

PARAMETERS_CHANGE = "1 of 269 public files of H.264 and HEVC"
NO_TABLE = "No table of picture times in this file"
NO_SCAN = "Needs the scan of the packets: `verikit scan`, or notebook 03, makes it"


def _steps(seen: Examined) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Presented times in seconds of the first video track, and the steps between them."""
    times = seen.picture_times
    if times is None or len(times.shown) < 3:
        return None
    shown = np.sort(times.shown) / times.scale
    return shown, np.diff(shown)


def check_uneven_rate(seen: Examined, *, tolerance: float = 0.02) -> Finding:
    """Whether pictures come at an uneven rate. Limits: phones and screen recorders do so always."""
    found = _steps(seen)
    uneven, usual = 0.0, 0.0
    if found is not None:
        usual = float(np.median(found[1]))
        tick = 1.0 / seen.picture_times.scale if seen.picture_times else 0.0
        uneven = float((np.abs(found[1] - usual) > max(tolerance * usual, 1.5 * tick)).mean()) if usual > 0 else 1.0
    return told(
        "uneven_rate",
        Strength.CONTEXT,
        odd=f"{uneven:.0%} of the intervals between pictures differ from the usual {usual * 1000:.1f} ms"
        if uneven > 0.01
        else "",
        fine="Pictures come at an even rate",
        absent="" if found is not None else NO_TABLE,
        limits="Suggests a phone, a screen recording or a live stream. Even rates are usual after an export.",
        base_rate="20 of 90 public files",
        params={"tolerance": tolerance},
        measures={"uneven": round(uneven, 4), "usual": round(usual, 6)},
    )


def check_gaps(seen: Examined, *, pictures: float = 2.5) -> Finding:
    """Whether pictures pause. Limits: dropped pictures, a paused recording, a cut."""
    found = _steps(seen)
    gaps: list[tuple[float, float]] = []
    usual = 0.0
    if found is not None:
        shown, steps = found
        usual = float(np.median(steps))
        gaps = (
            [(float(shown[i] - shown[0]), float(steps[i])) for i in np.flatnonzero(steps > pictures * usual)]
            if usual > 0
            else []
        )
    return told(
        "gaps",
        Strength.TRACE,
        odd=f"Pictures pause {len(gaps)} times: {listed([f'{length:.3f} s at {timecode(at)}' for at, length in gaps])}"
        if gaps
        else "",
        fine="No pause between pictures",
        absent="" if found is not None else NO_TABLE,
        limits="Suggests pictures that a busy device dropped, a paused recording, still screens, or a stretch taken out. It does not tell which.",
        base_rate="7 of 90 public files",
        params={"pictures": pictures},
        measures={"gaps": [[round(at, 6), round(length, 6)] for at, length in gaps[:50]], "usual": round(usual, 6)},
    )


def check_same_times(seen: Examined) -> Finding:
    """Whether two pictures claim one moment. Limits: faulty writers."""
    found = _steps(seen)
    same = int((found[1] <= 0).sum()) if found is not None else 0
    return told(
        "same_times",
        Strength.CONTRADICTION,
        odd=f"{same} pictures have the time of the picture before" if same else "",
        fine="Each picture has a time of its own",
        absent="" if found is not None else NO_TABLE,
        limits="Suggests a faulty writer (X's had the fault), joined pieces, or damage.",
        base_rate="2 of 90 public files",
        measures={"same": same},
    )


def check_first_sample_key(seen: Examined) -> Finding:
    """Whether the film begins with a picture that stands alone. Limits: streams that are cut anywhere."""
    times = seen.picture_times
    keys = times.keys if times else None
    late = keys is not None and (not len(keys) or int(keys[0]) > 0)
    first = int(keys[0]) if keys is not None and len(keys) else None
    return told(
        "first_picture_key",
        Strength.TRACE,
        odd=f"The first picture that stands alone is number {first + 1}"
        if late and first is not None
        else "No picture stands alone"
        if late
        else "",
        fine="The first picture stands alone",
        absent="" if times is not None else NO_TABLE,
        limits="Suggests a stream that was cut without a new encode, elsewhere than at a key picture.",
    )


def check_key_spacing(seen: Examined) -> Finding:
    """Whether key pictures come at even spacing, from the table. Limits: encoders set them at changes of scene."""
    times = seen.picture_times
    keys = times.keys if times else None
    few = keys is None or len(keys) < 4
    gaps = np.diff(keys) if keys is not None and not few else np.zeros(0)
    usual = int(np.median(gaps)) if len(gaps) else 0
    odd = int((gaps[:-1] != usual).sum()) if len(gaps) > 1 else 0
    return told(
        "key_spacing",
        Strength.CONTEXT,
        odd=f"{odd} of {len(gaps)} spacings between key pictures differ from the usual {usual} pictures" if odd else "",
        fine=f"Key pictures come every {usual} pictures",
        absent="Fewer than four key pictures are listed" if few else "",
        limits="Cameras mostly keep one spacing; x264 and platforms set key pictures at changes of scene. A single odd spacing may be a joint.",
        base_rate="8 of 25 public files with four key pictures or more",
        measures={"spacings": [int(gap) for gap in gaps[:200]], "usual": usual},
    )


def _mine(scan: Scan) -> NDArray[np.void]:
    packets: NDArray[np.void] = scan.packets[scan.packets["stream"] == scan.stream]
    return packets


def check_scan_first_packet(seen: Examined) -> Finding:
    """Whether the first packet read is a key picture. Limits: a recording joined while it ran."""
    packets = _mine(seen.scan) if seen.scan is not None else None
    odd = packets is not None and len(packets) > 0 and not bool(packets["key"][0])
    return told(
        "scan_first_packet",
        Strength.TRACE,
        odd="The first packet of the pictures is no key picture" if odd else "",
        fine="The first packet of the pictures is a key picture",
        absent=NO_SCAN if packets is None else "" if len(packets) else "The scan has no packets of pictures",
        limits="Suggests a stream copied from its middle, or a broadcast that was joined while it ran.",
    )


def check_scan_key_spacing(seen: Examined, *, seconds: float = 0.05) -> Finding:
    """Whether I-pictures come at even times, from the scan. Limits: encoders set them at changes of scene."""
    scan = seen.scan
    at = scan.times[scan.frames["key"]] if scan is not None and not scan.partial else np.zeros(0)
    gaps = np.diff(at)
    usual = float(np.median(gaps)) if len(gaps) >= 3 else 0.0
    odd = [(float(at[i]), float(gaps[i])) for i in np.flatnonzero(np.abs(gaps[:-1] - usual) > seconds)] if usual else []
    return told(
        "scan_key_spacing",
        Strength.CONTEXT,
        odd=f"{len(odd)} of {len(gaps)} groups of pictures differ from the usual {usual:.3f} s: {listed([f'{length:.3f} s from {timecode(start)}' for start, length in odd])}"
        if odd
        else "",
        fine=f"Groups of pictures last {usual:.3f} s each",
        absent=NO_SCAN if scan is None else "" if usual else "Fewer than four key pictures",
        limits="One odd group in an even row may be a joint; many are the work of an encoder that looks for changes of scene.",
        base_rate="8 of 25 public files with four key pictures or more",
        params={"seconds": seconds},
        measures={"groups": [[round(a, 6), round(b, 6)] for a, b in odd[:100]], "usual": usual},
    )


def check_scan_order(seen: Examined) -> Finding:
    """Whether packets come in the order of decoding. Limits: muxers' faults."""
    back = 0
    if seen.scan is not None:
        dts = _mine(seen.scan)["dts"]
        dts = dts[dts != NO_PTS]
        back = int((np.diff(dts) <= 0).sum())
    return told(
        "scan_order",
        Strength.CONTRADICTION,
        odd=f"{back} packets do not come after the one before" if back else "",
        fine="Packets come in the order of decoding",
        absent=NO_SCAN if seen.scan is None else "",
        limits="Suggests joined recordings, an edit list, or a muxer's fault (X's had it).",
        base_rate="3 of 90 public files",
        measures={"packets": back},
    )


def check_scan_count(seen: Examined) -> Finding:
    """Whether as many pictures were decoded as the file declares. Limits: hidden pictures, damage."""
    scan = seen.scan
    declared = scan.declared_frames if scan is not None and not scan.partial else 0
    shown = len(scan.frames) if scan is not None else 0
    kept = int(_mine(scan)["discard"].sum()) if scan is not None else 0
    # A packet may hold no picture of its own (MPEG-4's packed ones): then the packets are what was declared.
    packets = len(_mine(scan)) if scan is not None else 0
    apart = declared not in {shown + kept, packets}
    return told(
        "scan_count",
        Strength.CONTRADICTION,
        odd=f"The file declares {declared:,} pictures; {shown:,} were shown and {kept:,} are kept back by edits"
        if declared and apart
        else "",
        fine=f"All {declared:,} declared pictures were shown or kept back by edits"
        if declared == shown + kept
        else f"All {declared:,} declared packets are there; {shown:,} pictures were shown",
        absent=NO_SCAN if scan is None else "" if declared else "The file declares no number of pictures",
        limits="Missing pictures suggest damage or a cut end; more of them suggest a header that was not closed.",
        measures={"declared": declared, "shown": shown, "kept_back": kept, "packets": packets},
    )


def check_scan_parameters(seen: Examined) -> Finding:
    """Whether size or configuration of the pictures changes in mid-stream. Limits: H.264 and HEVC alone, and the header."""
    scan = seen.scan
    kinds = next((t.descriptions for t in seen.times if t.kind == "video"), 0)
    joined = [loss.reason for loss in scan.losses if "size" in loss.reason] if scan is not None else []
    later = [f"picture {one.picture + 1}" for one in seen.parameters[1:]]
    odd = [f"{kinds} configurations in the header"] if kinds > 1 else []
    odd += [f"other parameters from {listed(later)} on"] if later else []
    odd += joined[:3]
    return told(
        "scan_parameters",
        Strength.TRACE,
        odd=f"The pictures' parameters change in mid-stream: {listed(odd)}" if odd else "",
        fine="The pictures' parameters stay the same",
        absent=NO_SCAN if scan is None else "",
        limits="Suggests pieces encoded apart and joined without a new encode, or a live encoder that changed its settings. Two runs of one encoder with one setting look alike.",
        base_rate=PARAMETERS_CHANGE,
        measures={"configurations": kinds, "sets": [one.to_dict() for one in seen.parameters]},
    )


TIMING_CHECKS = (
    check_same_times,
    check_gaps,
    check_first_sample_key,
    check_key_spacing,
    check_uneven_rate,
    check_scan_first_packet,
    check_scan_key_spacing,
    check_scan_order,
    check_scan_count,
    check_scan_parameters,
)
