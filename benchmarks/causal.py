"""The causal check on planted effects: do its bands hold, do its placebos reject as they say.

    python -m benchmarks.causal [--draws 400]

Daily sales of a touched and 15 untouched products with a common course: Poisson around it, with
errors that hang together from day to day, or with levels that drift apart. Ten days are touched by
nothing, or by 30 % more. Goals: bands of 90 % hold 90 % within three standard errors of the
simulation (and within 3 points); placebos at 10 % reject at most that, where nothing happened.
"""

import argparse
import os
import time

import numpy as np
import pandas as pd

from forecasting.causal import effect_of

DAYS, BEGIN, LENGTH, CONTROLS = 182, 150, 10, 15
KINDS = ("poisson", "errors hang together", "levels drift apart")


def main() -> None:
    """Simulate and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=400)
    draws = parser.parse_args().draws
    began, used = time.perf_counter(), time.process_time()
    print("| sales | effect | 90 % band held | rejected in time | in space | half a band |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS:
        for effect in (0.0, 0.3):
            print(row(kind, effect, draws))
    cpu = (time.process_time() - used) / (draws * 6)
    print(
        f"\n{draws} draws each, {cpu * 1000:.0f} ms of CPU a check, "
        f"{time.perf_counter() - began:.0f} s; load {os.getloadavg()[0]:.1f}"
    )


def row(kind: str, effect: float, draws: int) -> str:
    """A line of the table."""
    held, in_time, in_space, width = [], [], [], []
    for seed in range(draws):
        sales, truth = shop(seed, kind=kind, effect=effect)
        days = pd.DatetimeIndex(sales.index)
        found = effect_of(sales, "touched", first=days[BEGIN], last=days[BEGIN + LENGTH - 1])
        held.append(found.low <= truth <= found.high)
        in_time.append(found.p_time <= 0.1)
        in_space.append(found.p_space <= 0.1)
        width.append((found.high - found.low) / 2 / found.without)
    return (
        f"| {kind} | {effect:.0%} | {np.mean(held):.1%} | {np.mean(in_time):.1%} | "
        f"{np.mean(in_space):.1%} | {np.median(width):.0%} |"
    )


def shop(seed: int, *, kind: str, effect: float) -> tuple[pd.DataFrame, float]:
    """Sales (days by products) and the true effect in units."""
    rng = np.random.default_rng(seed)
    week = 0.3 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    common = np.exp(np.cumsum(rng.normal(0, 0.02, DAYS)) + week)
    loads = rng.uniform(0.5, 1.5, CONTROLS + 1)
    mean = rng.lognormal(np.log(40), 0.6, CONTROLS + 1) * common[:, None] ** loads
    if kind == KINDS[1]:
        errors = np.zeros(mean.shape)
        shocks = rng.normal(0, 0.1, mean.shape)
        for day in range(1, DAYS):
            errors[day] = 0.6 * errors[day - 1] + shocks[day]
        mean = mean * np.exp(errors)
    if kind == KINDS[2]:
        mean = mean * np.exp(np.cumsum(rng.normal(0, 0.015, mean.shape), axis=0))
    span = slice(BEGIN, BEGIN + LENGTH)
    truth = float(mean[span, 0].sum() * effect)
    mean[span, 0] *= 1 + effect
    names = ["touched", *(f"control {number}" for number in range(CONTROLS))]
    index = pd.date_range("2026-01-01", periods=DAYS)
    return pd.DataFrame(rng.poisson(mean).astype(float), index=index, columns=names), truth


if __name__ == "__main__":
    main()
