"""What the one decode leaves: everything that the later steps need, as arrays and tables, and the file it is kept in.

A later step is a pure function of a Scan: fast, deterministic, testable without a codec, and cached by the file's
SHA-256. Only full-resolution stills go back to pixels, by exact pts.
"""

from __future__ import annotations

import contextlib
import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from verikit import _html
from verikit._files import plain, written_aside
from verikit.errors import IncompatibleError, MediaError
from verikit.media.scan_file import Reel, ScanWriter, Stills, open_scan_file, read_members
from verikit.media.sound import PRINTS_PER_SECOND
from verikit.media.tables import FRAME_TABLE, NO_PTS, PACKET_TABLE
from verikit.records import mimebundle, timecode

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


__all__ = ["SCAN_VERSION", "Loss", "Scan", "finish_scan", "load_scan", "read_scan", "save_scan", "write_scan"]

# Part of a cached scan's file name. A change of anything that a Scan holds raises it, so that no old scan is read as new.
SCAN_VERSION = 3

# Frame hashes at fixed instants of time, not at every n-th frame: two copies of different frame rate are hashed at the
# same moments. Four a second follow fast cuts and cost nothing beside decoding.
HASHES_PER_SECOND = 4

# Intervals between pictures that differ by more than this part count as variable; 2 % is above the rounding of
# millisecond time bases at 25 fps and below any dropped frame.
VFR_TOLERANCE = 0.02


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Something that could not be decoded: seconds from the first picture (None if unknown), how many packets, why."""

    time: float | None
    packets: int
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """The loss as JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """What one decode left of a video stream.

    Raw time is `frames["pts"]` in `time_base`; presented time is `times`, seconds from the first presented picture.

    frames: table of the n pictures in the order shown: pts, type (I, P, B), key, corrupt, luma (mean, 0 to 255),
        contrast (standard deviation of luma), sharpness (mean square of the Laplacian of the luma as coded), change
        (mean absolute difference of luma thumbnails to the picture before), motion (standard deviation of that
        difference: what is left where the whole picture brightens or darkens).
    packets: table of all streams' packets: stream, pts, dts, size, key, discard (pts, dts absent: the least int64).
    thumbs: uint8 (n, 36, 64), full-range luma of each upright picture, squeezed to 64x36.
    chroma: uint8 (n, 2, 9, 16), Cb and Cr likewise. Both may be reels on file, read in slices.
    hashes: uint8 (m, 32), LumaDCT of the picture shown at each k/4 s; hash_frames: (m,) rows of `frames`.
    stills: JPEG of the first picture in each second, long side at most 480; still_frames: rows of `frames`.
    sound: uint32 (k,), fingerprint of the best sound stream, 32 rows a second from `sound_start` on (presented time;
        see `verikit.media.sound`); `sound_stream` is its index, None where there is no sound or it was not listened to.
    partial: whether only I-frames were decoded (`triage_video`); steps that need every picture refuse such a scan.
    mirrored: whether the display matrix exchanges left and right, before the turn; the pictures kept are as shown.
    interlaced: whether any picture was coded in two fields; they are looked at woven, as coded.
    transfer: the transfer characteristics that the pictures declare, by FFmpeg's name, such as bt709 or smpte2084.
    """

    sha256: str
    name: str
    stream: int
    codec: str
    time_base: Fraction
    width: int
    height: int
    turn: int
    pixel_format: str
    full_range: bool
    declared_frames: int
    declared_duration: float | None
    estimated_pts: int
    losses: tuple[Loss, ...]
    frames: NDArray[np.void]
    packets: NDArray[np.void]
    thumbs: NDArray[np.uint8] | Reel
    chroma: NDArray[np.uint8] | Reel
    hashes: NDArray[np.uint8]
    hash_frames: NDArray[np.int64]
    stills: Sequence[bytes]
    still_frames: NDArray[np.int64]
    sound: NDArray[np.uint32] = dataclasses.field(default_factory=lambda: np.zeros(0, np.uint32))
    sound_stream: int | None = None
    sound_start: float = 0.0
    sound_lost: int = 0
    partial: bool = False
    interlaced: bool = False
    mirrored: bool = False
    transfer: str | None = None

    @property
    def times(self) -> NDArray[np.float64]:
        """Presented time of each picture, float64 (n,), in seconds from the first."""
        pts: NDArray[np.int64] = self.frames["pts"]
        times: NDArray[np.float64] = (pts - pts[0]) * float(self.time_base)
        return times

    @property
    def duration(self) -> float:
        """Seconds from the first picture to the end of the last, which is taken to last as long as the median one.

        A single picture lasts as long as the file declares.
        """
        times = self.times
        if len(times) == 1:
            return self.declared_duration or 0.0
        return float(times[-1]) + max(float(np.median(np.diff(times))), 0.0)

    @property
    def vfr(self) -> bool:
        """Whether pictures come at a variable rate: over 1 % of the intervals differ from the median by over 2 %."""
        # A picture that was lost leaves a gap among the pictures, but its packet was there: the packets tell the rate.
        mine = self.packets[(self.packets["stream"] == self.stream) & ~self.packets["discard"]]
        whole = len(mine) > 0 and bool((mine["pts"] != NO_PTS).all())
        pts = np.unique(mine["pts"] if whole else self.frames["pts"])
        if len(pts) < 3:
            return False
        steps = np.diff(pts)
        usual = float(np.median(steps))
        # One tick more: a coarse time base rounds 33.4 ms to 33 and 34. Where a tick is a picture, it is no rounding.
        odd = np.abs(steps - usual) > max(1.0 if usual >= 10 else 0.0, VFR_TOLERANCE * usual)
        return bool(odd.mean() > 0.01)

    @property
    def undecodable(self) -> int:
        """Packets that gave no picture."""
        return sum(loss.packets for loss in self.losses)

    def index_at(self, time: float) -> int:
        """The row of the picture shown at `time` seconds."""
        return max(0, int(np.searchsorted(self.times, time + 1e-9, side="right")) - 1)

    def require_every_picture(self, step: str) -> None:
        """Raise IncompatibleError if this scan holds I-frames only; `step` says for what that is not enough."""
        if self.partial:
            raise IncompatibleError(
                f"{step} needs every picture, and this scan of {plain(self.name)} holds I-frames only; scan it in full"
            )

    def to_dict(self) -> dict[str, Any]:
        """What the scan came to, without its arrays, as JSON."""
        return {
            "video": {"name": self.name, "sha256": self.sha256},
            "scan_version": SCAN_VERSION,
            "partial": self.partial,
            "stream": self.stream,
            "codec": self.codec,
            "time_base": str(self.time_base),
            "first_pts": int(self.frames["pts"][0]),
            "width": self.width,
            "height": self.height,
            "rotation": self.turn,
            "mirrored": self.mirrored,
            "pixel_format": self.pixel_format,
            "full_range": self.full_range,
            "interlaced": self.interlaced,
            "transfer": self.transfer,
            "frames": len(self.frames),
            "duration": round(self.duration, 6),
            "decoded": len(self.frames),
            "corrupt": int(self.frames["corrupt"].sum()),
            "undecodable": self.undecodable,
            "losses": [loss.to_dict() for loss in self.losses],
            "discarded": int(self.packets["discard"][self.packets["stream"] == self.stream].sum()),
            "declared_frames": self.declared_frames,
            "declared_duration": self.declared_duration,
            "estimated_pts": self.estimated_pts,
            "i_frames": int((self.frames["type"] == b"I").sum()),
            "vfr": self.vfr,
            "hashes": len(self.hashes),
            "stills": len(self.stills),
            "sound": {
                "stream": self.sound_stream,
                "start": round(self.sound_start, 6),
                "prints": len(self.sound),
                "per_second": PRINTS_PER_SECOND,
                "undecodable": self.sound_lost,
            },
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        rows = _rows(self)
        text = "\n".join(f"{name}: {plain(str(value))}" for name, value in rows)
        return mimebundle(
            self,
            plain_text=text,
            html=_html.definition(rows, caption=f"Scan: {'I-frames only' if self.partial else 'the one decode'}"),
        )


def _rows(scan: Scan) -> list[tuple[str, object]]:
    """The scan for people, the telling facts first."""
    lost = (
        "none"
        if not scan.losses
        else "; ".join(
            f"{loss.packets} packet{'s' if loss.packets != 1 else ''} at "
            f"{'unknown time' if loss.time is None else timecode(loss.time)}: {loss.reason}"
            for loss in scan.losses[:5]
        )
    )
    counted = len(scan.frames) > 1 and scan.times[-1] > 0
    rate = f"{(len(scan.frames) - 1) / scan.times[-1]:.3f}" if counted else "not to be told from these"
    partial = [("PARTIAL", "I-frames only were decoded: a first look, not a scan")] if scan.partial else []
    laid = ["mirrored"] if scan.mirrored else []
    laid += [f"turned {-scan.turn % 360}° clockwise"] if scan.turn % 360 else []
    heard = len(scan.sound) / PRINTS_PER_SECOND
    sound = "none" if scan.sound_stream is None else f"stream index {scan.sound_stream}, {heard:.1f} s fingerprinted"
    return [
        *partial,
        ("pictures decoded", f"{len(scan.frames):,}"),
        ("duration", f"{scan.duration:.3f} s"),
        ("pictures a second", f"{rate}{', variable' if scan.vfr else ', constant' if counted else ''}"),
        ("picture size, upright", f"{scan.width} x {scan.height}"),
        ("rotation applied", " and ".join(laid) or "none"),
        (
            "video stream",
            ", ".join(
                [f"index {scan.stream}", scan.codec, scan.pixel_format]
                + (["interlaced"] if scan.interlaced else [])
                + [f"time base {scan.time_base}"]
            ),
        ),
        ("first pts", int(scan.frames["pts"][0])),
        ("I-frames", int((scan.frames["type"] == b"I").sum())),
        ("packets not shown (edit list)", scan.to_dict()["discarded"]),
        ("sound", "not listened to" if scan.partial else sound),
        ("lost", lost),
        ("file", f"{scan.name}, SHA-256 {scan.sha256}"),
    ]


_ARRAYS: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {
    "frames": (FRAME_TABLE, ()),
    "packets": (PACKET_TABLE, ()),
    "hashes": (np.dtype(np.uint8), (32,)),
    "hash_frames": (np.dtype(np.int64), ()),
    "still_frames": (np.dtype(np.int64), ()),
    "sound": (np.dtype(np.uint32), ()),
}
_REELS = {"thumbs": (36, 64), "chroma": (2, 9, 16)}
_PLAIN = (
    "sha256", "name", "stream", "codec", "width", "height", "turn", "pixel_format", "full_range", "declared_frames",
    "declared_duration", "estimated_pts", "sound_stream", "sound_start", "sound_lost", "partial", "interlaced", "mirrored",
    "transfer",
)  # fmt: skip
# Pictures that are copied from one reel to another at a time.
COPIED = 2048


def save_scan(scan: Scan, path: Path) -> Path:
    """Write a scan into one file, aside and renamed. Returns `path`."""
    with (
        written_aside(path) as aside,
        aside.open("w+b") as stream,
        contextlib.closing(ScanWriter(stream)) as writer,
    ):
        write_scan(scan, writer, order=np.arange(len(scan.frames)))
    return path


def write_scan(scan: Scan, writer: ScanWriter, *, order: NDArray[np.int64]) -> None:
    """Write a scan with a writer that has written nothing, its pictures in this order of rows; the tables as they are."""
    for name in _REELS:
        reel = getattr(scan, name)
        for start in range(0, len(order), COPIED):
            for picture in reel[order[start : start + COPIED]]:
                writer.add_picture(name, picture)
        writer.reel(name)
    for still in scan.stills:
        writer.add_still(still)
    finish_scan(scan, writer)


def finish_scan(scan: Scan, writer: ScanWriter) -> None:
    """Write what a scan holds beside pictures and stills, and end its file."""
    meta = {name: getattr(scan, name) for name in _PLAIN}
    meta |= {"version": SCAN_VERSION, "time_base": str(scan.time_base), "stills": len(scan.stills)}
    meta |= {"losses": [loss.to_dict() for loss in scan.losses]}
    writer.finish(meta, {name: getattr(scan, name) for name in _ARRAYS})


def load_scan(path: Path) -> Scan:
    """The scan in a file that `save_scan` wrote; its pictures stay on file until they are asked for.

    Raises MediaError where the file is damaged or of another version.
    """
    try:
        return read_scan(open_scan_file(path, trusted=False))
    except ValueError as error:
        raise MediaError(f"{plain(str(path))}: a damaged scan ({error}); delete it and scan again") from error


def read_scan(archive: zipfile.ZipFile) -> Scan:
    """The scan in an open file. Raises ValueError where it is damaged or of another version."""
    meta, arrays = read_members(archive, _ARRAYS)
    if meta.get("version") != SCAN_VERSION:
        raise ValueError("of another version")
    count = len(arrays["frames"])
    try:
        return Scan(
            **{name: meta[name] for name in _PLAIN},
            **arrays,  # type: ignore[arg-type] # each of its own dtype, by _ARRAYS
            **{name: Reel(archive, name, count=count, shape=shape) for name, shape in _REELS.items()},  # type: ignore[arg-type] # as above
            time_base=Fraction(meta["time_base"]),
            losses=tuple(Loss(**loss) for loss in meta["losses"]),
            stills=Stills(archive, count=meta["stills"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"meta.json: {plain(str(error))}") from error
