"""The commands on the archive of known footage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit._files import plain
from verikit.commands.printing import BROKEN, DONE, PARTLY, UNUSABLE, answer, progress, say, text_of

if TYPE_CHECKING:
    import argparse


def add(options: argparse.Namespace) -> int:
    from verikit.workflow.archiving import add_to_archive

    tell = progress()
    done = add_to_archive(
        options.archive,
        options.paths,
        workers=options.workers,
        stall=options.stall,
        progress=lambda name, number, of: tell(f"{name} ({number} of {of})"),
    )
    if done.failed and not (done.added or done.skipped):
        for _, error in done.failed:
            say(error)
        return UNUSABLE
    failed = "".join(f"\nfailed: {plain(file)}: {error}" for file, error in done.failed)
    answer(options, data=done.to_dict(), text=f"added {len(done.added)}, skipped {len(done.skipped)}{failed}")
    return PARTLY if done.failed else DONE


def search(options: argparse.Namespace) -> int:
    from verikit.media.video import open_video
    from verikit.workflow.listing import search_archive

    found = search_archive(options.archive, open_video(options.file), cache=options.cache)
    answer(options, data=found.to_dict(), text=text_of(found))
    return DONE


def listed(options: argparse.Namespace) -> int:
    from verikit.matching.store import open_archive

    archive = open_archive(options.archive)
    entries, lists = archive.entries(), archive.lists()
    text = "\n\n".join([text_of(entries), *([text_of(lists)] if lists else [])])
    data = {"videos": [entry.to_dict() for entry in entries], "lists": [entry.to_dict() for entry in lists]}
    answer(options, data=data, text=text)
    return DONE


def take_in(options: argparse.Namespace) -> int:
    from verikit.workflow.listing import import_lists

    new, held = import_lists(options.archive, options.lists)
    answer(options, data={"added": new, "skipped": held}, text=f"added {new} lists, skipped {held}")
    return DONE


def export(options: argparse.Namespace) -> int:
    from verikit.workflow.listing import export_lists

    written = export_lists(options.archive, options.out, form=options.form)
    answer(options, data={"files": [str(path) for path in written]}, text="\n".join(map(str, written)) or "nothing in")
    return DONE


def remove(options: argparse.Namespace) -> int:
    from verikit.matching.store import open_archive

    name = open_archive(options.archive).remove(options.sha256)
    answer(options, data={"removed": name}, text=f"removed {plain(name)}")
    return DONE


def iscc(options: argparse.Namespace) -> int:
    from verikit.workflow.listing import look_up_iscc

    code, near = look_up_iscc(options.archive, options.code, note=options.note)
    text = f"{code}\n\n{text_of(near)}"
    answer(options, data={"iscc": code, "videos": [row.to_dict() for row in near]}, text=text)
    return DONE


def check(options: argparse.Namespace) -> int:
    from verikit.workflow.archiving import check_archive

    found = check_archive(options.archive)
    answer(options, data=found.to_dict(), text=found.summary())
    return DONE if found.ok else BROKEN
