"""The inputs of a night: fetched, kept from an earlier night, forecast, asked of the planner."""
