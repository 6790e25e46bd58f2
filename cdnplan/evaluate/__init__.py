"""The judge: recomputes feasibility, cost and bound of any placement, without a solver.

It shares no code with the engines it judges: `verdict.evaluate` judges arrays, `verify.verify` a plan folder.
"""
