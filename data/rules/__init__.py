"""Rules without clock and database: words, grades, validity of a visit, campaign plans."""
