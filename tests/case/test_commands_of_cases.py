"""The commands around a sealed case, as a person types them: take, stale, seal, stamp, review, verify."""

from __future__ import annotations

import json
import shutil

import pytest

from benchmarks.tampers import TAMPERS, make_case, pack, read
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
    assert out.splitlines()[0].endswith(" two.zip beside it says to supersede it.")


def test_stale_cells_and_evidence_taken_in_are_told(run, tmp_path):
    make_case(tmp_path / "flood")
    assert answer(run("stale", "flood", "--json")) == {"stale": [], "never_ran": []}
    (tmp_path / "clip.info.json").write_text(json.dumps({"id": "a1", "webpage_url": "https://example.org/a1"}))
    taken = answer(run("take", "flood", "clip.info.json", "--json"))
    assert [one["url"] for one in taken["acquired"]] == ["https://example.org/a1"]


def test_a_notebook_that_was_edited_after_it_ran_is_named_cell_by_cell_and_one_that_never_ran_is_not_compared(
    run, tmp_path
):
    make_case(tmp_path / "flood")
    place = tmp_path / "flood/notebooks"
    path, other = sorted(place.glob("*.ipynb"))[:2]
    notebook = json.loads(path.read_bytes())
    edited, gone = (cell["id"] for cell in notebook["cells"][1:3])
    notebook["cells"][1]["source"] = "1 + 1"
    added = dict(notebook["cells"].pop(2), id="new1")
    notebook["cells"].append(added)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    other.write_bytes(other.read_bytes() + b"\n")
    (place / "99_new.ipynb").write_bytes(path.read_bytes())
    found = answer(run("stale", "flood", "--json"), code=1)
    assert [(cell["notebook"], cell["kind"], cell["id"]) for cell in found["stale"]] == [
        (path.name, "edited", edited),
        (path.name, "not-run", "new1"),
        (path.name, "deleted", gone),
        (other.name, "edited", ""),
    ]
    assert found["never_ran"] == ["99_new.ipynb"]
    code, out, _ = run("stale", "flood")
    other.unlink()
    last = answer(run("stale", "flood", "--json"), code=1)["stale"][-1]
    assert (last["notebook"], last["kind"], last["id"]) == (other.name, "deleted", "")
    assert (code, "Not compared, as no cell of them ran yet: 99_new.ipynb" in out) == (1, True)


def damaged(package, *names):
    """The files of a package, the named ones each with a line more; all others as they are."""
    return {name: data + b"\n" * (name in names) for name, data in read(package).items()}


def test_a_check_begins_with_its_conclusion_and_shows_every_line_however_many_files_changed(run, tmp_path):
    make_case(tmp_path / "flood")
    seal = answer(run("seal", "flood", "--json"))["seal"]
    names = [name for name in read(tmp_path / "flood.zip") if name.startswith("data/")]
    pack(tmp_path / "bad.zip", damaged(tmp_path / "flood.zip", *names))
    code, out, _ = run("verify", "bad.zip")
    lines = out.splitlines()
    assert code == 1
    assert lines[0].startswith(f"Broken: {len(names)} files are not as they were sealed: ")
    # All properties first, then what is wrong, then the seal string and what is not shown.
    assert [line.split()[0] for line in lines[2:11]] == [
        *("shape", "hashes", "journal", "notebook", "signature", "time", "seal", "rerun", "review")
    ]
    assert all(any(name in line for line in lines[11:]) for name in names)
    assert lines[-8] == f"Seal string: {seal}"
    assert lines[-7].startswith("Not shown")
    assert "more lines" not in out


def test_one_change_is_one_fault_and_what_follows_from_it_is_said_to(run, tmp_path):
    make_case(tmp_path / "flood")
    run("seal", "flood")
    files = read(tmp_path / "flood.zip")
    TAMPERS["output added"][0](files)
    pack(tmp_path / "bad.zip", files)
    code, out, _ = run("verify", "bad.zip")
    assert (code, out.splitlines()[0]) == (
        1,
        "Broken: 1 file is not as it was sealed: data/executed/02_what_is_this_file.ipynb, cell c004.",
    )
    assert "1 problem, and what follows from it" in out
    assert "only what follows from the files that are changed" in out
    after = out.partition("About journal, what follows from it:\n")[2]
    assert after.startswith("  data/ro-crate-metadata.json")
    found = answer(run("verify", "bad.zip", "--json"), code=1)
    # The JSON lists every problem with its property, as before.
    assert found["summary"] == out.splitlines()[0]
    assert [problem["kind"] for part in found["properties"] for problem in part["problems"]] == [
        *("changed", "tag-file", "crate", "cell")
    ]


def test_what_holds_is_concluded_with_what_nobody_asked_and_what_limits_it(run, tmp_path, keys):
    make_case(tmp_path / "flood")
    seal = answer(run("seal", "flood", "--sign", keys / "analyst", "--json"))["seal"]
    first = run("verify", "flood.zip", "--key", keys / "analyst.pub", "--expect-seal", seal)[1].splitlines()[0]
    assert first == (
        "Intact as sealed. Signed with the given key; no time token; its seal string is the published one."
    )
    run("seal", "flood", "-o", "hid.zip", "--withhold", "inputs/clip.mp4", "protects the person filming")
    code, out, _ = run("verify", "hid.zip")
    assert (code, out.splitlines()[0]) == (
        3,
        (
            "Intact, but limited: 1 file is withheld: data/inputs/clip.mp4. "
            "Nobody signed it; no time token; no seal string was compared."
        ),
    )
    other = run("verify", "flood.zip", "--expect-seal", "verikit-seal:1:sha256:" + "0" * 64)[1].splitlines()[0]
    assert other.startswith("Broken: seal: tagmanifest-sha256.txt: the package's seal string is ")


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
        (("verify", "flood"), "this is a case, not a package: seal it first (verikit seal CASE)"),
        (("seal", "flood/inputs"), "not a case: no case.json in it; make one with `verikit new`"),
        (("run", "flood/inputs"), "not a case: no case.json in it; make one with `verikit new`"),
        (("lab", "none.zip"), "none.zip: not there; check its name and place"),
        (("check", "none.mp4"), "none.mp4: no such file; check its name and place"),
        (("new", "other", "--video", "flood.zip", "--post", "none.json"), "No such file or directory; check its name"),
        (("new", "other", "--video", "flood.zip", "--post", "flood/journal.jsonl"), "not a post's JSON"),
        (("new", "other", "--video", "flood.zip", "--post", "flood/environment.json"), "`text` is missing"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(run, tmp_path, sealed, made_case, words, said):
    shutil.copytree(made_case, tmp_path / "flood")
    shutil.copy(sealed.package, tmp_path / "flood.zip")
    code, out, err = run(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
