"""API keys: programs that may read forecasts and send sales, and how they do it."""

from ui import keys, keys_examples, layout

head = layout.page("API keys", caption="Programs use a key to read forecasts and to send sales.")
keys.new(head.actions)
keys.stop_without_keys()
keys.listed()
keys_examples.show()
