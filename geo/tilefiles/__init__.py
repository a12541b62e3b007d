"""Base maps in one file: PMTiles and MBTiles, read tile by tile and within limits. Imports only ``geo.errors``."""
