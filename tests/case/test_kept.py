"""Packages that earlier versions sealed verify in this one: one for each form of the format, kept for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from verikit.case.verifying import verify_package

SEALED = Path(__file__).parent / "sealed"
SEALS = {
    "case_1.zip": "verikit-seal:1:sha256:a4f9b666b8880c4cde85809ad0276e84fa49fc2fd12d2e2d120c0d3d45a8ef67",
    # Of the first versions, before the package held metadata of a research object.
    # With arguments in the journal, sources of live cells, a withheld file and a token that says its own digest.
    "case_1_with_arguments.zip": "verikit-seal:1:sha256:2c60ebc25061d852687c8c8946661189053f533dfd723b8f9816aeb69bb83eea",
    "case_1_without_crate.zip": "verikit-seal:1:sha256:3395a9646b95c7ab775240ec7e3b7cb97a775fa65cc751e3a4bdb19f8d66360f",
}
# Packages that were signed, stamped and reviewed: what was published of them, and the review's string.
REVIEWS = {
    "case_1.zip": ("", "verikit-review:1:sha256:5428cfdc4e7e5b29ee841c36bd4e92f50f82011b0a57c7a5ec8ba12f72dee04d"),
    "case_1_with_arguments.zip": (
        "with_arguments_",
        "verikit-review:1:sha256:5dd05549c3283a4931ad2cb213cd0c9058c25a5bf15f67f22b44604225343f34",
    ),
}


@pytest.mark.parametrize("name", SEALS)
def test_a_package_sealed_by_an_earlier_version_holds(name):
    checked = verify_package(SEALED / name, expect_seal=SEALS[name])
    withheld = "arguments" in name
    assert [part.state for part in checked.properties[:4]] == [
        "holds",
        "limited" if withheld else "holds",
        "holds",
        "holds",
    ]
    assert (checked["seal"].state, checked.exit_code) == ("holds", 3 if withheld else 0)


@pytest.mark.parametrize("name", REVIEWS)
def test_its_signature_time_and_review_hold_with_what_was_published_then(name):
    start, review = REVIEWS[name]
    files = {"key": "signer.pub", "tsa_roots": "roots.pem", "review_key": "reviewer.pub"}
    trusted = {option: SEALED / (start + file) for option, file in files.items()}
    checked = verify_package(SEALED / name, expect_seal=review, **trusted)
    assert {part: checked[part].state for part in ("signature", "time", "review")} == {
        "signature": "holds",
        "time": "holds",
        "review": "holds",
    }
    assert "B. Reviewer" in checked["review"].says


def test_every_package_that_is_kept_is_tested():
    assert sorted(path.name for path in SEALED.glob("*.zip")) == sorted(SEALS)
