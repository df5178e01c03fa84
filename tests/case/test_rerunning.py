"""Running a package again: an untouched one comes to the same, and what was edited shows, also by someone with the key."""

from __future__ import annotations

import json

import pytest

from benchmarks.tampers import pack, read, refit
from verikit._files import sha256_bytes
from verikit.case import rerunning
from verikit.case.claims import Claim
from verikit.case.derived import pretty_json
from verikit.case.opening import new_case
from verikit.case.rerunning import rerun_package
from verikit.case.running import run_case
from verikit.case.sealing import seal_case
from verikit.case.verdicts import Verdict
from verikit.case.verifying import verify_package

LOOK = "data/executed/01_look.ipynb"
WRITTEN = "data/notebooks/01_look.ipynb"
SOURCES = (
    "threshold = 5",
    """import io, json
from IPython.display import display
from PIL import Image
from verikit.case.opening import open_case
case = open_case()
seen = case.video.read_bytes()
print(len(seen) > threshold, seen[:3])
picture = Image.new("RGB", (40, 20), (seen[0], 90, 20))
class Result:
    def to_dict(self):
        return {"mean": sum(seen) / 7, "count": len(seen)}
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": "a result", "application/vnd.verikit.result.v1+json": self.to_dict()}
display(picture)
Result()""",
    """case.record(Result(), name="result", operation="measure", parents=["video"])
made = io.BytesIO()
picture.save(made, format="PNG")
case.keep_bytes(made.getvalue(), name="still.png", operation="still", arguments={"size": picture.width})
case.note("the sign is in Thai")
case.decide("S1", status="supported", because="seen", rests_on=["result"])""",
)
CLOSING = "from verikit.case.opening import open_case\ncase = open_case()\ncase.evidence('result')"


def notebook(*sources):
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(sources)
    ]
    return pretty_json({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def make(place, **notebooks):
    (place / "given").mkdir(parents=True)
    for name, data in notebooks.items():
        (place / "given" / f"{name}.ipynb").write_bytes(data)
    (place / "clip.mp4").write_bytes(b"moving pictures")
    claim = Claim.from_text("a post")
    return new_case(place / "case", video=place / "clip.mp4", claim=claim, notebooks=place / "given", post=b"{}")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A package of a case that ran, once in part and once whole, with a note by hand between two runs."""
    case = make(tmp_path_factory.mktemp("again"), **{"01_look": notebook(*SOURCES), "02_close": notebook(CLOSING)})
    run_case(case, only=["01_look"])
    run_case(case, only=["01_look"])
    case.note("by hand, between two runs")
    run_case(case, only=["02_close"])
    return seal_case(case.folder).package


def rerun(path, **options):
    return rerun_package(verify_package(path), path, **options)


def test_an_untouched_package_comes_to_the_same_wherever_it_lies(package, tmp_path):
    moved = tmp_path / "elsewhere.zip"
    moved.write_bytes(package.read_bytes())
    told = []
    checked = rerun(moved, progress=told.append)
    assert (checked["rerun"].state, checked.exit_code, checked.asked) == ("holds", 0, ("rerun",))
    assert checked["rerun"].says.startswith("all outputs, derived files and decisions the same; 2 notebooks, 4 cells")
    assert checked["rerun"].says.endswith("in the same environment")
    assert told[-1] == "02_close: cell 0 (c0)"
    assert sorted(tmp_path.iterdir()) == [moved]


SEEING = """from verikit.case.opening import open_case
case = open_case()
case"""
DECIDING = """from verikit.case.opening import open_case
from verikit.case.verdicts import Verdict
case = open_case()
for part in case.claim.sub_claims:
    case.decide(part.key, status="not_established", because={because!r})
words = dict(label="unverified", media=["undetermined"], limits="None.")
case.conclude(Verdict(summary={because!r}, decisions=case.decisions, **words))
case.second_reader("B. Reader", agrees=["label"], dissents={{"S1": {because!r}}})
case"""


def decide(case, because):
    (case.folder / "notebooks/02_decide.ipynb").write_bytes(notebook(SEEING, DECIDING.format(because=because)))


def test_what_was_decided_in_earlier_runs_changes_nothing_of_that(tmp_path):
    case = make(tmp_path / "a", **{"01_see": notebook(SEEING), "02_decide": notebook(SEEING)})
    decide(case, "first thought")
    run_case(case)
    decide(case, "second thought")
    run_case(case)
    shown = (case.folder / "executed/01_see.ipynb").read_text()
    assert "first thought" in shown
    assert "second thought" not in shown
    assert rerun(seal_case(case.folder).package)["rerun"].state == "holds"
    # Sealing alone runs the edited one again, and no other.
    decide(case, "third thought")
    assert "run again in a fresh kernel: 02_decide.ipynb" in seal_case(case.folder).warnings
    assert rerun(case.folder.with_suffix(".zip"))["rerun"].state == "holds"


def test_what_was_decided_by_hand_before_and_between_runs_changes_nothing_of_that(tmp_path):
    case = make(tmp_path / "a", **{"01_see": notebook(SEEING), "02_decide": notebook(SEEING)})
    for because in ("by hand", "by hand again"):
        for part in case.claim.sub_claims:
            case.decide(part.key, status="not_established", because=because)
        words = {"label": "unverified", "media": ["undetermined"], "limits": "None.", "summary": because}
        case.conclude(Verdict(decisions=case.decisions, **words))
        run_case(case, only=["01_see"] if because == "by hand" else ["02_decide"])
    decide(case, "in the notebook")
    run_case(case, only=["02_decide"])
    assert rerun(seal_case(case.folder).package)["rerun"].state == "holds"


def test_what_an_earlier_run_left_and_nothing_holds_leaves_its_reader_open(tmp_path):
    case = make(tmp_path / "a", **{"01_see": notebook(SEEING + ".observations"), "02_hear": notebook(SEEING)})
    for heard in ("a bell", "two bells"):
        observe = f"case.observe('bell', kind='sound', what={heard!r}, at=(0, 1), sure='certain', by='N. N.')"
        (case.folder / "notebooks/02_hear.ipynb").write_bytes(notebook(SEEING, observe))
        run_case(case)
    package = seal_case(case.folder).package
    checked = rerun(package)
    assert (checked["rerun"].state, checked.exit_code) == ("limited", 3)
    left = (
        "not run to its end: it reads derived/observed/bell.json as an earlier run left it, which is not in the package"
    )
    assert left in str(checked)
    files = read(package)
    content(
        lambda cells: cells[1]["outputs"][0]["data"].update({"text/plain": "other"}), "data/executed/02_hear.ipynb"
    )(files)
    refit(files)
    assert rerun(pack(tmp_path / "forged.zip", files))["rerun"].state == "broken"
    # Run once more, what the run before left is what the package holds.
    run_case(case)
    assert rerun(seal_case(case.folder).package)["rerun"].state == "holds"


def content(edit, name=LOOK):
    def change(files):
        found = json.loads(files[name])
        edit(found["cells"])
        files[name] = pretty_json(found)

    return change


def other_picture(cells):
    import base64
    import io

    from PIL import Image

    made = io.BytesIO()
    Image.new("RGB", (40, 20), (200, 90, 20)).save(made, format="PNG")
    cells[1]["outputs"][1]["data"]["image/png"] = base64.b64encode(made.getvalue()).decode()


def barely_other_picture(cells):
    import base64
    import io

    from PIL import Image

    made = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(cells[1]["outputs"][1]["data"]["image/png"]))).convert("RGB")
    picture.putpixel((3, 3), tuple(value + 5 for value in picture.getpixel((3, 3))))
    picture.save(made, format="PNG")
    cells[1]["outputs"][1]["data"]["image/png"] = base64.b64encode(made.getvalue()).decode()


def result(cells, factor):
    cells[1]["outputs"][2]["data"]["application/vnd.verikit.result.v1+json"]["mean"] *= factor


def parameter(files):
    """Another threshold, as if the notebook had been written and run with it."""
    for name in (LOOK, WRITTEN):
        content(lambda cells: cells[0].update(source="threshold = 50"), name)(files)


def journal(old, new):
    def change(files):
        assert old in files["data/journal.jsonl"]
        files["data/journal.jsonl"] = files["data/journal.jsonl"].replace(old, new)

    return change


# What is done with the key, so that every digest and signature fits; what running again says of it.
EDITED = {
    "printed text": (content(lambda cells: cells[1]["outputs"][0].update(text="False b'mov'\n")), "cell c1 output 0: what"),
    "picture": (content(other_picture), "cell c1 output 1 image/png: pixels differ by up to 91 of 255"),
    "result": (content(lambda cells: result(cells, 1.01)), "output 2 application/vnd.verikit.result.v1+json: differs at /mean"),
    "parameter": (parameter, "cell c1 output 0: what it printed differs"),
    "source as run": (content(lambda cells: cells[0].update(source="threshold = 5 ")), "cell c0: its source is not the one"),
    "an output more": (
        content(lambda cells: cells[0]["outputs"].append({"output_type": "stream", "name": "stdout", "text": "x"})),
        "cell c0 has 1 outputs before, 0 now",
    ),
    "input": (lambda files: files.update({"data/inputs/clip.mp4": b"other pictures."}), "cell c1 output 0: what it printed"),
    "derived frame": (lambda files: files.update({"data/derived/still.png": b"x"}), "derived/still.png: run again, it comes"),
    "derived result": (
        lambda files: files.update({"data/derived/result.json": b'{"count": 16, "mean": 1.0}\n'}),
        "derived/result.json: run again, it comes out otherwise: differs at /",
    ),
    "note": (journal(b"the sign is in Thai", b"the sign is in Lao"), "not what the cells of 01_look.ipynb say: differs at /1/text"),
    "what a picture says of itself": (
        content(lambda cells: cells[1]["outputs"][1].update(metadata={"alt": "another still"})), "output 1: its metadata differs",
    ),
    "tag": (content(lambda cells: cells[2]["metadata"].update(tags=["reviewed"])), "cell c2: its tags or attachments"),
    "argument": (journal(b'"arguments":{"size":40}', b'"arguments":{"size":90}'), "differs at /arguments/size: '90' before, '40' now"),
    "parents": (
        journal(b'"operation":"measure","parents":[{"name":"video"', b'"operation":"measure","parents":[{"name":"still"'),
        "derived/result.json: the journal tells otherwise how it was made: differs at /parents",
    ),
    "decision": (journal(b'"status":"supported"', b'"status":"contradicted"'), "differs at /1/status"),
}  # fmt: skip


# Those that change what others of them come to are made alone.
TOGETHER = tuple(name for name in EDITED if name not in {"parameter", "input"})


@pytest.mark.parametrize("edited", [TOGETHER, ("parameter",), ("input",)], ids=" ".join)
def test_what_someone_with_the_key_edits_shows_when_it_is_run_again(package, tmp_path, edited):
    files = read(package)
    for name in edited:
        EDITED[name][0](files)
    refit(files)
    forged = pack(tmp_path / "forged.zip", files)
    assert verify_package(forged).ok
    checked = rerun(forged)
    assert (checked["rerun"].state, checked.exit_code) == ("broken", 1)
    for name in edited:
        said = EDITED[name][1]
        assert any(said in str(problem) for problem in checked["rerun"].problems), (name, str(checked))


def test_what_another_machine_rounds_otherwise_is_within_the_tolerance(package, tmp_path):
    files = read(package)
    content(barely_other_picture)(files)
    content(lambda cells: result(cells, 1 + 1e-9))(files)
    environment = json.loads(files["data/environment.json"])
    environment["python"] = "3.9.1"
    files["data/environment.json"] = pretty_json(environment)
    refit(files)
    checked = rerun(pack(tmp_path / "other.zip", files))
    assert checked["rerun"].state == "holds"
    assert "another environment: python 3.9.1 then" in checked["rerun"].says


def test_large_derived_files_are_compared_by_their_digest(package, tmp_path, monkeypatch):
    monkeypatch.setattr(rerunning, "MOST_COMPARED", 10)
    assert rerun(package)["rerun"].state == "holds"
    files = read(package)
    EDITED["derived frame"][0](files)
    refit(files)
    checked = rerun(pack(tmp_path / "forged.zip", files))
    assert "derived/still.png: run again, it comes out otherwise: its bytes differ" in str(checked)


def test_without_the_inputs_or_a_journal_it_is_left_open(package, tmp_path):
    files = read(package)
    files["data/journal.jsonl"] = files["data/journal.jsonl"][:-5]
    checked = rerun(pack(tmp_path / "torn.zip", files))
    assert (checked["rerun"].state, checked["rerun"].says) == ("limited", "not run again: journal is broken")


def test_an_archive_that_is_not_there_leaves_its_notebook_open_and_the_later_ones_run(tmp_path):
    searching = (
        "from verikit.case.opening import open_case\ncase = open_case()\nprint('before')",
        "names = sorted(path.name for path in case.archive.iterdir())\nprint(names)",
        "case.keep_bytes(b'found', name='found.txt', operation='searching')",
    )
    case = make(
        tmp_path / "a", **{"01_search": notebook(*searching), "02_close": notebook(CLOSING.replace("result", "found"))}
    )
    closing = "from verikit.case.opening import open_case\nopen_case().evidence_path('found.txt').read_text()"
    (case.folder / "notebooks/02_close.ipynb").write_bytes(notebook(closing))
    (tmp_path / "a/archive").mkdir()
    (tmp_path / "a/archive/one.txt").touch()
    case.use_archive(tmp_path / "a/archive")
    assert [run.state for run in run_case(case)] == ["ran", "ran"]
    package = seal_case(case.folder).package
    # Beside the package, where the case names it.
    assert rerun(package)["rerun"].state == "holds"
    moved = tmp_path / "moved.zip"
    moved.write_bytes(package.read_bytes())
    checked = rerun(moved)
    assert (checked["rerun"].state, checked.exit_code) == ("limited", 3)
    assert "it searches an archive that is not in the package; name it with --archive" in str(checked)
    assert rerun(moved, archive=tmp_path / "a/archive")["rerun"].state == "holds"
    (tmp_path / "a/archive/two.txt").touch()
    assert "what it printed differs" in str(rerun(moved, archive=tmp_path / "a/archive"))
    with pytest.raises(FileNotFoundError, match="no such archive"):
        rerun(moved, archive=tmp_path / "none")


def test_a_case_whose_original_is_withheld_is_not_run_again(package, tmp_path):
    case = package.with_name("case")
    seal = seal_case(case, package=tmp_path / "w.zip", withhold={"inputs/clip.mp4": "protects the person filming"})
    files = read(seal.package)
    assert "data/inputs/clip.mp4" not in files
    checked = verify_package(seal.package, expect_seal=seal.seal)
    assert (checked.ok, checked["hashes"].state, checked.exit_code) == (True, "limited", 3)
    assert "protects the person filming" in str(checked)
    assert sha256_bytes(b"moving pictures") in str(checked["hashes"].problems[0])
    assert rerun(seal.package)["rerun"].says == "not run again: withheld from the package: inputs/clip.mp4"
