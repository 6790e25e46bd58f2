"""Sections: figures, maps, changes, the words between them."""
