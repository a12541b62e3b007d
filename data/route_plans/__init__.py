"""Plans of routes in the store: chosen, solved by the worker, changed at once, given out, taken away.

``geo.routing`` plans and proves; here stands who may be visited by whom, and what becomes of a plan.
"""
