"""Time tokens: read and kept in one form, asked for at the address that the user names, checked against the user's roots."""

from __future__ import annotations

import http.server
import subprocess
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.tampers import SIGNATURE, TOKEN, pack, read
from verikit._files import sha256_bytes
from verikit.case.additions import signed_message, stamp_package
from verikit.case.tokens import as_response, check_token, fetch_token, read_token
from verikit.case.verifying import verify_package

MESSAGE = b"what was signed"


@pytest.fixture(scope="module")
def response(tsa):
    return as_response(tsa.stamp(MESSAGE))


def test_a_token_says_its_time_and_what_it_is_about(response, tsa):
    token = read_token(response)
    assert token.digest == sha256_bytes(MESSAGE)
    told = subprocess.run(
        ["openssl", "ts", "-reply", "-in", "reply", "-text"], cwd=tsa.folder, capture_output=True, text=True, check=True
    )
    assert token.time.strftime("%H:%M:%S %Y GMT") in told.stdout
    assert token.in_words.endswith("Z")
    assert len(token.certificates) == 1


def test_a_bare_token_and_a_response_come_to_the_same_bytes(response, tsa):
    words = ["openssl", "ts", "-reply", "-in", "reply", "-token_out", "-out", "bare"]
    (tsa.folder / "reply").write_bytes(response)
    subprocess.run(words, cwd=tsa.folder, check=True, capture_output=True)
    bare = (tsa.folder / "bare").read_bytes()
    assert len(bare) < len(response)
    assert as_response(bare) == as_response(response) == response


def test_a_token_holds_under_its_roots_and_under_no_others(response, tsa):
    assert check_token(response, MESSAGE, roots=tsa.roots).state == "holds"
    assert check_token(response, MESSAGE).state == "limited"
    assert check_token(response, MESSAGE, roots=tsa.folder / "tsa.pem").state == "broken"
    assert "about something else" in str(check_token(response, b"x", roots=tsa.roots).problems[0])
    with pytest.raises(FileNotFoundError, match="no such file of root certificates"):
        check_token(response, MESSAGE, roots=tsa.folder / "none.pem")


def test_without_openssl_the_client_checks_it_and_without_both_it_is_left_open(response, tsa, monkeypatch, tmp_path):
    pytest.importorskip("rfc3161_client")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_token(response, MESSAGE, roots=tsa.roots).state == "holds"
    assert check_token(response, MESSAGE, roots=tsa.folder / "tsa.pem").state == "broken"
    monkeypatch.setitem(__import__("sys").modules, "rfc3161_client", None)
    checked = check_token(response, MESSAGE, roots=tsa.roots)
    assert (checked.state, checked.problems[0].kind) == ("limited", "tool")


@given(data=st.binary(max_size=60))
@settings(max_examples=60)
def test_junk_is_no_token(data):
    with pytest.raises(ValueError, match=r"."):
        as_response(data)


@given(draw=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_token_cut_anywhere_is_none(response, draw):
    cut = draw.draw(st.integers(0, len(response) - 1))
    assert check_token(response[:cut], MESSAGE).state == "broken"


def test_every_changed_byte_of_a_kept_token_is_seen_without_any_tool(response):
    # The TSA's signature alone leaves a dozen bytes uncovered: versions, names of algorithms, other certificates.
    for at in range(len(response)):
        for bit in (1, 0x80):
            data = bytearray(response)
            data[at] ^= bit
            with pytest.raises(ValueError, match=r"."):
                read_token(bytes(data))


def test_a_response_as_the_tsa_wrote_it_is_read_as_earlier_versions_kept_it(tsa):
    raw = tsa.stamp(MESSAGE)
    assert raw[4:9] == bytes.fromhex("3003020100")
    assert read_token(raw) == read_token(as_response(raw))
    assert check_token(raw, MESSAGE, roots=tsa.roots).state == "holds"


def test_a_changed_byte_of_what_the_tsa_signed_is_caught_without_any_roots(response):
    start = response.index(bytes.fromhex(sha256_bytes(MESSAGE)))
    for at in (start - 12, start + 40, start + 50, len(response) - 5):
        changed = bytearray(response)
        changed[at] ^= 1
        assert check_token(bytes(changed), MESSAGE).state == "broken", at


class _Authority(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.headers["Content-Type"], asked))
        answer = self.server.answer(asked)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def authority(tsa):
    """The authority on this machine's own network, and what it was asked."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Authority) as server:
        server.asked, server.answer = [], tsa.response
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_the_named_authority_is_sent_a_digest_and_nothing_else_and_its_token_goes_into_the_package(
    authority, signed, tsa, tmp_path
):
    package = tmp_path / "x.zip"
    package.write_bytes(signed.package.read_bytes())
    address = f"http://127.0.0.1:{authority.server_port}/tsa"
    told = stamp_package(package, token=fetch_token(address, signed_message(package)))
    ((kind, asked),) = authority.asked
    assert kind == "application/timestamp-query"
    assert len(asked) < 80
    assert bytes.fromhex(sha256_bytes(read(signed.package)[SIGNATURE])) in asked
    checked = verify_package(package, tsa_roots=tsa.roots, expect_seal=signed.seal)
    assert (checked["time"].state, checked.exit_code) == ("holds", 0)
    assert told in checked["time"].says
    # Stamping again gives a later token its place; nothing else changes.
    before = read(package)
    stamp_package(package, token=tsa.stamp(signed_message(package)))
    assert {name for name, data in read(package).items() if before[name] != data} == {TOKEN}
    authority.answer = lambda _: tsa.stamp(b"something else")
    with pytest.raises(ValueError, match="about something else than what was asked"):
        fetch_token(address, signed_message(package))
    for wrong in ("file:///etc/passwd", "ftp://127.0.0.1/x", "tsa.example.org"):
        with pytest.raises(ValueError, match="not an http or https address"):
            fetch_token(wrong, MESSAGE)


def test_an_unsigned_package_is_stamped_over_its_tagmanifest_and_another_package_s_token_is_refused(
    sealed, signed, tsa, tmp_path
):
    package = tmp_path / "x.zip"
    package.write_bytes(sealed.package.read_bytes())
    stamp_package(package, token=tsa.stamp(signed_message(package)))
    assert verify_package(package, tsa_roots=tsa.roots).exit_code == 0
    with pytest.raises(ValueError, match="the token is about something else"):
        stamp_package(package, token=tsa.stamp(signed_message(signed.package)))
    files = read(package)
    for junk in (b"", b"x", files[TOKEN][:-1], files[TOKEN] + b"\0"):
        assert verify_package(pack(tmp_path / "y.zip", files | {TOKEN: junk}))["time"].state == "broken"
