"""Kills, corruption, damaged photos, hostile files and full disks, and how palmbench ends under each of them.

python -m experiments.campaign [--kinds KIND,...] [--rounds N] [--seed N] [--python PATH] [--limit SECONDS]

Everything happens through the command line, in processes of their own and in a temporary folder. The same seed makes
the same trouble; what a kill meets depends on how fast the machine is.
"""
