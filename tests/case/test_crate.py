"""The metadata of the research object: what other programs read, by the contexts of RO-Crate 1.1 and of workflow runs.

The first lies in contexts/ as published (CC0), so that nothing is asked of the network; of the second one word is used.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.tampers import read, unpack
from verikit._files import sha256_bytes

RUN_TERMS = {"@context": {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}}
CONTEXTS = {
    "https://w3id.org/ro/crate/1.1/context": (Path(__file__).parent / "contexts/ro-crate-1.1.jsonld").read_text(
        "utf-8"
    ),
    "https://w3id.org/ro/terms/workflow-run/context": json.dumps(RUN_TERMS),
}
CRATE = "data/ro-crate-metadata.json"


@pytest.fixture
def files(sealed):
    return read(sealed.package)


def references(value):
    """The ids that a value refers to."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield one["@id"]


def test_every_word_is_defined_by_the_contexts_and_every_reference_leads_somewhere(files):
    crate = json.loads(files[CRATE])
    assert crate["@context"] == list(CONTEXTS)
    known = {word for address in CONTEXTS for word in json.loads(CONTEXTS[address])["@context"]}
    there = {part["@id"] for part in crate["@graph"]}
    assert len(there) == len(crate["@graph"])
    for part in crate["@graph"]:
        types = part["@type"] if isinstance(part["@type"], list) else [part["@type"]]
        assert {*types, *part} - {"@id", "@type"} <= known
        led = {name for value in part.values() for name in references(value)}
        # The specifications themselves are named, not held.
        assert {name for name in led - there if not name.startswith("https://w3id.org/")} == set()


def test_it_lists_the_files_that_are_there_with_their_digests(files):
    parts = {part["@id"]: part for part in json.loads(files[CRATE])["@graph"] if "sha256" in part}
    payload = {name.removeprefix("data/"): data for name, data in files.items() if name.startswith("data/")}
    payload.pop("ro-crate-metadata.json")
    assert {name: (part["sha256"], part["contentSize"]) for name, part in parts.items()} == {
        name: (sha256_bytes(data), str(len(data))) for name, data in payload.items()
    }


def test_each_run_is_an_action_as_the_profile_of_process_runs_asks(files):
    crate = {part["@id"]: part for part in json.loads(files[CRATE])["@graph"]}
    runs = [part for part in crate.values() if part["@type"] == "CreateAction"]
    assert [run["instrument"]["@id"] for run in runs] == [
        "notebooks/01_claim.ipynb",
        "notebooks/02_what_is_this_file.ipynb",
    ]
    moment = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")
    for run in runs:
        assert "SoftwareSourceCode" in crate[run["instrument"]["@id"]]["@type"]
        assert crate[run["agent"]["@id"]]["name"] == "A. Analyst"
        assert set(references(run["object"])) == {"inputs/clip.mp4", "inputs/post.json"}
        assert any(name.startswith("executed/") for name in references(run["result"]))
        assert moment.fullmatch(run["startTime"])
        assert moment.fullmatch(run["endTime"])
        assert run["startTime"] <= run["endTime"]
        assert run["actionStatus"] == "http://schema.org/CompletedActionStatus"


# rdflib, which it rests on, warns of its own past.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("profile", ["ro-crate-1.1", "process-run-crate-0.5"])
def test_roc_validator_finds_all_that_its_profile_requires(files, tmp_path, monkeypatch, profile):
    services = pytest.importorskip("rocrate_validator.services", reason="roc-validator is not installed")
    requests = pytest.importorskip("requests")
    from rocrate_validator.models import Severity

    def offline(_, method, url, **__):
        address = url.rstrip("/")
        if method.upper() != "GET" or address not in CONTEXTS:
            raise requests.exceptions.ConnectionError(f"offline: {url}")
        answer = requests.models.Response()
        answer.status_code, answer.url, answer.encoding = 200, url, "utf-8"
        answer.headers["Content-Type"] = "application/ld+json"
        answer._content = CONTEXTS[address].encode("utf-8")
        return answer

    monkeypatch.setattr(requests.sessions.Session, "request", offline)
    folder = unpack(tmp_path / "case", files)
    asked = services.ValidationSettings(
        rocrate_uri=str(folder / "data"), profile_identifier=profile, requirement_severity=Severity.REQUIRED
    )
    found = services.validate(asked)
    assert [issue.message for issue in found.get_issues()] == []
    assert found.passed()
