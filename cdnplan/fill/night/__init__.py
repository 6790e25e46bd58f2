"""What appliances fetch in a night, from whom and when.

Others use: `fills` (`Fills`), `schedule`, `windows`, `network`, `best_night`, `urgency`.
"""
