-- The identity that an opened invite named: who answers must be it. NULL where the other side opened ours.
ALTER TABLE pairings ADD COLUMN invited BLOB CHECK (length(invited) = 32);
