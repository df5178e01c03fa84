"""Files: identity, writing aside and renaming, names that cannot lead astray."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Letters that change how the rest of a line is shown (bidi controls) or that hide (zero width, control).
# Stripped for terminals and refused in package member names.
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})

# What a spreadsheet takes for a formula when a cell begins with it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, read as a stream, in lower-case hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_bytes(data: bytes) -> str:
    """The SHA-256 of `data` in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def sha256_text(text: str) -> str:
    """The SHA-256 of `text` in UTF-8, in lower-case hex."""
    return sha256_bytes(text.encode("utf-8"))


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and vanishes when it does not.

    A reader sees the old file or the new one, never half of either.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.parent / f".writing-{secrets.token_hex(8)}{path.suffix}"
    try:
        # Made inside the guard: Ctrl-C between making it and guarding it would leave it behind. For its owner alone
        # while it is not whole.
        os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield aside
        # Whole now: it gets the rights any new file has.
        mask = os.umask(0)
        os.umask(mask)
        aside.chmod(0o666 & ~mask)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> Path:
    """Write `data` to `path` aside and rename. Returns `path`."""
    with written_aside(path) as aside:
        aside.write_bytes(data)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write `text` to `path` in UTF-8 with line feeds, aside and rename. Returns `path`."""
    return write_bytes(path, text.encode("utf-8"))


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces, so that equal values have equal bytes. NaN and infinity are refused."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def plain(text: str) -> str:
    """`text` from a stranger made safe for one line of a terminal or of a log: hidden letters become a visible mark."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in HIDDEN_CATEGORIES else c for c in text)


def harmless_cell(cell: str) -> str:
    """A cell that no spreadsheet runs: an apostrophe before what would begin a formula."""
    return f"'{cell}" if cell.startswith((*FORMULA, "'")) else cell


def safe_name(text: str, *, most: int = 80) -> str:
    """A file name made of `text`: letters, digits, dot, dash and underline, never empty, never hidden, never a path."""
    kept = "".join(c if c.isalnum() or c in "._-" else "_" for c in unicodedata.normalize("NFC", text))
    # File systems count bytes: 255 of them, of which 15 are left for an ending.
    return kept.strip("._")[:most].encode("utf-8")[:240].decode("utf-8", "ignore") or "unnamed"


def package_folder(name: str) -> Path:
    """The folder of shipped files `name` ("notebooks" or "sample_data"), in an installed wheel or in a checkout.

    Raises FileNotFoundError where neither holds it.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / f"_{name}", here.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"{name}: not in this installation of verikit; reinstall it from a wheel or a checkout")
