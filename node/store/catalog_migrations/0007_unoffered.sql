-- What nobody offers has a mark of its own: a search leaves it out by a list of that, which is short where most is offered, and need not read
-- the list of all that is. Listings from before get theirs as they are reckoned anew; while `marked` is 0, a search asks for what is offered.
-- `waiting`: how many products are in `renewals`.
CREATE TABLE renewing (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    waiting INTEGER NOT NULL,
    marked INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO renewals (product) SELECT DISTINCT p.product FROM listings AS l JOIN products AS p ON p.id = l.goods WHERE l.offers = 0;
INSERT INTO renewing (id, waiting, marked) SELECT 1, count(*), count(*) = 0 FROM renewals;
