"""Spatial core: frames in, frames out. Imports nothing of Fangtu's other packages, no database, no web."""
