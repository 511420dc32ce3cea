-- What a listing costs us and brings us, as it stands: for our rank at its merchant, with the promotions that run, under its plan.

-- `terms` of an offer: 0 = a price for everybody and always, under no plan; a row of `terms` = the same under that plan; -1 = its record says
-- (prices for ranks, promotions, times; and all that were here before this was kept).
CREATE TABLE terms (
    id INTEGER PRIMARY KEY,
    plan BLOB NOT NULL UNIQUE
) STRICT;
ALTER TABLE offers ADD COLUMN terms INTEGER NOT NULL DEFAULT -1;
DROP INDEX offers_by_product;
CREATE INDEX offers_by_product ON offers (product, feed, price, stock, terms);

-- Offers of brands' products: where the brand has the product, whichever record of it the offer still names.
CREATE TABLE brand_offers (
    feed INTEGER NOT NULL,
    sku TEXT NOT NULL,
    brand BLOB NOT NULL,
    handle TEXT NOT NULL,
    PRIMARY KEY (feed, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX brand_offers_by_product ON brand_offers (brand, handle);

-- What the store knows of a feed's merchant: our rank there, and its plans. Nothing of these is lost with a feed's records. `fresh`: listings
-- that depend on it are still to be reckoned anew.
CREATE TABLE ranks (
    feed BLOB PRIMARY KEY CHECK (length(feed) = 32),
    rank INTEGER NOT NULL,
    fresh INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;
CREATE TABLE plans (
    feed BLOB NOT NULL CHECK (length(feed) = 32),
    plan BLOB NOT NULL,
    record BLOB NOT NULL,
    fresh INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (feed, plan)
) STRICT, WITHOUT ROWID;

-- `earns` in minor units; `turns`: when that or the prices change by themselves next (ms); `varies`: they are not for everybody and always.
ALTER TABLE listings ADD COLUMN earns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE listings ADD COLUMN turns INTEGER;
ALTER TABLE listings ADD COLUMN varies INTEGER NOT NULL DEFAULT 0;
CREATE INDEX listings_by_earning ON listings (earns, id);
CREATE INDEX listings_by_turn ON listings (turns) WHERE turns IS NOT NULL;
CREATE INDEX listings_varying ON listings (feed) WHERE varies;
DROP INDEX listings_prices;
CREATE INDEX listings_prices ON listings (id, low, earns);

-- All that is offered is reckoned; titles in other languages are found, and what is called back is found by that.
INSERT OR IGNORE INTO renewals (product) SELECT DISTINCT product FROM offers;
INSERT OR IGNORE INTO renewals (product) SELECT DISTINCT product FROM products WHERE instr(record, x'181f') > 0 OR instr(record, x'181a') > 0;
