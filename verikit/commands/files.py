"""The commands on files: what each says of itself, its shots and stills, and what two have in common."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verikit.commands.printing import DONE, UNUSABLE, answer, progress, say, seconds, text_of

if TYPE_CHECKING:
    import argparse


def _scanned(options: argparse.Namespace, path: Path) -> Any:
    from verikit.media.scanning import scan_video
    from verikit.media.video import open_video

    return scan_video(open_video(path), cache=options.cache, progress=seconds(path.name))


def inspect(options: argparse.Namespace) -> int:
    from verikit.container.claimed import Claimed
    from verikit.container.exiftool import read_exiftool
    from verikit.container.inspection import inspect
    from verikit.container.making import compare_making
    from verikit.media.video import open_video

    claimed = Claimed(recorded=options.recorded or "", posted=options.posted or "", place=options.place)
    video = open_video(options.file)
    other = None if options.compare is None else inspect(open_video(options.compare))
    scan = None if options.cache is None else _scanned(options, options.file)
    one = inspect(video, scan=scan, claimed=claimed, also=(read_exiftool,) if options.exiftool else ())
    data, text = one.to_dict(), [text_of(one)]
    if options.out is not None:
        from verikit.workflow.inspecting import export_examination

        files = export_examination(video, one, folder=options.out)
        data["files"] = [str(path) for path in files]
        text.append(f"\n{len(files)} files in {options.out}")
    if other is not None:
        likeness = compare_making(one.symbols, other.symbols, names=(one.name, other.name))
        data["comparison"] = likeness.to_dict()
        text.append("\n" + text_of(likeness))
    answer(options, data=data, text="\n".join(text))
    return DONE


def scan(options: argparse.Namespace) -> int:
    from verikit.media.scanning import scan_video, triage_video
    from verikit.media.video import open_video

    began = time.monotonic()
    verb = triage_video if options.triage else scan_video
    scan = verb(open_video(options.file), cache=options.cache, progress=seconds(options.file.name))
    answer(options, data={**scan.to_dict(), "seconds": round(time.monotonic() - began, 3)}, text=text_of(scan))
    return DONE


def shots(options: argparse.Namespace) -> int:
    from verikit.keyframes.learned import detector_of
    from verikit.keyframes.shots import detect_shots

    # What it needs is asked for before the long work, not after it.
    detector = detector_of(options.detector)
    shots = detect_shots(_scanned(options, options.file), detector=detector)
    answer(options, data={"shots": [shot.to_dict() for shot in shots]}, text=text_of(shots))
    return DONE


def keyframes(options: argparse.Namespace) -> int:
    from verikit.keyframes.gentle import gentle_of
    from verikit.media.video import open_video
    from verikit.workflow.frames import KIT, extract_keyframes, extract_search_kit

    # What it needs is asked for before the long work, not after it.
    gentle_of(options.gentle)
    scan, tell = _scanned(options, options.file), progress()
    text = []
    with tempfile.TemporaryDirectory() as aside:
        folder = options.out or Path(aside)
        found = extract_keyframes(
            open_video(options.file),
            scan=scan,
            folder=folder,
            most=options.most,
            image_format=options.format,
            gentle=options.gentle,
            progress=tell,
        )
        if options.out is not None:
            kit = folder / KIT
            found = extract_search_kit(
                found, scan=scan, stills=folder, folder=kit, gentle=options.gentle, progress=tell
            )
            text = [f"\nSearch kit (nothing was uploaded): {kit / 'search_kit.html'}"]
    data = found.to_dict()
    if options.out is None:
        for keyframe in data["keyframes"]:
            keyframe["file"] = None
    if found.gentle:
        text.append(f"{found.gentle} The stills and the pictures to search with are unaltered.")
    answer(options, data=data, text="\n".join([text_of(found.keyframes), *text]))
    return DONE


def compare(options: argparse.Namespace) -> int:
    from verikit.media.video import open_video
    from verikit.workflow.copies import compare_videos, save_figures

    tell = progress()
    found = compare_videos(
        open_video(options.query),
        open_video(options.reference),
        cache=options.cache,
        progress=lambda name, done, whole: tell(f"{name}: {done:.0f} s" + (f" of {whole:.0f} s" if whole else "")),
    )
    if options.out is not None:
        save_figures(found.figures(), options.out)
    text = [text_of(shown) for shown in (found.matches, found.copies) if len(shown) or shown is found.matches]
    answer(options, data=found.to_dict(), text="\n\n".join(text))
    return DONE


def check(options: argparse.Namespace) -> int:
    if not options.file.exists():
        raise FileNotFoundError(f"{options.file}: no such file; check its name and place")
    say(f"check {options.file}: this version has no checks for editing yet; `verikit inspect` shows traces in the file")
    return UNUSABLE
