"""WebDAV: a real server that is full, wrong, killed half-way; and a scripted one that answers what no server should."""

import logging
import socket
import threading
import time
from contextlib import closing, contextmanager

import pytest

from node.errors import IntegrityError, NodeError, Unavailable, UserError
from node.targets.http import Server
from node.targets.multistatus import NotXml, rows_of
from node.targets.opening import found_target, open_target
from node.targets.webdav import WebDav
from tests.node.targets.dav_server import SECRET, USER
from tests.node.targets.servers import answer, dav, inside, scripted

LIST = b"""<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">
<D:response><D:href>/dav/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop>
<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>%s</D:multistatus>"""
FILE = (
    b"<D:response><D:href>%s</D:href><D:propstat><D:prop><D:getcontentlength>%s</D:getcontentlength><D:resourcetype/></D:prop>"
    b"<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
)
BOMB = b'<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><D:multistatus xmlns:D="DAV:">&b;</D:multistatus>'


@contextmanager
def told(kind, code, *words):
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.code == code, caught.value
    assert SECRET not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def quick(script, **more):
    return WebDav(Server(script.url, "ana", SECRET, seconds=0.5), "m" * 16, **more)


# --- the real server


@pytest.fixture
def server(tmp_path):
    with dav(tmp_path) as served:
        yield served


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_a_wrong_password(tmp_path, scheme, caplog):
    caplog.set_level(logging.DEBUG)
    with dav(tmp_path, scheme=scheme) as server:
        for wrong in ({"secret": "banana-75"}, {"user": "eva"}, {"user": "", "secret": ""}):
            with told(UserError, "target-credentials", "127.0.0.1") as _:
                found_target(server.description(**wrong))
        assert inside(tmp_path) == []
        found_target(server.description())
    assert "banana" not in caplog.text
    assert SECRET not in caplog.text


def test_no_space(tmp_path):
    with dav(tmp_path, limit=100_000) as server, closing(open_target(found_target(server.description()))) as target:
        target.put("parts/one", b"x" * 60_000)
        with told(Unavailable, "target-full"):
            target.put("parts/two", b"x" * 60_000)
        assert [row.name for row in target.entries("")] == ["parts/one"]
        target.delete("parts/one")
        target.put("parts/two", b"x" * 60_000)


def test_the_folder_above_is_missing(server):
    with told(Unavailable, "target-gone", "above"):
        found_target(server.description("/no/such/backups"))


def test_the_folder_was_taken_away(server, tmp_path):
    with closing(open_target(found_target(server.description()))) as target:
        target.put("parts/one", b"x")
        (tmp_path / "backups").rename(tmp_path / "elsewhere")
        with told(Unavailable, "target-gone"):
            target.entries("")
        with told(Unavailable, "target-gone"):
            target.put("parts/two", b"x")
    assert inside(tmp_path) == ["elsewhere"]


def test_killed_in_the_middle_of_a_put(server, tmp_path):
    """The server dies while it takes the bytes; afterwards nothing of the object is there, and the next run clears what was left."""
    description = found_target(server.description())
    incoming = tmp_path / "backups" / ".incoming"

    def kill_once_begun():
        while not (incoming.exists() and any(path.stat().st_size for path in incoming.iterdir())):
            time.sleep(0.001)
        server.end(9)

    with closing(open_target(description)) as target:
        target.put("parts/one", b"x")
        killer = threading.Thread(target=kill_once_begun)
        killer.start()
        with told(Unavailable, "target-unreachable"):
            target.put("parts/two", bytes(200 << 20))
        killer.join()
        assert len(list(incoming.iterdir())) == 1
        with told(Unavailable, "target-unreachable"):
            target.entries("")
    server.start()
    with closing(open_target(description)) as target:
        assert [row.name for row in target.entries("")] == ["parts/one"]
        target.put("parts/two", b"y")
        assert list(incoming.iterdir()) == []
        assert target.get("parts/two", 1) == b"y"


def test_a_server_started_again_is_found_again(server):
    """The connection kept from before has ended: the request goes out once more, on a new one."""
    with closing(open_target(found_target(server.description()))) as target:
        target.put("parts/one", b"x")
        server.end()
        server.start()
        assert target.get("parts/one", 1) == b"x"


def test_names_with_letters_of_every_kind(server, tmp_path):
    (tmp_path / "Añas cosas").mkdir()
    with closing(open_target(found_target(server.description("/Añas cosas/copias de día")))) as target:
        target.put("parts/one", b"x")
        assert [row.name for row in target.entries("")] == ["parts/one"]
    assert (tmp_path / "Añas cosas" / "copias de día" / "parts" / "one").exists()


# --- answers that no server should give


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (answer(200, b"half", length=100), Unavailable, "target-unreachable"),
        (b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf", Unavailable, "target-unreachable"),
        (b"", Unavailable, "target-unreachable"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", Unavailable, "target-unreachable"),
        (None, Unavailable, "target-unreachable"),
        (answer(500), Unavailable, "target-unreachable"),
        (answer(429), Unavailable, "target-unreachable"),
        (answer(403), UserError, "target-refused"),
        (answer(404), UserError, "backup-missing"),
        (answer(302, Location="https://elsewhere.example/dav/x"), UserError, "not-a-target"),
        (answer(302, Location="http://127.0.0.1:1/dav/x"), UserError, "not-a-target"),
        (answer(302, Location="file:etc"), UserError, "not-a-target"),
        (answer(302, Location="file:///etc/passwd"), UserError, "not-a-target"),
        (answer(302, Location="http://["), UserError, "not-a-target"),
        (answer(200, length=1 << 40), IntegrityError, "backup-damaged"),
        (b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n" + b"x" * 1001, IntegrityError, "backup-damaged"),
    ],
)
def test_a_bad_answer_to_get(said, kind, code):
    with scripted(said, said, said) as script, closing(quick(script)) as target, told(kind, code):
        target.get("parts/one", 1000)
    assert all(b"Authorization" not in head for head in script.seen)


def test_a_redirect_on_the_same_server_is_followed():
    with scripted(answer(301, Location="/dav/moved/one"), answer(200, b"x")) as script, closing(quick(script)) as target:
        assert target.get("parts/one", 10) == b"x"
    assert script.seen[1].startswith(b"GET /dav/moved/one ")


@pytest.mark.parametrize(
    ("told_path", "asked"), [("/dav/día", b"/dav/d%C3%ADa"), ("/dav/a b", b"/dav/a%20b"), ("/dav/a%20b", b"/dav/a%20b"), ("/\x01", b"/%01")]
)
def test_a_redirect_to_a_path_with_any_bytes_is_asked_for_quoted(told_path, asked):
    with scripted(answer(301, Location=told_path), answer(200, b"x")) as script, closing(quick(script)) as target:
        assert target.get("parts/one", 10) == b"x"
    assert script.seen[1].startswith(b"GET " + asked + b" ")


def test_what_breaks_off_on_a_kept_connection_has_a_name_too():
    """A server that answers once and falls silent, or answers half: told as on a first connection, and the next request begins afresh."""
    for rest in (b"", b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nhalf"):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            answers = [b"HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\nx", rest]
            serving = threading.Thread(target=_answer_on_one_connection, args=(listener, answers), daemon=True)
            serving.start()
            server = Server(f"http://127.0.0.1:{listener.getsockname()[1]}/dav", "ana", SECRET, seconds=0.5)
            with closing(WebDav(server, "m" * 16)) as target:
                assert target.get("parts/one", 1) == b"x"
                with told(Unavailable, "target-unreachable"):
                    target.get("parts/two", 9)
                assert target.get("parts/one", 1) == b"x"
            serving.join(5)
            assert not serving.is_alive()


def _answer_on_one_connection(listener, answers):
    """The answers one after the other without ending it; then the first again, on a new one."""
    kept, _ = listener.accept()
    with kept:
        for said in answers:
            kept.recv(1 << 16)
            kept.sendall(said)
        again, _ = listener.accept()
        with again:
            again.recv(1 << 16)
            again.sendall(answers[0])


def test_redirects_have_an_end():
    with scripted(*[answer(301, Location="/dav/x")] * 9) as script, closing(quick(script)) as target, told(UserError, "not-a-target"):
        target.get("parts/one", 10)
    assert len(script.seen) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Log in</body></html>",
        b"<D:multistatus xmlns:D='DAV:'><D:response>",
        BOMB,
        b"<D:multistatus xmlns:D='DAV:'>" + b"<a>" * 1000,
        b"\xff\xfe\x00",
        b"<multistatus/>",
    ],
)
def test_a_bad_list(body):
    with scripted(answer(207, body)) as script, closing(quick(script)) as target, told(UserError, "not-a-target"):
        target.entries("")


def test_control_what_expat_makes_of_the_bomb_without_the_guard():
    """The bomb is one: a parser that takes document types expands it."""
    from xml.etree.ElementTree import fromstring

    assert len("".join(fromstring(BOMB).itertext())) == 30
    with pytest.raises(NotXml, match="document type"):
        rows_of(BOMB)


def test_a_list_with_names_that_lead_elsewhere():
    rows = b"".join(
        FILE % (path, b"5")
        for path in (b"/dav/../../etc/passwd", b"/dav/%2e%2e", b"/dav/.incoming", b"/dav/a%2Fb", b"/dav/one", b"http://other.example/x/two")
    )
    with scripted(answer(207, LIST % rows)) as script, closing(quick(script)) as target:
        assert [row.name for row in target.entries("")] == ["b", "one", "passwd", "two"]


@pytest.mark.parametrize("size", [b"-5", b"9" * 30, b"five", "٣".encode(), b""])
def test_a_list_with_a_size_that_is_none(size):
    with scripted(answer(207, LIST % (FILE % (b"/dav/one", size)))) as script, closing(quick(script)) as target:
        assert [(row.name, row.size) for row in target.entries("")] == [("one", 0)]


@pytest.mark.parametrize("said", [[200], [405], [404, 404], [404, 405, 404], [404, 201, 200], [401]])
def test_nothing_that_speaks_webdav(said):
    code = "target-credentials" if said == [401] else "target-gone" if said == [404, 405, 404] else "not-a-target"
    with scripted(*map(answer, said)) as script, pytest.raises(NodeError) as caught, closing(quick(script)) as target:
        target.found()
    assert caught.value.code == code


def test_a_server_that_names_its_kind_at_its_root_only():
    with scripted(answer(404), answer(200, DAV="1, version-control")) as script, closing(quick(script)) as target:
        assert target.keeps_old_versions() is True
    assert script.seen[1].startswith(b"OPTIONS / ")


@pytest.mark.parametrize(
    ("told_by", "keeps"),
    [
        ("1, 2, 3", False),
        ("1, 3, extended-mkcol, access-control, nextcloud-checksum-update, nc-enable-birthday-calendar", True),
        ("1, 2, version-control", True),
        ("", False),
    ],
)
def test_who_keeps_old_versions(told_by, keeps):
    with scripted(answer(200, DAV=told_by)) as script, closing(quick(script)) as target:
        assert target.keeps_old_versions() is keeps


# --- the address and the password


@pytest.mark.parametrize(
    ("where", "word"),
    [
        ("http://cloud.example/backups", "https"),
        ("https://ana:hunter2-x@cloud.example/backups", "own fields"),
        ("cloud.example/backups", "no address"),
        ("ftp://cloud.example/", "no address"),
        ("https://cloud.example/?a=b", "no address"),
        ("https://[::1/backups", "no address"),
        ("https://cloud.example:99999/", "no address"),
        ("", "no address"),
    ],
)
def test_an_address_that_will_not_do(where, word):
    with told(UserError, "bad-target", word) as _:
        Server(where, "ana", SECRET)


def test_the_password_goes_out_only_when_asked_for_and_is_in_no_text(caplog):
    caplog.set_level(logging.DEBUG)
    asked = answer(401, WWW_Authenticate='Basic realm="x"')
    with scripted(answer(200, b"x"), asked, asked) as script, closing(quick(script)) as target:
        target.get("parts/one", 10)
        assert b"uthorization" not in script.seen[0]
        with told(UserError, "target-credentials"):
            target.get("parts/one", 10)
        assert b"Authorization: Basic" in script.seen[2]
        assert SECRET not in repr(target.__dict__)
    assert SECRET not in caplog.text


def test_digest_counts_and_starts_again_with_a_new_nonce():
    """RFC 7616: a nonce is used again with the next count; a stale one is answered with the new one, without asking for the password."""
    challenge = 'Digest realm="api", qop="auth", algorithm=SHA-256, nonce="n1", opaque="o1", Basic realm="x"'
    stale = 'Digest realm="api", qop="auth", algorithm=SHA-256, nonce="n2", stale=true'
    script = (answer(401, WWW_Authenticate=challenge), answer(200, b"x"), answer(401, WWW_Authenticate=stale), answer(200, b"y"))
    with scripted(*script) as served, closing(quick(served)) as target:
        assert target.get("parts/one", 10) == b"x"
        assert target.get("parts/one", 10) == b"y"
    assert b'nonce="n1"' in served.seen[1]
    assert b"nc=00000001" in served.seen[1]
    assert b'nonce="n1"' in served.seen[2]
    assert b"nc=00000002" in served.seen[2]
    assert b'nonce="n2"' in served.seen[3]
    assert b"nc=00000001" in served.seen[3]


def test_a_slow_answer_has_an_end():
    slow = b"HTTP/1.1 200 X\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 200_000
    with scripted(slow) as script:
        target = WebDav(Server(script.url, USER, SECRET, seconds=0.5, call_seconds=0.0))
        with closing(target), told(Unavailable, "target-unreachable", "slowly"):
            target.get("parts/one", 1 << 20)


def test_every_error_is_one_of_ours():
    with pytest.raises(NodeError):
        Server("https://127.0.0.1:1/", "a", "b", seconds=0.5).call("GET", "/")
