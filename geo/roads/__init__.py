"""Roads (路网) as edges between nodes: made from lines, mended, checked, and walked along. Frames and arrays only.

``geo.roads.noding`` makes edges of lines, ``geo.roads.net`` joins them for a way of moving, ``geo.roads.ways`` measures
and draws ways, ``geo.roads.gaps`` finds where a net is broken, ``geo.roads.straight`` stands in where there is no road.
"""
