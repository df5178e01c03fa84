"""Packages that earlier versions sealed verify in this one: one for each form of the format, kept for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from verikit.case.verifying import verify_package

SEALED = Path(__file__).parent / "sealed"
SEALS = {
    "case_1.zip": "verikit-seal:1:sha256:a4f9b666b8880c4cde85809ad0276e84fa49fc2fd12d2e2d120c0d3d45a8ef67",
    # Of the first versions, before the package held metadata of a research object.
    "case_1_without_crate.zip": "verikit-seal:1:sha256:3395a9646b95c7ab775240ec7e3b7cb97a775fa65cc751e3a4bdb19f8d66360f",
}
REVIEW = "verikit-review:1:sha256:5428cfdc4e7e5b29ee841c36bd4e92f50f82011b0a57c7a5ec8ba12f72dee04d"


@pytest.mark.parametrize("name", SEALS)
def test_a_package_sealed_by_an_earlier_version_holds(name):
    checked = verify_package(SEALED / name, expect_seal=SEALS[name])
    assert [part.state for part in checked.properties[:4]] == ["holds"] * 4
    assert (checked["seal"].state, checked.exit_code) == ("holds", 0)


def test_its_signature_time_and_review_hold_with_what_was_published_then():
    trusted = {"key": SEALED / "signer.pub", "tsa_roots": SEALED / "roots.pem", "review_key": SEALED / "reviewer.pub"}
    checked = verify_package(SEALED / "case_1.zip", expect_seal=REVIEW, **trusted)
    assert {name: checked[name].state for name in ("signature", "time", "review")} == {
        "signature": "holds",
        "time": "holds",
        "review": "holds",
    }
    assert checked.exit_code == 0
    assert "B. Reviewer" in checked["review"].says


def test_every_package_that_is_kept_is_tested():
    assert sorted(path.name for path in SEALED.glob("*.zip")) == sorted(SEALS)
