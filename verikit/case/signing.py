"""Signatures over a package: SSHSIG, as `ssh-keygen -Y sign` writes it, so that anyone checks it without verikit.

    ssh-keygen -Y verify -f allowed_signers -I NAME -n verikit-case-v1 -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt

What is signed is tagmanifest-sha256.txt, which holds the digest of the manifest, which holds those of all files. The
namespace keeps a signature made for another purpose from passing here. A signature says that a key was used; whose key
it is, is known from outside: a key inside of a package is never trusted. Source: PROTOCOL.sshsig of OpenSSH.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import tempfile
from pathlib import Path

from verikit._files import plain
from verikit._tools import has_tool, run_tool
from verikit.case.bag import SIGNATURE, Problem
from verikit.case.ed25519 import ed25519_blob, ed25519_fingerprint, ed25519_signer
from verikit.errors import MissingToolError

__all__ = ["NAMESPACE", "SignatureCheck", "check_signature", "sign"]

NAMESPACE = "verikit-case-v1"
# A key file is a few lines, a signature some hundred bytes (RSA 16384: 5 KB).
MOST_KEY_BYTES, MOST_SIGNATURE_BYTES = 1 << 20, 1 << 16

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_COLUMNS = 70
# The only version there is; ssh-keygen also takes 0, and nothing that is signed covers this number.
_MAGIC = b"SSHSIG\0\0\0\1"
_KEY_TYPE = re.compile(r"(ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-)\S+")
_GOOD = re.compile(r"with (\S+) key (SHA256:\S+)")
# The name under which a plain public key enters an allowed_signers file of our own.
_SIGNER = "verikit-signer"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignatureCheck:
    """What came of checking a signature: "holds", "broken" or "limited", what that means in a line, and the faults."""

    state: str
    says: str
    problems: tuple[Problem, ...] = ()


def sign(message: bytes, *, key: Path, namespace: str = NAMESPACE) -> bytes:
    """An armoured SSHSIG signature over `message` by the private key file `key` (or, with an agent, its public half).

    ssh-keygen makes it, so that agents and hardware keys work; without it, and for keys in PKCS #8, `cryptography` does,
    for Ed25519 alone. Raises FileNotFoundError, ValueError where neither can sign with it, MissingToolError without both.
    """
    if not key.is_file():
        raise FileNotFoundError(f"{key}: no such key file; make one with: ssh-keygen -t ed25519 -f {key}")
    with key.open("rb") as stream:
        pkcs8 = stream.read(40).startswith((b"-----BEGIN PRIVATE KEY", b"-----BEGIN ENCRYPTED PRIVATE KEY"))
    if pkcs8 or not has_tool("ssh-keygen"):
        return _armoured(ed25519_blob(message, key=key, namespace=namespace))
    arguments = ["-Y", "sign", "-n", namespace, "-f", str(key.absolute())]
    code, signature, told = run_tool("ssh-keygen", arguments, given=message)
    if code != 0 or _form_problem(signature.encode("ascii", "replace")):
        raise ValueError(f"{key}: ssh-keygen could not sign with it: {_last_line(told)}")
    return signature.encode("ascii")


def check_signature(
    signature: bytes, message: bytes, *, key: Path | None = None, namespace: str = NAMESPACE, path: str = SIGNATURE
) -> SignatureCheck:
    """Whether `signature` is a good one over `message`, and by whom. `path` is what problems call it.

    `key` is a public key file or an allowed_signers file that the caller trusts. Without it the state is at best
    "limited": the signature fits, and nobody said whose key it is. Without ssh-keygen, and for other keys than Ed25519
    or without `cryptography`, it is "limited" as well.
    Raises FileNotFoundError and ValueError for a `key` that cannot be read as either.
    """
    trusted = None if key is None else _allowed_signers(key, namespace)
    told = _Told(path=path, namespace=namespace)
    if wrong := _form_problem(signature):
        return told.broken("form", wrong)
    try:
        if not has_tool("ssh-keygen"):
            return _check_here(signature, message, trusted=trusted, told=told)
        with tempfile.TemporaryDirectory(prefix="verikit-") as folder:
            return _check(Path(folder), signature, message, trusted=trusted, told=told)
    except MissingToolError as missing:
        says = "there is a signature; it was not checked, because ssh-keygen is not on this machine"
        return SignatureCheck(state="limited", says=says, problems=(told.problem("tool", str(missing)),))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """How faults of one signature are told, and the namespace that it must have."""

    path: str
    namespace: str

    def problem(self, kind: str, detail: str) -> Problem:
        return Problem(kind=kind, path=self.path, detail=detail)

    def broken(self, kind: str, detail: str) -> SignatureCheck:
        problems = (self.problem(kind, detail),)
        return SignatureCheck(state="broken", says="the signature does not hold", problems=problems)

    @staticmethod
    def unasked(used: str) -> SignatureCheck:
        says = f"a good signature by {used}; whose key that is was not asked: give --key with a key that you trust"
        return SignatureCheck(state="limited", says=says)

    @staticmethod
    def holds(name: str, used: str) -> SignatureCheck:
        who = "the given key" if name == _SIGNER else plain(name)
        return SignatureCheck(state="holds", says=f"signed by {who} with {used}")


def _check(folder: Path, signature: bytes, message: bytes, *, trusted: str | None, told: _Told) -> SignatureCheck:
    path = folder / "signature"
    path.write_bytes(signature)
    about = ["-n", told.namespace, "-s", str(path)]
    code, good, why = run_tool("ssh-keygen", ["-Y", "check-novalidate", *about], given=message)
    if code != 0:
        return told.broken("signature", f"it does not fit this package: {_last_line(why)}")
    match = _GOOD.search(good)
    used = f"{match[1]} key {match[2]}" if match else "a key that ssh-keygen does not name"
    if trusted is None:
        return told.unasked(used)
    signers = folder / "signers"
    signers.write_text(trusted, encoding="utf-8")
    find = ["-Y", "find-principals", "-s", str(path), "-f", str(signers)]
    _, names, why = run_tool("ssh-keygen", find)
    for name in names.splitlines():
        verify = ["-Y", "verify", "-f", str(signers), "-I", name, *about]
        code, _, why = run_tool("ssh-keygen", verify, given=message)
        if code == 0:
            return told.holds(name, used)
    return told.broken("key", f"signed with {used}, which is not the given key: {_last_line(why)}")


def _check_here(signature: bytes, message: bytes, *, trusted: str | None, told: _Told) -> SignatureCheck:
    """The same without ssh-keygen: Ed25519 alone, and no options of allowed_signers but the namespace."""
    try:
        public = ed25519_signer(_blob(signature), message, namespace=told.namespace)
    except ValueError as fault:
        return told.broken("signature", f"it does not fit this package: {fault}")
    used = f"ED25519 key {ed25519_fingerprint(public)}"
    if trusted is None:
        return told.unasked(used)
    plainly = f' namespaces="{told.namespace}" '
    for line in trusted.splitlines():
        name, _, rest = line.replace(plainly, " ").partition(" ")
        if rest.split()[:2] == ["ssh-ed25519", public]:
            return told.holds(name, used)
        if public in line.split():
            says = "options in the allowed_signers file, which only ssh-keygen reads"
            raise MissingToolError(f"ssh-keygen: not on this machine, and the key has {says}")
    return told.broken("key", f"signed with {used}, which is not the given key")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return plain(lines[-1]) if lines else "ssh-keygen gave no reason"


def _form_problem(data: bytes) -> str:
    """Why these bytes are not a signature as ssh-keygen writes it, or nothing.

    base64 lets some bits and all line ends vary; nothing else covers the signature file, so only one form passes.
    """
    try:
        blob = _blob(data)
    except ValueError:
        return "not an armoured SSH signature"
    if _armoured(blob) != data or not blob.startswith(_MAGIC):
        return "not an armoured SSH signature in the form that ssh-keygen writes"
    return ""


def _blob(armoured: bytes) -> bytes:
    """The binary signature in an armoured one. Raises ValueError."""
    lines = armoured[:MOST_SIGNATURE_BYTES].decode("ascii").split("\n")
    return base64.b64decode("".join(lines[1:-2]), validate=True)


def _armoured(blob: bytes) -> bytes:
    """A binary signature as ssh-keygen writes it to a file."""
    code = base64.b64encode(blob).decode("ascii")
    body = [code[at : at + _COLUMNS] for at in range(0, len(code), _COLUMNS)]
    return "\n".join([_BEGIN, *body, _END, ""]).encode("ascii")


def _allowed_signers(key: Path, namespace: str) -> str:
    """The allowed_signers lines of a key file: its own, or one for each plain public key in it."""
    with key.open("rb") as stream:
        data = stream.read(MOST_KEY_BYTES)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise ValueError(f"{key}: neither a public key nor an allowed_signers file") from fault
    if "PRIVATE KEY-----" in text:
        raise ValueError(f"{key}: a private key; give its public half, usually {key.name}.pub")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    words = [line.split() for line in lines]
    if lines and all(len(parts) >= 2 and _KEY_TYPE.fullmatch(parts[0]) for parts in words):
        return "".join(f'{_SIGNER} namespaces="{namespace}" {parts[0]} {parts[1]}\n' for parts in words)
    if not any(_KEY_TYPE.fullmatch(word) for parts in words for word in parts[1:]):
        raise ValueError(f"{key}: neither a public key nor an allowed_signers file")
    return text
