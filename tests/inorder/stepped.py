"""A small scenario with [capacity], for the tests of its parts."""

CAPACITY = """
question = "How many batches a second?"
seed = 9
[capacity]
from_per_s = 20
to_per_s = 80
factor = 2
step_s = 2
warm_up_s = 1
precision = 0.1
[visitors]
count = 1
[client]
batch_size = 10
[sandbox]
row_us = 4000
[[sla]]
metric = "batch.response_ms.p90"
max = 500
"""
