"""What an implementation does with each kind of vector: the input's JSON → the output's JSON, or the error code.

The generators fill in outputs with these, the test runs them on the checked-in files.
"""

from collections.abc import Callable, Mapping
from typing import Any

from parts import plain

from protocol import (
    catalog_sync,
    disclosure,
    feed,
    grant,
    identity,
    log,
    media,
    money,
    packs,
    pairing,
    reconcile,
    recovery,
    rows,
    sections,
    team,
)
from protocol.brand_plan import BrandPlan, brand_plan_hash, check_bounds, check_offer, check_within
from protocol.codec import from_bytes
from protocol.encoding import decode
from protocol.envelope import check_time, verify
from protocol.kinds import Topic
from protocol.messages import unpack
from protocol.money import Money
from protocol.offer import Offer, price_at, total_at
from protocol.operations import EMPTY, Noun, Operation, element
from protocol.performance import Figure, Performance, Sale, figures
from protocol.plan import Plan
from protocol.product import Image, Product
from protocol.return_policy import ReturnPolicy
from protocol.shipping import ShippingProfile, cost_of
from protocol.state_hash import StateHash

Given = dict[str, Any]
RECORDS: Mapping[str, type] = {
    cls.__name__: cls
    for cls in (
        *(kind.record for module in (feed, catalog_sync, media, grant, pairing, team, recovery) for kind in module.KINDS),
        *(
            Product,
            Offer,
            ShippingProfile,
            ReturnPolicy,
            Figure,
            Performance,
            Operation,
            feed.Feed,
            Image,
            team.SponsorEdge,
            pairing.Invite,
        ),
        *(identity.Inception, identity.DeviceCertificate, log.Checkpoint, log.Frontier, Money),
    )
}


def _hex(value: str) -> bytes:
    return bytes.fromhex(value)


def _list(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


def tree(value: Any) -> Any:
    """A CBOR tree in JSON: {"bytes": hex}, {"int": decimal} beyond 2^53, {"map": [[key, value], …]}."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, dict):
        return {"map": [[tree(key), tree(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return [tree(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return {"int": str(value)}
    return value


def _record(given: Given) -> Any:
    return {"record": from_bytes(RECORDS[given["type"]], _hex(given["bytes"]))}


def _message(given: Given) -> Any:
    message = unpack(Topic.CATALOG, _hex(given["message"]))
    return {"kind": message.kind.name, "record": message.record}


def _split(given: Given) -> Any:
    return {"parts": money.split(int(given["amount"]), given["weights"])}


def _envelope(given: Given) -> Any:
    author = given.get("author")
    signed = verify(_hex(given["raw"]), given["type"], author=_hex(author) if author else None)
    if "now" in given:
        check_time(signed.envelope, given["now"])
    return {"id": signed.id, "envelope": signed.envelope}


def _replay(given: Given) -> Any:
    state = identity.replay(_hex(given["inception"]), _list(given["entries"]))
    if "device" in given:
        state.require_live(_hex(given["device"]))
    live = [device.device_public for device in state.devices]
    return {"identity": state.identity, "head": state.head, "seq": state.seq, "live": live, "root": state.root_public}


def _follow(given: Given) -> Any:
    known, shown = (identity.Presentation(_hex(given["inception"]), tuple(_list(given[name]))) for name in ("known", "shown"))
    state = shown.follow(known, identity.replay(known.inception, known.entries))
    return {"head": state.head, "seq": state.seq, "live": [device.device_public for device in state.devices]}


def _payee(given: Given) -> Any:
    signed = verify(_hex(given["raw"]), team.PAYEE)
    return {"record": team.verify_payee(signed, _hex(given["merchant"]), root=_hex(given["root"]), generation=given["generation"])}


def _backup(given: Given) -> Any:
    known, told = (from_bytes(recovery.BackupHead, _hex(given[name])) for name in ("known", "told"))
    return {"grows": known.grows(told)}


def _chain(given: Given) -> Any:
    chain = log.Chain(_hex(given["log"]))
    for raw in _list(given["entries"]):
        chain = chain.follow(verify(raw, given["type"]))
    return {"seq": chain.seq, "head": chain.head}


def _root(given: Given) -> Any:
    return {"root": log.Tree([log.leaf_hash(entry) for entry in _list(given["entries"])]).root()}


def _inclusion(given: Given) -> Any:
    log.verify_inclusion(_hex(given["leaf"]), given["index"], given["size"], _list(given["proof"]), _hex(given["root"]))


def _consistency(given: Given) -> Any:
    old, new = (_hex(given["old_root"]), _hex(given["root"]))
    log.verify_consistency(given["old"], old, given["size"], new, _list(given["proof"]))


def _extends(given: Given) -> Any:
    old, new = log.verify_checkpoint(_hex(given["old"])), log.verify_checkpoint(_hex(given["new"]))
    log.check_extends(old, new, _list(given["proof"]))
    return {"size": new.size}


def _equivocation(given: Given) -> Any:
    log.check_equivocation(log.Equivocation(_hex(given["first"]), _hex(given["second"])))


def _state_hash(given: Given) -> Any:
    return {"digest": StateHash().change(added=_list(given["added"]), removed=_list(given["removed"])).digest}


def _catalog(given: Given) -> Any:
    operations = [from_bytes(Operation, raw) for raw in _list(given["operations"])]
    state = EMPTY.apply(operations)
    if "feed" in given:
        for operation in operations:
            from_bytes(feed.Feed, _hex(given["feed"])).read(operation)
    if "checkpoint" in given:
        feed.check_complete(state.hash, log.verify_checkpoint(_hex(given["checkpoint"])))
    return {"state_hash": state.hash.digest, "slots": sorted([slot[0].value, slot[1]] for slot in state.records)}


def _rows(given: Given) -> Any:
    return {"rows": list(rows.read_rows(rows.unpress(_hex(given["pressed"]))))}


def _page(given: Given) -> Any:
    answer = from_bytes(catalog_sync.Page, _hex(given["page"]))
    size = log.verify_checkpoint(answer.checkpoint).size
    return {"rows": list(answer.read(given["since"])), "more": answer.more(given["since"], size)}


def _manifest(given: Given) -> Any:
    manifest, checkpoint = packs.open_manifest(verify(_hex(given["raw"]), packs.MANIFEST), feed=_hex(given["feed"]))
    return {"size": checkpoint.size, "rows": manifest.rows, "packs": [pack.hash for pack in manifest.packs]}


def _pack(given: Given) -> Any:
    before = (Noun(given["before"][0]), given["before"][1]) if "before" in given else None
    return {"rows": packs.open_pack(from_bytes(packs.PackEntry, _hex(given["entry"])), before, _hex(given["data"]))}


def _media(given: Given) -> Any:
    found = media.Gathering(_hex(given["hash"]), media.MediaForm(given["form"]))
    more = [found.add(from_bytes(media.Media, raw)) for raw in _list(given["pieces"])]
    return {"more": more, "bytes": len(found.whole())}


def _named_media(given: Given) -> Any:
    request = from_bytes(media.MediaRequest, _hex(given["request"]))
    return {"named": media.names(from_bytes(Product, _hex(given["product"])), request.hash, request.form)}


def _begin(given: Given) -> Any:
    return {"question": reconcile.begin(reconcile.numbers(given["held"]))}


def _answer(given: Given) -> Any:
    return {"answer": reconcile.answer(reconcile.numbers(given["held"]), _hex(given["question"]))}


def _conclude(given: Given) -> Any:
    found = reconcile.Difference()
    following = reconcile.conclude(reconcile.numbers(given["held"]), _hex(given["answer"]), found)
    return {"missing": found.missing, "excess": found.excess, "question": following}


def _section(given: Given) -> Any:
    part = from_bytes(sections.Part, _hex(given["part"]))
    shown = sections.open_proof(from_bytes(sections.PartProof, _hex(given["proof"])), part, feed=_hex(given["feed"]))
    held = {}
    for name, records in given["records"].items():
        elements = [element((Noun(noun), slot), _hex(record)) for noun, slot, record in records]
        held[name] = (len(elements), StateHash().add(*elements))
    sections.check_sections(shown, held)
    return {"size": shown.head.size, "counts": [count for count, _ in shown.held.values()], "author": shown.author}


def _price(given: Given) -> Any:
    offer = from_bytes(Offer, _hex(given["offer"]))
    total = total_at(offer, given["now"], given["rank"], given["quantity"])
    return {"piece": price_at(offer, given["now"], given["rank"]), "total": total}


def _shipping(given: Given) -> Any:
    profile = from_bytes(ShippingProfile, _hex(given["profile"]))
    price = Money(given["price"], given["currency"])
    return {"cost": cost_of(profile, given["country"], given["postcode"], weight=given["weight"], price=price)}


def _bounds(given: Given) -> Any:
    bounds = from_bytes(BrandPlan, _hex(given["bytes"]))
    check_bounds(bounds)
    return {"plan": brand_plan_hash(bounds)}


def _within(given: Given) -> Any:
    plan, bounds = from_bytes(Plan, _hex(given["plan"])), from_bytes(BrandPlan, _hex(given["bounds"]))
    check_within(plan, bounds, sku=given["sku"], product=_hex(given["product"]))


def _brand_offer(given: Given) -> Any:
    offer, record = from_bytes(Offer, _hex(given["offer"])), _hex(given["product"])
    bounds, plan = from_bytes(BrandPlan, _hex(given["bounds"])), from_bytes(Plan, _hex(given["plan"]))
    check_offer(offer, record, from_bytes(Product, record), bounds, plan, brand=_hex(given["brand"]), now=given["now"])


def _figures(given: Given) -> Any:
    sales = [Sale(s["handle"], _hex(s["order"]), _hex(s["seller"]), s["country"], s["units"], s["returned"]) for s in given["sales"]]
    return {"figures": figures(sales)}


def _link(given: Given) -> Any:
    return {"invite": pairing.read_link(given["link"])}


def _code(given: Given) -> Any:
    begin, answer, nonce = _hex(given["begin"]), _hex(given["answer"]), _hex(given["nonce"])
    device_a, device_b = _hex(given["device_a"]), _hex(given["device_b"])
    state = pairing.Pairing()
    for event in (pairing.Begun(begin, device_a, device_b, 0), pairing.Answered(answer), pairing.Revealed(nonce)):
        state, _ = pairing.apply(state, event)
    return {"code": state.code, "pairing": state.id}


def _edge(given: Given) -> Any:
    return {"edge": team.verify_edge(team.CoSigned(_hex(given["member"]), _hex(given["sponsor"])))}


def _join(given: Given) -> Any:
    request = team.verify_join(_hex(given["raw"]), _hex(given["merchant"]))
    return {"request": request, "member": request.member}


def _departure(given: Given) -> Any:
    return {"departure": team.verify_departure(_hex(given["raw"]), notice_ms=given["notice_ms"])}


def _team(given: Given) -> Any:
    links: dict[bytes, tuple[team.Link, ...]] = {}
    for kind, raw in given["steps"]:
        if kind == "edge":
            links = team.with_edge(links, from_bytes(team.SponsorEdge, _hex(raw)))
        else:
            links = team.with_departure(links, from_bytes(team.Departure, _hex(raw)))
    return {"uplines": team.uplines(links, _hex(given["member"]), given["at"], given["levels"])}


def _disclosure(given: Given) -> Any:
    opened = [disclosure.Disclosed(disclosure.Field(f), value, _hex(salt)) for f, value, salt in given["opened"]]
    closed = [disclosure.Hidden(disclosure.Field(f), _hex(part)) for f, part in given["closed"]]
    return {"values": disclosure.check_disclosed(opened, closed, _hex(given["commitment"]))}


def _grant_event(name: str, fields: Given) -> Any:
    values: Given = {key: _hex(value) if isinstance(value, str) else value for key, value in fields.items()}
    if name == "Requested":
        values["request"] = from_bytes(grant.GrantRequest, values["request"])
    if name == "Issued":
        values["grant"] = from_bytes(grant.Grant, values["grant"])
    return getattr(grant, name)(**values)


def _grant(given: Given) -> Any:
    state, effects = grant.GrantState(), []
    for name, fields in given["events"]:
        state, done = grant.apply(state, _grant_event(name, fields))
        effects += [type(effect).__name__ for effect in done]
    output: Given = {"status": state.status, "effects": effects}
    if "ask" in given:
        output["erase_by"] = grant.check_ask(state, from_bytes(grant.Ask, _hex(given["ask"])), now=given["now"])
    return output


CHECKS: Mapping[str, Callable[[Given], Any]] = {
    "decode": lambda given: {"tree": tree(decode(_hex(given["bytes"])))},
    "record": _record,
    "message": _message,
    "split": _split,
    "share": lambda given: {"part": money.share(int(given["amount"]), given["bps"])},
    "exponent": lambda given: {"decimals": money.exponent(given["currency"])},
    "envelope": _envelope,
    "replay": _replay,
    "follow": _follow,
    "payee": _payee,
    "backup": _backup,
    "chain": _chain,
    "root": _root,
    "inclusion": _inclusion,
    "consistency": _consistency,
    "extends": _extends,
    "equivocation": _equivocation,
    "state-hash": _state_hash,
    "catalog": _catalog,
    "rows": _rows,
    "page": _page,
    "manifest": _manifest,
    "pack": _pack,
    "media": _media,
    "named-media": _named_media,
    "begin": _begin,
    "answer": _answer,
    "conclude": _conclude,
    "section": _section,
    "price": _price,
    "shipping": _shipping,
    "bounds": _bounds,
    "within": _within,
    "brand-offer": _brand_offer,
    "figures": _figures,
    "link": _link,
    "code": _code,
    "edge": _edge,
    "join": _join,
    "departure": _departure,
    "team": _team,
    "disclosure": _disclosure,
    "grant": _grant,
}


def run(vector: Given) -> Any:
    """The output of a vector in JSON. Raises ProtocolError."""
    return plain(CHECKS[vector["kind"]](vector["input"]))
