-- When a customer ordered last: an order counts from being placed.
DROP INDEX orders_by_customer;
CREATE INDEX orders_by_customer ON orders (customer, created) WHERE customer IS NOT NULL;

CREATE TRIGGER orders_customer_added AFTER INSERT ON orders WHEN new.customer IS NOT NULL AND new.order_id IS NOT NULL BEGIN
    UPDATE customer_index SET last_order = max(last_order, new.created) WHERE customer = new.customer;
END;
CREATE TRIGGER orders_customer_changed AFTER UPDATE OF customer, order_id, created ON orders
WHEN new.customer IS NOT old.customer OR (new.order_id IS NULL) <> (old.order_id IS NULL) OR new.created <> old.created BEGIN
    UPDATE customer_index SET last_order = (
        SELECT coalesce(max(created), 0) FROM orders WHERE customer = customer_index.customer AND order_id IS NOT NULL
    ) WHERE customer IN (old.customer, new.customer);
END;
CREATE TRIGGER orders_customer_gone AFTER DELETE ON orders WHEN old.customer IS NOT NULL BEGIN
    UPDATE customer_index SET last_order = (
        SELECT coalesce(max(created), 0) FROM orders WHERE customer = old.customer AND order_id IS NOT NULL
    ) WHERE customer = old.customer;
END;
