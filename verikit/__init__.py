"""verikit: video verification in notebooks.

    import verikit as vk

    video = vk.open_video("clip.mp4")          # identity: path, size, SHA-256
    container = vk.inspect(video)              # what the file says of itself
    scan = vk.scan_video(video)                # the one decode
    shots = vk.detect_shots(scan)
    matches = vk.compare(vk.fingerprint(scan), vk.fingerprint(vk.scan_video(vk.open_video("other.mp4"))))

verikit observes; people judge. Names are loaded when they are first used, so that importing the package is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from verikit._version import __version__

if TYPE_CHECKING:
    from verikit.case.claims import Claim, SubClaim
    from verikit.case.folder import Case
    from verikit.case.opening import open_case
    from verikit.case.received import open_package
    from verikit.case.report import write_report
    from verikit.case.running import run_case
    from verikit.case.sealing import seal_case
    from verikit.case.verdicts import Decision, EarlierCopy, Verdict
    from verikit.case.verifying import verify_package
    from verikit.container.description import Container
    from verikit.container.inspection import inspect
    from verikit.errors import AuditError, IncompatibleError, MediaError, MissingToolError, VerikitError
    from verikit.keyframes.picking import Keyframe, pick_keyframes
    from verikit.keyframes.saving import save_keyframes
    from verikit.keyframes.shots import Shot, detect_shots
    from verikit.matching.comparing import compare
    from verikit.matching.fingerprinting import Fingerprint, fingerprint
    from verikit.matching.matches import Match
    from verikit.matching.searching import search
    from verikit.matching.store import Archive, create_archive, open_archive
    from verikit.media.hashing import PDQ, DHash, PHash
    from verikit.media.scan import Scan
    from verikit.media.scanning import scan_video, triage_video
    from verikit.media.video import Video, open_video
    from verikit.plots.drawing import Figure
    from verikit.plots.frames import contact_sheet, plot_shots
    from verikit.plots.matches import plot_alignment, side_by_side
    from verikit.records import Finding, Outcome, Records, Span
    from verikit.workflow.archiving import add_to_archive
    from verikit.workflow.case_dates import dates_of_case
    from verikit.workflow.copies import compare_videos
    from verikit.workflow.edits import edits_of_case
    from verikit.workflow.frames import searches_of_case
    from verikit.workflow.steps import examine_case, keyframes_of_case, scan_case, search_case, start_case

# The room of each name. The front door is the only public path, so that rooms may move.
_ROOMS = {
    "case.claims": ("Claim", "SubClaim"),
    "case.folder": ("Case",),
    "case.opening": ("open_case",),
    "case.received": ("open_package",),
    "case.report": ("write_report",),
    "case.running": ("run_case",),
    "case.sealing": ("seal_case",),
    "case.verdicts": ("Decision", "EarlierCopy", "Verdict"),
    "case.verifying": ("verify_package",),
    "container.description": ("Container",),
    "container.inspection": ("inspect",),
    "errors": ("AuditError", "IncompatibleError", "MediaError", "MissingToolError", "VerikitError"),
    "keyframes.picking": ("Keyframe", "pick_keyframes"),
    "keyframes.saving": ("save_keyframes",),
    "keyframes.shots": ("Shot", "detect_shots"),
    "matching.comparing": ("compare",),
    "matching.matches": ("Match",),
    "matching.fingerprinting": ("Fingerprint", "fingerprint"),
    "matching.searching": ("search",),
    "matching.store": ("Archive", "create_archive", "open_archive"),
    "media.hashing": ("PDQ", "DHash", "PHash"),
    "media.scan": ("Scan",),
    "media.scanning": ("scan_video", "triage_video"),
    "media.video": ("Video", "open_video"),
    "plots.drawing": ("Figure",),
    "plots.frames": ("contact_sheet", "plot_shots"),
    "plots.matches": ("plot_alignment", "side_by_side"),
    "records": ("Finding", "Outcome", "Records", "Span"),
    "workflow.archiving": ("add_to_archive",),
    "workflow.case_dates": ("dates_of_case",),
    "workflow.copies": ("compare_videos",),
    "workflow.edits": ("edits_of_case",),
    "workflow.frames": ("searches_of_case",),
    "workflow.steps": ("examine_case", "keyframes_of_case", "scan_case", "search_case", "start_case"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "PDQ",
    "Archive",
    "AuditError",
    "Case",
    "Claim",
    "Container",
    "DHash",
    "Decision",
    "EarlierCopy",
    "Figure",
    "Finding",
    "Fingerprint",
    "IncompatibleError",
    "Keyframe",
    "Match",
    "MediaError",
    "MissingToolError",
    "Outcome",
    "PHash",
    "Records",
    "Scan",
    "Shot",
    "Span",
    "SubClaim",
    "Verdict",
    "VerikitError",
    "Video",
    "__version__",
    "add_to_archive",
    "compare",
    "compare_videos",
    "contact_sheet",
    "create_archive",
    "dates_of_case",
    "detect_shots",
    "edits_of_case",
    "examine_case",
    "fingerprint",
    "inspect",
    "keyframes_of_case",
    "open_archive",
    "open_case",
    "open_package",
    "open_video",
    "pick_keyframes",
    "plot_alignment",
    "plot_shots",
    "run_case",
    "save_keyframes",
    "scan_case",
    "scan_video",
    "seal_case",
    "search",
    "search_case",
    "searches_of_case",
    "side_by_side",
    "start_case",
    "triage_video",
    "verify_package",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its room when it is first asked for."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'verikit' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"verikit.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def load_ipython_extension(shell: Any) -> None:
    """Journal each cell that runs in this kernel from now on: what `%load_ext verikit` calls in a case's notebooks."""
    importlib.import_module("verikit.case.live").watch(shell)


def __dir__() -> list[str]:
    """The public names only, for tab completion."""
    return sorted(__all__)
