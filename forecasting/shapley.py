"""Shapley values: one number for every player of a game, from what the coalitions are worth.

A player's value is what it adds to a coalition, averaged over all orders in which the players can
come in (Shapley 1953); the values add up to what all are worth together, less what none is. With
many players the orders are drawn at random (Štrumbelj and Kononenko 2014), which keeps the sum.
"""

from itertools import product
from math import factorial

import numpy as np

from forecasting.arrays import BoolArray, FloatArray

EXACT = 7  # players up to which every coalition is asked: 128 of them


def coalitions(players: int, *, orders: int, seed: int) -> tuple[BoolArray, FloatArray]:
    """Coalitions (C, players), and weights (C, players) that turn their worth into values.

    The values are `weights.T @ worth`. Above EXACT players, `orders` random orders and their
    reverses are followed.

    >>> members, weights = coalitions(2, orders=1, seed=0)
    >>> worth = np.array([0.0, 1.0, 10.0, 15.0])  # of nobody, the second, the first, both
    >>> (weights.T @ worth).tolist()
    [12.0, 3.0]
    """
    if players <= EXACT:
        members = np.array(list(product([False, True], repeat=players)), dtype=bool)
        return members.reshape(2**players, players), _exact_weights(members, players)
    return _followed(players, orders, np.random.default_rng(seed))


def _exact_weights(members: BoolArray, players: int) -> FloatArray:
    size = members.sum(axis=1, keepdims=True)
    count = float(factorial(players))
    shares = [factorial(s) * factorial(max(players - s - 1, 0)) / count for s in range(players + 1)]
    share = np.array(shares)
    return np.where(members, share[np.maximum(size - 1, 0)], -share[size])


def _followed(players: int, orders: int, rng: np.random.Generator) -> tuple[BoolArray, FloatArray]:
    """The coalitions met when players come in one by one, each with what it was met for."""
    weights: dict[bytes, FloatArray] = {}
    drawn = [rng.permutation(players) for _ in range(orders)]
    both = [*drawn, *(order[::-1] for order in drawn)]
    for order in both:
        present = np.zeros(players, dtype=bool)
        for player in order:
            weights.setdefault(present.tobytes(), np.zeros(players))[player] -= 1 / len(both)
            present[player] = True
            weights.setdefault(present.tobytes(), np.zeros(players))[player] += 1 / len(both)
    found = np.stack([np.frombuffer(key, dtype=bool) for key in weights])
    return found, np.stack(list(weights.values()))
