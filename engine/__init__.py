"""Jobs that outlive the page: requests, run folders, a queue, worker processes, supervision.

Import from the modules: `from engine.supervisor import Engine`. Nothing is imported here, so that
a worker can choose its threads before numpy or torch are loaded.
"""
