"""Content Credentials of files signed here, with a root made for the test: what is trusted is decided by the list given."""

from __future__ import annotations

import datetime as dt
import io
import json
import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from making import box, chunk, ftyp, listed, mvhd, sample_tables, trak

from verikit._files import sha256_bytes
from verikit.container.credentials import Credentials, TrustList, credentials_place, read_credentials, shipped_trust
from verikit.container.inspection import inspect
from verikit.container.isobmff import read_boxes
from verikit.container.riff import read_chunks
from verikit.media.video import open_video
from verikit.records import Outcome

SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def certificate(name, key, *, issuer, signer, root):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def called(common):
        parts = ((NameOID.COUNTRY_NAME, "NL"), (NameOID.ORGANIZATION_NAME, "Test"), (NameOID.COMMON_NAME, common))
        return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])

    now = dt.datetime.now(dt.UTC)
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(called(name))
        .issuer_name(called(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=not root, key_cert_sign=root, crl_sign=root, **usage), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if not root:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return made.sign(signer, hashes.SHA256())


@pytest.fixture(scope="session")
def signed(tmp_path_factory):
    """A small MP4 that "Signer" signed, and the list that holds its root."""
    import c2pa
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("Root", root_key, issuer="Root", signer=root_key, root=True)
    leaf = certificate("Signer", key, issuer="Root", signer=root_key, root=False)
    pem = [one.public_bytes(serialization.Encoding.PEM) for one in (leaf, root)]
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    said = {"action": "c2pa.created", "digitalSourceType": SYNTHETIC}
    manifest = {
        "claim_generator_info": [{"name": "a test", "version": "1"}],
        "format": "video/mp4",
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [said]}}],
    }
    media = bytes(range(256)) * 8
    head = ftyp()
    plain = head + box("mdat", media) + box("moov", mvhd(), trak(tables=sample_tables((1024, 1024), len(head) + 8)))
    out = io.BytesIO()
    info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, b"".join(pem), secret, None)
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder(json.dumps(manifest)) as builder:
        builder.sign(signer, "video/mp4", io.BytesIO(plain), out)
    path = tmp_path_factory.mktemp("signed") / "signed.mp4"
    path.write_bytes(out.getvalue())
    anchors = pem[1].decode()
    return path, TrustList(name="of this test", sha256=sha256_bytes(pem[1]), anchors=anchors, times="")


def read(path, trust=None):
    return read_credentials(path, read_boxes(path), trust=trust)


def test_a_signer_on_the_list_is_trusted_and_the_list_is_named_with_its_hash(signed):
    path, trust = signed
    found = read(path, trust)
    assert (found.state, found.trust_list, found.trust_list_sha256) == ("trusted", "of this test", trust.sha256)
    assert "signingCredential.trusted" in found.codes
    active = found.manifests[0]
    assert (active.signer, active.issuer, active.actions) == ("Signer", "Test", ("c2pa.created",))
    assert found.source_types == (SYNTHETIC,)


def test_a_signer_that_is_not_on_the_shipped_list_leaves_the_file_valid_and_is_told(signed):
    found = read(signed[0])
    assert found.state == "valid"
    assert "the signer is not on the list c2pa-trust-list-" in found.summary


def test_one_changed_byte_of_the_media_makes_it_invalid_and_a_finding(signed, tmp_path):
    data = bytearray(signed[0].read_bytes())
    data[data.index(b"mdat") + 40] ^= 1
    path = tmp_path / "changed.mp4"
    path.write_bytes(data)
    seen = inspect(open_video(path))
    assert seen.facts.credentials.state == "invalid"
    assert seen.facts.credentials.codes[0] == "assertion.bmffHash.mismatch"
    finding = next(f for f in seen.findings if f.check == "credentials")
    assert (finding.outcome, finding.params["strength"]) == (Outcome.ANOMALY, "contradiction")
    assert "the file is not what Signer" in finding.summary


def test_a_declared_synthetic_source_is_told_as_a_label(signed):
    seen = inspect(open_video(signed[0]))
    label = next(f for f in seen.findings if f.check == "ai_label")
    assert (label.outcome, label.params["strength"]) == (Outcome.ANOMALY, "trace")
    assert "trainedAlgorithmicMedia" in label.summary


def test_a_broken_manifest_is_a_finding_and_no_error(tmp_path):
    uuid = box("uuid", bytes.fromhex("d8fec3d61b0e483c92975828877ec481"), bytes(30))
    path = tmp_path / "broken.mp4"
    path.write_bytes(ftyp() + uuid + box("moov", mvhd(), trak()))
    seen = inspect(open_video(path))
    told = seen.to_dict()["facts"]["credentials"]
    assert (told["present"], told["state"]) == (True, "unreadable")
    assert next(f for f in seen.findings if f.check == "credentials").outcome is Outcome.ANOMALY


def test_without_a_manifest_nothing_follows_and_an_address_elsewhere_is_not_fetched(tmp_path):
    packet = b'<x:xmpmeta><rdf:Description dcterms:provenance="https://example.org/m.c2pa"/></x:xmpmeta>'
    uuid = box("uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), packet)
    path = tmp_path / "elsewhere.mp4"
    path.write_bytes(ftyp() + uuid + box("moov", mvhd(), trak()))
    found = inspect(open_video(path)).facts.credentials
    assert (found.present, found.state, found.remote) == (False, "absent", "https://example.org/m.c2pa")
    assert "was not fetched" in found.summary
    assert "proves nothing" in found.summary


def test_a_manifest_in_an_avi_is_found(tmp_path):
    path = tmp_path / "one.avi"
    path.write_bytes(listed("RIFF", "AVI ", chunk("C2PA", struct.pack(">I", 0) * 4)))
    assert credentials_place(read_chunks(path)).startswith("AVI/C2PA@")


def test_the_shipped_lists_hold_certificates_and_are_dated():
    from cryptography import x509

    trust = shipped_trust()
    assert trust.name.startswith("c2pa-trust-list-20")
    assert len(trust.sha256) == 64
    for text in (trust.anchors, trust.times):
        assert len(x509.load_pem_x509_certificates(text.encode())) >= 20


def test_what_is_written_as_json_is_read_again_the_same(signed):
    found = read(signed[0], signed[1])
    assert Credentials.from_dict(json.loads(json.dumps(found.to_dict()))) == found
