"""Linear and integer programs, solved by HiGHS.

Others use: `highs` (a quiet solver), `linear_program` (arrays as it takes them), `mixture` (columns mixed
within limits), `integer_program` (small ones in arrays), `linear_relaxation` (of the whole model, with its
prices).
"""
