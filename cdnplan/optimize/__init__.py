"""Engines: the exact model, the fast price method, and the certificate both come with."""
