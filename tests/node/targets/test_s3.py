"""S3 against moto's server, which judges keys and policies; and against one that breaks off."""

import logging
import os
from contextlib import closing, contextmanager
from dataclasses import replace

import boto3
import pytest

from node.errors import Unavailable, UserError
from node.model.target import Description, Kind
from node.targets.opening import found_target, open_target
from node.targets.s3 import Bucket
from tests.node.targets.servers import answer, s3, scripted


@pytest.fixture(scope="module")
def description():
    with s3() as made:
        yield made


@pytest.fixture(scope="module")
def owner(description):
    named = {"aws_access_key_id": description.user, "aws_secret_access_key": description.secret, "region_name": "us-east-1"}
    with closing(boto3.client("s3", endpoint_url=description.where, **named)) as client:
        yield client


@contextmanager
def told(kind, code, *words):
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.code == code, caught.value
    for word in words:
        assert word in str(caught.value)


def test_a_wrong_key_or_secret(description, caplog):
    caplog.set_level(logging.WARNING)
    for wrong in ({"user": "AKIANOBODY"}, {"secret": "hunter2-hunter2"}):
        with told(UserError, "target-credentials"), closing(Bucket(replace(description, **wrong))) as target:
            target.entries("")
    assert "hunter2" not in caplog.text
    assert description.secret not in repr(description)


def test_no_such_bucket(description):
    missing = replace(description, bucket="nobody")
    with told(UserError, "not-a-target", "no such bucket"):
        found_target(missing)
    with told(UserError, "not-a-target", "no such bucket"), closing(open_target(missing)) as target:
        target.put("parts/one", b"x")


def test_a_key_that_may_not(description, owner):
    owner.create_bucket(Bucket="closed2")
    with told(UserError, "target-refused"), closing(open_target(replace(description, bucket="closed"))) as target:
        target.put("parts/one", b"x")


def test_a_versioned_bucket_is_told(description, owner):
    owner.create_bucket(Bucket="versioned")
    versioned = replace(description, bucket="versioned")
    with closing(open_target(versioned)) as target:
        assert target.keeps_old_versions() is False
        owner.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
        assert target.keeps_old_versions() is True
        target.put("keys/all", b"one")
        target.put("keys/all", b"two", replace=True)
        target.delete("keys/all")
        assert list(target.entries("")) == []
    versions = owner.list_object_versions(Bucket="versioned")["Versions"]
    assert len(versions) == 2  # what erasing cannot reach


def test_more_than_a_page_of_objects(description):
    with closing(open_target(replace(description, prefix="many"))) as target:
        for count in range(1003):
            target._client.put_object(Bucket="backups", Key=f"many/parts/{count:05}", Body=b"x")
        assert len(target.entries("parts/")) == 1003


def test_desks_in_one_bucket_do_not_see_each_other(description):
    with closing(open_target(description)) as one, closing(open_target(replace(description, prefix="desk/ben"))) as other:
        one.put("parts/one", b"x")
        assert list(other.entries("")) == []
        one.delete("parts/one")


def test_what_this_machine_has_of_cloud_settings_is_not_used(description, monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("[profile broken]\nendpoint_url = http://127.0.0.1:1\nregion = nowhere\n")
    for name, value in {"AWS_CONFIG_FILE": config, "AWS_PROFILE": "broken", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}.items():
        monkeypatch.setenv(name, str(value))
    with closing(open_target(description)) as target:
        assert list(target.entries("none/")) == []
    assert os.environ["AWS_PROFILE"] == "broken"


def test_credentials_are_needed():
    with told(UserError, "bad-target"):
        open_target(Description(Kind.S3, "https://s3.example", bucket="b"))
    with told(UserError, "bad-target", "https"):
        open_target(Description(Kind.S3, "http://s3.example", "u", "s", "b"))


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (b"", Unavailable, "target-unreachable"),
        (None, Unavailable, "target-unreachable"),
        (answer(200, b"half", length=100), Unavailable, "target-unreachable"),
        (answer(503, b"<Error><Code>SlowDown</Code></Error>"), Unavailable, "target-unreachable"),
        (answer(500), Unavailable, "target-unreachable"),
        (answer(403, b"<Error><Code>AccessDenied</Code></Error>"), UserError, "target-refused"),
        (answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"), UserError, "target-credentials"),
        (answer(404, b"<Error><Code>NoSuchKey</Code></Error>"), UserError, "backup-missing"),
        (answer(507, b"<Error><Code>XMinioStorageFull</Code></Error>"), Unavailable, "target-full"),
        (answer(400, b"<Error><Code>Odd</Code></Error>"), UserError, "not-a-target"),
        (answer(200, b"<html>", length=6, Content_Type="text/html"), None, ""),
    ],
)
def test_a_bad_answer(said, kind, code):
    with scripted(*[said] * 6) as script:
        url = script.url.removesuffix("/dav")
        description = Description(Kind.S3, url, "key", "hunter2-hunter2", "backups")
        with closing(Bucket(description, seconds=1, tries=2)) as target:
            if kind is None:
                assert target.get("parts/one", 1000) == b"<html>"
                return
            with told(kind, code) as _:
                target.get("parts/one", 1000)
        assert all(b"hunter2" not in head for head in script.seen)


def test_a_list_that_is_none():
    with scripted(*[answer(200, b"<html><body>Log in</body></html>")] * 6) as script:
        description = Description(Kind.S3, script.url.removesuffix("/dav"), "key", "secret", "backups")
        with closing(Bucket(description, seconds=1, tries=1)) as target:
            assert list(target.entries("")) == []
