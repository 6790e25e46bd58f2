"""Who serves whom, given what pools hold: the best serving, and one brought within its limits.

Others use: `serving` (`best_serving`), `serving_relief` (`relieved_serving`), `serving_ways` (appliances told
apart), `serving_program` (the linear program), `signature_kernels` (demand by who holds it).
"""
