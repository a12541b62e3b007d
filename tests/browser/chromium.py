"""Which browser the tests drive, and how long they wait for it."""

CHROMIUM = "/usr/bin/chromium"
WAIT_MS = 20_000  # a busy machine is no fault
