-- Takes reference data in the order of the table's columns; needs no index.
copy staged_reference from stdin
