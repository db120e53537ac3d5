"""`python -m inorder`: the command line."""

from inorder.cli import main

main()
