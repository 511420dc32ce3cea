-- Pictures of customers, apart from their records so that lists stay quick. As they came, at most 5 MB each.
CREATE TABLE customer_photos (
    customer BLOB PRIMARY KEY REFERENCES customers ON DELETE CASCADE,
    picture BLOB NOT NULL
) STRICT;

-- When the customer was put aside: out of lists and reminders, kept with everything. NULL: not archived.
ALTER TABLE customers ADD COLUMN archived INTEGER;
