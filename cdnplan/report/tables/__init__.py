"""Tables of reports, and the facts of a plan that they show."""
