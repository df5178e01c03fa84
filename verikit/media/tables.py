"""The tables of a scan: one row for each picture, one for each packet, kept compact while they grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FRAME_TABLE", "NO_PTS", "PACKET_TABLE", "GrowingTable"]

FRAME_TABLE = np.dtype(
    [
        ("pts", np.int64),
        ("type", "S1"),
        ("key", np.bool_),
        ("corrupt", np.bool_),
        ("luma", np.float32),
        ("contrast", np.float32),
        ("sharpness", np.float32),
        ("change", np.float32),
        ("motion", np.float32),
    ]
)
# Stands for an absent pts or dts, as AV_NOPTS_VALUE does in FFmpeg.
NO_PTS = int(np.iinfo(np.int64).min)
PACKET_TABLE = np.dtype(
    [
        ("stream", np.int32),
        ("pts", np.int64),
        ("dts", np.int64),
        ("size", np.int64),
        ("key", np.bool_),
        ("discard", np.bool_),
    ]
)

# Rows that wait as Python tuples, at some hundred bytes each, before they are packed.
LOOSE = 4096


class GrowingTable:
    """Rows put in one after another. A film of two hours has half a million packets: as tuples they would take 150 MB."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._packed: list[NDArray[np.void]] = []
        self._loose: list[tuple[Any, ...]] = []

    def __len__(self) -> int:
        return sum(map(len, self._packed)) + len(self._loose)

    def put(self, row: tuple[Any, ...]) -> None:
        """Add one row, its values in the order of the columns."""
        self._loose.append(row)
        if len(self._loose) == LOOSE:
            self._pack()

    def rows(self) -> NDArray[np.void]:
        """All rows so far as one array."""
        self._pack()
        return np.concatenate(self._packed)

    def _pack(self) -> None:
        self._packed.append(np.array(self._loose, dtype=self._dtype))
        self._loose = []
