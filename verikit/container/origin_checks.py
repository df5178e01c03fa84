"""What the tags of a file say of who and what made it, held against each other and against the structure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from verikit.container.examined import Examined, Strength, listed, told

if TYPE_CHECKING:
    from verikit.records import Finding

__all__ = ["ORIGIN_CHECKS"]

FORGEABLE = "Tags can be copied or written by anyone in a second."
TOOLS = (
    ("FFmpeg", r"Lav[fc]\d"),
    ("HandBrake", r"HandBrake"),
    ("Adobe", r"Adobe|Mainconcept"),
    ("Apple", r"Apple QuickTime|Core Media|com\.apple"),
    ("L-SMASH", r"L-SMASH"),
    ("mkvmerge", r"mkvmerge"),
    ("Google", r"^Google$|produced by Google"),
    ("GPAC", r"GPAC"),
    ("MEncoder", r"MEncoder"),
    ("VirtualDub", r"VirtualDub"),
    ("DaVinci Resolve", r"DaVinci"),
    ("Chrome", r"^Chrome$"),
    ("Android", r"^(Video|Sound)Handle$"),
    ("GoPro", r"GoPro"),
    ("DJI", r"^DJI\."),
)  # fmt: skip
HANDLER_FAMILIES = (
    ("Apple", r"Core Media .*|Apple .* Media Handler"),
    ("FFmpeg", r"(Video|Sound|Subtitle|Data)Handler"),
    ("Android", r"(Video|Sound|Meta|Text)Handle"),
    ("MainConcept", r"#?Mainconcept .*"),
    ("L-SMASH", r"L-SMASH .*"),
    ("GoPro", r"GoPro .*"),
    ("Google", r"ISO Media file produced by Google.*"),
    ("Twitter", r"Vireo .*|Twitter-vork.*"),
)
SYNTHETIC = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia")


def check_stripped(seen: Examined) -> Finding:
    """Whether the file has any word of device, place or recording. Limits: platforms strip all of it."""
    facts = seen.facts
    bare = not (facts.make or facts.model or facts.locations or seen.recorded)
    return told(
        "stripped",
        Strength.CONTEXT,
        odd="No tag of a device, a place or a date of recording. Stripped: nothing follows" if bare else "",
        fine="The file has tags of a device, a place or a date of recording",
        limits="Platforms, messengers and editors remove such tags as a matter of course; cameras of some makers write none. Their absence proves nothing.",
        base_rate="device tags are absent from 90 of 112 public files",
    )


def check_device_and_structure(seen: Examined) -> Finding:
    """Whether Apple's or Android's tags lie in a file that their writers make. Limits: a remux keeps tags."""
    keys = {tag.key for tag in seen.tags if tag.group in {"keys", "udta", "ilst"}}
    handlers = seen.evidence.handlers
    apple = any(key.startswith("com.apple.quicktime.m") for key in keys) or seen.facts.make == "Apple"
    android = any(key.startswith("com.android.") for key in keys)
    core = any(re.fullmatch(r"Core Media .*|Apple .*", name) for name in handlers)
    stage = any(
        re.fullmatch(r"(Video|Sound|Meta|Text)Handle|ISO Media file produced by Google.*", name) for name in handlers
    )
    odd = []
    if apple and handlers and not core:
        odd.append("Apple's device tags stand in a file that Apple's writer did not make (no Core Media handler)")
    if android and handlers and not stage:
        odd.append("Android's tags stand in a file that Android's writer did not make (no VideoHandle)")
    return told(
        "device_and_structure",
        Strength.CONTRADICTION,
        odd=listed(odd),
        fine="The device tags lie in a structure that such devices write",
        absent="" if (apple or android) and handlers else "No tags of Apple or Android, or no handlers to compare",
        limits=f"Suggests that the file was wrapped again with its tags kept, or that the tags were written into it. It does not tell which. {FORGEABLE}",
    )


def check_two_systems(seen: Examined) -> Finding:
    """Whether one file carries the tags of two makers' systems. Limits: files that pass between phones."""
    keys = {tag.key for tag in seen.tags if tag.group in {"keys", "udta", "ilst"}}
    systems = {
        "Apple": any(key.startswith("com.apple.quicktime.m") for key in keys),
        "Android": any(key.startswith("com.android.") for key in keys),
        "Samsung": bool(keys & {"smrd", "smta", "SDLN"}),
        "GoPro": bool(keys & {"FIRM", "GPMF"}) or any(h.startswith("GoPro") for h in seen.evidence.handlers),
        "DJI": any(h.startswith("DJI.") for h in seen.evidence.handlers),
    }
    found = [name for name, there in systems.items() if there]
    # Samsung's phones run Android.
    odd = len([name for name in found if name != "Samsung"]) > 1 or (
        "Samsung" in found and bool({"Apple", "GoPro", "DJI"} & set(found))
    )
    return told(
        "two_systems",
        Strength.CONTRADICTION,
        odd=f"Tags of several makers' systems in one file: {', '.join(found)}" if odd else "",
        fine=f"Tags of one maker's system ({', '.join(found)})",
        absent="" if found else "No tags of a maker's system",
        limits=f"Suggests tags that were added or copied, or an app that keeps foreign tags. {FORGEABLE}",
    )


def check_devices_agree(seen: Examined) -> Finding:
    """Whether all tags name one device. Limits: makers write one model in several ways."""
    makes = sorted({text.casefold() for text in seen.facts.values("make")})
    apart = [make for make in makes if not any(make in other or other in make for other in makes if other != make)]
    return told(
        "devices_agree",
        Strength.CONTRADICTION,
        odd=f"Tags name several makers: {listed(makes)}" if len(apart) > 1 else "",
        fine="Tags name one maker",
        absent="" if makes else "No tag names a maker",
        limits=f"Suggests footage of several devices in one file, or tags that were added. {FORGEABLE}",
        measures={"models": list(seen.facts.values("model"))[:10]},
    )


def check_encoder_chain(seen: Examined) -> Finding:
    """Which programs left their names, one after another. Limits: the last one may erase the others."""
    texts = [*seen.facts.encoder, *seen.facts.software, *seen.evidence.handlers]
    found = [name for name, pattern in TOOLS if any(re.search(pattern, text) for text in texts)]
    return told(
        "encoder_chain",
        Strength.TRACE,
        odd=f"Several programs left their marks: {', '.join(found)}" if len(found) > 1 else "",
        fine=f"One program left its mark ({found[0]})" if found else "",
        absent="" if found else "No program that is known left its mark",
        limits="Suggests that the file was written more than once. Not their order, and not that the pictures were changed.",
        measures={"programs": found},
    )


def check_library_versions(seen: Examined) -> Finding:
    """Whether FFmpeg's encoder and its writer are of one release. Limits: copied streams keep old names."""
    wraps = {int(m[1]) for t in seen.facts.encoder if (m := re.match(r"Lavf(\d{2})\.", t))}
    codes = {int(m[1]) for t in seen.facts.encoder if (m := re.match(r"Lavc(\d{2})\.", t))}
    apart = bool(wraps and codes and not wraps & codes)
    return told(
        "library_versions",
        Strength.TRACE,
        odd=f"Encoded with FFmpeg's library {_numbers(codes)}, written with {_numbers(wraps)}: two runs"
        if apart
        else "",
        fine="Encoded and written with one release of FFmpeg's library",
        absent="" if wraps and codes else "Not both an encoder's and a writer's release of FFmpeg",
        limits="Suggests that the streams were encoded earlier and wrapped again later, by the same or another person.",
    )


def _numbers(values: set[int]) -> str:
    return ", ".join(map(str, sorted(values)))


def check_handlers_mixed(seen: Examined) -> Finding:
    """Whether tracks carry the handler names of several writers. Limits: remuxing keeps some names."""
    families = {
        name for name, pattern in HANDLER_FAMILIES for text in seen.evidence.handlers if re.fullmatch(pattern, text)
    }
    return told(
        "handlers_mixed",
        Strength.TRACE,
        odd=f"Tracks carry handler names of several writers: {', '.join(sorted(families))}"
        if len(families) > 1
        else "",
        fine="All handler names are of one writer",
        absent="" if families else "No handler names that are known",
        limits="Suggests tracks of several files in one, such as other sound under pictures, or a program that kept old names.",
    )


def check_handler_and_writer(seen: Examined) -> Finding:
    """Whether a camera's handler names stand in a file that FFmpeg wrote. Limits: FFmpeg keeps names."""
    camera = [
        h for h in seen.evidence.handlers if re.fullmatch(r"Core Media .*|GoPro .*|DJI\..*|(Video|Sound)Handle", h)
    ]
    wrote = [t for t in (*seen.facts.encoder, *seen.facts.software) if re.match(r"Lavf|HandBrake|mkvmerge", t)]
    return told(
        "handler_and_writer",
        Strength.TRACE,
        odd=f"A camera's or phone's handler ({camera[0]}) in a file written by {wrote[0]}: wrapped again"
        if camera and wrote
        else "",
        fine="Handlers and writer do not speak of two origins",
        absent="" if camera else "No handler of a camera or a phone",
        limits="Suggests a file wrapped again from a camera's or phone's one. The pictures may be untouched.",
    )


def check_matroska_from_mp4(seen: Examined) -> Finding:
    """Whether a Matroska file quotes the brands of an MP4. Limits: none worth naming."""
    brands = [tag.value for tag in seen.tags if tag.key == "MAJOR_BRAND"]
    return told(
        "matroska_from_mp4",
        Strength.TRACE,
        odd=f"A Matroska file that quotes the brand {brands[0].strip()!r}: wrapped again from MP4" if brands else "",
        fine="No brand of another format is quoted",
        absent="" if seen.format in {"Matroska", "WebM"} else "Not a Matroska file",
        limits="Suggests a download program or FFmpeg between the source and this file. The pictures may be untouched.",
        base_rate="2 of 13 public Matroska files",
    )


def check_edit_history(seen: Examined) -> Finding:
    """Whether an editing program left its history. Limits: it says what was saved, not what was changed."""
    agents = sorted({tag.value for tag in seen.tags if tag.key == "stEvt:softwareAgent"})
    sources = sorted({tag.value for tag in seen.tags if tag.key == "stRef:filePath"})
    there = [f"programs: {listed(agents)}"] if agents else []
    there += [f"sources: {listed(sources)}"] if sources else []
    return told(
        "edit_history",
        Strength.TRACE,
        odd=f"The file tells of its editing: {'; '.join(there)}" if there else "",
        fine="The XMP packet tells no history",
        absent="" if there or any(tag.group == "XMP" for tag in seen.tags) else "No XMP packet",
        limits="Names programs and source files of an edit. Cutting and colour are everyday work; it does not tell what was changed.",
        base_rate="8 of 112 public files have an XMP packet",
        measures={"programs": agents[:20], "sources": sources[:20]},
    )


def check_ai_label(seen: Examined) -> Finding:
    """Whether the file calls itself synthetic. Limits: labels are set by people and programs, and removed."""
    odd = [trace.suggests for trace in seen.traces if trace.trace in {"ai-label", "remotion"}]
    odd += [
        f"Content Credentials declare {kind}"
        for kind in seen.facts.credentials.source_types
        if kind.rsplit("/", 1)[-1] in SYNTHETIC
    ]
    return told(
        "ai_label",
        Strength.TRACE,
        odd=f"The file is labelled as made or changed by a program that makes pictures: {listed(odd)}" if odd else "",
        fine="No label of synthetic content. Nothing follows: most synthetic videos carry none",
        limits="A label is a statement of who wrote it. Its absence proves nothing.",
        base_rate="1 of 112 public files",
    )


def check_name_and_platform(seen: Examined) -> Finding:
    """Whether a messenger's file name fits the structure. Limits: names are given by anyone."""
    named = [trace.trace for trace in seen.traces if trace.trace.endswith("-file-name")]
    muxer = [text for text in seen.facts.encoder if text.startswith(("Lavf", "HandBrake"))]
    return told(
        "name_and_platform",
        Strength.CONTEXT,
        odd=f"Named as a messenger names files ({', '.join(named)}), but written by {muxer[0]}"
        if named and muxer
        else "",
        fine="Nothing in the structure speaks against the messenger that the name points to",
        absent="" if named else "The name is not of a messenger's form",
        limits="Suggests that the file was converted after saving, or renamed.",
    )


def check_credentials(seen: Examined) -> Finding:
    """What the Content Credentials come to. Limits: they say who signed, not that it is so."""
    credentials = seen.facts.credentials
    broken = credentials.present and credentials.state in {"invalid", "unreadable"}
    return told(
        "credentials",
        Strength.CONTRADICTION if credentials.state == "invalid" else Strength.TRACE,
        odd=credentials.summary if broken else "",
        fine=credentials.summary,
        absent=""
        if credentials.present
        else "No Content Credentials. Platforms remove them, and most cameras write none: nothing follows",
        limits="A valid signature says that the file is as it was when it was signed, by whom the certificate names. It does not say that the scene is what it seems. A broken one may come from any program that rewrote the file.",
        measures=credentials.to_dict(),
    )


def check_readers_agree(seen: Examined) -> Finding:
    """Whether the readers tell the same. Limits: formats leave room, readers have faults."""
    odd = [str(one) for one in seen.disagreements]
    return told(
        "readers_agree",
        Strength.CONTEXT,
        odd=f"Readers disagree: {listed(odd)}" if odd else "",
        fine="Where readers tell the same fact, they agree",
        limits="A disagreement suggests a field that may be read in two ways, two fields for one thing, or a reader's fault. Each value stands with its reader.",
        measures={"facts": [one.fact for one in seen.disagreements]},
    )


def check_sound_track(seen: Examined) -> Finding:
    """Whether there is sound. Limits: many honest recordings have none."""
    kinds = {stream.type for stream in seen.streams}
    return told(
        "sound_track",
        Strength.CONTEXT,
        odd="There is no sound: a camera without, an animated picture of a messenger, or sound taken out"
        if "audio" not in kinds
        else "",
        fine="There is sound",
        absent="" if "video" in kinds else "No pictures",
        limits="Missing sound suggests nothing by itself: drones, surveillance, GIFs and platforms leave it out.",
    )


def check_bits_per_pixel(seen: Examined, *, low: float = 0.05) -> Finding:
    """Whether the pictures are compressed as platforms do. Limits: new codecs and still scenes need few bits."""
    video = next(
        (s for s in seen.streams if s.type == "video" and s.width and s.height and s.frame_rate and s.bit_rate), None
    )
    bits = 0.0
    if video is not None and video.width and video.height and video.frame_rate and video.bit_rate:
        bits = video.bit_rate / (video.width * video.height * video.frame_rate)
    return told(
        "bits_per_pixel",
        Strength.CONTEXT,
        odd=f"{bits:.3f} bits for each pixel: compressed as platforms and messengers do"
        if video and bits < low
        else "",
        fine=f"{bits:.3f} bits for each pixel",
        absent="" if video else "Size, rate or bit rate of the pictures is not known",
        limits="Suggests a copy from a platform rather than a camera's own file. HEVC, AV1 and still scenes need few bits too.",
        base_rate="below 0.05 in 26 of 105 public files",
        params={"low": low},
        measures={"bits": round(bits, 5) if video else None},
    )


ORIGIN_CHECKS = (
    check_credentials,
    check_device_and_structure,
    check_two_systems,
    check_devices_agree,
    check_ai_label,
    check_edit_history,
    check_encoder_chain,
    check_library_versions,
    check_handlers_mixed,
    check_handler_and_writer,
    check_matroska_from_mp4,
    check_name_and_platform,
    check_readers_agree,
    check_stripped,
    check_sound_track,
    check_bits_per_pixel,
)
