-- How many SKUs of a product come by a promotion that they did not have.
ALTER TABLE product_import_rows ADD COLUMN promotions INTEGER NOT NULL DEFAULT 0;
