"""Pictures that a file holds and no player shows, taken out as they were recorded: the edit list is left aside."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

from verikit.media.decoding_pass import ALL_THREADS, DecodingPass
from verikit.media.video import opened_unedited

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    import numpy as np
    from numpy.typing import NDArray

    from verikit.media.video import Video

__all__ = ["unedited_pictures"]


def unedited_pictures(
    video: Video, times: Sequence[Fraction], *, long_side: int | None = None
) -> Iterator[tuple[Fraction, NDArray[np.uint8]]]:
    """Upright RGB pictures at these times of the track's own clock, before any edit, in order of time, each once.

    `times` are exact seconds from the start of the media. Decodes from the start up to the last of them; a picture
    that cannot be decoded is left out. Raises MediaError where FFmpeg does not read the file.
    """
    wanted = sorted(set(times))
    with opened_unedited(video) as container:
        reading = DecodingPass(container, video, threads=ALL_THREADS)
        tolerance = reading.time_base
        for picture in reading.pictures():
            if not wanted or picture.pts * reading.time_base > wanted[-1] + tolerance:
                return
            moment = picture.pts * reading.time_base
            place = bisect.bisect_left(wanted, moment - tolerance / 2)
            if place < len(wanted) and abs(wanted[place] - moment) <= tolerance / 2:
                yield wanted[place], picture.rgb(long_side=long_side)
