"""Ed25519 signatures in SSHSIG form by the package `cryptography`, for machines without ssh-keygen.

The same key and message give the same bytes as `ssh-keygen -Y sign`. Source: PROTOCOL.sshsig of OpenSSH; RFC 8032.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import TYPE_CHECKING, Any

from verikit.errors import MissingToolError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ed25519_blob", "ed25519_fingerprint", "ed25519_signer"]

_TYPE, _HASH, _MAGIC = b"ssh-ed25519", b"sha512", b"SSHSIG"


def _string(data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + data


def _signed(message: bytes, namespace: str) -> bytes:
    """What the key really signs: the namespace and the hash of the message."""
    parts = (namespace.encode("ascii"), b"", _HASH, hashlib.sha512(message).digest())
    return _MAGIC + b"".join(map(_string, parts))


def _cryptography() -> tuple[Any, Any, Any]:
    """The modules of `cryptography` that are needed: ed25519, serialization, exceptions. Raises MissingToolError."""
    try:
        from cryptography import exceptions  # noqa: PLC0415 - optional, and only this needs it
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - the same
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - the same
    except ImportError as missing:
        raise MissingToolError("cryptography: not installed; pip install 'verikit[sign]'") from missing
    return ed25519, serialization, exceptions


def ed25519_blob(message: bytes, *, key: Path, namespace: str) -> bytes:
    """The binary SSHSIG signature over `message` by an unencrypted Ed25519 key file, in OpenSSH's form or in PKCS #8.

    Raises MissingToolError without `cryptography` and ValueError for any other key.
    """
    ed25519, serialization, exceptions = _cryptography()
    data = key.read_bytes()
    read = serialization.load_ssh_private_key if b"OPENSSH PRIVATE" in data else serialization.load_pem_private_key
    try:
        loaded = read(data, password=None)
    except (ValueError, TypeError, exceptions.UnsupportedAlgorithm) as fault:
        raise ValueError(f"{key}: cannot be read as an Ed25519 key without a passphrase: {fault}") from fault
    if not isinstance(loaded, ed25519.Ed25519PrivateKey):
        told = f"{key}: not an Ed25519 key; sign with ssh-keygen, or make one: ssh-keygen -t ed25519"
        raise ValueError(told)  # noqa: TRY004 - a file's content, not an argument's type
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    public = _string(_TYPE) + _string(loaded.public_key().public_bytes(*raw))
    signature = _string(_TYPE) + _string(loaded.sign(_signed(message, namespace)))
    parts = (public, namespace.encode("ascii"), b"", _HASH, signature)
    return _MAGIC + struct.pack(">L", 1) + b"".join(map(_string, parts))


def ed25519_signer(blob: bytes, message: bytes, *, namespace: str) -> str:
    """The public key, in base64 as an .pub file has it, whose good signature over `message` this binary SSHSIG is.

    Raises ValueError where it does not fit or is of another form, and MissingToolError without `cryptography` or for a
    key of another type.
    """
    ed25519, _, exceptions = _cryptography()
    key, used, reserved, hashed, signature = _parts(blob[len(_MAGIC) + 4 :], 5)
    kind, raw = _parts(key, 2) if key.startswith(_string(_TYPE)) else (b"", b"")
    if kind != _TYPE or hashed != _HASH:
        raise MissingToolError("ssh-keygen: not on this machine, and this signature is not by an Ed25519 key")
    sign_kind, made = _parts(signature, 2)
    if used != namespace.encode("ascii") or reserved or sign_kind != _TYPE:
        raise ValueError("its namespace or form is another")
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(raw).verify(made, _signed(message, namespace))
    except (ValueError, exceptions.InvalidSignature) as fault:
        raise ValueError("incorrect signature") from fault
    return base64.b64encode(key).decode("ascii")


def ed25519_fingerprint(public: str) -> str:
    """A public key's fingerprint as ssh-keygen writes it: SHA256: and base64 without its padding."""
    digest = hashlib.sha256(base64.b64decode(public)).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def _parts(data: bytes, count: int) -> list[bytes]:
    """Exactly `count` length-prefixed strings. Raises ValueError where the lengths lead elsewhere."""
    found = []
    for _ in range(count):
        if len(data) < 4:
            raise ValueError("cut short")
        length = struct.unpack_from(">L", data)[0]
        if length > len(data) - 4:
            raise ValueError("cut short")
        found.append(data[4 : 4 + length])
        data = data[4 + length :]
    if data:
        raise ValueError("bytes behind its end")
    return found
