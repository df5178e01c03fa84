"""Verdicts: a label is said only where its rule is kept."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.case.card import CaseCard
from verikit.case.claims import Claim, SubClaim
from verikit.case.evidence_kinds import COPY as COPIED
from verikit.case.evidence_kinds import FILE, NO_EVIDENCE, NOTHING_FOUND
from verikit.case.verdict_rules import check_verdict
from verikit.case.verdicts import (
    MEANINGS,
    OWN_DATE,
    DateIs,
    Decision,
    EarlierCopy,
    Label,
    Media,
    Status,
    Verdict,
)
from verikit.records import RESULT_MIME

PARTS = tuple(SubClaim(key=f"S{n}", asks="what", text=f"part {n}") for n in (1, 2))
CLAIM = Claim(text="a post", posted="2024-11-03T10:00:00Z", sub_claims=PARTS)
WORDS = st.text(min_size=1).filter(str.strip)


def decided(*statuses: str, rests_on: tuple[str, ...] = ("matches",)) -> tuple[Decision, ...]:
    return tuple(
        Decision(sub_claim=f"S{n}", status=Status(status), because="seen", rests_on=rests_on)
        for n, status in enumerate(statuses, start=1)
    )


def verdict(label: str, decisions: tuple[Decision, ...] = (), **more: object) -> Verdict:
    fields = {"media": (Media.UNDETERMINED,), "summary": "What was seen.", "limits": "What it does not show."}
    if "media" in more:
        fields |= {"media_because": "What shows it.", "media_rests_on": ("matches",)}
    return Verdict(label=Label(label), decisions=decisions, **fields | more)


COPY = EarlierCopy(
    reference="a.mp4", dated="2024-10-01", date_is=DateIs.TAKEN_IN, basis="the archive's record", evidence="matches"
)
BOTH = ("matches", "shots")

KEPT = [
    verdict("confirmed", decided("supported", "supported", rests_on=BOTH)),
    verdict("partly_confirmed", decided("supported", "not_established")),
    verdict("unverified", decided("not_established", "not_checked", rests_on=())),
    verdict("miscaptioned", decided("contradicted", "not_checked")),
    verdict("recycled", decided("contradicted", "supported"), earlier_copy=COPY),
    verdict("altered", decided("contradicted", "supported"), media=(Media.EDITED_OR_CROPPED,)),
    verdict("staged", decided("contradicted", "supported"), media=(Media.STAGED,)),
    verdict("satire", decided("contradicted", "supported"), media=(Media.SATIRE,)),
    verdict("synthetic", decided("contradicted", "supported"), media=(Media.TRANSFORMED,), media_rests_on=BOTH),
    verdict("superseded", decided("not_checked", "not_checked", rests_on=())),
]
HELD_BACK = [
    (verdict("confirmed", decided("supported", "not_established", rests_on=BOTH)), "every part"),
    (verdict("confirmed", decided("supported", "supported")), "two kinds"),
    (verdict("confirmed", decided("supported", "supported", rests_on=())), "every part"),
    (verdict("partly_confirmed", decided("supported", "not_established", rests_on=())), "at least one part"),
    (verdict("miscaptioned", decided("not_established", "supported")), "contradicted"),
    (verdict("miscaptioned", decided("contradicted", "supported", rests_on=())), "rests on evidence"),
    (verdict("altered", decided("contradicted", "supported")), "edited_or_cropped"),
    (verdict("staged", decided("contradicted", "supported")), "media staged"),
    (verdict("synthetic", decided("contradicted", "supported"), media=(Media.TRANSFORMED,)), "a score alone"),
    (verdict("unverified", decided("not_checked")), "S2: no decision"),
    (verdict("unverified", decided("not_checked", "not_checked", "supported")), "S3: the claim has no such part"),
]


@pytest.mark.parametrize("said", KEPT, ids=lambda said: said.label)
def test_a_label_whose_rule_is_kept_may_be_said(said: Verdict) -> None:
    assert check_verdict(said, CLAIM) == ()


@pytest.mark.parametrize(("said", "why"), HELD_BACK)
def test_a_label_whose_rule_is_not_kept_is_held_back_and_told_why(said: Verdict, why: str) -> None:
    assert why in "; ".join(check_verdict(said, CLAIM))


def test_two_pieces_of_evidence_of_one_kind_do_not_confirm() -> None:
    said = verdict("confirmed", decided("supported", "supported", rests_on=("matches", "more_matches")))
    assert check_verdict(said, CLAIM, kinds={"matches": COPIED, "more_matches": FILE}) == ()
    assert check_verdict(said, CLAIM, kinds={"matches": COPIED, "more_matches": COPIED})


@pytest.mark.parametrize(
    ("dated", "posted", "before"),
    [
        ("2024-11-01", "2024-11-03T10:00:00Z", True),
        ("2024-11-03T09:59:59Z", "2024-11-03T10:00:00Z", True),
        ("2024-11-03T11:30:00+02:00", "2024-11-03T10:00:00Z", True),
        ("2024-10", "2024-11-03", True),
        ("2024-11-03T10:00:00Z", "2024-11-03T10:00:00Z", False),
        ("2024-11-03", "2024-11-03T10:00:00Z", False),
        # A day without a zone may end in another zone after the next day began elsewhere.
        ("2024-11-02", "2024-11-03", False),
        ("2024", "2024-11-03", False),
        ("2024-12-01", "2024-11-03", False),
        ("2024-10-01", "", False),
    ],
)
def test_recycled_needs_a_copy_that_surely_came_before_the_post(dated: str, posted: str, before: bool) -> None:  # noqa: FBT001 - the truth of a row of the table
    said = verdict(
        "recycled", decided("contradicted", "supported"), earlier_copy=dataclasses.replace(COPY, dated=dated)
    )
    assert (check_verdict(said, dataclasses.replace(CLAIM, posted=posted)) == ()) is before


# ------------------------------------------------------------------------------------------------ attempts to cheat the rules

UNMATCHED = {"searched": NOTHING_FOUND, "verdict": NO_EVIDENCE, "matches": COPIED, "container": FILE, "more": COPIED}
CHEATS = {
    "unverified where a part is contradicted: it would pass for false": (
        verdict("unverified", decided("contradicted", "not_established")),
        "unverified does not mean false",
    ),
    "supported by nothing": (verdict("unverified", decided("supported", "not_checked", rests_on=())), "no evidence"),
    "supported by a search that found nothing": (
        verdict("partly_confirmed", decided("supported", "not_checked", rests_on=("searched",))),
        "nothing follows",
    ),
    "contradicted by a search that found nothing": (
        verdict("miscaptioned", decided("contradicted", "not_checked", rests_on=("searched",))),
        "needs at least one part that is contradicted",
    ),
    "confirmed by one source under two names": (
        verdict("confirmed", decided("supported", "supported", rests_on=("matches", "more"))),
        "two kinds",
    ),
    "confirmed by a match and by a search that found nothing": (
        verdict("confirmed", decided("supported", "supported", rests_on=("matches", "searched"))),
        "two kinds",
    ),
    "confirmed by a match and by the verdict itself": (
        verdict("confirmed", decided("supported", "supported", rests_on=("matches", "verdict"))),
        "two kinds",
    ),
    "one part with two kinds lends them to the other": (
        verdict(
            "confirmed",
            (*decided("supported", rests_on=("matches", "container")), *decided("supported", "supported")[1:]),
        ),
        "for each part (S2)",
    ),
    "original, as nothing was found": (
        verdict("unverified", decided("not_checked", "not_checked"), media=("original",), media_rests_on=("searched",)),
        "no match is no evidence",
    ),
    "original without a word of evidence": (
        verdict("unverified", decided("not_checked", "not_checked"), media=("original",), media_rests_on=()),
        "names no evidence",
    ),
    "decontextualized without a reason": (
        verdict("miscaptioned", decided("contradicted", "not_checked"), media=("decontextualized",), media_because=""),
        "media_because",
    ),
    "recycled without a match": (
        verdict("recycled", decided("not_checked", "not_checked"), earlier_copy=dataclasses.replace(COPY, evidence="")),
        "needs a match",
    ),
    "recycled by what the file says": (
        verdict(
            "recycled",
            decided("not_checked", "not_checked"),
            earlier_copy=dataclasses.replace(COPY, evidence="container"),
        ),
        "container shows no other copy",
    ),
    "recycled by a search that found nothing": (
        verdict(
            "recycled",
            decided("not_checked", "not_checked"),
            earlier_copy=dataclasses.replace(COPY, evidence="searched"),
        ),
        "searched shows no other copy",
    ),
    "altered by what the file says of its making": (
        verdict(
            "altered",
            decided("contradicted", "not_checked"),
            media=("transformed",),
            media_rests_on=("container",),
        ),
        "evidence of the edit itself",
    ),
    "staged, as no earlier copy was found": (
        verdict("staged", decided("not_checked", "not_checked"), media=("staged",), media_rests_on=("searched",)),
        "evidence that shows it",
    ),
    "satire, called something else": (
        verdict("satire", decided("not_checked", "not_checked"), media=("original",)),
        "media satire",
    ),
    "synthetic by a score": (
        verdict(
            "synthetic", decided("not_checked", "not_checked"), media=("transformed",), media_rests_on=("container",)
        ),
        "a score alone",
    ),
    "synthetic, and the footage undetermined": (
        verdict("synthetic", decided("not_checked", "not_checked"), media_rests_on=("container", "matches")),
        "media transformed",
    ),
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_no_way_around_a_rule_is_open(cheat: str) -> None:
    said, why = CHEATS[cheat]
    assert why in "; ".join(check_verdict(said, CLAIM, kinds=UNMATCHED))


def test_an_earlier_copy_comes_before_every_post_not_only_before_the_first() -> None:
    said = verdict("recycled", decided("not_checked", "not_checked"), earlier_copy=COPY)
    assert check_verdict(said, CLAIM, posted=["2024-11-04", ""]) == ()
    assert any("2024-09-30" in told for told in check_verdict(said, CLAIM, posted=["2024-09-30"]))


def test_a_verdict_of_before_it_named_what_the_media_rests_on_still_reads() -> None:
    old = {key: value for key, value in KEPT[0].to_dict().items() if not key.startswith("media_")}
    assert Verdict.from_dict(old).media_rests_on == ()


def test_a_decision_about_another_wording_does_not_count() -> None:
    old = tuple(dataclasses.replace(d, asked="part as it was before") for d in decided("not_checked", "not_checked"))
    assert any("another wording" in problem for problem in check_verdict(verdict("unverified", old), CLAIM))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"limits": " "}, "limits"),
        ({"summary": ""}, "summary"),
        ({"media": ()}, "media"),
        ({"media": (Media.UNDETERMINED, Media.STAGED)}, "alone"),
        ({"media": (Media.ORIGINAL, Media.EDITED_OR_CROPPED)}, "original"),
        ({"media": ("genuine",)}, "genuine"),
        ({"decisions": decided("supported") * 2}, "one decision"),
        ({"label": "recycled"}, "earlier copy"),
        ({"label": "debunked"}, "debunked"),
    ],
)
def test_a_verdict_that_lacks_a_sentence_or_contradicts_itself_cannot_be_made(
    fields: dict[str, object], said: str
) -> None:
    whole = {"label": "unverified", "media": (Media.UNDETERMINED,), "summary": "s", "limits": "l"}
    with pytest.raises(ValueError, match=said):
        Verdict(**whole | fields)


def test_a_decision_needs_a_reason_unless_nothing_was_checked() -> None:
    assert Decision(sub_claim="S1", status=Status.NOT_CHECKED, because="").because == ""
    with pytest.raises(ValueError, match="because"):
        Decision(sub_claim="S1", status=Status.SUPPORTED, because=" ")
    with pytest.raises(ValueError, match="basis"):
        EarlierCopy(reference="a", dated="2024", date_is="published", basis="")
    with pytest.raises(ValueError, match="seen"):
        EarlierCopy(reference="a", dated="2024", date_is="seen", basis="b")


@given(
    said=st.builds(
        Verdict,
        label=st.sampled_from([label for label in Label if label is not Label.RECYCLED]),
        media=st.sampled_from([(Media.ORIGINAL, Media.DECONTEXTUALIZED), (Media.STAGED,)]),
        summary=WORDS,
        limits=WORDS,
        decisions=st.lists(
            st.builds(Decision, sub_claim=WORDS, status=st.sampled_from(Status), because=WORDS, rests_on=st.just(BOTH)),
            max_size=3,
            unique_by=lambda decision: decision.sub_claim,
        ).map(tuple),
        media_because=WORDS,
        media_rests_on=st.sampled_from([(), BOTH]),
        earlier_copy=st.none() | st.builds(dataclasses.replace, st.just(COPY), date_is=st.sampled_from(DateIs)),
    )
)
@settings(max_examples=40, deadline=None)
def test_from_dict_is_the_inverse_of_to_dict(said: Verdict) -> None:
    assert Verdict.from_dict(said.to_dict()) == said


def test_the_board_shows_each_decision_in_words_and_escapes_what_was_typed() -> None:
    said = verdict("unverified", decided("not_established", "not_checked"), summary="<b>no</b>")
    shown = said._repr_mimebundle_()
    assert "&lt;b&gt;no" in shown["text/html"]
    assert "not established" in shown["text/html"]
    assert "S2: not checked: seen [evidence: matches]" in shown["text/plain"]
    assert "does not show that it is false" in shown["text/plain"]
    assert shown[RESULT_MIME]["value"] == said.to_dict()


@pytest.mark.parametrize("kind", DateIs)
def test_an_earlier_copy_is_dated_and_says_what_that_date_is(kind: DateIs) -> None:
    copy = dataclasses.replace(COPY, date_is=kind)
    said = verdict("recycled", decided("contradicted", "supported"), earlier_copy=copy)
    assert check_verdict(said, CLAIM) == ()
    shown = said._repr_mimebundle_()
    for text in (shown["text/plain"], shown["text/html"].replace("&#x27;", "'")):
        assert "A copy of the footage is dated before the post." in text
        assert "dated 2024-10-01 (" + kind.in_words in text
        assert (OWN_DATE in text) is (kind is DateIs.CLAIMED_BY_FILE)
    assert ("published" in shown["text/plain"]) is (kind is DateIs.PUBLISHED)


def test_every_label_has_its_meaning() -> None:
    assert set(MEANINGS) == set(Label)


def test_the_card_shows_parts_that_nobody_decided_yet() -> None:
    card = CaseCard(case="c", claim=CLAIM, video="a.mp4", sha256="0" * 64, size=5, decisions=decided("supported"))
    shown = card._repr_mimebundle_()
    assert "S1 what: part 1 - supported" in shown["text/plain"]
    assert "S2 what: part 2 - no decision yet" in shown["text/plain"]
    assert "verdict: none yet" in shown["text/plain"]
