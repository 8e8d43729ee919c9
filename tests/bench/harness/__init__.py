"""The parts of run.py: what is started, what is measured, and how it is reported."""
