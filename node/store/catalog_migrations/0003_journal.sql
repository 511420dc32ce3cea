-- What changed in the feeds that are followed, for the person to read: kept for some weeks, so many of each feed. It is gone with the
-- file; what somebody watches is kept in the store.
-- `told_from`: since when changes of a feed are told (ms), 0 while its first sync is under way, whose records are no changes. `shelf` and
-- `handle`: the product that a change is about, in its own feed. Prices in minor units.
ALTER TABLE heads ADD COLUMN told_from INTEGER NOT NULL DEFAULT 0;
UPDATE heads SET told_from = unixepoch() * 1000 WHERE checkpoint IS NOT NULL;

CREATE TABLE changes (
    id INTEGER PRIMARY KEY,
    feed INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    noun TEXT NOT NULL,
    name TEXT NOT NULL,
    shelf INTEGER NOT NULL,
    handle TEXT NOT NULL,
    title TEXT NOT NULL,
    old INTEGER,
    new INTEGER,
    currency TEXT NOT NULL,
    note TEXT NOT NULL,
    old_plan BLOB,
    new_plan BLOB
) STRICT;
CREATE INDEX changes_by_time ON changes (at, kind);
CREATE INDEX changes_by_feed ON changes (feed, at, kind);
