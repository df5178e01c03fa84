"""Zips written field by field, so that one place can say otherwise than another."""

from __future__ import annotations

import dataclasses
import struct
import zlib

FILE = 0o100644 << 16


@dataclasses.dataclass(kw_only=True)
class Written:
    """A member as it will stand in the zip: what the directory says, and in `own` what its own header says instead."""

    name: bytes
    packed: bytes
    method: int
    crc: int
    size: int
    flags: int = 0
    attributes: int = FILE
    disk: int = 0
    extra: bytes = b""
    behind: bytes = b""
    own: dict[str, object] = dataclasses.field(default_factory=dict)

    def local(self) -> bytes:
        said = {"crc": self.crc, "packed": len(self.packed), "size": self.size, "extra": b""} | self.own
        fields = (20, self.flags, self.method, 0, 33, said["crc"], said["packed"], said["size"], len(self.name))
        header = struct.pack("<4s5H3L2H", b"PK\3\4", *fields, len(said["extra"]))
        return header + self.name + said["extra"] + self.packed + self.behind

    def central(self, at: int) -> bytes:
        fields = (0x314, 20, self.flags, self.method, 0, 33, self.crc, len(self.packed), self.size, len(self.name))
        rest = (len(self.extra), 0, self.disk, 0, self.attributes, at)
        return struct.pack("<4s6H3L5H2L", b"PK\1\2", *fields, *rest) + self.name + self.extra


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def written(files: dict[str, bytes], member: str, change, *, method: int = 0) -> bytes:
    """The zip of these files; `member` is packed by `method` (0 stored, 8 deflated) and `change` may edit all it says."""
    out, directory = bytearray(), bytearray()
    for name, data in files.items():
        chosen = method if name == member else 0
        packed = deflated(data) if chosen else data
        one = Written(name=name.encode(), packed=packed, method=chosen, crc=zlib.crc32(data), size=len(data))
        if name == member:
            change(one)
        directory += one.central(len(out))
        out += one.local()
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(files), len(files), len(directory), len(out), 0)
    return bytes(out + directory + end)
