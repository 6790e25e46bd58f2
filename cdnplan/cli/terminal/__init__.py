"""What commands share: tables, progress, stopping, hints."""
