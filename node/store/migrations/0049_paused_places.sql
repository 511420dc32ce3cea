-- A watched place that is not looked at for now.
ALTER TABLE catalog_sources ADD COLUMN paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1));
