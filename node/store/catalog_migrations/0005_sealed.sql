-- What packs brought and nobody has reckoned yet: the digest of the state that their manifest names. NULL once the records were found to lead
-- to it. What is here from before is looked at once; nothing of it goes.
ALTER TABLE heads ADD COLUMN sealed BLOB;
UPDATE heads SET sealed = x'';

-- Feeds that are let go, some rows at a time: they count as not here.
ALTER TABLE heads ADD COLUMN going INTEGER NOT NULL DEFAULT 0;
