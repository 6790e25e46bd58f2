"""What a job keeps: work folder, lock, log, and what is published."""
