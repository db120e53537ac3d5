"""The report of a plan: plan.json, the page and the figure."""
