"""Import of files: one file is one batch in one transaction; rows are refused one by one, with the reason.

The way of a file: ``run.import_file`` reads its sheets (``geo.files``), ``headings`` says which column is which field,
``rows`` parses the cells with ``values``, ``staging`` copies them to a temporary table, and the module of the kind
(``areas``, ``households``, ``houses``, ``visits``, ``sites``, ``campaigns``, ``base``) merges that table into the
store.
"""
