-- The picture as pages show it: upright, at most 512 pixels, without what a camera wrote into it. NULL: not made yet; empty: no picture.
ALTER TABLE customer_photos ADD COLUMN shown BLOB;
