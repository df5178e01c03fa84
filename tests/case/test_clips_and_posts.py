"""A case of several clips and posts: each step can be done per clip, and a case of one clip is what it always was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from verikit.case.claims import Claim, SubClaim
from verikit.case.opening import Further, new_case, open_case
from verikit.case.posts import Post, read_post
from verikit.errors import AuditError, MediaError
from verikit.records import Finding, Outcome

if TYPE_CHECKING:
    from verikit.case.folder import Case

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
FINDING = Finding(check="c", outcome=Outcome.NONE_FOUND, summary="s", limits="l")
PARTS = (SubClaim(key="S1", asks="what", text="a part"),)
CLAIM = Claim(text="a post", posted="2024-11-05", url="https://example.org/1", sub_claims=PARTS)
SECOND = {
    "text": "Пост <b>",
    "language": "ru",
    "posted": "2024-11-04T10:00Z",
    "account": "@b",
    "translation": "a post",
    "translator": "N. N.",
    "archived": ["https://example.org/a", "https://example.org/b"],
    "more": 1,
}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    for folder, data in (("a", b"one"), ("b", b"two"), ("c", b"three")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "clip.mp4").write_bytes(data)
    videos = (tmp_path / "b/clip.mp4", tmp_path / "c/clip.mp4")
    further = Further(videos=videos, posts=(json.dumps(SECOND).encode(),))
    return new_case(
        tmp_path / "case",
        video=tmp_path / "a/clip.mp4",
        claim=CLAIM,
        notebooks=NOTEBOOKS,
        post=b'{"text": "a post"}',
        by="Ada",
        further=further,
    )


def test_all_clips_and_posts_are_taken_in_under_names_of_their_own(case: Case) -> None:
    assert [(clip.name, clip.path, clip.file, clip.of) for clip in case.videos] == [
        ("clip_1", "inputs/clip.mp4", "clip.mp4", 3),
        ("clip_2", "inputs/clip_2.mp4", "clip.mp4", 3),
        ("clip_3", "inputs/clip_3.mp4", "clip.mp4", 3),
    ]
    assert [clip.video.read_bytes() for clip in case.clips] == [b"one", b"two", b"three"]
    first, second = case.posts
    assert (first.text, first.file) == ("a post", "inputs/post.json")
    assert (second.text, second.file) == ("Пост <b>", "inputs/post_2.json")
    assert second.archived == "https://example.org/a https://example.org/b"


def test_what_is_derived_from_a_further_clip_has_its_name_before_its_own(case: Case) -> None:
    for clip in case.clips:
        assert clip.record(FINDING, name="look", parents=["video"]) == "look"
        clip.keep_bytes(clip.video_name.encode(), name="look/still.png", operation="still", parents=["look", "video"])
    assert set(case.derived) == {
        *("look", "look/still.png", "clip_2/look", "clip_2/look/still.png", "clip_3/look", "clip_3/look/still.png"),
    }
    second = case.for_clip("clip_2")
    assert case.derived["clip_2/look"].parents == (("inputs/clip_2.mp4", second.video_sha256),)
    assert [name for name, _ in case.derived["clip_2/look/still.png"].parents] == ["clip_2/look", "inputs/clip_2.mp4"]
    assert second.evidence("look") == case.evidence("clip_2/look")
    assert second.evidence_path("look/still.png").parent == case.folder / "derived/clip_2/look"
    case.decide("S1", status="supported", because="seen", rests_on=["look", "clip_2/look"])


def test_what_people_observe_in_a_further_clip_is_of_that_clip(case: Case) -> None:
    case.for_clip("clip_3").observe("hat", kind="seen", what="a hat", at=(0, 1), sure="certain")
    case.observe("hat", kind="seen", what="another hat", at=(0, 1), sure="certain")
    assert [row.name for row in case.observations] == ["clip_3/observed/hat", "observed/hat"]
    assert case.for_clip("clip_3").observations == case.observations
    case.decide("S1", status="supported", because="seen", rests_on=["clip_3/observed/hat"])


def test_the_first_clip_keeps_plain_names_and_no_other_clip_is_there(case: Case) -> None:
    assert case.for_clip("clip_1") == case
    for wrong in ("clip_4", "", "../x", 2):
        with pytest.raises(ValueError, match="it has clip_1, clip_2, clip_3"):
            case.for_clip(wrong)  # type: ignore[arg-type] # also what is no name


def test_the_board_shows_all_clips_and_posts(case: Case) -> None:
    for clip in case.clips:
        shown = clip.card()._repr_mimebundle_()
        assert all(f"clip {number}: clip.mp4" in shown["text/plain"] for number in (1, 2, 3))
        assert "post 2: @b, 2024-11-04T10:00Z: Пост <b> (in translation by N. N.: a post)" in shown["text/plain"]
        assert "<b>" not in shown["text/html"]
    assert str(case.for_clip("clip_2").heading[0]) == "Clip 2 of 3: clip.mp4"


def test_what_becomes_known_of_the_post_is_told_and_its_words_stay(case: Case) -> None:
    count = len(case.entries)
    assert case.describe_post() == case.claim
    assert len(case.entries) == count
    with pytest.raises(ValueError, match="translator"):
        case.describe_post(translation="a post")
    with pytest.raises(ValueError, match="ISO 8601"):
        case.describe_post(posted="yesterday")
    case.describe_post(posted="2024-11-05T18:20+02:00", translation="eine Nachricht", translator="N. N.")
    claim = open_case(case.folder).claim
    assert (claim.text, claim.posted, claim.translator) == ("a post", "2024-11-05T18:20+02:00", "N. N.")
    assert claim.sub_claims == PARTS
    assert case.entries[-1].body["claim"] == claim.to_dict()
    assert "in translation: eine Nachricht (N. N.)" in case.card()._repr_mimebundle_()["text/plain"]


def test_a_clip_or_post_that_was_changed_is_noticed(case: Case) -> None:
    second = case.folder / "inputs/clip_2.mp4"
    second.chmod(0o644)
    second.write_bytes(b"twO")
    with pytest.raises(AuditError, match=r"clip_2\.mp4"):
        case.check_video()
    second.write_bytes(b"longer")
    with pytest.raises(AuditError, match="its size differs"):
        open_case(case.folder)
    second.unlink()
    with pytest.raises(AuditError, match="missing"):
        open_case(case.folder)
    (case.folder / "inputs/post_2.json").write_text('{"text": "otherwise"}', encoding="utf-8")
    with pytest.raises(AuditError, match=r"post_2\.json"):
        _ = case.posts


def test_a_case_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"one")
    (tmp_path / "empty.mp4").touch()
    for further, error in (
        (Further(videos=(tmp_path / "empty.mp4",)), MediaError),
        (Further(videos=(tmp_path / "gone.mp4",)), FileNotFoundError),
        (Further(posts=(b"{",)), ValueError),
        (Further(posts=(b'{"text": ""}',)), ValueError),
        (Further(posts=(b'{"text": "a", "translation": "b"}',)), ValueError),
    ):
        with pytest.raises(error):
            new_case(
                tmp_path / "case",
                video=tmp_path / "a.mp4",
                claim=CLAIM,
                notebooks=NOTEBOOKS,
                post=None,
                further=further,
            )
        assert not (tmp_path / "case").exists()


def test_a_video_that_is_called_like_a_post_takes_no_posts_place(tmp_path: Path) -> None:
    for name in ("a.mp4", "post.json", "Post_2.JSON"):
        (tmp_path / name).write_bytes(b"moving pictures")
    further = Further(videos=(tmp_path / "post.json", tmp_path / "Post_2.JSON"), posts=(b'{"text": "x"}',))
    case = new_case(tmp_path / "case", video=tmp_path / "a.mp4", claim=CLAIM, notebooks=NOTEBOOKS, further=further)
    assert [clip.path for clip in case.videos][1:] == ["inputs/video_post.json", "inputs/video_Post_2.JSON"]
    assert [post.text for post in case.posts] == ["a post", "x"]


def test_a_case_of_one_clip_is_what_it_always_was(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"one")
    case = new_case(tmp_path / "case", video=tmp_path / "a.mp4", claim=CLAIM, notebooks=NOTEBOOKS)
    assert case.clips == (case,)
    assert case.heading == ()
    shown = case.card()._repr_mimebundle_()["text/plain"]
    assert "video: a.mp4, 3 bytes" in shown
    assert "clip 1" not in shown
    assert [post.text for post in case.posts] == ["a post"]


@pytest.mark.parametrize("data", [b"[]", b'"text"', b"\xff", b'{"text": 5}', b'{"text": "a", "posted": "yesterday"}'])
def test_what_is_no_post_is_refused_by_name(data: bytes) -> None:
    with pytest.raises((ValueError, TypeError), match="second"):
        read_post(data, name="second")


def test_a_post_reads_back() -> None:
    post = read_post(json.dumps(SECOND).encode(), file="inputs/post_2.json")
    assert Post.from_dict(json.loads(json.dumps(post.to_dict()))) == post
    assert "Пост" in post._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(("name", "meant"), [("postd", "posted"), ("acount", "account"), ("Language", "language")])
def test_a_misspelt_field_of_a_post_is_named_and_other_fields_are_left_alone(name: str, meant: str) -> None:
    said = {"text": "a post", "uploader": "x", "account_id": "7", "view_count": 3}
    assert read_post(json.dumps(said).encode()).text == "a post"
    with pytest.raises(ValueError, match=f"post.json: '{name}' is no field of a post; if {meant} is meant, write that"):
        read_post(json.dumps(said | {name: "2024-11-05"}).encode())


def test_a_post_that_says_both_is_taken_at_its_word() -> None:
    assert read_post(b'{"text": "a post", "postd": "x", "posted": "2024-11-05"}').posted == "2024-11-05"
