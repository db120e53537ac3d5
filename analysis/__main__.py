"""`python -m analysis RUN`: judges a run folder, as `inorder judge RUN` does."""

import sys

from inorder.cli.process import program

sys.argv[1:1] = ["judge"]
program()
