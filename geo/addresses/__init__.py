"""Chinese addresses without a service: what their parts are, and which of the user's own areas they name.

Plain Python over names that are handed in; no database, no web.
"""
