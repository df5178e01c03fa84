"""Time tokens (RFC 3161): who says that a package existed not later than when, read, asked for and checked.

A time stamping authority (TSA) signs a digest and a time. The token lies in the package as a whole response, so that

    openssl ts -verify -data SIGNED -in tagmanifest-sha256.txt.sig.tsr -CAfile ROOTS.pem

checks it without us; SIGNED is the signature where there is one and tagmanifest-sha256.txt where there is none. The TSA's
signature leaves parts of a token uncovered (names of algorithms, certificates beside its own), so the status of the kept
response says the token's SHA-256 in words: what is changed by accident shows in every byte. Roots are never taken from
the package. openssl checks; without it the package rfc3161-client does. What is read here by hand is what
has to be shown (the time) or compared (the digest), each in the one form that DER has. The network is used by
`fetch_token` alone, at the address that the user names.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
import re
import secrets
import tempfile
from pathlib import Path

from verikit._files import plain
from verikit._tools import has_tool, run_tool
from verikit.case.bag import TOKEN, Problem
from verikit.errors import MissingToolError

__all__ = ["MOST_TOKEN", "Token", "TokenCheck", "as_response", "check_token", "fetch_token", "read_token"]

# Tokens with their certificates have 2 to 8 KB.
MOST_TOKEN = 1 << 20
_SHA256 = bytes.fromhex("0609608648016503040201")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")
_INTEGER_GRANTED = bytes.fromhex("020100")
# A response as TSAs write it, and as packages of before 0.3 keep it.
_GRANTED = bytes.fromhex("3003020100")
_TIME = re.compile(rb"(\d{14})(\.\d{1,6})?Z")
_SEQUENCE, _OCTETS, _TEXT, _GENERALIZED_TIME, _EXPLICIT = 0x30, 0x04, 0x0C, 0x18, 0xA0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a time token says, unchecked: its time in UTC, the SHA-256 that it is about, and its certificates in DER."""

    time: dt.datetime
    digest: str
    certificates: tuple[bytes, ...]

    @property
    def in_words(self) -> str:
        """The time to the second."""
        return self.time.isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TokenCheck:
    """What came of checking a token: "holds", "broken" or "limited", what that means in a line, and the faults."""

    state: str
    says: str
    problems: tuple[Problem, ...] = ()


# ------------------------------------------------------------------------------------------------------------------- DER


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """The tag of the element at `at`, where its content begins, and where it ends. Raises ValueError."""
    if at + 2 > len(data):
        raise ValueError("cut short")
    tag, length, start = data[at], data[at + 1], at + 2
    if length >= 0x80:
        count = length & 0x7F
        raw = data[start : start + count]
        length = int.from_bytes(raw, "big")
        if not 1 <= count <= 4 or len(raw) != count or raw[0] == 0 or length < 0x80:
            raise ValueError("a length that is not DER")
        start += count
    if start + length > len(data):
        raise ValueError("cut short")
    return tag, start, start + length


def _inside(data: bytes, tag: int) -> list[tuple[int, bytes]]:
    """The elements inside of one that is all of `data`: each one's tag and all of its bytes. Raises ValueError."""
    found, at, end = _element(data, 0)
    if found != tag or end != len(data):
        raise ValueError("not of the form of a time token")
    parts = []
    while at < end:
        kind, _, stop = _element(data, at)
        parts.append((kind, data[at:stop]))
        at = stop
    return parts


def _content(data: bytes) -> bytes:
    _, start, end = _element(data, 0)
    return data[start:end]


def _wrapped(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _status(token: bytes) -> bytes:
    """The status of a kept response: granted, and the token's SHA-256 as the text that RFC 3161, 2.4.2, leaves room for."""
    told = f"SHA-256 of the token: {hashlib.sha256(token).hexdigest()}"
    return _wrapped(_SEQUENCE, _INTEGER_GRANTED, _wrapped(_SEQUENCE, _wrapped(_TEXT, told.encode("ascii"))))


def as_response(data: bytes) -> bytes:
    """A time token, or the response of a TSA that holds one, in the one form in which a package keeps it.

    Raises ValueError for what is neither, and for a refusal.
    """
    parts = _inside(data[:MOST_TOKEN], _SEQUENCE)
    if parts and parts[0][1] == _SIGNED_DATA:
        token = data
    elif len(parts) == 2 and _inside(parts[0][1], _SEQUENCE)[0][1] in {bytes([2, 1, 0]), bytes([2, 1, 1])}:
        token = parts[1][1]
    else:
        raise ValueError("the TSA did not grant a time token, or this is none")
    response = _wrapped(_SEQUENCE, _status(token), token)
    read_token(response)
    return response


def read_token(response: bytes) -> Token:
    """What the token in a response says. Raises ValueError for what is not of the form that `as_response` writes."""
    status, (_, token) = _pair(_inside(response[:MOST_TOKEN], _SEQUENCE))
    (_, kind), (_, explicit) = _pair(_inside(token, _SEQUENCE))
    if status[1] not in {_GRANTED, _status(token)} or kind != _SIGNED_DATA:
        raise ValueError("not a granted time token, or changed since it was put in")
    signed = _inside(_content(explicit), _SEQUENCE)
    (_, about), (_, wrapped) = _pair(_inside(signed[2][1] if len(signed) > 2 else b"", _SEQUENCE))
    if about != _TST_INFO:
        raise ValueError("signed data that is no time token")
    info = _inside(_content(_content(wrapped)), _SEQUENCE)
    if len(info) < 5 or info[4][0] != _GENERALIZED_TIME:
        raise ValueError("a time token without a time")
    (_, algorithm), (tag, imprint) = _pair(_inside(info[2][1], _SEQUENCE))
    if not _content(algorithm).startswith(_SHA256) or tag != _OCTETS:
        raise ValueError("a time token about another digest than SHA-256")
    match = _TIME.fullmatch(_content(info[4][1]))
    if match is None:
        raise ValueError("a time that is not in UTC")
    moment = dt.datetime.strptime(match[1].decode("ascii") + "+0000", "%Y%m%d%H%M%S%z")
    certificates = _inside(signed[3][1], _EXPLICIT) if len(signed) > 3 and signed[3][0] == _EXPLICIT else []
    return Token(time=moment, digest=_content(imprint).hex(), certificates=tuple(whole for _, whole in certificates))


def _pair(parts: list[tuple[int, bytes]]) -> tuple[tuple[int, bytes], tuple[int, bytes]]:
    if len(parts) != 2:
        raise ValueError("not of the form of a time token")
    return parts[0], parts[1]


# -------------------------------------------------------------------------------------------------------------- the network


def fetch_token(address: str, message: bytes, *, seconds: float = 60.0) -> bytes:
    """The response of the TSA at `address` for the SHA-256 of `message`: that digest and a random number are all it gets.

    Raises ValueError for an address that is not http or https, an answer that is no token, or one about something else,
    and OSError where the TSA cannot be reached.
    """
    # Imported here: only asking needs it, and verifying has to start at once.
    import urllib.error  # noqa: PLC0415
    import urllib.parse  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415

    if urllib.parse.urlsplit(address).scheme not in {"http", "https"}:
        raise ValueError(f"{plain(address)[:200]}: not an http or https address of a TSA")
    digest, nonce = hashlib.sha256(message).digest(), bytes([1]) + secrets.token_bytes(8)
    imprint = _wrapped(_SEQUENCE, _wrapped(_SEQUENCE, _SHA256, bytes([5, 0])), _wrapped(_OCTETS, digest))
    # Version 1; with the certificate of the TSA, so that the token can be checked with its root alone.
    query = _wrapped(_SEQUENCE, bytes([2, 1, 1]), imprint, _wrapped(2, nonce), bytes([1, 1, 0xFF]))
    headers = {"Content-Type": "application/timestamp-query"}
    request = urllib.request.Request(address, data=query, headers=headers)  # noqa: S310 - http and https alone, see above
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310 - the same
            data = answer.read(MOST_TOKEN)
    except urllib.error.URLError as fault:
        raise OSError(f"{plain(address)[:200]}: no answer from the TSA: {plain(str(fault))}") from fault
    response = as_response(data)
    if read_token(response).digest != digest.hex() or nonce not in response:
        raise ValueError(f"{plain(address)[:200]}: the token is about something else than what was asked")
    return response


# ---------------------------------------------------------------------------------------------------------------- checking


def check_token(response: bytes, message: bytes, *, roots: Path | None = None) -> TokenCheck:
    """Whether a token is a good one about `message`, and from when.

    `roots` is a PEM file of certificates that the caller trusts. Without it the state is at best "limited": the token
    fits and holds together, and nobody said whose it is. Raises FileNotFoundError for roots that are not there.
    """
    if roots is not None and not roots.is_file():
        raise FileNotFoundError(f"{roots}: no such file of root certificates")
    try:
        token = read_token(response)
    except ValueError as fault:
        return _broken("form", f"not a time token in the form in which a package keeps it: {fault}")
    if token.digest != hashlib.sha256(message).hexdigest():
        return _broken("imprint", "it is about something else than this package")
    try:
        wrong = _fault(response, message, token, roots=roots)
    except MissingToolError as missing:
        says = (
            f"a time token that says {token.in_words}; it was not checked: neither openssl nor rfc3161-client is here"
        )
        return TokenCheck(state="limited", says=says, problems=(_problem("tool", str(missing)),))
    if wrong:
        return _broken("token", f"it does not hold: {wrong}")
    if roots is None:
        says = f"a time token that says {token.in_words}; whose it is was not asked: give --tsa-roots with roots that you trust"
        return TokenCheck(state="limited", says=says)
    return TokenCheck(state="holds", says=f"sealed not later than {token.in_words}, says a TSA under the given roots")


def _problem(kind: str, detail: str) -> Problem:
    return Problem(kind=kind, path=TOKEN, detail=detail)


def _broken(kind: str, detail: str) -> TokenCheck:
    return TokenCheck(state="broken", says="the time token does not hold", problems=(_problem(kind, detail),))


def _fault(response: bytes, message: bytes, token: Token, *, roots: Path | None) -> str:
    """What is wrong with a token, in a line; empty where it holds. Raises MissingToolError where nothing can check it."""
    if not has_tool("openssl"):
        return _fault_by_client(response, message, token, roots=roots)
    with tempfile.TemporaryDirectory(prefix="verikit-") as name:
        folder = Path(name)
        for file, data in (("token.tsr", response), ("data", message), ("inside.pem", _pem(token.certificates))):
            (folder / file).write_bytes(data)
        given = ["-CAfile", str(roots), "-untrusted", str(folder / "inside.pem")]
        # Without roots: its own certificates stand in for them, so that at least its signature is held to its content.
        own = ["-CAfile", str(folder / "inside.pem"), "-partial_chain"]
        words = ["ts", "-verify", "-data", str(folder / "data"), "-in", str(folder / "token.tsr")]
        if not token.certificates:
            given, own = given[:2], []
        if roots is None and not own:
            return ""
        # At the time that it says itself: certificates of TSAs run out, and what they signed before stays good.
        at = ["-attime", str(int(token.time.timestamp()))]
        code, _, told = run_tool("openssl", [*words, *(own if roots is None else given), *at])
    lines = [line.split(":", 1)[-1] for line in told.splitlines() if "error:" in line]
    return "" if code == 0 else plain("; ".join(lines)[-300:] or "openssl gave no reason")


def _pem(certificates: tuple[bytes, ...]) -> bytes:
    return b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(one) + b"-----END CERTIFICATE-----\n"
        for one in certificates
    )


def _fault_by_client(response: bytes, message: bytes, token: Token, *, roots: Path | None) -> str:
    try:
        import rfc3161_client as client  # noqa: PLC0415 - optional, and only this needs it
        from cryptography import x509  # noqa: PLC0415 - the same
    except ImportError as missing:
        raise MissingToolError("openssl: not on this machine; or pip install 'verikit[timestamp]'") from missing
    if roots is None:
        raise MissingToolError("openssl: not on this machine; without roots only it can check a token")
    try:
        decoded = client.decode_timestamp_response(response)
        trusted = x509.load_pem_x509_certificates(roots.read_bytes())
        inside = [x509.load_der_x509_certificate(one) for one in token.certificates]
        leaf = [one for one in inside if one.issuer != one.subject]
        verifier = client.VerifierBuilder(roots=trusted, intermediates=[one for one in leaf if _signs(one)]).build()
        verifier.verify_message(decoded, message)
    except (ValueError, client.VerificationError) as fault:
        return plain(str(fault))[:300]
    return ""


def _signs(certificate: object) -> bool:
    """Whether a certificate may sign others, as those between the TSA's own and its root do."""
    from cryptography import x509  # noqa: PLC0415 - optional, and only this needs it

    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)  # type: ignore[attr-defined] # optional, so without a type
    except x509.ExtensionNotFound:
        return False
