"""The changes of the tables, one file each, and how a large table is changed while it is used."""
