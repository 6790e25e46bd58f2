"""A change answered: demand steered anew at once, or planned again near it or in whole.

Others use: `steering`, `resteered`, `replan`, `at_once`.
"""
