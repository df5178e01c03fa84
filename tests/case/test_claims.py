"""Claims: what a post says is kept word for word and split into five questions."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.case.claims import QUESTIONS, Claim, SubClaim, span_of_date
from verikit.records import RESULT_MIME

WORDS = st.text(min_size=1).filter(str.strip)
PARTS = st.lists(
    st.builds(
        SubClaim,
        key=st.integers(1, 99).map("S{}".format),
        asks=st.sampled_from(sorted(QUESTIONS)),
        text=WORDS,
        would_contradict=st.text(),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda part: part.key,
).map(tuple)


@given(
    claim=st.builds(Claim, text=WORDS, account=st.text(), posted=st.sampled_from(["", "2024-11-03"]), sub_claims=PARTS)
)
@settings(max_examples=40, deadline=None)
def test_from_dict_is_the_inverse_of_to_dict(claim: Claim) -> None:
    assert Claim.from_dict(claim.to_dict()) == claim


def test_a_claim_of_which_only_the_words_are_known_asks_five_questions() -> None:
    claim = Claim.from_text("A soldier watches a film")
    assert [part.key for part in claim.sub_claims] == ["S1", "S2", "S3", "S4", "S5"]
    assert [part.asks for part in claim.sub_claims] == ["who", "what", "where", "when", "source"]
    assert all(part.would_contradict for part in claim.sub_claims)


def test_a_post_gives_what_it_knows_and_its_other_fields_are_left_alone() -> None:
    post = {"text": "Це він", "account": "@a", "posted": "2024-11-03T10:15:00Z", "url": None, "likes": 8}
    claim = Claim.from_post(post)
    assert (claim.text, claim.account, claim.posted, claim.url) == ("Це він", "@a", "2024-11-03T10:15:00Z", "")
    own = [{"key": "S1", "asks": "where", "text": "In Kursk", "would_contradict": ""}]
    assert [part.text for part in Claim.from_post(post | {"sub_claims": own}).sub_claims] == ["In Kursk"]
    with pytest.raises(KeyError, match="text"):
        Claim.from_post({"account": "@a"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": " "},
        {"text": 5},
        {"text": "x" * 100_001},
        {"posted": "3 November"},
        {"posted": "2024-11-31"},
        {"posted": "20241103"},
        {"posted": "2024-11-03T10"},
        {"posted": "0001-01-01"},
        {"sub_claims": ()},
        {"sub_claims": (SubClaim(key="S1", asks="who", text="a"), SubClaim(key="S1", asks="who", text="b"))},
    ],
)
def test_a_claim_with_a_field_not_of_its_form_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError), match=r"claim"):
        Claim(**{"text": "a"} | wrong)


@pytest.mark.parametrize("wrong", [{"key": "S0"}, {"key": "1"}, {"asks": "why"}, {"text": ""}])
def test_a_sub_claim_with_a_field_not_of_its_form_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        SubClaim(**{"key": "S1", "asks": "who", "text": "a"} | wrong)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-11-03T10:15:30+02:00", "2024-11-03T08:15:30+00:00", "2024-11-03T08:15:31+00:00"),
        ("2024-11-03T10:15Z", "2024-11-03T10:15:00+00:00", "2024-11-03T10:16:00+00:00"),
        ("2024-11-03", "2024-11-02T10:00:00+00:00", "2024-11-04T12:00:00+00:00"),
        ("2024-12", "2024-11-30T10:00:00+00:00", "2025-01-01T12:00:00+00:00"),
        ("2024", "2023-12-31T10:00:00+00:00", "2025-01-01T12:00:00+00:00"),
    ],
)
def test_a_date_covers_every_moment_that_it_may_mean(text: str, first: str, last: str) -> None:
    assert span_of_date(text, where="x") == (dt.datetime.fromisoformat(first), dt.datetime.fromisoformat(last))


def test_a_claim_shows_itself_complete_and_a_strangers_markup_stays_text() -> None:
    claim = Claim(text="<script>alert(1)</script>\u202eabc", account="@a")
    shown = claim._repr_mimebundle_()
    assert "<script>" not in shown["text/html"]
    assert "&lt;script&gt;" in shown["text/html"]
    assert "\u202e" not in shown["text/html"] + shown["text/plain"]
    assert "S5: source" in shown["text/plain"]
    assert shown[RESULT_MIME] == {"kind": "Claim", "value": claim.to_dict()}
