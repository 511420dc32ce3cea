"""Name and password to a web server: Digest where it offers that (RFC 7616), else Basic. Neither ever stands in a text for people."""

import base64
import hashlib
import os
import re
from collections.abc import Callable, Mapping

_PAIR = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_HASHES: Mapping[str, Callable[[bytes], "hashlib._Hash"]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
}


class Credentials:
    """Answers to one server's challenge, and to the next when it changes."""

    def __init__(self, user: str, secret: str) -> None:
        self._user = user
        self._secret = secret
        self._scheme = ""
        self._challenge: Mapping[str, str] = {}
        self._count = 0

    def header(self, method: str, target: str) -> dict[str, str | bytes]:
        """What to send along; nothing before the server asked."""
        if self._scheme == "basic":
            return {"Authorization": "Basic " + base64.b64encode(f"{self._user}:{self._secret}".encode()).decode()}
        if self._scheme == "digest":
            return {"Authorization": self._digest(method, target).encode()}  # names are UTF-8 (RFC 7616)
        return {}

    def learn(self, told: str, *, encrypted: bool) -> bool:
        """Take a `WWW-Authenticate`; whether another try makes sense."""
        if not self._user:
            return False
        challenge = _digest_challenge(told)
        if challenge is not None:
            again = self._scheme == "digest" and challenge.get("stale", "").lower() != "true"
            self._scheme, self._challenge, self._count = "digest", challenge, 0
            return not again
        if re.search(r"(?:^|,)\s*basic\b", told, re.IGNORECASE) and encrypted:
            again, self._scheme = self._scheme == "basic", "basic"
            return not again
        return False

    def _digest(self, method: str, target: str) -> str:
        told = self._challenge
        algorithm = told.get("algorithm", "MD5").upper()
        realm, nonce = told.get("realm", ""), told.get("nonce", "")

        def hashed(text: str) -> str:
            return _HASHES[algorithm](text.encode()).hexdigest()

        who = hashed(f"{self._user}:{realm}:{self._secret}")
        what = hashed(f"{method}:{target}")
        given = {"username": self._user, "realm": realm, "nonce": nonce, "uri": target}
        bare = {"algorithm": algorithm} if "algorithm" in told else {}
        if "qop" in told:
            self._count += 1
            count, own = f"{self._count:08x}", os.urandom(16).hex()
            given |= {"cnonce": own, "response": hashed(f"{who}:{nonce}:{count}:{own}:auth:{what}")}
            bare |= {"qop": "auth", "nc": count}
        else:
            given["response"] = hashed(f"{who}:{nonce}:{what}")
        if "opaque" in told:
            given["opaque"] = told["opaque"]
        quoted = [f'{name}="{_escaped(value)}"' for name, value in given.items()]
        return "Digest " + ", ".join([*quoted, *(f"{name}={value}" for name, value in bare.items())])


def _digest_challenge(told: str) -> dict[str, str] | None:
    """The first Digest challenge that we can answer."""
    if not told.isprintable():
        return None
    for found in re.split(r"\bdigest\s+", told, flags=re.IGNORECASE)[1:]:
        pairs = {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in _PAIR.findall(found)}
        methods = re.split(r"[,\s]+", pairs.get("qop", "auth"))
        if pairs.get("algorithm", "MD5").upper() in _HASHES and "auth" in methods and "nonce" in pairs:
            return pairs
    return None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
