"""Renovation (改造) from found to lived in: sites and their gates, entitlements, payments, the bank's files, totals."""
