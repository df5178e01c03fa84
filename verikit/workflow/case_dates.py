"""Step 07: every date of a case on one line: files, posts, earlier copies, searches, and what people observed."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from verikit.container.claimed import Claimed
from verikit.container.dates import Dated, dates_of, moment_of
from verikit.container.inspection import inspect
from verikit.media.video import open_video
from verikit.plots.dates import plot_dates
from verikit.records import Records, mimebundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verikit._html import Html
    from verikit.case.folder import Case
    from verikit.case.observations import Observation
    from verikit.plots.drawing import Figure

__all__ = ["CaseDates", "dates_of_case"]

# "2023-02-11T19:42:07Z (utc)", as the table of copies writes it.
_CLAIMED = re.compile(r"([0-9T:.Z+-]{4,40}) \((utc|local|unknown)\)")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CaseDates:
    """All dates of a case, the earliest first, each with what it is the date of and where it was read; drawn when asked."""

    dates: Records[Dated]
    name: str

    @property
    def timeline(self) -> Figure:
        """The dates on one line of time."""
        return plot_dates(list(self.dates), name=self.name)

    def to_dict(self) -> dict[str, Any]:
        """The dates as JSON."""
        return {"name": self.name, "dates": [dated.to_dict() for dated in self.dates]}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown = self.dates._repr_mimebundle_()
        html: Html = shown["text/html"]
        return mimebundle(self, plain_text=shown["text/plain"], html=html)


def dates_of_case(case: Case) -> CaseDates:
    """Step 07: all dates of the case, recorded as `timeline`, with the figure as timeline.png.

    Limits: a date is what someone or something says. It shows when the footage was made only as far as that can be relied on.
    """
    found = [*_of_clips(case), *_of_posts(case), *_of_evidence(case), *_of_people(case)]
    ordered = sorted(dict.fromkeys(found), key=_order)
    columns = ("value", "basis", "kind", "meaning", "origin")
    made = CaseDates(dates=Records(ordered, caption="Dates of the case", columns=columns), name="the case")
    parents = ["video", *(name for name in ("copies", "searches") if name in case.derived)]
    parents += [row.name for row in case.observations if row.observation.kind == "time"]
    case.record(made, name="timeline", operation="dates_of_case", parents=parents)
    case.keep_bytes(made.timeline.data, name="timeline.png", operation="figure", parents=["timeline"])
    return made


def _order(dated: Dated) -> tuple[float, str, str]:
    moment = moment_of(dated.value)
    return (moment.timestamp() if moment else float("-inf"), dated.kind, dated.origin)


def _dated(kind: str, value: str, *, meaning: str, origin: str) -> Dated:
    zoned = bool(re.search(r"T.*[+-]\d\d:\d\d$", value))
    basis = "utc" if value.endswith("Z") else "local" if zoned else "unknown"
    return Dated(kind=kind, value=value, basis=basis, meaning=meaning, origin=origin)


def _of_clips(case: Case) -> Iterator[Dated]:
    for clip in case.clips:
        for dated in dates_of(inspect(open_video(clip.video), claimed=Claimed())):
            yield dataclasses.replace(dated, origin=f"{clip.video_name}: {dated.origin}")


def _of_posts(case: Case) -> Iterator[Dated]:
    for number, post in enumerate(case.posts, start=1):
        if post.posted:
            who = post.account or "an account that was not recorded"
            yield _dated("posted", post.posted, meaning=f"{who} posted it", origin=f"post {number}")


def _of_evidence(case: Case) -> Iterator[Dated]:
    """The dates of copies that steps 03 and 04 found, which say them of themselves."""
    for name in case.derived:
        kind = name.rpartition("/")[2]
        if kind == "copies":
            for copy in case.evidence(name)["copies"]:
                for value, basis in _CLAIMED.findall(copy["claims_created"]) if copy["role"] != "the clip" else ():
                    meaning = f"{copy['name']} says so of itself, which anyone can write"
                    yield Dated(kind="copy", value=value, basis=basis, meaning=meaning, origin=name)
        elif kind == "searches":
            for search in case.evidence(name)["searches"]:
                if search["earliest_result_date"]:
                    meaning = f"a result of {search['engine']} says so of itself"
                    yield _dated("copy", search["earliest_result_date"], meaning=meaning, origin=name)


def _of_people(case: Case) -> Iterator[Dated]:
    for row in case.observations:
        seen: Observation = row.observation
        for when, value in (("not before", seen.earliest), ("not after", seen.latest)):
            if value:
                yield _dated("observed", value, meaning=f"{when}: {seen.what} ({seen.by})", origin=row.name)
