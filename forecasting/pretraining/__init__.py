"""Pretraining: one network that learns from made-up series alone, and forecasts any series then.

In reading order: `sizes`, `effects` and `reading` (a window as the network sees it), `network`,
the generator (`calendars`, `demand`, `breadth`, `generator`), `learning` (one step), `validation`,
`run` (the whole of a pretraining) and `weights` (the shipped file).
"""
