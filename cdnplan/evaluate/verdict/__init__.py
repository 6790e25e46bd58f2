"""A plan judged as a whole, and how checks are reported.

Others use: `verdict` (`evaluate`, `Verdict`), `report` (`Check`, `Ledger`).
"""
