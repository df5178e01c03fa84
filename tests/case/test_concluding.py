"""The end of a case: what the evidence really holds, the second reader, and the review to publish."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.case.claim_review import CATEGORIES, ClaimReview, claim_review
from verikit.case.claims import Claim, SubClaim
from verikit.case.clips import Clip
from verikit.case.evidence_kinds import COPY, NOTHING_FOUND, independent_kinds
from verikit.case.opening import Further, new_case
from verikit.case.posts import Post
from verikit.case.readings import Reading
from verikit.case.report import report_page
from verikit.case.verdicts import Decision, EarlierCopy, Label, Media, Status, Verdict
from verikit.errors import AuditError
from verikit.keyframes.searches import Search, Searches
from verikit.records import Records

if TYPE_CHECKING:
    from verikit.case.folder import Case

HERE = Path(__file__).resolve().parent
NOTEBOOKS = HERE.parents[1] / "notebooks"
PARTS = tuple(SubClaim(key=f"S{n}", asks="what", text=f"part {n}") for n in (1, 2))
CLAIM = Claim(text="a post", posted="2024-11-05T10:00Z", url="https://example.org/1", account="@a", sub_claims=PARTS)


@dataclasses.dataclass(frozen=True)
class CopySearch:
    """What step 04 records, as far as a verdict looks into it."""

    confirmed: bool = True

    def to_dict(self) -> dict[str, Any]:
        match = {"reference": "older.mp4", "confirmed": self.confirmed}
        copies = [{"name": "older.mp4", "claims_created": "2023-02-11T19:42:07Z (utc)"}]
        return {"search": {"matches": [match]}, "copies": copies}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    (tmp_path / "clip.mp4").write_bytes(b"moving pictures")
    further = Further(posts=(json.dumps({"text": "again", "posted": "2024-11-06"}).encode(),))
    case = new_case(
        tmp_path / "case", video=tmp_path / "clip.mp4", claim=CLAIM, notebooks=NOTEBOOKS, by="Ada", further=further
    )
    case.record(CopySearch(), name="copies")
    case.decide("S1", status="contradicted", because="an older copy", rests_on=["copies"])
    case.decide("S2", status="not_checked", because="")
    return case


def recycled(case: Case, **change: Any) -> Verdict:
    copy = {
        "reference": "older.mp4",
        "dated": "2023-02-11",
        "date_is": "claimed_by_file",
        "basis": "a tag",
        "evidence": "copies",
    }
    return Verdict(
        label=Label.RECYCLED,
        media=(Media.DECONTEXTUALIZED,),
        media_because="older",
        media_rests_on=("copies",),
        summary="s",
        limits="l",
        decisions=case.decisions,
        earlier_copy=EarlierCopy(**copy | change),
    )


# ---------------------------------------------------------------------------------------------- what the evidence really holds


def test_recycled_holds_to_the_match_and_the_date_that_the_evidence_has(case: Case) -> None:
    case.conclude(recycled(case))
    assert case.derived["verdict"].parents == (("copies", case.derived["copies"].sha256),)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reference": "another.mp4"}, "no confirmed match with another.mp4"),
        ({"dated": "2022-01-01"}, "does not claim the date 2022-01-01"),
        ({"evidence": ""}, "needs a match"),
        ({"evidence": "nothing"}, "'nothing' was not derived"),
        ({"dated": "2024-11-06", "date_is": "published"}, "does not surely come before"),
    ],
)
def test_recycled_is_held_back_where_the_evidence_says_otherwise(case: Case, change: dict[str, str], said: str) -> None:
    with pytest.raises(AuditError) as held:
        case.conclude(recycled(case, **change))
    assert said in "; ".join(held.value.problems)


def test_recycled_by_a_search_outside_has_the_date_that_was_found(case: Case) -> None:
    found = Search(
        still="s", variant="plain", engine="e", outcome="found", earliest_result_url="https://example.org/9",
        earliest_result_date="2023-02",
    )  # fmt: skip
    case.record(Searches(made=Records([found], caption="c", columns=("engine",)), not_searched=0), name="searches")
    change = {"reference": "a page", "date_is": "published", "evidence": "searches"}
    with pytest.raises(AuditError, match="gives the date 2022"):
        case.conclude(recycled(case, **change | {"dated": "2022"}))
    case.conclude(recycled(case, **change | {"dated": "2023-02"}))


def test_a_date_of_publication_is_recorded_before_a_verdict_rests_on_it(case: Case) -> None:
    change = {"date_is": "published", "dated": "2023-02-11"}
    with pytest.raises(AuditError, match="nothing recorded here gives the date 2023-02-11"):
        case.conclude(recycled(case, **change))
    case.observe(
        "upload", kind="time", what="the site's own record of the upload", latest="2023-02-11", sure="certain",
        about="S1", fits="does_not_fit", compared_with="an archived copy of the page",
    )  # fmt: skip
    case.conclude(recycled(case, **change))


@pytest.mark.parametrize(
    ("status", "fits", "sure", "said"),
    [
        ("supported", "undecided", "certain", "nothing follows"),
        ("contradicted", "fits", "cannot_tell", "nothing follows"),
        ("supported", "does_not_fit", "certain", "says does not fit"),
        ("contradicted", "fits", "certain", "says fits"),
    ],
)
def test_an_observation_carries_only_what_it_says(case: Case, status: str, fits: str, sure: str, said: str) -> None:
    case.observe(
        "hat", kind="seen", what="a hat", at=(0, 1), sure=sure, about="S2", fits=fits, compared_with="a picture"
    )
    case.decide("S2", status=status, because="the hat", rests_on=["observed/hat"])
    with pytest.raises(AuditError) as held:
        case.conclude(recycled(case))
    assert said in "; ".join(held.value.problems)


@pytest.mark.parametrize("kind", ["Match", "Comparison", "ArchiveSearch", "Search"])
@pytest.mark.parametrize("confirmed", [True, False])
def test_a_match_that_is_not_confirmed_is_no_copy(case: Case, kind: str, confirmed: bool) -> None:  # noqa: FBT001 - the truth of a row
    match = {"reference": "r", "confirmed": confirmed}
    held = {"Match": match, "Comparison": {"matches": [match]}, "ArchiveSearch": {"search": {"matches": [match]}}}
    fields = {"to_dict": lambda _: held.get(kind, {"matches": [match]})}
    case.record(type(kind, (), fields)(), name="compared")
    kinds = independent_kinds(["compared"], case.derived, case.evidence)
    assert kinds == {"compared": COPY if confirmed else NOTHING_FOUND}


def test_a_search_without_a_confirmed_match_carries_nothing(case: Case) -> None:
    case.record(CopySearch(confirmed=False), name="copies")
    case.decide("S1", status="contradicted", because="an older copy", rests_on=["copies"])
    with pytest.raises(AuditError) as held:
        case.conclude(recycled(case))
    told = "; ".join(held.value.problems)
    assert "S1: contradicted, and rests on evidence from which nothing follows" in told
    assert "no match is no evidence" in told
    assert "copies shows no other copy" in told


def test_an_earlier_copy_comes_before_all_posts_of_the_case(case: Case) -> None:
    case = new_case(
        case.folder.parent / "other",
        video=case.folder.parent / "clip.mp4",
        claim=CLAIM,
        notebooks=NOTEBOOKS,
        further=Further(posts=(b'{"text": "long before", "posted": "2023-01-01"}',)),
    )
    case.record(CopySearch(), name="copies")
    case.decide("S1", status="contradicted", because="an older copy", rests_on=["copies"])
    case.decide("S2", status="not_checked", because="")
    with pytest.raises(AuditError) as held:
        case.conclude(recycled(case))
    assert "does not surely come before 2023-01-01" in "; ".join(held.value.problems)


def test_a_verdict_rests_on_no_verdict_and_media_on_what_is_there(case: Case) -> None:
    case.conclude(recycled(case))
    case.decide("S1", status="supported", because="as concluded", rests_on=["verdict"])
    said = dataclasses.replace(
        recycled(case), label=Label.PARTLY_CONFIRMED, earlier_copy=None, media_rests_on=("verdict", "gone")
    )
    with pytest.raises(AuditError) as held:
        case.conclude(said)
    told = "; ".join(held.value.problems)
    assert "S1: supported, and rests on evidence from which nothing follows" in told
    assert "media: 'gone' was not derived in this case" in told


# ------------------------------------------------------------------------------------------------------------ the second reader


def test_a_second_reader_agrees_and_dissents_beside_the_verdict(case: Case) -> None:
    with pytest.raises(ValueError, match="no verdict to read"):
        case.second_reader("Bo", agrees=["S1"])
    case.conclude(recycled(case))
    reading = case.second_reader("Bo", agrees=["S1", "media"], dissents={"label": "too <b>early</b>"}, text="Seen.")
    assert case.second_reading == reading == Reading.from_dict(json.loads(json.dumps(reading.to_dict())))
    assert case.entries[-1].body["text"] == (
        "Second reader: Bo. Agrees on S1, media. Dissents on label: too <b>early</b>. Seen."
    )
    assert "second reader: Bo. Agrees on S1, media." in case.card()._repr_mimebundle_()["text/plain"]
    assert "<b>" not in reading._repr_mimebundle_()["text/html"]
    with pytest.raises(ValueError, match="kept for second_reader"):
        case.record(reading, name="second_reading")


def test_a_reading_is_of_one_verdict_and_not_of_the_next(case: Case) -> None:
    case.conclude(recycled(case))
    case.second_reader("Bo", agrees=["label"])
    case.conclude(dataclasses.replace(recycled(case), summary="otherwise"))
    assert case.second_reading is None
    case.conclude(recycled(case))
    assert case.second_reading is not None


def test_the_report_shows_further_posts_the_reason_for_the_media_and_the_dissent(case: Case) -> None:
    before = report_page(case)
    assert "Post 2, as it was recorded: 2024-11-06" in before
    assert "Second reader" not in before
    case.conclude(recycled(case))
    case.second_reader("Bo <b>", agrees=["S1"], dissents={"label": "too early"})
    page = report_page(case)
    assert "The footage itself: decontextualized. older" in page
    assert re.search(r"<p>Evidence: [^\n]*>copies<", page)
    assert "Second reader: Bo &lt;b&gt;." in page
    assert "too early" in page


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"by": " ada "}, "someone else"),
        ({"by": " "}, "by"),
        ({"agrees": ["S7"]}, "no 'S7'"),
        ({"dissents": {"S1": " "}}, "reason"),
        ({"agrees": ["S1"], "dissents": {"S1": "no"}}, "agrees with and dissents from S1"),
        ({"agrees": []}, "says nothing"),
    ],
)
def test_a_reading_that_is_none_is_refused(case: Case, given_: dict[str, Any], said: str) -> None:
    case.conclude(recycled(case))
    with pytest.raises(ValueError, match=said):
        case.second_reader(**{"by": "Bo", "agrees": ["S1"]} | given_)


# ---------------------------------------------------------------------------------------------------------- the review to publish


POSTS = (
    Post(text="a post", language="en", url="https://example.org/1", account="@a", posted="2024-11-05T10:00Z"),
    Post(text="noch", url="https://example.org/2", archived="https://example.org/x https://example.org/y"),
)
CLIPS = (Clip(name="clip_1", path="inputs/a.mp4", file="a.mp4", sha256="0" * 64, size=5),)


def review(
    media: tuple[Media, ...] = (Media.UNDETERMINED,), label: Label = Label.UNVERIFIED, **more: Any
) -> ClaimReview:
    decisions = (Decision(sub_claim="S1", status=Status.NOT_ESTABLISHED, because="no trace"),)
    verdict = Verdict(
        label=label, media=media, media_because="m", summary="s", limits="l", decisions=decisions,
        earlier_copy=EarlierCopy(reference="o", dated="2023", date_is="published", basis="b") if label is Label.RECYCLED else None,
    )  # fmt: skip
    return claim_review(verdict, POSTS, clips=CLIPS, author="A Newsroom", **more)


def terms(value: Any) -> set[str]:
    """Every key and every type of a JSON-LD document, but its own words."""
    if isinstance(value, list):
        return set().union(*map(terms, value), set())
    if not isinstance(value, dict):
        return set()
    types = value.get("@type", [])
    found = {types} if isinstance(types, str) else set(types)
    return found | {key for key in value if not key.startswith("@")} | set().union(*map(terms, value.values()))


def test_the_review_has_what_schema_org_asks_and_only_its_terms() -> None:
    made = review(published="2024-11-08", url="https://example.org/check").to_dict()
    known = json.loads((HERE / "contexts/ro-crate-1.1.jsonld").read_text(encoding="utf-8"))["@context"]
    # Terms that schema.org took up after that context was made.
    newer = {"MediaReview", "mediaAuthenticityCategory", "originalMediaContextDescription", "archivedAt", "sha256"}
    assert terms(made) <= set(known) | newer
    claimed, media = made["@graph"]
    assert made["@context"] == "https://schema.org"
    assert (claimed["@type"], media["@type"]) == ("ClaimReview", "MediaReview")
    assert claimed["claimReviewed"] == "a post"
    assert claimed["author"] == media["author"] == {"@type": "Organization", "name": "A Newsroom"}
    assert claimed["datePublished"] == media["datePublished"] == "2024-11-08"
    item = claimed["itemReviewed"]
    assert (item["@type"], item["author"]["name"], item["datePublished"]) == ("Claim", "@a", "2024-11-05T10:00Z")
    assert [one["url"] for one in item["appearance"]] == ["https://example.org/1", "https://example.org/2"]
    assert item["appearance"][1]["archivedAt"] == ["https://example.org/x", "https://example.org/y"]
    assert media["itemReviewed"] == {
        "@type": "VideoObject",
        "name": "a.mp4",
        "sha256": "0" * 64,
        "contentSize": "5 B",
        "contentUrl": "https://example.org/1",
    }


def test_the_rating_is_words_and_never_a_number() -> None:
    for label in Label:
        rating = review(label=label).to_dict()["@graph"][0]["reviewRating"]
        assert rating["alternateName"] == label.replace("_", " ")
        assert set(rating) == {"@type", "alternateName", "ratingExplanation"}
    assert "does not show that it is false" in review().to_dict()["@graph"][0]["reviewRating"]["ratingExplanation"]


def test_footage_that_is_undetermined_gets_no_category() -> None:
    assert "mediaAuthenticityCategory" not in review().to_dict()["@graph"][1]
    one = review((Media.DECONTEXTUALIZED,)).to_dict()["@graph"][1]
    assert one["mediaAuthenticityCategory"] == "https://schema.org/DecontextualizedContent"
    two = review((Media.DECONTEXTUALIZED, Media.STAGED)).to_dict()["@graph"][1]
    assert len(two["mediaAuthenticityCategory"]) == 2
    assert set(CATEGORIES) == set(Media) - {Media.UNDETERMINED}


@pytest.mark.parametrize(
    ("change", "said"),
    [({"author": ""}, "author"), ({"published": "soon"}, "published"), ({"author_is": "Bot"}, "Organization, Person")],
)
def test_a_review_without_an_author_or_with_no_date_is_refused(change: dict[str, str], said: str) -> None:
    verdict = Verdict(label="unverified", media=("undetermined",), summary="s", limits="l")
    with pytest.raises(ValueError, match=said):
        claim_review(verdict, POSTS, clips=CLIPS, **{"author": "A"} | change)


@given(label=st.sampled_from(Label), words=st.sampled_from([(Media.STAGED,), (Media.UNDETERMINED,)]))
@settings(max_examples=20, deadline=None)
def test_a_review_reads_back(label: Label, words: tuple[Media, ...]) -> None:
    made = review(words, label)
    assert ClaimReview.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_the_same_verdict_gives_the_same_bytes_and_lies_in_the_case(case: Case) -> None:
    with pytest.raises(ValueError, match="conclude first"):
        case.claim_review("A Newsroom")
    case.conclude(recycled(case))
    case.claim_review("A Newsroom", published="2024-11-08")
    first = case.evidence_path("claim_review").read_bytes()
    made = case.claim_review("A Newsroom", published="2024-11-08")
    assert case.evidence_path("claim_review").read_bytes() == first
    assert json.loads(first) == made.to_dict()
    shown = made._repr_mimebundle_()
    assert "media category: DecontextualizedContent" in shown["text/plain"]
    assert "<script" not in shown["text/html"]
