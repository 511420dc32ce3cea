"""Whatever a person types for a place: it is opened, or refused in words. No other error comes out."""

from contextlib import closing, suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.errors import NodeError
from node.model.target import Description, Kind
from node.targets.credentials import Credentials
from node.targets.http import Server
from node.targets.opening import found_target, open_target
from node.targets.s3 import Bucket

TEXT = st.text(max_size=12) | st.sampled_from(["a\r\nX: y", "ñandú", "日本", "../..", "a b", "\0", "%2f", "☃" * 70])
SEEN = TEXT.filter(str.isprintable)  # others are refused before
NOBODY = "http://127.0.0.1:1"
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(TEXT | TEXT.map("https://{}".format) | TEXT.map("https://{}/x".format), TEXT, TEXT)
def test_any_address(where, user, secret):
    with suppress(NodeError):
        Server(where, user, secret)


@FEW
@given(TEXT, TEXT, TEXT)
def test_any_path_and_password(path, user, secret):
    with suppress(NodeError):
        server = Server(f"{NOBODY}/{path}", user, secret)
        server.call("GET", f"{server.path}/x")


@FEW
@given(TEXT, TEXT, TEXT, TEXT, TEXT)
def test_any_bucket(bucket, region, prefix, user, secret):
    with (
        suppress(NodeError),
        closing(Bucket(Description(Kind.S3, NOBODY, user, secret, bucket, region, prefix), seconds=1, tries=1)) as target,
    ):
        target.entries("")


@FEW
@given(TEXT)
def test_any_service_address(where):
    with suppress(NodeError):
        open_target(Description(Kind.S3, f"https://{where}", "user", "secret", "bucket")).close()


@given(TEXT)
def test_any_folder(where):
    with suppress(NodeError):
        found_target(Description(Kind.FOLDER, f"/dev/null/{where}", marker="m" * 16))


@given(st.text(max_size=80) | st.sampled_from(['Digest realm="a\nb", nonce="x"', 'Digest nonce="n", qop="auth", realm="ñ"']), SEEN, SEEN)
def test_any_challenge(told, user, secret):
    asked = Credentials(user, secret)
    asked.learn(told, encrypted=True)
    for value in asked.header("GET", "/x").values():
        assert b"\n" not in (value if isinstance(value, bytes) else value.encode())
