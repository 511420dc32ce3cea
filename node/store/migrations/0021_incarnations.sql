-- A feed has one writing device: NULL = the merchant's first, else the device that entry n of its root log added. One that a later device's
-- took the place of is `closed`: its records are in the other, its log stays.
ALTER TABLE feeds ADD COLUMN incarnation INTEGER;
ALTER TABLE feeds ADD COLUMN closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1));
