"""Reviews and corrections: others speak about a sealed package without breaking it, and a later one names the earlier."""

from __future__ import annotations

import json
import shutil

import pytest

from benchmarks.tampers import CLIP, pack, read, rehash, unpack
from verikit.case.additions import Reviewed, review_package
from verikit.case.corrections import Correction, seal_of
from verikit.case.journal import read_journal
from verikit.case.reviews import Review
from verikit.case.sealing import seal_case
from verikit.case.verifying import Verification, verify_package
from verikit.errors import AuditError

ABOUT = ("executed/01_claim.ipynb:c001", "inputs/clip.mp4")


@pytest.fixture(scope="module")
def reviewed(signed, keys, tmp_path_factory):
    """A package that two people reviewed, and the reviews."""
    package = tmp_path_factory.mktemp("reviewed") / "flood.zip"
    shutil.copy(signed.package, package)
    one = review_package(package, by="B. Reviewer", text="Ran it again.\nAgree on S4.", key=keys / "other", about=ABOUT)
    two = review_package(package, by="C. Editor", text="Read it.", key=keys / "other")
    return package, one, two


def test_reviews_leave_the_seal_as_it_is_and_tell_who_reviewed_what(reviewed, signed, keys, tmp_path):
    package, one, two = reviewed
    for path in (package, unpack(tmp_path / "flood", read(package))):
        checked = verify_package(path, key=keys / "analyst.pub", expect_seal=signed.seal, review_key=keys / "other.pub")
        assert checked.exit_code == 0
        assert checked["review"].state == "holds"
        for said in ("B. Reviewer", "C. Editor", "Ran it again. Agree on S4.", ABOUT[0]):
            assert said in checked["review"].says
    assert verify_package(package, expect_seal=two.string).exit_code == 0
    assert verify_package(package)["review"].state == "limited"
    assert verify_package(package).exit_code == 0
    assert (one.review.number, two.review.number) == (1, 2)
    assert Reviewed.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    assert two.string in one._repr_mimebundle_()["text/plain"] + two._repr_mimebundle_()["text/plain"]


def forged(edit):
    def change(files):
        found = json.loads(files["reviews/0001.json"])
        edit(found)
        files["reviews/0001.json"] = json.dumps(found, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    return change


CHANGED = {
    "text": (forged(lambda r: r.update(text="Do not agree.")), "reviews/0001.json.sig: it does not fit"),
    "name": (forged(lambda r: r.update(by="A Judge")), "it does not fit this package"),
    "of another package": (forged(lambda r: r.update(seal="x")), "about another package: x"),
    "a field more": (forged(lambda r: r.update(stars=5)), "cannot be read as a review"),
    "no text": (forged(lambda r: r.update(text=" ")), "cannot be read as a review"),
    "spaces": (lambda files: files.update({"reviews/0001.json": files["reviews/0001.json"][:-1] + b" \n"}), "canonical"),
    "the first removed": (
        lambda files: (files.pop("reviews/0001.json"), files.pop("reviews/0001.json.sig")), "number 2 where 1 follows",
    ),
    "a signature removed": (lambda files: files.pop("reviews/0002.json.sig"), "reviews/0002.json.sig: missing"),
    "a signature alone": (lambda files: files.pop("reviews/0002.json"), "reviews/0002.json: missing"),
    "signatures swapped": (
        lambda files: files.update({"reviews/0001.json.sig": files["reviews/0002.json.sig"]}), "it does not fit",
    ),
    "not json": (lambda files: files.update({"reviews/0001.json": b"x"}), "reviews/0001.json: cannot be read"),
    "a list": (lambda files: files.update({"reviews/0001.json": b"[]"}), "reviews/0001.json: cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("changed", CHANGED)
def test_a_changed_review_is_broken_and_named(reviewed, tmp_path, changed):
    change, said = CHANGED[changed]
    files = read(reviewed[0])
    change(files)
    checked = verify_package(pack(tmp_path / "x.zip", files))
    assert (checked["review"].state, checked.exit_code) == ("broken", 1)
    assert any(said in str(problem) for problem in checked["review"].problems), checked


def test_a_review_that_was_cut_off_is_missed_by_who_has_its_string(reviewed, keys, tmp_path):
    files = read(reviewed[0])
    for name in ("reviews/0002.json", "reviews/0002.json.sig"):
        files.pop(name)
    package = pack(tmp_path / "x.zip", files)
    assert verify_package(package, review_key=keys / "other.pub").exit_code == 0
    checked = verify_package(package, expect_seal=reviewed[2].string)
    assert checked["review"].state == "broken"
    assert "removed or changed" in str(checked["review"].problems[0])
    assert verify_package(package, review_key=keys / "analyst.pub")["review"].state == "broken"


def test_a_review_that_was_asked_for_and_is_not_there_is_broken(sealed, keys):
    checked = verify_package(sealed.package, review_key=keys / "other.pub")
    assert "there is no review" in str(checked["review"].problems[0])


def test_a_broken_package_or_a_file_that_it_does_not_have_is_not_reviewed(signed, keys, tmp_path):
    files = read(signed.package)
    files["data/inputs/clip.mp4"] += b"x"
    words = {"by": "B", "text": "fine", "key": keys / "other"}
    with pytest.raises(AuditError, match="cannot be reviewed, it does not hold"):
        review_package(pack(tmp_path / "x.zip", files), **words)
    package = tmp_path / "y.zip"
    shutil.copy(signed.package, package)
    before = package.read_bytes()
    with pytest.raises(ValueError, match=r"not in the package: inputs/none\.mp4"):
        review_package(package, **words, about=["inputs/none.mp4"])
    for empty in ({"by": " "}, {"text": ""}):
        with pytest.raises(ValueError, match="missing or not of its form"):
            review_package(package, **words | empty)
    assert package.read_bytes() == before


def test_a_review_reads_back_from_its_file(reviewed):
    review = reviewed[1].review
    assert Review.from_dict(json.loads(review.to_bytes())) == review


def test_a_correction_names_the_package_before_and_each_tells_of_the_other(case, tmp_path):
    first = seal_case(case, package=tmp_path / "one.zip")
    correction = Correction(seal=seal_of(str(first.package), first.package), because="S4 rested on a wrong date")
    second = seal_case(case, package=tmp_path / "two.zip", supersedes=correction)
    earlier, later = verify_package(first.package), verify_package(second.package, expect_seal=second.seal)
    assert (earlier.exit_code, later.exit_code) == (0, 0)
    (told,) = (str(one) for one in earlier.related)
    assert told.startswith(f"superseded by two.zip ({second.seal}): S4 rested on a wrong date (it says so itself")
    assert [str(one) for one in later.related] == [f"supersedes one.zip ({first.seal}): S4 rested on a wrong date"]
    assert "superseded by two.zip" in str(earlier)
    assert "superseded by two.zip" in earlier._repr_mimebundle_()["text/html"]
    assert Verification.from_dict(json.loads(json.dumps(earlier.to_dict()))) == earlier
    # Alone, the later one still says which it corrects.
    first.package.unlink()
    assert str(verify_package(second.package).related[0]).endswith("which is not beside it: S4 rested on a wrong date")
    # Said once; sealing again changes nothing.
    whole = second.package.read_bytes()
    assert seal_case(case, package=second.package, supersedes=correction).package.read_bytes() == whole
    assert [entry.kind for entry in read_journal((case / "journal.jsonl").read_bytes())].count("supersedes") == 1


def test_a_correction_that_somebody_else_made_is_told_from_one_by_the_given_key(case, keys, tmp_path):
    first = seal_case(case, package=tmp_path / "one.zip", key=keys / "analyst")
    correction = Correction(seal=first.seal, because="take this one instead")
    for signer, state, said in (
        (keys / "other", "broken", "NOT signed with the given key"),
        (None, "broken", "NOT signed with the given key"),
        (keys / "analyst", "holds", "(signed with the given key)"),
    ):
        later = seal_case(case, package=tmp_path / "two.zip", key=signer, supersedes=correction).package
        (told,) = verify_package(first.package, key=keys / "analyst.pub").related
        assert (told.relation, told.signature) == ("superseded by", state)
        assert said in str(told)
        # Nothing was asked, nothing is claimed; and the first package is not broken by what lies beside it.
        (told,) = verify_package(first.package).related
        assert told.signature == "limited"
        assert verify_package(first.package, key=keys / "analyst.pub", expect_seal=first.seal).exit_code == 0
        # The same, unpacked.
        unpack(tmp_path / "folder", read(later))
        later.unlink()
        (told,) = verify_package(first.package, key=keys / "analyst.pub").related
        assert (told.package, told.signature) == ("folder", state)
        shutil.rmtree(tmp_path / "folder")


def test_a_neighbour_whose_word_does_not_fit_its_own_seal_is_not_believed(case, tmp_path):
    first = seal_case(case, package=tmp_path / "one.zip")
    correction = Correction(seal=first.seal, because="a lie")
    files = read(seal_case(case, package=tmp_path / "two.zip", supersedes=correction).package)
    files["bag-info.txt"] = files["bag-info.txt"].replace(b"a lie", b"a lye")
    pack(tmp_path / "two.zip", files)
    (tmp_path / "junk.zip").write_bytes(b"PK\3\4junk")
    (tmp_path / "folder").mkdir()
    assert verify_package(first.package).related == ()


def test_a_correction_needs_a_seal_and_a_reason(tmp_path):
    with pytest.raises(ValueError, match="not a seal string"):
        Correction(seal="abc", because="x")
    for reason in (" ", "two\nlines"):
        with pytest.raises(ValueError, match="say why"):
            Correction(seal="verikit-seal:1:sha256:" + "0" * 64, because=reason)
    with pytest.raises(ValueError, match="neither a seal string nor a package"):
        seal_of("abc", tmp_path / "none.zip")


def test_what_is_withheld_stays_withheld_and_its_reason_is_told(case, tmp_path):
    with pytest.raises(ValueError, match="cannot be withheld"):
        seal_case(case, withhold={"journal.jsonl": "x"})
    with pytest.raises(ValueError, match="say why"):
        seal_case(case, withhold={"inputs/clip.mp4": " "})
    first = seal_case(case, withhold={"derived/01_claim.png": "graphic"})
    assert "data/derived/01_claim.png" not in read(first.package)
    checked = verify_package(first.package)
    assert (checked.ok, checked["hashes"].state, checked.exit_code) == (True, "limited", 3)
    assert "withheld: graphic; its SHA-256 is" in str(checked["hashes"].problems[0])
    whole = first.package.read_bytes()
    assert seal_case(case).package.read_bytes() == whole
    # One that is cut out without a word is missing, not withheld.
    files = read(first.package)
    files.pop("data/derived/02_what_is_this_file.png")
    assert verify_package(pack(tmp_path / "x.zip", files)).exit_code == 1


@pytest.mark.parametrize(("put_in", "said"), [(b"another clip", "not the file of entry 1"), (None, "not what follows")])
def test_a_file_put_in_the_place_of_a_withheld_one_is_named_also_where_all_manifests_fit(case, tmp_path, put_in, said):
    original = (case / "inputs/clip.mp4").read_bytes()
    seal = seal_case(case, withhold={"inputs/clip.mp4": "protects the person filming"})
    files = read(seal.package)
    # Even the original itself was not in what was sealed.
    files[CLIP] = put_in or original
    rehash(files)
    checked = verify_package(pack(tmp_path / "x.zip", files))
    assert checked["journal"].state == "broken"
    assert said in str(checked["journal"].problems)
    assert verify_package(tmp_path / "x.zip", expect_seal=seal.seal)["seal"].state == "broken"


def test_sealing_again_loses_no_review_that_was_added_since(case, keys):
    first = seal_case(case, key=keys / "analyst")
    review_package(first.package, by="B. Reviewer", text="Agree on S4.", key=keys / "other")
    held = first.package.read_bytes()
    again = seal_case(case, key=keys / "analyst")
    assert again.seal == first.seal
    (kept,) = first.package.parent.glob("flood.*.zip")
    assert kept.read_bytes() == held
    assert verify_package(kept, review_key=keys / "other.pub")["review"].state == "holds"
    (told,) = [warning for warning in again.warnings if "is kept as" in warning]
    assert "reviews/0001.json" in told
    assert kept.name in told
    assert [w for w in seal_case(case, key=keys / "analyst").warnings if "is kept as" in w] == []
