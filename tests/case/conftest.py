"""A small case as running leaves it behind, made by hand: two notebooks, an input, a derived still, the journal."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from verikit._files import sha256_bytes, sha256_file
from verikit.case.additions import signed_message, stamp_package
from verikit.case.cells import cell_digests, load_notebook
from verikit.case.claims import Claim
from verikit.case.journal import append
from verikit.case.opening import new_case, open_case
from verikit.case.report import write_report
from verikit.case.sealing import seal_case

NOTEBOOKS = ("01_claim.ipynb", "02_what_is_this_file.ipynb")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def code(number, *, count, source, outputs, tags=()):
    metadata = {"tags": list(tags)} if tags else {}
    cell = {"cell_type": "code", "id": f"c{number:03d}", "metadata": metadata, "source": source}
    return cell | {"execution_count": count, "outputs": outputs}


def made_notebook(*, executed):
    """One of the case's notebooks, as run or as written."""
    shown = [
        {"output_type": "stream", "name": "stdout", "text": "score 0.91\n"},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": PIXEL, "text/plain": "a still"}},
    ]
    result = {"text/plain": "created 2019", "text/html": "<p>created 2019</p>"}
    result |= {"application/vnd.verikit.result.v1+json": {"created": 2019}}
    returned = [{"output_type": "execute_result", "execution_count": 2, "metadata": {}, "data": result}]
    cells = [
        {"cell_type": "markdown", "id": "c000", "metadata": {}, "source": "# A clip of a flood", "attachments": {}},
        code(1, count=1, source="threshold = 0.5\nfind(threshold)", outputs=shown, tags=("parameters",)),
        code(2, count=2, source="inspect(case.video)", outputs=returned),
        {"cell_type": "markdown", "id": "c003", "metadata": {}, "source": "Note: the sign is in Thai."},
        code(4, count=3, source="done()", outputs=[]),
    ]
    if not executed:
        cells = [
            cell | {"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else cell for cell in cells
        ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(notebook, indent=1) + "\n").encode()


def make_case(folder):
    """A case folder as a run leaves it: with every kind of file that a case has, all of them in the journal."""
    given = folder.parent / "given"
    given.mkdir()
    for name in NOTEBOOKS:
        (given / name).write_bytes(made_notebook(executed=False))
    (given / "clip.mp4").write_bytes(bytes(range(256)) * 16)
    claim = Claim(text="a flood in 2024", url="https://example.org/1")
    case = new_case(folder, video=given / "clip.mp4", claim=claim, notebooks=given, post=b"{}", by="A. Analyst")
    case.decide("S4", status="contradicted", because="an older copy")
    (folder / "inputs/.writing-x").write_bytes(b"left behind")
    (folder / "scans/clip.bin").write_bytes(b"a cache")
    (folder / "executed").mkdir()
    environment = b'{"verikit":"0.1.0"}\n'
    (folder / "environment.json").write_bytes(environment)
    for name in NOTEBOOKS:
        template = sha256_file(folder / "notebooks" / name)
        tell(folder, "run-start", notebook=f"notebooks/{name}", sha256=template, environment=sha256_bytes(environment))
        case.keep_bytes(name.encode(), name=name.replace(".ipynb", ".png"), operation="still", parents=["video"])
        tell_run(folder, name, made_notebook(executed=True))
    write_report(open_case(folder))
    return folder


def tell(folder, kind, **body):
    """One more entry in the case's journal."""
    append(folder / "journal.jsonl", kind, body, case=open_case(folder).id)


def tell_run(folder, name, data):
    """An executed notebook with these bytes, and its cells in the journal."""
    (folder / "executed" / name).write_bytes(data)
    for cell in cell_digests(load_notebook(data)):
        tell(folder, "cell-sealed", notebook=f"notebooks/{name}", **dataclasses.asdict(cell))
    tell(folder, "run-end", notebook=f"notebooks/{name}", sha256=sha256_bytes(data), state="done")


@pytest.fixture(scope="session")
def made_case(tmp_path_factory):
    """A case folder that no test changes."""
    return make_case(tmp_path_factory.mktemp("made") / "flood")


@pytest.fixture
def case(tmp_path, made_case):
    """A case folder ready to be sealed, whose every file can be written to."""
    folder = Path(shutil.copytree(made_case, tmp_path / "flood"))
    (folder / "inputs/clip.mp4").chmod(0o644)
    return folder


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """Two throw-away key pairs: the analyst's and another's."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not on this machine")
    folder = tmp_path_factory.mktemp("keys")
    for name in ("analyst", "other"):
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(made, check=True)
    return folder


@dataclasses.dataclass(frozen=True)
class Tsa:
    """A time stamping authority of our own, made by openssl: its roots, and how it stamps."""

    folder: Path
    roots: Path

    def response(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        words = ["-queryfile", "query", "-config", "tsa.cnf", "-section", "tsa1", "-out", "reply"]
        subprocess.run(["openssl", "ts", "-reply", *words], check=True, cwd=self.folder, capture_output=True)
        return (self.folder / "reply").read_bytes()

    def stamp(self, message: bytes) -> bytes:
        words = ["-query", "-digest", sha256_bytes(message), "-sha256", "-cert", "-out", "asked"]
        subprocess.run(["openssl", "ts", *words], check=True, cwd=self.folder, capture_output=True)
        return self.response((self.folder / "asked").read_bytes())


TSA_SETTINGS = """
[dn]
CN = x
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[stamping]
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
[tsa1]
serial = ./serial
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


@pytest.fixture(scope="session")
def tsa(tmp_path_factory):
    """A time stamping authority; the tests need openssl for it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine: no time token can be made")
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "tsa.cnf").write_text("[req]\ndistinguished_name = dn\n" + TSA_SETTINGS)
    (folder / "serial").write_text("01")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "tsa.cnf"]
    for words in (
        ["req", "-x509", *key, "-extensions", "ca", "-subj", "/CN=Test CA", "-days", "999", "-keyout", "ca.key", "-out", "ca.pem"],
        ["req", *key, "-subj", "/CN=Test TSA", "-keyout", "tsa.key", "-out", "tsa.csr"],
        ["x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "999",
         "-extfile", "tsa.cnf", "-extensions", "stamping", "-out", "tsa.pem"],
    ):  # fmt: skip
        subprocess.run(["openssl", *words], check=True, cwd=folder, capture_output=True)
    return Tsa(folder=folder, roots=folder / "ca.pem")


@pytest.fixture(scope="session")
def stamped(signed, tsa):
    """A sealed, signed and stamped package that no test changes."""
    package = signed.package.with_name("stamped.zip")
    shutil.copy(signed.package, package)
    stamp_package(package, token=tsa.stamp(signed_message(package)))
    return package


@pytest.fixture(scope="session")
def sealed(made_case):
    """A sealed, unsigned package that no test changes, and its seal."""
    return seal_case(made_case, package=made_case.parent / "sealed.zip")


@pytest.fixture(scope="session")
def signed(made_case, keys):
    """A sealed and signed package that no test changes, and its seal."""
    return seal_case(made_case, package=made_case.parent / "signed.zip", key=keys / "analyst")
