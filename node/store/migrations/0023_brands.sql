-- A peer may be a brand now: the table is made anew, since SQLite changes no check in place.
CREATE TABLE peers_of_any_role (
    peer TEXT PRIMARY KEY,
    identity BLOB NOT NULL UNIQUE CHECK (length(identity) = 32),
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('seller', 'merchant', 'brand')),
    addresses TEXT NOT NULL,
    presentation BLOB NOT NULL,
    paired_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
INSERT INTO peers_of_any_role (peer, identity, name, role, addresses, presentation, paired_at, seen_at)
SELECT peer, identity, name, role, addresses, presentation, paired_at, seen_at FROM peers;
DROP TABLE peers;
ALTER TABLE peers_of_any_role RENAME TO peers;

-- Brands whose products our merchants sell: who they are, by the root log that a merchant showed us. A brand we are paired with is a peer.
CREATE TABLE brands (
    identity BLOB PRIMARY KEY CHECK (length(identity) = 32),
    name TEXT NOT NULL,
    presentation BLOB NOT NULL,
    known_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which merchants (by identity) relay a brand's feed to us.
CREATE TABLE feed_relays (
    feed BLOB NOT NULL REFERENCES feeds,
    via BLOB NOT NULL CHECK (length(via) = 32),
    PRIMARY KEY (feed, via)
) STRICT, WITHOUT ROWID;

-- Signed bounds of brands, ours and others'.
CREATE TABLE brand_plans (
    plan BLOB PRIMARY KEY CHECK (length(plan) = 32),
    brand BLOB NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    raw BLOB NOT NULL,
    known_at INTEGER NOT NULL
) STRICT;
CREATE INDEX brand_plans_by_name ON brand_plans (brand, name, version DESC);

-- Which record of which brand's product our offers named: what an order's line, which knows the record, is counted under.
CREATE TABLE brand_goods (
    product BLOB PRIMARY KEY CHECK (length(product) = 32),
    feed BLOB NOT NULL,
    handle TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Months told: by us to a brand, or by a merchant to us. `raw` is the signed part.
CREATE TABLE brand_reports (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    merchant BLOB NOT NULL,
    feed BLOB NOT NULL,
    period TEXT NOT NULL,
    version INTEGER NOT NULL,
    part INTEGER NOT NULL,
    raw BLOB NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (merchant, feed, period, part)
) STRICT;
CREATE INDEX brand_reports_by_period ON brand_reports (feed, period);

-- The heads of a brand's feed that we took, each with the proof from the one before: what a relay shows to who stopped at one of them.
CREATE TABLE feed_heads (
    feed BLOB NOT NULL REFERENCES feeds,
    size INTEGER NOT NULL,
    checkpoint BLOB NOT NULL,
    proof BLOB NOT NULL,
    PRIMARY KEY (feed, size)
) STRICT, WITHOUT ROWID;
