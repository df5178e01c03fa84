"""All consistency checks of one file, run over what was read: each gives one Finding, contradictions first."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from verikit.container import consistency
from verikit.container.claim_checks import CLAIM_CHECKS
from verikit.container.completeness import check_media_present
from verikit.container.date_checks import DATE_CHECKS
from verikit.container.edit_checks import EDIT_CHECKS
from verikit.container.examined import Examined, Strength
from verikit.container.origin_checks import ORIGIN_CHECKS
from verikit.container.place_checks import PLACE_CHECKS
from verikit.container.structure_checks import STRUCTURE_CHECKS
from verikit.container.timing_checks import TIMING_CHECKS
from verikit.records import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CHECKS", "run_container_checks"]

BASIC: tuple[tuple[Strength, Callable[[Examined], Finding]], ...] = (
    (Strength.TRACE, lambda seen: consistency.check_readers(seen.problems)),
    (Strength.CONTRADICTION, lambda seen: consistency.check_structure(seen.structure)),
    (Strength.CONTRADICTION, lambda seen: check_media_present(seen.media)),
    (Strength.CONTRADICTION, lambda seen: consistency.check_creation_time(seen.facts, today=seen.today)),
    (Strength.TRACE, lambda seen: consistency.check_dates_agree(seen.facts)),
    (Strength.TRACE, lambda seen: consistency.check_edit_lists(seen.movie)),
    (
        Strength.TRACE,
        lambda seen: consistency.check_track_durations([(s.type, s.duration) for s in seen.streams if s.duration]),
    ),
    (
        Strength.TRACE,
        lambda seen: consistency.check_device_and_software(seen.facts, handlers=seen.evidence.handlers),
    ),
)
# A new check: a function of Examined in the room of its subject, and its name in that room's tuple.
CHECKS: tuple[Callable[[Examined], Finding], ...] = (
    *EDIT_CHECKS,
    *STRUCTURE_CHECKS,
    *ORIGIN_CHECKS,
    *DATE_CHECKS,
    *PLACE_CHECKS,
    *CLAIM_CHECKS,
    *TIMING_CHECKS,
)
ORDER = (Outcome.ANOMALY, Outcome.INCONCLUSIVE, Outcome.NONE_FOUND, Outcome.NOT_APPLICABLE)
STRENGTHS = tuple(strength.value for strength in Strength)


def run_container_checks(seen: Examined) -> tuple[Finding, ...]:
    """One finding for each check: anomalies first and among them contradictions first, then what is context alone."""
    found = [_spoken(strength, check(seen)) for strength, check in BASIC] + [check(seen) for check in CHECKS]
    return tuple(sorted(found, key=lambda f: (ORDER.index(f.outcome), STRENGTHS.index(str(f.params.get("strength"))))))


def _spoken(strength: Strength, finding: Finding) -> Finding:
    """The finding with its strength, said where something was seen. What nothing follows from is context."""
    strength = Strength.CONTEXT if finding.outcome is Outcome.INCONCLUSIVE else strength
    told = finding.outcome in {Outcome.ANOMALY, Outcome.INCONCLUSIVE}
    return dataclasses.replace(
        finding,
        params={**finding.params, "strength": strength.value},
        summary=f"{strength.value.capitalize()}: {finding.summary}" if told else finding.summary,
    )
