"""Detectors of visits that may not have taken place (存疑): pure functions over arrays, and how they are combined.

A detector gives a weight to each visit with the numbers it rests on. None of them decides anything: a person rules.
"""
