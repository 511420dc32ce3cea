-- Pictures of our own products that did not come from their addresses: why, when, how often it was tried, and when it is tried next (ms).
CREATE TABLE picture_failures (
    feed BLOB NOT NULL CHECK (length(feed) = 32),
    handle TEXT NOT NULL,
    url TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    again INTEGER NOT NULL,
    PRIMARY KEY (feed, handle, url)
) STRICT;
CREATE INDEX picture_failures_by_time ON picture_failures (again);
