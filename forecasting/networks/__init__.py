"""What the neural models share: windows of a panel, the decoder, losses, fitting and saving.

A model in `forecasting/models/` adds its encoder. Nothing outside this room imports torch when the
library is imported.
"""
