"""A scan's file: a zip of chunks, written while the film is decoded and read back piece by piece.

Any zip program opens it: `stills/` are JPEGs, `meta.json` is text, tables are plain arrays without heads. Pictures lie
in chunks of 1,024, each a zlib stream; in each the first stands as it is and every other as its difference from the one
before, which packs a third tighter. So neither writing nor reading needs more memory for a longer film.
"""

from __future__ import annotations

import collections
import json
import math
import zipfile
import zlib
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any, overload

import numpy as np

from verikit._files import plain
from verikit.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Pictures = NDArray[np.uint8]

__all__ = ["Reel", "ScanWriter", "Stills", "open_scan_file", "read_members"]

# Pictures in a chunk: 2.4 MB of thumbnails, forty seconds of film.
CHUNK = 1024
# Chunks that a reel keeps unpacked: enough for two windows that move along the film.
KEPT = 4
# Of zlib's ways to pack differences of pictures, runs and Huffman codes alone are both the fastest and the tightest: on
# four films 0.011 to 0.022 ms a picture, level 1 0.012 to 0.036 ms for 10 to 20 % more bytes.
STRATEGY = zlib.Z_RLE
# What a damaged zip, or a missing part of it, raises.
DAMAGE = (ValueError, KeyError, EOFError, OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)


class ScanWriter:
    """Writes pictures, stills and tables into an open file, each once, in the order in which they come."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED)
        self._waiting: dict[str, Pictures] = {}
        self._counts: collections.Counter[str] = collections.Counter()
        self.stills = 0

    def add_picture(self, reel: str, picture: Pictures) -> None:
        """Add one small picture to the reel of that name; all of one reel have one shape."""
        place = self._counts[reel] % CHUNK
        if reel not in self._waiting:
            self._waiting[reel] = np.empty((CHUNK, *picture.shape), np.uint8)
        self._waiting[reel][place] = picture
        self._counts[reel] += 1
        if place == CHUNK - 1:
            self._put_chunk(reel, CHUNK)

    def add_still(self, jpeg: bytes) -> None:
        """Add one JPEG."""
        self._put(f"stills/{self.stills:06d}.jpg", jpeg, packed=False)
        self.stills += 1

    def reel(self, name: str) -> Reel:
        """What was added to a reel, to be read. Nothing can be added to it after."""
        rest = self._counts[name] % CHUNK
        if rest:
            self._put_chunk(name, rest)
        return Reel(self._zip, name, count=self._counts[name], shape=self._waiting[name].shape[1:])

    def written_stills(self) -> Stills:
        """The JPEGs that were added, to be read."""
        return Stills(self._zip, count=self.stills)

    def finish(self, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the arrays and `meta`, which must be JSON, and end the file. The reels were read once before."""
        for name, array in arrays.items():
            self._put(name, np.ascontiguousarray(array).tobytes(), packed=True)
        self._put("meta.json", json.dumps(dict(meta), indent=1).encode(), packed=True)
        self._zip.close()

    def close(self) -> None:
        """End the file as it stands, as where decoding failed. After `finish` this does nothing."""
        self._zip.close()

    def _put_chunk(self, reel: str, count: int) -> None:
        chunk = self._waiting[reel][:count]
        steps = chunk.copy()
        steps[1:] -= chunk[:-1]
        packer = zlib.compressobj(strategy=STRATEGY)
        packed = packer.compress(steps.tobytes()) + packer.flush()
        self._put(_chunk_name(reel, (self._counts[reel] - 1) // CHUNK), packed, packed=False)

    def _put(self, name: str, data: bytes, *, packed: bool) -> None:
        # A fixed date: the same film gives the same bytes.
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        self._zip.writestr(info, data)


class Reel:
    """Small pictures on file, uint8 (n, ...): indexed like an array, read chunk by chunk.

    A row, a slice or an array of rows gives an ordinary array; `numpy.asarray(reel)` gives all of it. Walk a long film
    in slices of some thousand rows.
    """

    def __init__(self, archive: zipfile.ZipFile, name: str, *, count: int, shape: tuple[int, ...]) -> None:
        self._zip = archive
        self._name = name
        self.shape = (count, *shape)
        self.dtype = np.dtype(np.uint8)
        self.ndim = len(self.shape)
        self._kept: collections.OrderedDict[int, Pictures] = collections.OrderedDict()

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<{self._name} on file, uint8 {self.shape}>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001 - NumPy's protocol
        if copy is False:
            raise ValueError(f"{self._name} lie on file: an array of them is always a copy")
        return np.asarray(self[:], dtype)

    def __getitem__(self, key: int | slice | NDArray[Any] | Sequence[int]) -> Pictures:
        if isinstance(key, slice):
            return self._rows(np.arange(*key.indices(len(self))))
        rows = np.asarray(key)
        if rows.dtype == np.bool_:
            if rows.shape != (len(self),):
                raise IndexError(f"{self._name}: a mask of {len(self)} rows, not of shape {rows.shape}")
            return self._rows(np.flatnonzero(rows))
        if rows.size and (int(rows.min()) < -len(self) or int(rows.max()) >= len(self)):
            raise IndexError(f"{self._name}: rows 0 to {len(self) - 1}, not {int(rows.min())} to {int(rows.max())}")
        flat = rows.reshape(-1).astype(np.int64) % max(len(self), 1)
        return self._rows(flat).reshape(*rows.shape, *self.shape[1:])

    def _rows(self, rows: NDArray[np.int64]) -> Pictures:
        made = np.empty((len(rows), *self.shape[1:]), np.uint8)
        chunks = rows // CHUNK
        for chunk in np.unique(chunks):
            here = chunks == chunk
            made[here] = self._chunk(int(chunk))[rows[here] - chunk * CHUNK]
        return made

    def _chunk(self, number: int) -> Pictures:
        if number not in self._kept:
            count = min(CHUNK, len(self) - number * CHUNK)
            shape = (count, *self.shape[1:])
            try:
                packed = self._zip.read(_chunk_name(self._name, number))
                # No more is unpacked than there should be, whatever the stream holds.
                data = zlib.decompressobj().decompress(packed, math.prod(shape))
                steps = np.frombuffer(data, np.uint8).reshape(shape)
            except DAMAGE as error:
                raise MediaError(
                    f"{_place(self._zip)}: the scan was damaged meanwhile; scan the video again"
                ) from error
            self._kept[number] = np.add.accumulate(steps, axis=0, dtype=np.uint8)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(number)
        return self._kept[number]


class Stills(Sequence[bytes]):
    """The JPEGs of a scan's file, each read when it is asked for."""

    def __init__(self, archive: zipfile.ZipFile, *, count: int) -> None:
        self._zip = archive
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, key: int) -> bytes: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[bytes, ...]: ...
    def __getitem__(self, key: int | slice) -> bytes | tuple[bytes, ...]:
        if isinstance(key, slice):
            return tuple(self[number] for number in range(self._count)[key])
        name = f"stills/{range(self._count)[key]:06d}.jpg"
        try:
            return self._zip.read(name)
        except DAMAGE as error:
            raise MediaError(f"{_place(self._zip)}: the scan was damaged meanwhile; scan the video again") from error


def open_scan_file(source: Path | IO[bytes], *, trusted: bool) -> zipfile.ZipFile:
    """The zip at `source`. One that is not `trusted`, since others could have written to it, is checked throughout.

    Raises ValueError where it is damaged.
    """
    try:
        archive = zipfile.ZipFile(source)
        broken = None if trusted else archive.testzip()
    except DAMAGE as error:
        raise ValueError(plain(str(error))) from error
    if broken is not None:
        raise ValueError(f"{plain(broken)} differs from its checksum")
    return archive


def read_members(
    archive: zipfile.ZipFile, arrays: Mapping[str, tuple[np.dtype[Any], tuple[int, ...]]]
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """`meta` and the arrays of these names, each of its dtype and of rows of its shape. Raises ValueError if damaged."""
    try:
        meta = json.loads(archive.read("meta.json"))
        held = {
            name: np.frombuffer(archive.read(name), dtype).reshape(-1, *shape)
            for name, (dtype, shape) in arrays.items()
        }
    except DAMAGE as error:
        raise ValueError(plain(str(error))) from error
    if not isinstance(meta, dict):
        raise ValueError("meta.json is no object")  # noqa: TRY004 - damaged data, not a caller's slip
    return meta, held


def _place(archive: zipfile.ZipFile) -> str:
    return plain(archive.filename or "temporary file")


def _chunk_name(reel: str, number: int) -> str:
    return f"{reel}/{number:05d}"
