-- Lists of customers go by customer_index_by_name since searching has an index of its own; nothing looks into this one any more, and
-- an import filled it in the order of a file, which is none.
DROP INDEX customers_by_name;
