"""Fuzzing, run by hand for minutes or hours and by the tests for seconds."""
