"""Signatures: made and checked by ssh-keygen, with a key that the caller trusts."""

# pytest passes fixtures by name, whatever their number.

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verikit.case.signing import NAMESPACE, check_signature, sign
from verikit.errors import MissingToolError

MESSAGE = b"0000  bagit.txt\n"


@pytest.fixture(scope="session")
def signature(keys):
    return sign(MESSAGE, key=keys / "analyst")


def test_a_signature_holds_with_the_signers_public_key(keys, signature):
    checked = check_signature(signature, MESSAGE, key=keys / "analyst.pub")
    assert (checked.state, checked.problems) == ("holds", ())
    assert "SHA256:" in checked.says


def test_a_signature_holds_for_a_person_in_an_allowed_signers_file(tmp_path, keys, signature):
    public = (keys / "analyst.pub").read_text()
    other = (keys / "other.pub").read_text()
    path = tmp_path / "allowed_signers"
    path.write_text(f'# the desk\nbob@example.org {other}ann@example.org namespaces="{NAMESPACE}" {public}')
    checked = check_signature(signature, MESSAGE, key=path)
    assert checked.state == "holds"
    assert "ann@example.org" in checked.says


def test_a_key_that_is_allowed_for_another_purpose_only_does_not_pass(tmp_path, keys, signature):
    path = tmp_path / "allowed_signers"
    path.write_text('ann@example.org namespaces="git" ' + (keys / "analyst.pub").read_text())
    assert check_signature(signature, MESSAGE, key=path).state == "broken"


def test_without_a_key_a_good_signature_is_limited_and_says_which_key(signature):
    checked = check_signature(signature, MESSAGE)
    assert (checked.state, checked.problems) == ("limited", ())
    assert "whose key" in checked.says


def test_another_persons_key_breaks_it(keys, signature):
    checked = check_signature(signature, MESSAGE, key=keys / "other.pub")
    assert checked.state == "broken"
    assert "not the given key" in str(checked.problems[0])


@pytest.mark.parametrize("given_key", [None, "analyst.pub"])
def test_another_message_breaks_it_with_and_without_a_key(keys, signature, given_key):
    key = None if given_key is None else keys / given_key
    assert check_signature(signature, MESSAGE + b"x", key=key).state == "broken"


def test_a_signature_made_for_another_purpose_breaks(keys):
    made = ["ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", str(keys / "analyst")]
    other = subprocess.run(made, input=MESSAGE, capture_output=True, check=True).stdout
    assert check_signature(other, MESSAGE, key=keys / "analyst.pub").state == "broken"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:0],
        lambda data: data + b"\n",
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"-----\nU", b"-----\n\nU"),
        lambda data: b"x" + data,
        # Version 0 instead of 1, which ssh-keygen takes and no signature covers.
        lambda data: data.replace(b"U1NIU0lHAAAAAQ", b"U1NIU0lHAAAAAA"),
        lambda data: b"\xff" * len(data),
        lambda data: data[:30] + b"A" * (1 << 17),
    ],
)
def test_only_one_form_of_a_signature_passes(keys, signature, change):
    checked = check_signature(change(signature), MESSAGE, key=keys / "analyst.pub")
    assert checked.state == "broken"
    assert checked.problems[0].kind == "form"


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_single_bit_of_a_signature_can_change(keys, signature, place, bit):
    data = bytearray(signature)
    data[int(place * len(data))] ^= 1 << bit
    assert check_signature(bytes(data), MESSAGE).state == "broken"


def test_signing_twice_gives_the_same_bytes(keys, signature):
    assert sign(MESSAGE, key=keys / "analyst") == signature


def test_a_key_file_that_is_none_is_a_bad_argument(tmp_path, keys, signature):
    for name, data in {"empty": b"", "text": b"hello world\n", "binary": b"\xff\xfe\0"}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError, match="neither a public key nor"):
            check_signature(signature, MESSAGE, key=tmp_path / name)
    with pytest.raises(ValueError, match=r"a private key; give its public half, usually analyst\.pub"):
        check_signature(signature, MESSAGE, key=keys / "analyst")
    with pytest.raises(ValueError, match="could not sign"):
        sign(MESSAGE, key=tmp_path / "text")
    with pytest.raises(FileNotFoundError, match="ssh-keygen -t ed25519"):
        sign(MESSAGE, key=tmp_path / "none")


def test_without_ssh_keygen_ed25519_signs_and_checks_to_the_same_bytes(monkeypatch, tmp_path, keys, signature):
    pytest.importorskip("cryptography")
    signers = tmp_path / "signers"
    words = (keys / "analyst.pub").read_text().split()
    signers.write_text(f"ann@example.org {words[0]} {words[1]} a comment\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sign(MESSAGE, key=keys / "analyst") == signature
    assert check_signature(signature, MESSAGE).state == "limited"
    assert check_signature(signature, MESSAGE, key=keys / "analyst.pub").state == "holds"
    assert "ann@example.org" in check_signature(signature, MESSAGE, key=signers).says
    assert check_signature(signature, MESSAGE, key=keys / "other.pub").state == "broken"
    assert check_signature(signature, MESSAGE + b"x").state == "broken"
    assert check_signature(signature, MESSAGE, key=keys / "analyst.pub", namespace="other").state == "broken"
    # What only ssh-keygen understands is left open, not guessed.
    signers.write_text(f'ann@example.org valid-before="20200101" {words[0]} {words[1]}\n')
    assert check_signature(signature, MESSAGE, key=signers).state == "limited"


def test_a_key_in_pkcs8_signs_what_ssh_keygen_checks(tmp_path):
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives.asymmetric import ed25519

    private = ed25519.Ed25519PrivateKey.generate()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(private.private_bytes(*form))
    public = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    (tmp_path / "key.pub").write_bytes(private.public_key().public_bytes(*public))
    made = sign(MESSAGE, key=tmp_path / "key.pem")
    assert check_signature(made, MESSAGE, key=tmp_path / "key.pub").state == "holds"


def test_without_ssh_keygen_and_cryptography_signing_says_so_and_checking_is_limited(
    monkeypatch, tmp_path, keys, signature
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(MissingToolError, match=r"pip install 'verikit\[sign\]'"):
        sign(MESSAGE, key=keys / "analyst")
    checked = check_signature(signature, MESSAGE, key=keys / "analyst.pub")
    assert checked.state == "limited"
    assert "cryptography" in str(checked.problems[0])
