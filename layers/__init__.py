"""Folium: how a thing looks and where it comes from. Takes words and grades from ``data.rules``, nothing else."""
