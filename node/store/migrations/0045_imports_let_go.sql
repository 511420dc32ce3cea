-- A product file that nobody sees any more, for it is signed or was put aside: its rows are erased some at a time.
ALTER TABLE product_imports ADD COLUMN gone INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1));
