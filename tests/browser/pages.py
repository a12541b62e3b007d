"""Pages that everybody may see in a list or a form, for tests of width, contrast and labels."""

LISTS = [
    "/coverage",
    "/worklists",
    "/imports",
    "/accounts",
    "/audit",
    "/account",
    "/today",
    "/visits",
    "/suspects",
    "/cards",
    "/remainder",
    "/lookback",
    "/findings",
    "/publicity",
    "/campaigns",
    "/field-work",
    "/field-phones",
    "/routes",
    "/sites",
    "/money",
]
