"""The fault matrix, judged: was each fault found under its own name, and was nobody accused who did nothing wrong?"""
