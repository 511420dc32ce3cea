-- Pieces of counted offers that quotes and orders hold. `state`: quoted and placed hold until `until` (ms); taken: the order was accepted and
-- the count reduced; back: the order was cancelled, and `back` of the pieces are on the shelf again.
CREATE TABLE stock_holds (
    draft BLOB NOT NULL CHECK (length(draft) = 32),
    sku TEXT NOT NULL,
    currency TEXT NOT NULL,
    member BLOB NOT NULL CHECK (length(member) = 32),
    quantity INTEGER NOT NULL,
    until INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('quoted', 'placed', 'taken', 'back')),
    back INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (draft, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX stock_holds_open ON stock_holds (currency, sku, until) WHERE state IN ('quoted', 'placed');
