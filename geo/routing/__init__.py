"""Route planning (走访路线规划): who visits which household on which day, in what order and at what time.

``geo.routing.reading`` and ``geo.routing.solomon`` read a problem, ``geo.routing.solve`` plans it,
``geo.routing.verify`` proves a plan without sharing code with the solver, ``geo.routing.explain`` says why. No database
and no page; the solver's library is imported only when something is solved.
"""
