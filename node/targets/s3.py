"""A bucket of Amazon S3 or of a service that speaks as it does. Its library is loaded when the first such target is opened."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from node.errors import NotFound
from node.model.target import Description, Stored

from . import outcomes
from .http import base_of
from .names import is_name, parts_of

CONNECT_SECONDS: Final = 15
READ_SECONDS: Final = 60
TRIES: Final = 3
_PROBE = "probe/versions"
_CREDENTIALS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthorizationHeaderMalformed"}
_FULL = {"QuotaExceeded", "XMinioStorageFull", "StorageFull", "InsufficientStorage", "ServiceQuotaExceeded"}
_UNKNOWN = {"NotImplemented", "MethodNotAllowed", "AccessDenied", "UnsupportedOperation"}


class Bucket:
    """Objects below a prefix of a bucket."""

    def __init__(self, description: Description, *, seconds: int = READ_SECONDS, tries: int = TRIES) -> None:
        self._name = description.bucket
        self._prefix = f"{prefix}/" if (prefix := description.prefix.strip("/")) else ""
        self._where = f"The bucket {description.bucket}"
        self._client = _opened(description, seconds, tries)

    def found(self) -> None:
        """Nothing is made: the bucket is the person's. Raises UserError `not-a-target` where there is none."""
        with self._named(""):
            self._client.head_bucket(Bucket=self._name)

    def entries(self, prefix: str) -> Sequence[Stored]:
        """What lies there under names that begin with `prefix`, in order of name."""
        found = []
        with self._named(""):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=self._prefix + prefix):
                for row in page.get("Contents", ()):
                    name = str(row["Key"]).removeprefix(self._prefix)
                    if is_name(name):
                        found.append(Stored(name, int(row["Size"])))
        return sorted(found, key=lambda row: row.name)

    def get(self, name: str, most: int) -> bytes:
        """The whole object. Raises NotFound `backup-missing`, IntegrityError `backup-damaged` where it has more than `most` bytes."""
        with self._named(name):
            answer = self._client.get_object(Bucket=self._name, Key=self._key(name))
            with answer["Body"] as body:
                data = bytes(body.read(most + 1))
        if len(data) > most:
            raise outcomes.too_large(name, most)
        if len(data) != answer["ContentLength"]:
            raise outcomes.unreachable(self._where, "it broke off in the middle of an answer")
        return data

    def put(self, name: str, data: bytes, *, replace: bool = False) -> None:
        """Keep an object. Without `replace` what is there already under this name stays."""
        if not replace and self._is_there(name):
            return
        with self._named(name):
            self._client.put_object(Bucket=self._name, Key=self._key(name), Body=data, ContentType="application/octet-stream")

    def delete(self, name: str) -> None:
        """Take an object away; gone already is fine."""
        with self._named(name):
            self._client.delete_object(Bucket=self._name, Key=self._key(name))

    def keeps_old_versions(self) -> bool:
        """Whether the bucket versions what is replaced; where we may not ask, a probe shows it."""
        with self._named(_PROBE):
            try:
                return bool(self._client.get_bucket_versioning(Bucket=self._name).get("Status") == "Enabled")
            except _botocore().exceptions.ClientError as error:
                if _code(error) not in _UNKNOWN:
                    raise
            answer = self._client.put_object(Bucket=self._name, Key=self._key(_PROBE), Body=b"")
            self._client.delete_object(Bucket=self._name, Key=self._key(_PROBE))
            return bool(answer.get("VersionId", "null") != "null")

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def _key(self, name: str) -> str:
        return self._prefix + "/".join(parts_of(name))

    def _is_there(self, name: str) -> bool:
        try:
            with self._named(name):
                self._client.head_object(Bucket=self._name, Key=self._key(name))
        except NotFound:
            return False
        return True

    @contextmanager
    def _named(self, name: str) -> Iterator[None]:
        library = _botocore()
        known = library.exceptions
        try:
            yield
        except known.ClientError as error:
            raise self._said(name, error) from None  # its text repeats what was sent
        except (known.NoCredentialsError, known.ParamValidationError, ValueError):
            raise outcomes.bad_target("Enter the bucket's name, the access key and its secret.") from None
        except (known.HTTPClientError, library.httpsession.URLLib3SSLError, OSError):
            raise outcomes.unreachable(self._where, "its service does not answer, or breaks off") from None
        except known.BotoCoreError as error:
            raise outcomes.unreachable(self._where, type(error).__name__) from None

    def _said(self, name: str, error: Any) -> Exception:
        code, status = _code(error), int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code == "NoSuchBucket":
            return outcomes.no_target(self._where, "there is no such bucket")
        if code in ("NoSuchKey", "404"):
            return outcomes.missing(name) if name else outcomes.no_target(self._where, "there is no such bucket")
        if code in _CREDENTIALS or status == 401:
            return outcomes.wrong_credentials(self._where)
        if code in ("PermanentRedirect", "301", "IllegalLocationConstraintException"):
            return outcomes.no_target(self._where, "it is in another region")
        if code in _FULL or status in (507, 413):
            return outcomes.full(self._where)
        if status == 403:
            return outcomes.refused(self._where, "the key may not do that")
        if 400 <= status < 500 and status != 429:
            return outcomes.no_target(self._where, f"its service answers {code or status}")
        return outcomes.unreachable(self._where, f"its service has trouble of its own ({code or status})")


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _botocore() -> Any:
    """What boto3 stands on, by way of boto3: which version of it is boto3's own choice."""
    from boto3 import session

    return session.botocore


def _opened(description: Description, seconds: int, tries: int) -> Any:
    """A client. Raises UserError `bad-target` for a region or an address that is none."""
    try:
        return _client(description, seconds, tries)
    except (_botocore().exceptions.BotoCoreError, ValueError):
        raise outcomes.bad_target("Check the region and the address of the service: there is none like that.") from None


def _client(description: Description, seconds: int, tries: int) -> Any:
    """A client that takes nothing from this machine's own cloud settings: what it uses was typed in here."""
    import boto3

    library = _botocore()
    if description.where:
        base_of(description.where)
    own = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session = library.session.Session(session_vars={"profile": (None, None, None, None), **own})
    config = library.config.Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=seconds,
        retries={"max_attempts": tries, "mode": "standard"},
        s3={"addressing_style": "path" if description.where else "auto"},
        ignore_configured_endpoint_urls=True,
        request_checksum_calculation="when_required",  # services that only speak as S3 does refuse newer checksums
        response_checksum_validation="when_required",
    )
    return boto3.session.Session(botocore_session=session).client(
        "s3",
        aws_access_key_id=description.user,
        aws_secret_access_key=description.secret,
        region_name=description.region or "us-east-1",
        endpoint_url=description.where or None,
        config=config,
    )
