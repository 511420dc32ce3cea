"""Vectors of identity, log, catalog, pairing, team and grant."""

from dataclasses import replace
from typing import Any

from make_catalog import catalogs
from parts import NOW, Key, Made, bad, flipped, good, named

from protocol import disclosure, grant, log, pairing, recovery, team
from protocol import identity as who
from protocol.codec import to_bytes
from protocol.disclosure import Field
from protocol.encoding import encode
from protocol.envelope import sign

ROOT, NEXT, PHONE, LAPTOP, THIEF = (Key(name) for name in ("root", "next", "phone", "laptop", "thief"))


def identity() -> list[Made]:
    inception = who.Inception(ROOT.public, named("recovery"), who.root_commitment(NEXT.public), who.Role.SELLER, NOW)
    start, data = who.begin(inception), to_bytes(inception)

    def added(device: Key) -> who.DeviceAdded:
        return who.DeviceAdded(who.DeviceCertificate(start.identity, device.public, named("x25519"), "a device", NOW))

    def entries(*steps: tuple[Key, who.Entry]) -> list[bytes]:
        chain, raws = start.chain, []
        for key, entry in steps:
            chain, signed = chain.sign(key, who.TYPES[type(entry)], entry, created=NOW)
            raws.append(signed.raw)
        return raws

    phone, laptop = (ROOT, added(PHONE)), (ROOT, added(LAPTOP))
    revoked = (ROOT, who.DeviceRevoked(PHONE.public, "lost"))
    rotation = who.RootRotated(NEXT.public, named("after next"))
    two, gone = entries(phone, laptop), entries(phone, laptop, revoked)
    foreign = who.DeviceAdded(who.DeviceCertificate(named("other"), LAPTOP.public, named("x"), "x", NOW))
    wrong: list[tuple[str, str, list[bytes], dict[str, Any]]] = [
        ("not-live", "a device never added", two, {"device": THIEF.public}),
        ("not-live", "a revoked device", gone, {"device": PHONE.public}),
        ("not-root", "signed by a device", entries(phone, (PHONE, added(THIEF))), {}),
        ("device-revoked", "a revoked device comes back", entries(phone, revoked, phone), {}),
        ("device-known", "a device twice", entries(phone, phone), {}),
        ("wrong-identity", "a certificate of another identity", entries((ROOT, foreign)), {}),
        ("not-root", "a rotation by the old root", entries((ROOT, rotation)), {}),
        ("not-root", "a rotation to a key not committed to", entries((THIEF, who.RootRotated(THIEF.public, named("x")))), {}),
        ("not-root", "the old root after a rotation", entries((NEXT, rotation), phone), {}),
        ("generation", "a generation skipped", entries((ROOT, who.GenerationStarted(2, named("seals")))), {}),
        ("out-of-order", "an entry left out", two[1:], {}),
        ("replayed", "an entry twice", [two[0], two[0]], {}),
        ("bad-signature", "a flipped bit", [flipped(two[0])], {}),
        ("equivocation", "an entry after another first one", [entries((ROOT, added(THIEF)))[0], two[1]], {}),
        ("unknown-type", "no entry of a root log", [sign(ROOT, team.EDGE, {}, created=NOW).raw], {}),
    ]
    return [
        good("replay", "no device yet", inception=data, entries=[]),
        good("replay", "two devices", inception=data, entries=two, device=LAPTOP.public),
        good("replay", "one of them revoked", inception=data, entries=gone, device=LAPTOP.public),
        good("replay", "a rotated root goes on", inception=data, entries=entries(phone, (NEXT, rotation), (NEXT, added(LAPTOP)))),
        good("replay", "a generation", inception=data, entries=entries(phone, (ROOT, who.GenerationStarted(1, named("seals"))))),
        good("follow", "the same log again", inception=data, known=two, shown=two),
        good("follow", "a device more", inception=data, known=two[:1], shown=two),
        good("follow", "a device less", inception=data, known=two, shown=gone),
        bad("rollback", "follow", "an older log", inception=data, known=gone, shown=two),
        bad("equivocation", "follow", "another second entry", inception=data, known=two, shown=entries(phone, (ROOT, added(THIEF)))),
        bad(
            "equivocation",
            "follow",
            "another second entry in a longer log",
            inception=data,
            known=two,
            shown=entries(phone, revoked, laptop),
        ),
        bad(
            "not-root",
            "follow",
            "a device certified by a device",
            inception=data,
            known=two[:1],
            shown=entries(phone, (PHONE, added(THIEF))),
        ),
        bad("wrong-log", "replay", "another identity's log", inception=to_bytes(replace(inception, created=1)), entries=two),
        *(bad(code, "replay", comment, inception=data, entries=raws, **more) for code, comment, raws, more in wrong),
    ]


def logs() -> list[Made]:
    entries = [b"entry %d" % number for number in range(7)]
    leaves = [log.leaf_hash(entry) for entry in entries]
    tree, writer = log.Tree(leaves), Key("writer")
    path, steps = tree.inclusion(4), tree.consistency(3)
    whole = {"leaf": leaves[4], "index": 4, "size": 7, "proof": path, "root": tree.root()}
    grown = {"old": 3, "old_root": tree.root(3), "size": 7, "root": tree.root(), "proof": steps}

    def head(size: int, key: Key = writer, **changes: Any) -> bytes:
        point = log.Checkpoint(named("log"), size, tree.root(size), named(f"state {size}"), NOW + size)
        return log.sign_checkpoint(key, replace(point, **changes)).raw

    chain, raws = log.Chain(named("log")), []
    for number in range(3):
        chain, signed = chain.sign(writer, "test.note", {0: number}, created=NOW)
        raws.append(signed.raw)
    other = sign(writer, "test.note", {0: "other"}, created=NOW, log=named("log"), seq=1).raw
    linked = {"log": named("log"), "type": "test.note"}
    return [
        *(good("root", f"{size} entries", entries=entries[:size]) for size in range(8)),
        good("inclusion", "the fifth of seven", **whole),
        bad("bad-proof", "inclusion", "another index", **{**whole, "index": 5}),
        bad("bad-proof", "inclusion", "an index outside", **{**whole, "index": 7}),
        bad("bad-proof", "inclusion", "a part left out", **{**whole, "proof": path[:-1]}),
        bad("bad-proof", "inclusion", "a part too many", **{**whole, "proof": (*path, named("x"))}),
        bad("bad-proof", "inclusion", "another leaf", **{**whole, "leaf": leaves[3]}),
        good("consistency", "three to seven", **grown),
        good("consistency", "nothing to seven", **{**grown, "old": 0, "old_root": log.EMPTY_ROOT, "proof": ()}),
        good("consistency", "seven to seven", **{**grown, "old": 7, "old_root": tree.root(), "proof": ()}),
        bad("bad-proof", "consistency", "another old root", **{**grown, "old_root": named("x")}),
        bad("bad-proof", "consistency", "another new root", **{**grown, "root": named("x")}),
        bad("bad-proof", "consistency", "a part left out", **{**grown, "proof": steps[1:]}),
        bad("bad-proof", "consistency", "backwards", **{**grown, "old": 7, "size": 3}),
        good("extends", "a later head", old=head(3), new=head(7), proof=steps),
        bad("rollback", "extends", "an earlier head", old=head(7), new=head(3), proof=[]),
        bad("equivocation", "extends", "another root for the size", old=head(7), new=head(7, root=named("x")), proof=[]),
        bad("wrong-log", "extends", "another log", old=head(3), new=head(7, log=named("x")), proof=steps),
        good("equivocation", "two roots of one size", first=head(7), second=head(7, root=named("x"))),
        bad("bad-proof", "equivocation", "two sizes", first=head(7), second=head(3)),
        bad("bad-proof", "equivocation", "two writers", first=head(7), second=head(7, THIEF, root=named("x"))),
        good("chain", "three entries", entries=raws, **linked),
        bad("out-of-order", "chain", "a gap", entries=[raws[0], raws[2]], **linked),
        bad("replayed", "chain", "an entry twice", entries=[*raws[:2], raws[0]], **linked),
        bad("equivocation", "chain", "another entry at a sequence", entries=[raws[0], other], **linked),
        good("state-hash", "nothing", added=[], removed=[]),
        good("state-hash", "one element", added=[b"a"], removed=[]),
        good("state-hash", "two, in either order", added=[b"b", b"a"], removed=[]),
        good("state-hash", "a removal undoes an addition", added=[b"b", b"a"], removed=[b"b"]),
    ]


def pairings() -> list[Made]:
    shown = who.Presentation(b"inception", ())
    nonce, token = named("nonce a"), named("token", 16)
    begin = to_bytes(pairing.PairBegin(token, pairing.commit(nonce), shown, "Ana", who.Role.SELLER, ()))
    answer = to_bytes(pairing.PairAnswer(named("nonce b"), shown, "Lumen", who.Role.MERCHANT, ()))
    addresses = ("/ip4/127.0.0.1/tcp/4001",)
    link = pairing.Invite(PHONE.public, named("lumen identity"), addresses, token, NOW, who.Role.MERCHANT, "Lumen").link
    both = {"begin": begin, "answer": answer, "device_a": PHONE.public, "device_b": LAPTOP.public}
    return [
        good("link", "an invite", link=link),
        bad("invite-malformed", "link", "cut short", link=link[:-4]),
        bad("invite-malformed", "link", "another scheme", link=link.replace("gemstra", "https")),
        bad("invite-malformed", "link", "not base64url", link=link[:-4] + "+/=="),
        bad("invite-malformed", "link", "something behind it", link=link + "&x=1"),
        good("code", "a code", nonce=nonce, **both),
        good("code", "another device, another code", nonce=nonce, **{**both, "device_a": THIEF.public}),
        bad("bad-commitment", "code", "a nonce chosen late", nonce=named("late"), **both),
    ]


def teams() -> list[Made]:
    merchant = named("lumen identity")
    ana, ben, eve = Key("ana member"), Key("ben member"), Key("eve member")
    ids = {key: team.member_id(merchant, key.public) for key in (ana, ben, eve)}

    def edge(member: Key, sponsor: Key, seq: int = 1, starts: int = NOW) -> team.SponsorEdge:
        return team.SponsorEdge(merchant, ids[sponsor], ids[member], starts, seq)

    def signed(key: Key, record: team.SponsorEdge) -> bytes:
        return sign(key, team.EDGE, record, created=NOW).raw

    def step(record: team.SponsorEdge | team.Departure) -> tuple[str, bytes]:
        return ("edge" if isinstance(record, team.SponsorEdge) else "departure"), to_bytes(record)

    def line(*records: team.SponsorEdge | team.Departure, at: int = NOW) -> dict[str, Any]:
        return {"steps": [step(record) for record in records], "member": ids[ana], "at": at, "levels": 3}

    first, above = edge(ana, ben), edge(ben, eve)
    leave = team.Departure(merchant, ids[ana], 1, NOW + 10)
    join = team.JoinRequest(merchant, ana.public, named("payout", 20))
    left = sign(ana, team.DEPARTURE, leave, created=NOW).raw
    moved = team.PayeeChanged(merchant, ids[ana], 2, named("new payout", 20))
    payee = {"raw": sign(ROOT, team.PAYEE, moved, created=NOW).raw, "merchant": merchant, "root": ROOT.public, "generation": 2}
    by_device = sign(PHONE, team.PAYEE, moved, created=NOW).raw
    return [
        good("join", "a request", raw=sign(ana, team.JOIN, join, created=NOW).raw, merchant=merchant),
        bad("wrong-author", "join", "for another's key", raw=sign(eve, team.JOIN, join, created=NOW).raw, merchant=merchant),
        bad("wrong-merchant", "join", "to another merchant", raw=sign(ana, team.JOIN, join, created=NOW).raw, merchant=named("x")),
        good("edge", "signed by both", member=signed(ana, first), sponsor=signed(ben, first)),
        bad("wrong-author", "edge", "not by the sponsor", member=signed(ana, first), sponsor=signed(eve, first)),
        bad("wrong-author", "edge", "the member alone", member=signed(ana, first), sponsor=signed(ana, first)),
        bad("not-cosigned", "edge", "two edges", member=signed(ana, first), sponsor=signed(ben, edge(ana, ben, starts=1))),
        bad("own-sponsor", "edge", "one's own sponsor", member=signed(ana, edge(ana, ana)), sponsor=signed(ana, edge(ana, ana))),
        good("departure", "with notice", raw=left, notice_ms=10),
        bad("short-notice", "departure", "without", raw=left, notice_ms=11),
        bad("wrong-author", "departure", "by another", raw=sign(ben, team.DEPARTURE, leave, created=NOW).raw, notice_ms=0),
        good("payee", "moved by the root", **payee),
        bad("not-root", "payee", "moved by a device", **{**payee, "raw": by_device}),
        bad("not-root", "payee", "moved by a root that was rotated", **{**payee, "root": NEXT.public}),
        bad("generation", "payee", "of an earlier generation", **{**payee, "generation": 3}),
        bad("not-ready", "payee", "of a generation not shown yet", **{**payee, "generation": 1}),
        bad("wrong-merchant", "payee", "at another merchant", **{**payee, "merchant": named("x")}),
        good("team", "two levels", **line(first, above)),
        good("team", "before it began", **line(first, above, at=NOW - 1)),
        good("team", "after leaving", **line(first, above, leave, at=NOW + 10)),
        good("team", "just before leaving", **line(first, above, leave, at=NOW + 9)),
        good("team", "another sponsor later", **line(first, leave, edge(ana, eve, 2, NOW + 10), at=NOW + 10)),
        bad("already-sponsored", "team", "a second sponsor", **line(first, edge(ana, eve, 2, NOW + 10))),
        bad("replayed-edge", "team", "an edge twice", **line(first, first)),
        bad("edge-order", "team", "an edge skipped", **line(edge(ana, ben, 2))),
        bad("circle", "team", "a circle", **line(first, above, edge(eve, ana))),
        bad("unknown-edge", "team", "leaving nobody", **line(leave)),
        bad("already-left", "team", "leaving twice", **line(first, leave, leave)),
    ]


def grants() -> list[Made]:
    seller, merchant, order, id_ = named("ana identity"), named("lumen identity"), named("order"), named("grant")
    terms = ((Field.NAME, Field.STREET), (grant.Purpose.DELIVERY,), grant.LegalBasis.CONTRACT)
    request = grant.GrantRequest(seller, merchant, order, *terms, 1000)
    given = grant.Grant(seller, merchant, grant.Mode.ASK, *terms, NOW, NOW + 100, 1000, True, order, request=named("request"))
    ask = grant.Ask(id_, order, (Field.NAME,), named("nonce", 16))
    requested = ("Requested", {"id": named("request"), "request": to_bytes(request)})
    issued = ("Issued", {"id": id_, "grant": to_bytes(given)})
    denied, revoked = ("Denied", {"id": named("denial")}), ("Revoked", {"id": named("revoke"), "grant": id_})
    erased, tick, early = ("Erased", {"id": named("erasure")}), ("Tick", {"now": NOW + 100}), ("Tick", {"now": NOW + 99})
    salt, person = named("salt"), {Field.NAME: "Ana Almeida", Field.STREET: "Rua 1"}
    opened, closed = disclosure.disclose(salt, person, [Field.NAME])

    def shown(value: str) -> dict[str, Any]:
        commitment = disclosure.commit_delivery(salt, person)
        fields = [(item.field, value or item.value, item.salt) for item in opened]
        return {"opened": fields, "closed": [(item.field, item.commitment) for item in closed], "commitment": commitment}

    def asked(*events: Any, now: int = NOW, **changes: Any) -> dict[str, Any]:
        return {"events": events, "ask": to_bytes(replace(ask, **changes)), "now": now}

    return [
        good("record", "a request", type="GrantRequest", bytes=to_bytes(request)),
        good("record", "a grant", type="Grant", bytes=to_bytes(given)),
        good("grant", "requested, issued, revoked, erased", events=[requested, issued, revoked, erased]),
        good("grant", "issued unasked, then expired", events=[issued, early, tick, erased]),
        good("grant", "denied", events=[requested, denied]),
        good("grant", "a revoke that overtakes its grant wins", events=[revoked, issued]),
        good("grant", "events twice change nothing", events=[issued, issued, revoked, revoked]),
        bad("illegal-transition", "grant", "issued after a denial", events=[requested, denied, issued]),
        bad("illegal-transition", "grant", "denied after a revoke", events=[issued, revoked, denied]),
        bad("wrong-grant", "grant", "a revoke of another", events=[issued, ("Revoked", {"id": named("r"), "grant": named("x")})]),
        good("grant", "an ask", **asked(issued)),
        bad("revoked", "grant", "an ask after a revoke", **asked(issued, revoked)),
        bad("denied", "grant", "an ask after a denial", **asked(requested, denied)),
        bad("not-granted", "grant", "an ask before the grant", **asked(requested)),
        bad("expired", "grant", "an ask too late", **asked(issued, now=NOW + 100)),
        bad("not-yet", "grant", "an ask too early", **asked(issued, now=NOW - 1)),
        bad("wrong-order", "grant", "an ask for another order", **asked(issued, order=named("x"))),
        bad("field-not-granted", "grant", "an ask for more", **asked(issued, fields=(Field.PHONE,))),
        good("disclosure", "one field opened", **shown("")),
        bad("wrong-commitment", "disclosure", "another name", **shown("Eve")),
    ]


def recoveries() -> list[Made]:
    def head(sequence: int, name: str = "manifest") -> bytes:
        return to_bytes(recovery.BackupHead(sequence, named(f"{name} {sequence}"), NOW))

    none, asked = to_bytes(recovery.NO_BACKUP), recovery.HeldRequest(recovery.Section.ORDERS, 7)
    held = recovery.Held((b"one", b"two"), 9)
    order = recovery.HeldOrder(b"request", (b"quote", b"receipt"), (b"placed",))
    return [
        good("record", "a backup's head", type="BackupHead", bytes=head(3)),
        good("record", "which one is known?", type="BackupRequest", bytes=to_bytes(recovery.BackupRequest())),
        good(
            "record",
            "the root log known",
            type="RootKnown",
            bytes=to_bytes(recovery.RootKnown(who.Presentation(b"inception", (b"entry",)))),
        ),
        good("record", "give back orders", type="HeldRequest", bytes=to_bytes(asked)),
        good("record", "a page", type="Held", bytes=to_bytes(held)),
        good("record", "an order", type="HeldOrder", bytes=to_bytes(order)),
        bad("malformed", "record", "no section", type="HeldRequest", bytes=encode({0: "customers", 2: 0})),
        bad("unknown-key", "record", "more than asked", type="BackupRequest", bytes=encode({1: 0})),
        good("backup", "the first", known=none, told=head(1)),
        good("backup", "a later one", known=head(1), told=head(5)),
        good("backup", "the same again", known=head(5), told=head(5)),
        bad("rollback", "backup", "an earlier one", known=head(5), told=head(4)),
        bad("equivocation", "backup", "another one at its place", known=head(5), told=head(5, "other")),
    ]


TOPICS = {
    "identity": identity,
    "log": logs,
    "catalog": catalogs,
    "pairing": pairings,
    "team": teams,
    "grant": grants,
    "recovery": recoveries,
}
