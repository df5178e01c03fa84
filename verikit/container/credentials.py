"""Content Credentials (C2PA): who signed what of this file, and whether it still is what was signed.

Read and validated by c2pa-python, offline: nothing is fetched, whatever address the file names. A state is taken from
the validation's codes, never from its state word, which calls a file valid whoever signed it. A file without
credentials tells nothing: platforms remove them, and most cameras and programs never wrote any.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from verikit._files import sha256_bytes
from verikit._tools import run_tool
from verikit.container.movie_tags import C2PA_UUID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from verikit.container.elements import Structure, Tag

__all__ = ["Credentials", "Manifest", "TrustList", "credentials_place", "read_credentials", "shipped_trust"]

# To start and read a manifest; and the bytes a second that a file is hashed at, at least.
SECONDS, BYTES_A_SECOND = 3.0, 50_000_000
MOST_MANIFESTS = 50
MOST_LISTED = 100
MOST_TEXT = 500
# Failures that tell of the signer's standing, not of the file (C2PA Technical Specification 2.2, section 15.2).
OF_STANDING = (
    "signingCredential.untrusted",
    "signingCredential.ocsp",
    "timeStamp.untrusted",
    "timeStamp.outsideValidity",
)
# A process of its own: the library reads strangers' bytes in native code, and a crash must stay there.
ALONE = """
import json, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except ImportError:
    pass
try:
    import c2pa
except ImportError:
    print(json.dumps({"missing": True}))
    raise SystemExit
given = json.load(sys.stdin)
try:
    with c2pa.Context.from_dict(given["settings"]) as context, open(sys.argv[1], "rb") as stream:
        with c2pa.Reader(given["format"], stream, context=context) as reader:
            told = {"report": json.loads(reader.json()), "remote": reader.get_remote_url()}
except c2pa.C2paError as error:
    told = {"error": str(error)}
print(json.dumps({**told, "version": c2pa.sdk_version()}))
"""
MIME = {"ISO-BMFF": "video/mp4", "RIFF": "video/avi"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrustList:
    """A list of certificates that signers are held against: its name, the SHA-256 of its bytes, and PEM texts.

    `anchors` are those of signers, `times` those of time-stamping authorities.
    """

    name: str
    sha256: str
    anchors: str
    times: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One signed statement: by what program, signed by whom and when, which actions, ingredients and source types."""

    label: str
    generator: str
    signer: str
    issuer: str
    signed: str
    actions: tuple[str, ...]
    ingredients: tuple[str, ...]
    source_types: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The manifest as JSON."""
        data = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in data.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        kept: dict[str, Any] = {f.name: data[f.name] for f in dataclasses.fields(cls)}
        listed: dict[str, Any] = {name: tuple(kept[name]) for name in ("actions", "ingredients", "source_types")}
        return cls(**{**kept, **listed})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the Content Credentials of a file come to.

    `state`: `absent`; `unreadable` (present, but no manifest could be read); `invalid` (the file or the manifest is not
    what was signed); `valid` (it is, by a signer that is not on the trust list); `trusted` (by one that is). `codes` are
    those of the validation, failures first, and `problem` is the library's word for the first failure; `manifests` begins with the active one; `remote` is an address of a
    manifest elsewhere, which was not fetched.
    """

    present: bool = False
    state: str = "absent"
    origin: str = ""
    problem: str = ""
    remote: str = ""
    codes: tuple[str, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    trust_list: str = ""
    trust_list_sha256: str = ""
    reader: str = ""

    @property
    def source_types(self) -> tuple[str, ...]:
        """All digital source types that any manifest declares, such as trainedAlgorithmicMedia."""
        return tuple(dict.fromkeys(kind for manifest in self.manifests for kind in manifest.source_types))

    @property
    def summary(self) -> str:
        """The state in a sentence."""
        if not self.present:
            elsewhere = f"; the file names one at {self.remote}, which was not fetched" if self.remote else ""
            return f"none found in this file{elsewhere}; their absence proves nothing"
        if self.state == "unreadable":
            return f"a manifest is present ({self.origin}) and could not be read: {self.problem}"
        active = self.manifests[0] if self.manifests else None
        by = f"{active.signer or 'unnamed'} ({active.issuer or 'issuer unnamed'})" if active else "unnamed"
        when = f" at {active.signed}" if active and active.signed else ", without a time stamp"
        if self.state == "invalid":
            return f"the file is not what {by} signed{when}: {self.codes[0]} ({self.problem})"
        listed = "is" if self.state == "trusted" else "is not"
        return f"the file is what {by} signed{when}; the signer {listed} on the list {self.trust_list}"

    def to_dict(self) -> dict[str, Any]:
        """The credentials as JSON."""
        data = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return data | {
            "codes": list(self.codes),
            "manifests": [manifest.to_dict() for manifest in self.manifests],
            "source_types": list(self.source_types),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        kept = {f.name: data[f.name] for f in dataclasses.fields(cls)}
        manifests = tuple(Manifest.from_dict(one) for one in data["manifests"])
        return cls(**{**kept, "codes": tuple(data["codes"]), "manifests": manifests})


def shipped_trust() -> TrustList:
    """The C2PA Trust Lists of signers and of time-stamping authorities that come with this package, by date and hash."""
    folder = Path(__file__).with_name("trust")
    signers, times = (max(folder.glob(f"{name}-2*.pem")) for name in ("c2pa-trust-list", "c2pa-tsa-trust-list"))
    data = signers.read_bytes(), times.read_bytes()
    return TrustList(
        name=signers.name, sha256=sha256_bytes(data[0] + data[1]), anchors=data[0].decode(), times=data[1].decode()
    )


def credentials_place(structure: Structure) -> str:
    """Where the file holds a C2PA manifest: the box or chunk with its byte; empty where it holds none.

    C2PA Technical Specification, "Embedding manifests into BMFF-based assets" and "... into RIFF". Matroska has no
    place for one.
    """
    for box in structure.walk():
        if box.uuid == C2PA_UUID or (structure.format == "RIFF" and box.type == "C2PA"):
            return box.at
    return ""


def read_credentials(
    path: Path, structure: Structure, *, tags: Sequence[Tag] = (), trust: TrustList | None = None
) -> Credentials:
    """The Content Credentials in the file at `path`, validated offline against `trust` (by default the shipped list).

    A broken manifest is an answer, never an error. Source: C2PA Technical Specification 2.2, section 15.
    """
    remote = next((tag.value for tag in tags if tag.key == "dcterms:provenance"), "")[:MOST_TEXT]
    place = credentials_place(structure)
    if not place:
        return Credentials(remote=remote)
    held = trust or shipped_trust()
    told = _asked(path, form=MIME.get(structure.format, "video/mp4"), trust=held)
    base = Credentials(
        present=True,
        origin=place,
        remote=remote or str(told.get("remote") or "")[:MOST_TEXT],
        trust_list=held.name,
        trust_list_sha256=held.sha256,
        reader=f"c2pa-rs {_short(told.get('version', ''))}",
    )
    report = told.get("report")
    if not isinstance(report, dict):
        return dataclasses.replace(base, state="unreadable", problem=_short(told.get("error", "no report")))
    failures, others = _codes(report)
    failures.sort(key=lambda code: code.startswith(OF_STANDING))
    manifests = tuple(_manifests(report))
    return dataclasses.replace(
        base,
        state=_state(failures, others),
        problem=_explained(report, failures[0]) if failures else "",
        codes=tuple([*failures, *others][:MOST_LISTED]),
        manifests=manifests,
    )


def _asked(path: Path, *, form: str, trust: TrustList) -> dict[str, Any]:
    """What the library says in its own process: a report, or why there is none."""
    settings = {
        "verify": {
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
            "verify_trust": True,
            "verify_timestamp_trust": True,
        },
        "trust": {"trust_anchors": trust.anchors + trust.times},
    }
    given = json.dumps({"settings": settings, "format": form}).encode()
    seconds = SECONDS + path.stat().st_size / BYTES_A_SECOND
    try:
        code, text, said = run_tool(sys.executable, ["-P", "-c", ALONE, str(path)], given=given, seconds=seconds)
    except TimeoutError:
        return {"error": f"no answer within {seconds:.0f} s"}
    if code:
        reason = f"crashed, signal {-code}" if code < 0 else (said.strip().splitlines() or ["no reason given"])[-1]
        return {"error": reason}
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        return {"error": f"the report is not JSON ({error})"}
    if not isinstance(told, dict):
        return {"error": "the report is no object"}
    if told.get("missing"):
        return {"error": "c2pa-python is not installed; `pip install c2pa-python` brings it"}
    return told


def _codes(report: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """(failures, others): the codes of the active manifest, each once."""
    results = report.get("validation_results")
    active = results.get("activeManifest") if isinstance(results, dict) else None
    if not isinstance(active, dict):
        rows = [report.get("validation_status"), None, None]
    else:
        rows = [active.get(name) for name in ("failure", "informational", "success")]
    parts = [_words(row, "code") for row in rows]
    return parts[0], [*parts[1], *parts[2]]


def _explained(report: Mapping[str, Any], code: str) -> str:
    """The library's own words for a code."""
    rows = report.get("validation_status")
    found = [row for row in rows if isinstance(row, dict) and row.get("code") == code] if isinstance(rows, list) else []
    return _short(found[0].get("explanation", "")) if found else ""


def _state(failures: Iterable[str], others: Iterable[str]) -> str:
    if any(not code.startswith(OF_STANDING) for code in failures):
        return "invalid"
    trusted = "signingCredential.trusted" in others and not any(
        code.startswith("signingCredential") for code in failures
    )
    return "trusted" if trusted else "valid"


def _words(rows: Any, key: str) -> list[str]:
    found = [row.get(key) for row in rows[:MOST_LISTED] if isinstance(row, dict)] if isinstance(rows, list) else []
    return list(dict.fromkeys(_short(word) for word in found if isinstance(word, str) and word))


def _manifests(report: Mapping[str, Any]) -> Iterator[Manifest]:
    """The manifests, the active one first."""
    listed = report.get("manifests")
    if not isinstance(listed, dict):
        return
    active = report.get("active_manifest")
    for label in sorted(listed, key=lambda name: name != active)[:MOST_MANIFESTS]:
        one = listed[label]
        if isinstance(one, dict):
            yield _manifest(str(label), one)


def _manifest(label: str, one: Mapping[str, Any]) -> Manifest:
    signature = one.get("signature_info")
    signed = signature if isinstance(signature, dict) else {}
    infos = one.get("claim_generator_info")
    programs = [f"{i.get('name', '')} {i.get('version', '')}".strip() for i in infos or [] if isinstance(i, dict)]
    actions: list[str] = []
    kinds: list[str] = []
    assertions = one.get("assertions")
    for assertion in assertions[:MOST_LISTED] if isinstance(assertions, list) else []:
        data = assertion.get("data") if isinstance(assertion, dict) else None
        rows = data.get("actions") if isinstance(data, dict) else None
        for row in rows[:MOST_LISTED] if isinstance(rows, list) else []:
            if isinstance(row, dict):
                actions.append(_short(row.get("action", "")))
                kinds.append(_short(row.get("digitalSourceType", "")))
    ingredients = one.get("ingredients")
    parts = [
        f"{_short(i.get('relationship', ''))} {_short(i.get('title', ''))}".strip()
        for i in (ingredients[:MOST_LISTED] if isinstance(ingredients, list) else [])
        if isinstance(i, dict)
    ]
    return Manifest(
        label=_short(label),
        generator=_short("; ".join(filter(None, programs)) or one.get("claim_generator", "")),
        signer=_short(signed.get("common_name", "")),
        issuer=_short(signed.get("issuer", "")),
        signed=_short(signed.get("time", "")),
        actions=tuple(filter(None, actions)),
        ingredients=tuple(filter(None, parts)),
        source_types=tuple(dict.fromkeys(filter(None, kinds))),
    )


def _short(text: Any) -> str:
    return str(text or "")[:MOST_TEXT]
