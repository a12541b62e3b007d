"""Import of files: one file is one batch in one transaction; rows are refused one by one, with the reason.

The way of a file: ``run.import_file`` reads its sheets (``geo.files``), ``headings`` says which column is which field,
``rows`` reads the cells by the ``forms`` of its fields, ``checks`` compares rows with one another, ``staging`` copies
them to a temporary table, and the module of the kind (``areas``, ``households``, ``houses``, ``sites``, ``ledger``,
``visits``, ``campaigns``, ``base``) merges that table into the store.
"""
