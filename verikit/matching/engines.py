"""Engines that find every code near a code: exact, and with the same hits whichever of them runs.

faiss's flat scan where faiss-cpu is installed, NumPy's bit count where it is not. Both compare every code with every
other; they differ in cost alone.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from verikit.errors import MissingToolError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CODE_BYTES", "ENGINES", "Engine", "FaissFlat", "Near", "NumpyFlat", "best_engine", "engine_of"]

CODE_BYTES = 32
# NumPy works through so many codes at a time: their four columns and the counts stay in a core's own cache.
STRIP = 16_384


class Near(NamedTuple):
    """Pairs of codes within the radius, by row, then by column: int64 (h,), int64 (h,), uint16 (h,) bits that differ."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    distances: NDArray[np.uint16]


class Engine(Protocol):
    """A way to compare codes. Its name and version are told with every search."""

    @property
    def name(self) -> str:
        """What the engine is called, such as "faiss flat"."""

    @property
    def version(self) -> str:
        """The version of the library that does the work."""

    def within(self, queries: NDArray[np.uint8], codes: NDArray[np.uint8], *, radius: int) -> Near:
        """All pairs of `queries` (n, 32) and `codes` (m, 32) that differ in at most `radius` bits."""


@dataclasses.dataclass(frozen=True, slots=True)
class NumpyFlat:
    """Every pair compared by NumPy: no further package is needed."""

    name: str = "numpy flat"
    version: str = np.__version__

    def within(self, queries: NDArray[np.uint8], codes: NDArray[np.uint8], *, radius: int) -> Near:
        """All pairs of `queries` (n, 32) and `codes` (m, 32) that differ in at most `radius` bits."""
        _require_codes(queries, codes)
        asked = np.ascontiguousarray(queries).view(np.uint64)
        rows: list[NDArray[np.int64]] = []
        columns: list[NDArray[np.int64]] = []
        distances: list[NDArray[np.uint16]] = []
        for first in range(0, len(codes), STRIP):
            words = np.ascontiguousarray(np.ascontiguousarray(codes[first : first + STRIP]).view(np.uint64).T)
            for number, code in enumerate(asked):
                # Two counts of 64 bits at most fit a byte together; four do not.
                near = np.bitwise_count(words[0] ^ code[0]) + np.bitwise_count(words[1] ^ code[1])
                far = np.bitwise_count(words[2] ^ code[2]) + np.bitwise_count(words[3] ^ code[3])
                bits = near.astype(np.uint16) + far
                held = np.nonzero(bits <= radius)[0]
                if len(held):
                    rows.append(np.full(len(held), number, np.int64))
                    columns.append(held + first)
                    distances.append(bits[held])
        if not rows:
            return _none()
        row = np.concatenate(rows)
        order = np.argsort(row, kind="stable")
        return Near(row[order], np.concatenate(columns)[order], np.concatenate(distances)[order])


@dataclasses.dataclass(frozen=True, slots=True)
class FaissFlat:
    """Every pair compared by faiss's flat scan, straight from the memory that holds the codes: nothing is copied.

    It is what faiss's IndexBinaryFlat.range_search calls. Raises MissingToolError where faiss-cpu is not installed.
    """

    name: str = "faiss flat"
    version: str = ""

    def __post_init__(self) -> None:
        try:
            import faiss  # noqa: PLC0415 - optional, and slow to import
        except ImportError as error:
            raise MissingToolError("faiss: not installed; pip install 'verikit[faiss]'") from error
        object.__setattr__(self, "version", str(faiss.__version__))

    def within(self, queries: NDArray[np.uint8], codes: NDArray[np.uint8], *, radius: int) -> Near:
        """All pairs of `queries` (n, 32) and `codes` (m, 32) that differ in at most `radius` bits."""
        import faiss  # noqa: PLC0415 - optional, and slow to import

        _require_codes(queries, codes)
        if not len(queries) or not len(codes):
            return _none()
        asked, held = np.ascontiguousarray(queries), np.ascontiguousarray(codes)
        found = faiss.RangeSearchResult(len(asked))
        # One thread: whoever wants more calls from several. Its own wait for each other in a loop that costs twice the
        # work on a busy machine. The number is the calling thread's alone.
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            # faiss keeps what is nearer than its radius, not what is as near.
            faiss.hamming_range_search(
                faiss.swig_ptr(asked), faiss.swig_ptr(held), len(asked), len(held), int(radius) + 1, CODE_BYTES, found
            )
        finally:
            faiss.omp_set_num_threads(threads)
        ends = np.array(faiss.rev_swig_ptr(found.lims, len(asked) + 1), dtype=np.int64)
        count = int(ends[-1])
        if not count:
            return _none()
        rows = np.repeat(np.arange(len(asked), dtype=np.int64), np.diff(ends))
        columns = np.array(faiss.rev_swig_ptr(found.labels, count), dtype=np.int64)
        return Near(rows, columns, np.array(faiss.rev_swig_ptr(found.distances, count)).astype(np.uint16))


# A new engine is a dataclass here and its word below.
ENGINES: dict[str, type[Engine]] = {"faiss": FaissFlat, "numpy": NumpyFlat}


def best_engine() -> Engine:
    """The engine of faiss where faiss-cpu is installed, else NumPy's."""
    return FaissFlat() if importlib.util.find_spec("faiss") is not None else NumpyFlat()


def engine_of(word: str) -> Engine:
    """The engine called "faiss" or "numpy". KeyError for another word, MissingToolError where faiss is absent."""
    return ENGINES[word]()


def _none() -> Near:
    return Near(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint16))


def _require_codes(*tables: NDArray[np.uint8]) -> None:
    for table in tables:
        if table.dtype != np.uint8 or table.ndim != 2 or table.shape[1] != CODE_BYTES:
            raise ValueError(f"codes: uint8 of shape (n, {CODE_BYTES}) is wanted, not {table.dtype} of {table.shape}")
