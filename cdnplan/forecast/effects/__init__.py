"""What days, seasons and kinds of titles do to demand, learned from the history."""
