"""What can go wrong, drawn first.

VerikitError
├── MediaError            the file cannot be read as media (also a ValueError)
├── MissingToolError      an optional program or package is absent (also an ImportError)
├── IncompatibleError     two values that cannot be compared (also a TypeError)
└── AuditError            a case or package does not hold; `.problems` says where

Bad arguments are ValueError or TypeError; a missing file stays FileNotFoundError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AuditError", "IncompatibleError", "MediaError", "MissingToolError", "VerikitError"]


class VerikitError(Exception):
    """The root of everything that this package raises on purpose."""


class MediaError(VerikitError, ValueError):
    """A file that cannot be read as media. The message names the file, what was tried and what to do."""


class MissingToolError(VerikitError, ImportError):
    """An optional program or package is absent. The message names it and the command that brings it."""


class IncompatibleError(VerikitError, TypeError):
    """Two values that cannot be compared, such as hashes of different hashers."""


class AuditError(VerikitError):
    """A case or a package does not hold.

    `problems` are the single faults, each a line for a person; they are gathered, then raised together.
    """

    def __init__(self, message: str, *, problems: Sequence[str] = ()) -> None:
        super().__init__(message if not problems else message + ": " + "; ".join(problems))
        self.problems: tuple[str, ...] = tuple(problems)
