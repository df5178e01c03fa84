"""A small case as running leaves it behind, sealed, signed and stamped; the keys and the authority for that."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.tampers import make_case
from verikit._files import sha256_bytes
from verikit.case.additions import signed_message, stamp_package
from verikit.case.sealing import seal_case


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
