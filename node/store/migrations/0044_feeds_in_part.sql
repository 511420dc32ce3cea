-- A feed that is followed in part: the sections chosen (NULL: all of it), and the newest head of sections that its writer showed.
ALTER TABLE feeds ADD COLUMN part BLOB;
ALTER TABLE feeds ADD COLUMN sections BLOB;
