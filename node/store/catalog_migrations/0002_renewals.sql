-- Products whose listings and words are to be made again from their records: by the program, when it opens the file next. A migration that
-- changes what words say puts them here; nothing of a feed is lost or fetched again. These may be called back, and aren't in stock then.
CREATE TABLE renewals (
    product BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO renewals (product) SELECT DISTINCT product FROM products WHERE instr(record, x'181a') > 0;
