"""Plans and reactive caches side by side on the demand that really came."""
