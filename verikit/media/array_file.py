"""Arrays, blocks of bytes and a little JSON in one file: NumPy's .npz without pickles, checked before it is believed."""

from __future__ import annotations

import io
import json
import struct
import threading
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from verikit._files import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


__all__ = ["ONE_AT_A_TIME", "read_arrays", "write_arrays"]

# NumPy evaluates the head of an array as Python; CPython before 3.11.8 and 3.12.2 fails now and then where two threads
# do that at once (python/cpython#106905). Whoever loads an array where others may holds this.
ONE_AT_A_TIME = threading.Lock()

# What a damaged zip, a damaged header in it, or a missing part of it raises.
_DAMAGE = (ValueError, KeyError, EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error, struct.error)


def write_arrays(
    stream: IO[bytes], meta: Mapping[str, Any], *, arrays: Mapping[str, Any], blocks: Sequence[bytes]
) -> None:
    """Write JSON-able `meta`, named arrays and blocks of bytes into an open file."""
    np.savez_compressed(
        stream,
        meta=np.frombuffer(json.dumps(dict(meta)).encode(), np.uint8),
        block_ends=np.cumsum([len(block) for block in blocks], dtype=np.int64),
        block_bytes=np.frombuffer(b"".join(blocks), np.uint8),
        **arrays,
    )


def read_arrays(data: bytes, names: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any], tuple[bytes, ...]]:
    """The inverse of `write_arrays`: meta, the arrays called `names`, and the blocks.

    Raises ValueError where the bytes are damaged. Every checksum is checked before anything is interpreted, since NumPy
    evaluates the head of each array.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            broken = archive.testzip()
        if broken is not None:
            raise ValueError(f"{broken} differs from its checksum")
        with ONE_AT_A_TIME, np.load(io.BytesIO(data), allow_pickle=False) as held:
            arrays = {name: held[name] for name in (*names, "meta", "block_ends", "block_bytes")}
        meta = json.loads(arrays.pop("meta").tobytes())
        ends, joined = arrays.pop("block_ends"), arrays.pop("block_bytes").tobytes()
    except _DAMAGE as error:
        raise ValueError(plain(str(error))) from error
    starts = [0, *ends[:-1]] if len(ends) else []
    return meta, arrays, tuple(joined[start:end] for start, end in zip(starts, ends, strict=True))
