-- Derived from the orders a seller placed: when, and when they arrived; the products of those that were not taken back; what these come to.
CREATE TABLE customer_orders (
    draft BLOB PRIMARY KEY REFERENCES orders,
    customer BLOB NOT NULL REFERENCES customers ON DELETE CASCADE,
    placed INTEGER NOT NULL,
    delivered INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_orders_by_customer ON customer_orders (customer, placed);
CREATE INDEX customer_orders_by_delivery ON customer_orders (delivered, draft) WHERE delivered IS NOT NULL;
CREATE TABLE customer_purchases (
    draft BLOB NOT NULL REFERENCES customer_orders ON DELETE CASCADE,
    customer BLOB NOT NULL REFERENCES customers ON DELETE CASCADE,
    merchant BLOB NOT NULL,
    sku TEXT NOT NULL,
    title TEXT NOT NULL,
    PRIMARY KEY (draft, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_purchases_by_product ON customer_purchases (customer, merchant, sku);
CREATE TABLE customer_reorders (
    customer BLOB NOT NULL REFERENCES customers ON DELETE CASCADE,
    merchant BLOB NOT NULL,
    sku TEXT NOT NULL,
    title TEXT NOT NULL,
    orders INTEGER NOT NULL,
    every INTEGER NOT NULL,
    last TEXT NOT NULL,
    due TEXT NOT NULL,
    about BLOB NOT NULL,
    PRIMARY KEY (customer, merchant, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_reorders_by_day ON customer_reorders (due, customer, merchant, sku);

-- Orders that changed since they were last looked at. Triggers, so that whatever writes an order is followed.
CREATE TABLE order_news (draft BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TRIGGER order_news_added AFTER INSERT ON orders WHEN NEW.side = 'seller' AND NEW.customer IS NOT NULL BEGIN
    INSERT INTO order_news (draft) SELECT NEW.draft WHERE NOT EXISTS (SELECT 1 FROM order_news WHERE draft = NEW.draft);
END;
CREATE TRIGGER order_news_changed AFTER UPDATE ON orders WHEN NEW.side = 'seller' AND NEW.customer IS NOT NULL BEGIN
    INSERT INTO order_news (draft) SELECT NEW.draft WHERE NOT EXISTS (SELECT 1 FROM order_news WHERE draft = NEW.draft);
END;
INSERT INTO order_news (draft) SELECT draft FROM orders WHERE side = 'seller' AND customer IS NOT NULL;
