-- Why a row is not sold, as a code; and whether the merchant leaves a product out of what is signed.
ALTER TABLE product_import_rows ADD COLUMN code TEXT NOT NULL DEFAULT '';
ALTER TABLE product_import_rows ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0 CHECK (left_out IN (0, 1));
CREATE INDEX product_import_rows_left_out ON product_import_rows (import, outcome, number) WHERE left_out;
CREATE INDEX product_import_rows_promoted ON product_import_rows (import, promotions) WHERE promotions > 0;
