"""`cdnplan topology` and its parts."""
