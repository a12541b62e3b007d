"""Set-up on a bare machine and the verbs of ``./fangtu``; imports the standard library and ``geo.errors`` only."""
