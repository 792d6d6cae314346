-- Takes landings in the order of the table's columns; needs no index.
copy landing from stdin
