"""Deflated members of a zip, read to the last of their packed bytes.

python's zipfile stops at the size that is announced. What goes on behind it, in the same stream or after its end, other
programs unpack: it would be a second content that nobody hashed.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from verikit.case.bag import CHUNK

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Inflated"]


class Inflated(io.RawIOBase):
    """The content of the deflated member `info` of the zip at `path`, as a stream."""

    def __init__(self, path: Path, info: zipfile.ZipInfo) -> None:
        super().__init__()
        self._info, self._left = info, info.compress_size
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._size = self._checksum = 0
        self._source = path.open("rb")
        self._source.seek(info.header_offset + 26)
        self._source.seek(sum(struct.unpack("<2H", self._source.read(4))), io.SEEK_CUR)

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def close(self) -> None:
        """The file that it lies in is closed, too."""
        self._source.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer. Raises BadZipFile at the end where the member holds more, less or other than is announced."""
        data = b""
        while not data and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail
            if not packed:
                packed = self._source.read(min(CHUNK, self._left))
                self._left -= len(packed)
            data = self._inflate.decompress(packed, len(buffer))
            if not (data or packed or self._inflate.eof):
                raise zipfile.BadZipFile("its packed bytes are cut short")
        self._size += len(data)
        self._checksum = zlib.crc32(data, self._checksum)
        if self._size > self._info.file_size:
            raise zipfile.BadZipFile(f"it holds more than the {self._info.file_size} bytes that are announced")
        if not data and (self._left or self._inflate.unused_data):
            raise zipfile.BadZipFile("packed bytes behind its end")
        if not data and (self._size, self._checksum) != (self._info.file_size, self._info.CRC):
            raise zipfile.BadZipFile("its size or its checksum is not the one that is announced")
        buffer[: len(data)] = data
        return len(data)
