"""Drills on the local cloud, one command each: `make drill-restore`, for example.

A drill does what an operator does in an emergency, while people go on, and says what was refused. Each result is
written into docs/assurance/drills.json. With `--sabotage` a drill leaves out what saves the day, and must fail.
"""
