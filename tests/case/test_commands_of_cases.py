"""The commands around a sealed case, as a person types them: take, stale, seal, stamp, review, verify."""

from __future__ import annotations

import json
import shutil

import pytest

from benchmarks.tampers import make_case, read
from verikit import cli
from verikit.case.additions import signed_message


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command in an empty folder: its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def ran(*words):
        code = cli.main([str(word) for word in words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return ran


def answer(done, code=0):
    assert done[0] == code, done
    return json.loads(done[1])


def states(found):
    return {part["name"]: part["state"] for part in found["properties"]}


def test_a_case_is_sealed_signed_stamped_reviewed_and_checked(run, tmp_path, keys, tsa):
    make_case(tmp_path / "flood")
    sealed = answer(run("seal", "flood", "--sign", keys / "analyst", "--json"))
    (tmp_path / "answer.tsr").write_bytes(tsa.stamp(signed_message(tmp_path / "flood.zip")))
    stamped = answer(run("stamp", "flood.zip", "--token", "answer.tsr", "--json"))
    assert stamped["time"].endswith("Z")
    words = (
        "--sign",
        keys / "other",
        "--by",
        "B. Reviewer",
        "--text",
        "Agree.",
        "--about",
        "inputs/clip.mp4",
        "--json",
    )
    reviewed = answer(run("review", "flood.zip", *words))
    assert reviewed["review"]["by"] == "B. Reviewer"
    asked = ["--key", keys / "analyst.pub", "--tsa-roots", tsa.roots, "--review-key", keys / "other.pub"]
    found = answer(run("verify", "flood.zip", *asked, "--expect-seal", sealed["seal"], "--json"))
    assert states(found) == {
        **dict.fromkeys(("shape", "hashes", "journal", "notebook", "signature", "time", "seal", "review"), "holds"),
        "rerun": "absent",
    }
    assert answer(run("verify", "flood.zip", "--expect-seal", reviewed["review_string"], "--json"))["ok"]
    # The same in one go: a deterministic signature, and the token that was made for it.
    again = answer(run("seal", "flood", "--sign", keys / "analyst", "--token", "answer.tsr", "--json"))
    assert (again["seal"], again["time"]) == (sealed["seal"], stamped["time"])
    assert answer(run("verify", "flood.zip", *asked[:4], "--json"))["ok"]


def test_withheld_files_leave_exit_code_3_and_a_correction_is_told(run, tmp_path):
    make_case(tmp_path / "flood")
    first = answer(run("seal", "flood", "-o", "one.zip", "--json"))
    words = ("--withhold", "inputs/clip.mp4", "protects the person filming", "--supersedes", "one.zip", "a wrong date")
    answer(run("seal", "flood", "-o", "two.zip", *words, "--json"))
    assert "data/inputs/clip.mp4" not in read(tmp_path / "two.zip")
    found = answer(run("verify", "two.zip", "--json"), code=3)
    assert (found["ok"], states(found)["hashes"]) == (True, "limited")
    assert found["related"] == [
        {
            "package": "one.zip",
            "seal": first["seal"],
            "relation": "supersedes",
            "because": "a wrong date",
            "signature": "limited",
        }
    ]
    code, out, _ = run("verify", "one.zip")
    assert code == 0
    assert "superseded by two.zip" in out


def test_stale_cells_and_evidence_taken_in_are_told(run, tmp_path):
    make_case(tmp_path / "flood")
    assert answer(run("stale", "flood", "--json")) == {"stale": []}
    (tmp_path / "clip.info.json").write_text(json.dumps({"id": "a1", "webpage_url": "https://example.org/a1"}))
    taken = answer(run("take", "flood", "clip.info.json", "--json"))
    assert [one["url"] for one in taken["acquired"]] == ["https://example.org/a1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("stamp", "flood.zip"), "name a token file with --token FILE or a TSA with --tsa URL"),
        (("stamp", "flood.zip", "--token", "flood.zip"), "not of the form of a time token"),
        (("stamp", "flood.zip", "--tsa", "file:///etc/passwd"), "not an http or https address"),
        (("take", "flood", "flood.zip"), "neither an .info.json of yt-dlp nor a folder of auto-archiver"),
        (("seal", "flood", "--consent", "01_claim.ipynb:c001"), "no output that tells of people"),
        (("seal", "flood", "--supersedes", "none", "x"), "neither a seal string nor a package"),
        (("seal", "flood", "--withhold", "case.json", "x"), "cannot be withheld"),
        (("verify", "flood.zip", "--tsa-roots", "none.pem"), "none.pem: no such file"),
        (("verify", "flood.zip", "--review-key", "none.pub"), "none.pub: no such file"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(run, tmp_path, sealed, made_case, words, said):
    shutil.copytree(made_case, tmp_path / "flood")
    shutil.copy(sealed.package, tmp_path / "flood.zip")
    code, out, err = run(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
