"""Access logs and tables of what was asked for, in many formats, made into a history."""
