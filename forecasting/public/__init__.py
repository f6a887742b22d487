"""Public pretrained models that a user brings: finding, checking and running their weights.

Chronos-Bolt, Chronos-2 and TimesFM run by the packages of their authors, which are optional
(requirements-adapters.txt). Nothing here is fetched unless a name of the Hugging Face hub is given.
"""
