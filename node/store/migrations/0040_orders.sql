-- Orders of either side. `draft` is the quote request's id, `order_id` the placed order's; `log` is the merchant's log of the order.
-- `status` and `deadline` repeat what the history comes to, so that lists and deadlines need no replay.
CREATE TABLE orders (
    draft BLOB PRIMARY KEY CHECK (length(draft) = 32),
    order_id BLOB UNIQUE,
    side TEXT NOT NULL CHECK (side IN ('seller', 'merchant')),
    peer BLOB NOT NULL CHECK (length(peer) = 32),
    member BLOB NOT NULL,
    log BLOB NOT NULL UNIQUE,
    quote BLOB UNIQUE,
    request BLOB NOT NULL,
    customer BLOB,                -- the seller's own; never sent
    pickup INTEGER NOT NULL CHECK (pickup IN (0, 1)),
    status TEXT NOT NULL,
    deadline INTEGER,
    error TEXT NOT NULL DEFAULT '',
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_time ON orders (created, draft);
CREATE INDEX orders_by_deadline ON orders (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX orders_by_customer ON orders (customer) WHERE customer IS NOT NULL;

-- The history in the order it was applied: entries of the merchant's log (a receipt with the request it names), and in their place
-- the times of ticks that changed something.
CREATE TABLE order_events (
    draft BLOB NOT NULL REFERENCES orders,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('record', 'tick')),
    at INTEGER NOT NULL,
    seq INTEGER,
    raw BLOB,
    request BLOB,
    PRIMARY KEY (draft, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX order_events_by_seq ON order_events (draft, seq) WHERE seq IS NOT NULL;

-- Verified entries that came before their predecessor.
CREATE TABLE order_early (
    draft BLOB NOT NULL REFERENCES orders,
    seq INTEGER NOT NULL,
    raw BLOB NOT NULL,
    PRIMARY KEY (draft, seq)
) STRICT, WITHOUT ROWID;

-- The seller's own signed requests, which receipts name.
CREATE TABLE order_requests (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    draft BLOB NOT NULL REFERENCES orders,
    raw BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What opens an order's commitments, sealed; erased with the customer.
CREATE TABLE order_secrets (
    draft BLOB PRIMARY KEY REFERENCES orders,
    customer BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX order_secrets_by_customer ON order_secrets (customer);
