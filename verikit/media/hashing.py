"""Perceptual hashes of stills and frames: nouns that are called, `PHash(size=8)(image)`, and give a Hash that knows them.

A picture is a numpy array of uint8, RGB of shape (height, width, 3) or grey of shape (height, width). A small distance
says that two pictures look alike in what the hash keeps; it does not say that one was made from the other.

A new hasher is a dataclass here and its word in `HASHERS`.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import types
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np

from verikit.errors import IncompatibleError
from verikit.media.hash_rows import hamming, luma_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    from imagehash import ImageHash
    from PIL.Image import Image

    Bytes = npt.NDArray[np.uint8]

__all__ = [
    "HASHERS",
    "PDQ",
    "ColorHash",
    "DHash",
    "Hash",
    "Hasher",
    "LumaDCT",
    "PHash",
    "WHash",
    "contrast",
    "hamming",
    "hasher_from_name",
]


class Hasher(Protocol):
    """A method with its parameters, ready to be called on a picture."""

    @property
    def name(self) -> str:
        """The method and its parameters, such as "phash:8": equal names give equal hashes of equal pictures."""

    @property
    def bit_count(self) -> int:
        """How many bits the hash holds."""

    def __call__(self, image: Bytes, /) -> Hash:
        """The hash of one picture."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Hash:
    """A picture's hash and the exact method that made it.

    `hasher` is the method's name, such as "phash:8"; `bits` are whole bytes, with zero bits in front where the
    method's bits do not fill them. Hashes of unequal hashers are never equal and have no distance.
    """

    hasher: str
    bits: bytes

    def __post_init__(self) -> None:
        count = _bit_count(self.hasher)
        if len(self.bits) != -(-count // 8):
            raise ValueError(f"{self.hasher}: a hash has {count} bits, not {len(self.bits)} bytes")
        if int.from_bytes(self.bits) >> count:
            raise ValueError(f"{self.hasher}: a hash has {count} bits; the bits in front of them must be zero")

    @property
    def hex(self) -> str:
        """The bits as lower-case hex, two digits a byte."""
        return self.bits.hex()

    def distance(self, other: Hash) -> int:
        """How many bits differ, from 0 to the hash's length. Raises IncompatibleError for another hasher's hash."""
        if self.hasher != other.hasher:
            raise IncompatibleError(f"{self.hasher} and {other.hasher}: hash both pictures with one hasher")
        return (int.from_bytes(self.bits) ^ int.from_bytes(other.bits)).bit_count()

    def __sub__(self, other: object) -> int:
        return self.distance(other) if isinstance(other, Hash) else NotImplemented

    def __repr__(self) -> str:
        return f"Hash.from_hex({self.hex!r}, {self.hasher!r})"

    def __str__(self) -> str:
        return self.hex

    @classmethod
    def from_hex(cls, hex: str, hasher: str) -> Self:  # noqa: A002 - the same word as the property that it inverts
        """The hash that `hex` writes, of the hasher named `hasher`. The inverse of `.hex`.

        Raises ValueError for an unknown hasher, for letters that are not hex, and for the wrong length.
        """
        name = hasher_from_name(hasher).name
        if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", hex) is None:
            raise ValueError(f"{name}: not hex, two digits a byte: {hex[:80]!r}")
        return cls(hasher=name, bits=bytes.fromhex(hex))

    def to_dict(self) -> dict[str, Any]:
        """The hash as JSON: its hasher's name and its hex."""
        return {"hasher": self.hasher, "hex": self.hex}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError for a missing field and ValueError for a malformed one."""
        text, hasher = data["hex"], data["hasher"]
        if not isinstance(text, str) or not isinstance(hasher, str):
            raise ValueError("hash: hex and hasher must be text")  # noqa: TRY004 - malformed data, not a caller's slip
        return cls.from_hex(text, hasher)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Square:
    """What hashers of `size` x `size` bits share: their name and their length."""

    word: ClassVar[str]
    size: int = 8

    def __post_init__(self) -> None:
        if not 2 <= self.size <= 64:
            raise ValueError(f"size: 2 to 64, not {self.size}")

    @property
    def name(self) -> str:
        """The word and the size, such as "phash:8"."""
        return f"{self.word}:{self.size}"

    @property
    def bit_count(self) -> int:
        """The square of the size."""
        return self.size**2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PHash(_Square):
    """The signs of a picture's coarse brightness waves (DCT of 4 x `size` pixels) about their median, `size`² bits.

    Source: imagehash.phash, and the same bits. Misleads: flat pictures hash their noise, big captions and crops move
    many bits, a mirror image looks like another picture.
    """

    word: ClassVar[str] = "phash"

    def __call__(self, image: Bytes, /) -> Hash:
        """The hash of one picture, uint8 RGB or grey."""
        import imagehash  # noqa: PLC0415 - brings scipy: only who hashes pays for it

        return _as_hash(imagehash.phash(_pillow(image), hash_size=self.size), hasher=self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DHash(_Square):
    """Whether each of `size` x `size` coarse pixels is brighter than the one to its left, `size`² bits.

    Source: imagehash.dhash, and the same bits. Misleads: even surfaces and gradients agree among unlike pictures,
    borders, captions and crops shift pixels, a mirror image turns the bits around.
    """

    word: ClassVar[str] = "dhash"

    def __call__(self, image: Bytes, /) -> Hash:
        """The hash of one picture, uint8 RGB or grey."""
        import imagehash  # noqa: PLC0415 - as in PHash

        return _as_hash(imagehash.dhash(_pillow(image), hash_size=self.size), hasher=self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WHash(_Square):
    """Which of `size` x `size` coarse parts (Haar wavelets) are brighter than the median, `size`² bits.

    Source: imagehash.whash, and the same bits; `size` is a power of two. Misleads: unlike pictures with one layout of
    bright and dark agree, flat pictures hash their noise, captions, crops and mirrors move bits.
    """

    word: ClassVar[str] = "whash"

    def __post_init__(self) -> None:
        _Square.__post_init__(self)
        if self.size.bit_count() != 1:
            raise ValueError(f"size: a power of two for whash, not {self.size}")

    def __call__(self, image: Bytes, /) -> Hash:
        """The hash of one picture, uint8 RGB or grey."""
        import imagehash  # noqa: PLC0415 - as in PHash

        return _as_hash(imagehash.whash(_pillow(image), hash_size=self.size), hasher=self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ColorHash:
    """How much of a picture is black, grey, and of each of six faint and six bright hues, 14 x `bits` bits.

    Source: imagehash.colorhash. Layout: 14 groups of `bits` bits, first group first: black, grey, faint hues, bright
    hues; in front of them zero bits fill the first byte, so that with 3 bits the hex is "0" and the 11 digits of
    `str(imagehash.colorhash(...))`. A group is not a plain binary number: at 3 bits, imagehash writes 4 as it writes 6
    and 5 as it writes 7, and the distance counts bits, not differences of amounts.

    Misleads: it knows no shapes, so unlike pictures of one colouring agree, mirrors and many crops too; grey pictures
    differ by brightness alone; a colour filter makes a copy look strange.
    """

    bits: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 8:
            raise ValueError(f"bits: 1 to 8, not {self.bits}")

    @property
    def name(self) -> str:
        """The word and the bits a group, such as "colorhash:3"."""
        return f"colorhash:{self.bits}"

    @property
    def bit_count(self) -> int:
        """14 groups of `bits` bits."""
        return 14 * self.bits

    def __call__(self, image: Bytes, /) -> Hash:
        """The hash of one picture, uint8 RGB or grey."""
        import imagehash  # noqa: PLC0415 - as in PHash

        return _as_hash(imagehash.colorhash(_pillow(image), binbits=self.bits), hasher=self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PDQ:
    """Meta's PDQ of a still, 256 bits that other archives exchange, and its quality from 0 to 100.

    Meta's starting points: distances up to 31 are alike, qualities up to 49 are not worth comparing. The picture is
    hashed as it is; tools that shrink it first differ by a few bits. Source: `verikit.media.pdq`.

    Misleads: flat pictures have a low quality and hashes that mean nothing, captions and crops move many bits, a mirror
    image or a quarter turn looks like another picture.
    """

    @property
    def name(self) -> str:
        """The word "pdq": it has no parameters."""
        return "pdq"

    @property
    def bit_count(self) -> int:
        """256."""
        return 256

    def __call__(self, image: Bytes, /) -> Hash:
        """The hash of one picture, uint8 RGB or grey."""
        return self.with_quality(image)[0]

    def with_quality(self, image: Bytes, /) -> tuple[Hash, int]:
        """The hash of one picture and its quality, 0 (featureless) to 100. Sides under 5 pixels: zero bits, quality 0."""
        from verikit.media.pdq import pdq_bits  # noqa: PLC0415 - brings cv2, which a Hash does not need

        bits, quality = pdq_bits(_checked(image))
        return Hash(hasher=self.name, bits=bits), quality


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LumaDCT(_Square):
    """The scan's own fast hash of small luma pictures: the signs of the `size`² lowest waves about their median.

    Frequencies 0 to `size` - 1 both ways, without the mean (DC): its bit is always 0 and it is kept out of the median,
    because it says how bright a picture is and not what is in it. The purely horizontal and vertical waves stay: on 296
    frames of 17 films they made crops of 3 % closer (18 % of the bits, 20 % without them), all else equal.

    The cosines are rounded to whole numbers of 1/8192, so that every sum is exact in float64: one thumbnail has the
    same bits alone, in a batch and on another machine, whatever order its sums are taken in.

    Misleads: flat frames hash their noise (see `contrast`), fades, captions and borders move many bits, crops over
    5 % and mirrors look like another picture.
    """

    word: ClassVar[str] = "lumadct"
    size: int = 16

    def __post_init__(self) -> None:
        _Square.__post_init__(self)
        if self.size % 4:
            raise ValueError(f"size: a multiple of 4 for lumadct, so that the bits fill bytes, not {self.size}")

    def __call__(self, thumb: Bytes, /) -> Hash:
        """The hash of one thumbnail: uint8 luma of shape (height, width), each side from `size` to 256."""
        if not isinstance(thumb, np.ndarray) or thumb.ndim != 2:
            raise ValueError("thumb: uint8 luma of shape (height, width); reduce a picture to small luma first")
        return Hash(hasher=self.name, bits=self.many(thumb[None])[0].tobytes())

    def many(self, thumbs: Bytes, /) -> Bytes:
        """The hashes of n thumbnails at once: uint8 (n, height, width) in, uint8 (n, `size`² / 8) out, row for row.

        Each side from `size` to 256. Raises ValueError for another shape and TypeError for another type.
        """
        return luma_rows(thumbs, size=self.size)


HASHERS: Mapping[str, type[PHash | DHash | WHash | ColorHash | PDQ | LumaDCT]] = types.MappingProxyType(
    {"phash": PHash, "dhash": DHash, "whash": WHash, "colorhash": ColorHash, "pdq": PDQ, "lumadct": LumaDCT}
)
"""Each hasher's word and its class."""


def hasher_from_name(name: str) -> Hasher:
    """The hasher that a name such as "phash:8" or "pdq" stands for; a word alone has its default parameters.

    Raises ValueError for a name that is not one.
    """
    form = re.fullmatch(r"([a-z]+)(?::([1-9][0-9]{0,3}))?", name)
    kind = HASHERS.get(form[1]) if form else None
    if form is None or kind is None:
        raise ValueError(f"hasher: one of {', '.join(HASHERS)}, with its parameter as in phash:8, not {name[:80]!r}")
    if form[2] is None:
        return kind()
    parameters = [field.name for field in dataclasses.fields(kind)]
    if not parameters:
        raise ValueError(f"hasher: {form[1]} has no parameter: {name!r}")
    made: Hasher = kind(**{parameters[0]: int(form[2])})
    return made


def contrast(thumb: Bytes) -> float:
    """How far a luma thumbnail is from flat: the standard deviation of its grey levels, 0 to 127.5.

    Under a few levels a hash describes noise, and unlike frames (black, fog, fades) seem alike.
    """
    return float(np.std(thumb, dtype=np.float64))


@functools.lru_cache(maxsize=64)
def _bit_count(name: str) -> int:
    """The bits of the hasher called exactly `name`. Raises ValueError for a name that is not one."""
    hasher = hasher_from_name(name)
    if hasher.name != name:
        raise ValueError(f"hasher: {hasher.name}, parameters and all, not {name!r}")
    return hasher.bit_count


def _checked(image: Bytes) -> Bytes:
    """The same picture, known to be uint8 RGB or grey and not empty."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        raise TypeError("image: a numpy array of uint8")
    if image.ndim not in {2, 3} or (image.ndim == 3 and image.shape[2] != 3) or image.size == 0:
        raise ValueError(f"image: RGB of shape (height, width, 3) or grey of (height, width), not {image.shape}")
    return image


def _pillow(image: Bytes) -> Image:
    """The picture as Pillow holds it: mode RGB or L."""
    from PIL import Image  # noqa: PLC0415 - as in PHash

    return Image.fromarray(np.ascontiguousarray(_checked(image)))


def _as_hash(value: ImageHash, *, hasher: Hasher) -> Hash:
    """An imagehash result as a Hash: its hex as a number, in whole bytes."""
    return Hash(hasher=hasher.name, bits=int(str(value), 16).to_bytes(-(-hasher.bit_count // 8)))
