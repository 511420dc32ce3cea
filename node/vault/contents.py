"""What is sealed in the vault file, as bytes: whose it is, the secrets, a change of keys that is under way. It decides their form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from node.errors import IntegrityError
from node.model.identity import Step
from protocol.encoding import decode, encode
from protocol.errors import ProtocolError

from .keys import Profile, Secrets

_PROFILE = ("identity", "role", "name", "currency", "payout_index")
_SINGLE = ("device", "agreement", "pseudonyms", "store", "wallet")


@dataclass(frozen=True, slots=True)
class Contents:
    """All of it."""

    profile: Profile
    secrets: Secrets
    step: Step | None = None


def encoded(contents: Contents) -> bytes:
    """The bytes to be sealed."""
    profile, secrets, step = contents.profile, contents.secrets, contents.step
    tree: dict[str, Any] = {
        **{name: getattr(profile, name) for name in _PROFILE},
        "recovery": profile.recovery,
        **{name: bytes(getattr(secrets, name)) for name in _SINGLE},
        "generations": [bytes(seed) for seed in secrets.generations],
    }
    if step is not None:
        tree["step"] = {
            "generation": step.generation,
            "seed": step.seed,
            "store": step.store,
            "payout_index": step.payout_index,
            "recovery": step.recovery,
            "entries": list(step.entries),
            "seals": [list(pair) for pair in step.seals],
            "payees": [list(pair) for pair in step.payees],
        }
    return encode(tree)


def decoded(contents: bytes) -> Contents:
    """What was encoded. A vault made before the recovery key was kept has an empty one. Raises IntegrityError `newer-vault`."""
    try:
        tree: Any = decode(contents)
        profile = Profile(**{name: tree[name] for name in _PROFILE}, recovery=tree.get("recovery", b""))
        single = {name: bytearray(tree[name]) for name in _SINGLE}
        secrets = Secrets(**single, generations=[bytearray(seed) for seed in tree["generations"]])
        return Contents(profile, secrets, _step(tree["step"]) if "step" in tree else None)
    except (ProtocolError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError("The vault's contents are not of this version.", code="newer-vault") from error


def _step(tree: Mapping[str, Any]) -> Step:
    seals = tuple((recipient, sealed) for recipient, sealed in tree["seals"])
    payees = tuple((index, raw) for index, raw in tree["payees"])
    plain = {name: tree[name] for name in ("generation", "seed", "store", "payout_index", "recovery")}
    return Step(**plain, entries=tuple(tree["entries"]), seals=seals, payees=payees)
