"""Flask pages, JSON, sign-in and commands. Knows HTTP; knows no geometry and no SQL."""
