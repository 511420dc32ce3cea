-- Our own memberships, one a merchant. `payout_index` is the BIP-44 index of the address commissions go to.
CREATE TABLE memberships (
    merchant BLOB PRIMARY KEY CHECK (length(merchant) = 32),
    member BLOB NOT NULL,
    payout BLOB NOT NULL CHECK (length(payout) = 20),
    payout_index INTEGER NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('asked', 'accepted')),
    seq INTEGER NOT NULL DEFAULT 0,
    starts INTEGER NOT NULL DEFAULT 0,
    accepted BLOB,
    asked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A merchant's members. `peer` is who asked.
CREATE TABLE members (
    member BLOB PRIMARY KEY CHECK (length(member) = 32),
    peer TEXT NOT NULL,
    member_key BLOB NOT NULL,
    payout BLOB NOT NULL CHECK (length(payout) = 20),
    status TEXT NOT NULL CHECK (status IN ('asked', 'accepted')),
    seq INTEGER NOT NULL DEFAULT 0,
    starts INTEGER NOT NULL DEFAULT 0,
    request BLOB NOT NULL,
    asked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sponsor edges as we know them. `side`: who we are in it. `cosigned` is the record under both signatures.
CREATE TABLE edges (
    edge BLOB PRIMARY KEY CHECK (length(edge) = 32),
    merchant BLOB NOT NULL,
    member BLOB NOT NULL,
    sponsor BLOB,
    seq INTEGER NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER,
    side TEXT NOT NULL CHECK (side IN ('member', 'sponsor', 'merchant')),
    status TEXT NOT NULL CHECK (status IN ('asked', 'declined', 'signed', 'accepted')),
    peer TEXT NOT NULL,
    cosigned BLOB,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX edges_by_member ON edges (merchant, member, seq);
