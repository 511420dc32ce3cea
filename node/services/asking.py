"""Under a grant: the merchant asks, the seller's node answers by policy and writes every field down, the merchant erases and signs.

Values cross three places and stay in one: the answer is not kept as a reply by the seller (it is made anew for the same ask), the
merchant blanks its copy of the reply in the transaction that seals the values, and erasing takes the sealed row.
"""

from dataclasses import dataclass, replace

from node.errors import ConflictError, NotFound
from node.model.grant import AskRow, Disclosure, GrantRow, Held
from node.model.sealed import HELD
from protocol import grant as gr
from protocol.disclosure import Field, check_disclosed, disclose
from protocol.encoding import decode, encode
from protocol.envelope import Signed, sign
from protocol.errors import BadSignature, Conflict, ProtocolError, Unauthorized
from protocol.kinds import Topic
from protocol.messages import Message

from . import pauses
from .exchange import Exchange, Incoming, send
from .grant_book import ABOUT, GrantsUnit, fields_of, find, order_facts, step, tell
from .quotes import secrets_of
from .unit import OutboxEntry

PURPOSE = HELD.purpose
NONCE_BYTES = 16
AT_ONCE = 100  # what a tick erases in one transaction
ERASED = "erased"  # the topic of the hook that folds the write-ahead log into the file


@dataclass(frozen=True, slots=True)
class AskView:
    """A question under way; its outcome is `last_ask` of the grant. state: waiting | answered | refused."""

    ask: str
    grant: str
    fields: tuple[str, ...]
    state: str
    code: str


@dataclass(frozen=True, slots=True)
class HeldView:
    """What the merchant holds of an order's customer, for the packing slip; erased at `erase_by` (ms) at the latest."""

    grant: str
    order: str
    values: dict[str, str]
    erase_by: int


# --- the merchant


def ask(unit: GrantsUnit, grant: bytes, fields: list[str] | None = None, force: bool = False) -> AskView:
    """Ask the seller for fields (default: all of the grant). `force` sends even what will be refused, so that the seller says so."""
    row = find(unit, grant, "merchant")
    if row.grant_id is None:
        raise ConflictError(f"There is no grant to ask under: it is {row.status.value}.", code="not-issued")
    record = row.grant
    given: tuple[Field, ...] = record.fields if record else (Field.NAME,)
    question = gr.Ask(row.grant_id, row.order, fields_of(fields) if fields else given, unit.random(NONCE_BYTES))
    if not force:
        try:
            gr.check_ask(row.state, question, now=unit.now)
        except ProtocolError as error:
            raise ConflictError(f"The seller would refuse: {error}.", code=error.code) from error
    peer = unit.peers.by_identity(row.peer)
    if peer is None:
        raise NotFound("You are no longer paired with the seller of this order. Pair again.")
    message = send(unit, peer.peer, question, topic=Topic.GRANT, about=(ABOUT, row.key), query=True)
    asked = AskRow(question.id, row.key, message, question.fields, unit.now)
    unit.grants.keep_ask(asked)
    unit.touched("changes")
    return _ask_view(asked)


def held(unit: GrantsUnit, grant: bytes) -> HeldView:
    """What is held under a grant. Raises NotFound once it is erased, or before anything came."""
    row = find(unit, grant, "merchant")
    found = [item for item in unit.grants.held(row.key) if item.erase_by > unit.now]
    if not found:
        raise NotFound("Nothing is held: it was not asked for yet, or it is erased.", code="nothing-held")
    values: dict[str, str] = {}
    for item in found:
        opened = decode(unit.me.open(PURPOSE, item.sealed, item.ask))
        assert isinstance(opened, dict)
        values |= {str(name): str(value) for name, value in opened.items()}
    ordered = {str(field): values[field] for field in Field if field in values}
    return HeldView(row.key.hex(), row.order.hex(), ordered, min(item.erase_by for item in found))


def _on_answer(unit: GrantsUnit, entry: OutboxEntry, sent: Message, reply: Message) -> None:
    """Hold the values against the order, seal them, blank the reply, say that they came."""
    unit.outbox.forget_reply(entry.id)
    question: gr.Ask = sent.record
    asked, answer = unit.grants.ask(question.id), reply.record
    row = unit.grants.get(asked.key) if asked else None
    if asked is None or row is None or asked.state != "waiting":
        return
    if not isinstance(answer, gr.Answer) or answer.ask != question.id:
        raise Conflict("that is no answer to the question", code="unexpected-reply")
    facts = order_facts(unit, row.order)
    if facts is None:
        raise BadSignature("the order is gone", code="unknown-order")
    values = check_disclosed(answer.opened, answer.closed, facts.delivery)
    if set(values) != set(question.fields):
        raise Conflict("it answers another question", code="unexpected-reply")
    unit.grants.keep_ask(replace(asked, state="answered"))
    record = row.grant
    if row.status is not gr.Status.ISSUED or record is None:  # revoked while the answer was under way: it is not kept
        tell(unit, row, _erasure(unit, row, len(values)))
        return
    sealed = unit.me.seal(PURPOSE, encode({str(field): value for field, value in values.items()}), asked.id)
    unit.grants.hold(Held(asked.id, row.key, sealed, len(values), min(answer.erase_by, unit.now + record.retention_ms)))
    receipt = gr.AccessReceipt(question.grant, asked.id, question.fields, unit.now)
    tell(unit, row, sign(unit.me.device, gr.RECEIPT, receipt, created=unit.now))
    unit.touched("changes")


def _on_ask_refused(unit: GrantsUnit, _entry: OutboxEntry, sent: Message, code: str) -> None:
    asked = unit.grants.ask(sent.record.id)
    if asked is not None:
        unit.grants.keep_ask(replace(asked, state="refused", code=code))


def erase_now(unit: GrantsUnit, row: GrantRow) -> Signed:
    """Erase all that is held under the grant; the signed receipt."""
    items = unit.grants.held(row.key)
    for item in items:
        unit.grants.erase_held(item.ask)
    if items:
        unit.touched(ERASED)
    unit.touched("changes")
    return _erasure(unit, row, sum(item.fields for item in items))


def _erasure(unit: GrantsUnit, row: GrantRow, count: int) -> Signed:
    assert row.grant_id is not None
    return sign(unit.me.device, gr.ERASED, gr.ErasureReceipt(row.grant_id, count, (), unit.now), created=unit.now)


# --- the seller


def _on_ask(unit: GrantsUnit, incoming: Incoming) -> gr.Answer:
    """Answer by policy, and write each field down in the transaction that answers. The same ask again is the same disclosure."""
    question: gr.Ask = incoming.message.record
    merchant = incoming.peer.identity
    pauses.wait(unit, pauses.Pause.GRANTS)
    row = unit.grants.by_id(question.grant)
    if row is None or row.side != "seller" or row.peer != merchant:
        raise Unauthorized("there is no such grant to you", code="not-granted")
    erase_by = gr.check_ask(row.state, question, now=unit.now)
    facts = order_facts(unit, row.order)
    if facts is None or not facts.open:
        raise Unauthorized("the order is not waiting for delivery", code="order-not-open")
    secrets = secrets_of(unit, row.order)
    if secrets is None:
        raise Unauthorized("the customer's data are erased", code="erased")
    known = unit.grants.disclosed_by(question.id)
    if known:
        erase_by = known[0].erase_by
    for field in question.fields:
        unit.grants.disclose(Disclosure(question.id, field, row.key, row.customer, merchant, row.order, unit.now, erase_by))
    opened, closed = disclose(secrets.delivery_salt, secrets.values, question.fields)
    return gr.Answer(question.id, opened, closed, erase_by)


def _on_receipt(unit: GrantsUnit, incoming: Incoming) -> None:
    signed = incoming.signed
    receipt = signed.read(gr.AccessReceipt)
    row = unit.grants.by_id(receipt.grant)
    given = unit.grants.disclosed_by(receipt.ask)
    mine = row is not None and row.side == "seller" and row.peer == incoming.peer.identity
    if row is None or not mine or not given or given[0].key != row.key:
        raise Unauthorized("nothing was given to you under that ask", code="unknown-ask")
    unit.grants.acknowledge(receipt.ask, receipt.fields, receipt.at, signed.raw)


def _on_erased(unit: GrantsUnit, incoming: Incoming) -> None:
    signed = incoming.signed
    row = unit.grants.by_id(signed.read(gr.ErasureReceipt).grant)
    if row is None or row.peer != incoming.peer.identity:
        raise Unauthorized("there is no such grant to you", code="not-granted")
    take_erasure(unit, row, signed)


def take_erasure(unit: GrantsUnit, row: GrantRow, signed: Signed) -> None:
    """Keep a merchant's erasure receipt, verified and by a live device of it. While the grant holds it is for what was due."""
    receipt = signed.read(gr.ErasureReceipt)
    if row.side != "seller" or receipt.grant != row.grant_id:
        raise Unauthorized("the receipt is for another grant", code="not-granted")
    if row.status is gr.Status.ISSUED:
        row, _ = step(unit, row, gr.Tick(unit.now))
    if row.status is gr.Status.ISSUED:
        unit.grants.erased(row.key, receipt.at, receipt.at)
    else:
        row, effects = step(unit, replace(row, erasure_raw=signed.raw), gr.Erased(signed.id))
        if gr.KeepErasure() in effects:
            unit.grants.erased(row.key, receipt.at, None)
    unit.touched("changes")


# --- time


def tick(unit: GrantsUnit) -> None:
    """Let grants expire, and erase what was kept long enough."""
    for row in unit.grants.due(unit.now, AT_ONCE):
        ended, effects = step(unit, row, gr.Tick(unit.now))
        if ended.side == "merchant" and any(isinstance(effect, gr.EraseHeld) for effect in effects):
            tell(unit, ended, erase_now(unit, ended))
    counts: dict[bytes, int] = {}
    for item in unit.grants.overdue(unit.now, AT_ONCE):
        unit.grants.erase_held(item.ask)
        counts[item.key] = counts.get(item.key, 0) + item.fields
    for key, count in counts.items():
        row = find(unit, key)
        tell(unit, row, _erasure(unit, row, count))
        unit.touched(ERASED)
        unit.touched("changes")


def _ask_view(row: AskRow) -> AskView:
    return AskView(row.id.hex(), row.key.hex(), tuple(field.value for field in row.fields), row.state, row.code)


EXCHANGE = Exchange(
    answers={"grant.ask": _on_ask, gr.RECEIPT: _on_receipt, gr.ERASED: _on_erased},
    settles={"grant.ask": _on_answer},
    fails={"grant.ask": _on_ask_refused},
    queries=frozenset({"grant.ask"}),
)
