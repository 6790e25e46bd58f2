"""Commands: one thin file per command; each loads its modules only when it runs."""
