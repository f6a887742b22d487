"""The command line: `python -m almanac`, for people, scripts and cron.

Every command is an operation of `api.table`: asked of the running app where there is one, which
alone may open the database, and done in this process where there is none.
"""
