"""Tests of logs read as histories."""
