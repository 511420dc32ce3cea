-- An answer of several pages that is under way: what was asked, and how far what waits in `pages` leads, so that a fetch that was cut off goes
-- on there. `arriving`: of sections that are new here, which come before what follows of all. Pages from before are asked for again.
ALTER TABLE pages ADD COLUMN arriving INTEGER NOT NULL DEFAULT 0;
CREATE TABLE fetches (
    feed INTEGER PRIMARY KEY,
    question BLOB NOT NULL,
    arriving INTEGER NOT NULL,
    reached INTEGER NOT NULL,
    records INTEGER NOT NULL,
    size INTEGER NOT NULL
) STRICT;

-- Of a part: the sections that were named (1), and those below a category that was (0).
ALTER TABLE sections ADD COLUMN chosen INTEGER NOT NULL DEFAULT 1;
