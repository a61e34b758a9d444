"""Turn the collected source tables into the catalogue's own data files.

One module per kind of source; `files` says which source, which date, and how rows are written.
"""
