-- Records of feeds are in the catalog file now: our own are projected there from `catalog_log`, those of feeds we follow were carried
-- over before this (node/store/catching_up.py).
DROP TABLE catalog_pages;
DROP TABLE return_policies;
DROP TABLE shipping_profiles;
DROP TABLE offers;
DROP TABLE products;
UPDATE feeds SET staged = 0;
