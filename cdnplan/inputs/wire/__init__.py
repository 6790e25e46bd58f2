"""The wire schema of topology files: what may be written, and its errors in the words of users."""
