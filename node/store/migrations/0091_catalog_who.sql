-- Who had operations signed together: the device that asked for it (NULL: signed before this was noted; its feed tells the device), and
-- how: by hand, by the clock (a planned time), or by a watched place that signs by itself.
ALTER TABLE catalog_batches ADD COLUMN device BLOB;
ALTER TABLE catalog_batches ADD COLUMN how TEXT NOT NULL DEFAULT 'hand';
UPDATE catalog_batches SET how = 'clock' WHERE kind = 'schedule';

-- The device that put drafts off until a time.
ALTER TABLE catalog_piles ADD COLUMN device BLOB;
