"""Compare: which model is better, by how much, and whether that is more than chance."""

from ui import champion_choice, chart_downloads, compare, compare_by, compare_runs, layout

head = layout.page("Compare")

# --- Choose ---
dataset, choice, offered = compare_runs.chosen()

# --- Run ---
compared = compare.read(choice)

# --- Read ---
compare_runs.control(head.scope, choice, offered, len(compared.cutoffs))
champion_choice.control(head.actions, choice, compared)
menu = chart_downloads.begin(head.actions)
compare.verdict(choice, compared, dataset)
ticked = compare.leaderboard(choice, compared)
by = compare_by.switch(choice)
compare_by.show(by, choice, compared, ticked)
compare.method(choice, compared)
compare.downloads(menu, choice, compared)
