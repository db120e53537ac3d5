"""`python -m inorder`: the command line."""

from inorder.cli.process import program

program()
