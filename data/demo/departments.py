"""How the demo shop's customers behave, department by department: the true parameters.

Every number here can be found again in `demo_truth`, so that a screen's estimate can be checked.
"""

from dataclasses import dataclass

PLACES = (
    # code, name, share of demand, Monday..Sunday
    ("online", "Online", 0.45, (1.10, 1.03, 0.98, 0.95, 0.88, 0.88, 1.18)),
    ("berlin", "Berlin", 0.24, (0.84, 0.86, 0.90, 1.00, 1.22, 1.48, 0.70)),
    ("hamburg", "Hamburg", 0.18, (0.86, 0.88, 0.92, 1.00, 1.20, 1.44, 0.70)),
    ("koeln", "Köln", 0.13, (0.82, 0.84, 0.90, 1.00, 1.26, 1.50, 0.68)),
)
ONLINE = 0  # its number among the places


@dataclass(frozen=True)
class Lift:
    """What an event multiplies demand by, price and promotion apart."""

    before: float = 1.0  # mean over the days before; it grows towards the event
    on: float = 1.0
    after: float = 1.0


@dataclass(frozen=True)
class Season:
    """Part of the demand comes in a bump of the year, the rest all year round."""

    peak_day: int  # of the year
    share: float  # of the yearly demand, 0..1
    sharpness: float  # 1: half a year wide; 10: a few weeks


@dataclass(frozen=True, kw_only=True)
class Department:
    elasticity: float  # of its typical product; products scatter around it
    promo_uplift: float  # of the flag, beyond what the lower price does
    promo_dip: float  # factor on the days after a promotion: cupboards are full
    margin: tuple[float, float]  # of the list price before tax
    lead_time: tuple[int, int]  # days from order to shelf
    return_rate: float  # share of units that come back; twice that online
    weekend: float  # factor on Saturday and Sunday beyond the place's own week
    season: Season
    lifts: dict[str, Lift]


DEPARTMENTS = {
    "Beverages": Department(
        elasticity=-1.8,
        promo_uplift=1.25,
        promo_dip=0.90,
        margin=(0.25, 0.42),
        lead_time=(4, 8),
        return_rate=0.003,
        weekend=1.05,
        season=Season(190, 0.20, 1.0),
        lifts={
            "6.18": Lift(0.97, 1.30, 0.94),
            "11.11": Lift(0.96, 1.45, 0.90),
            "Black Friday": Lift(0.97, 1.35, 1.10),
            "Cyber Monday": Lift(1.0, 1.25, 0.95),
            "Lunar New Year": Lift(1.20, 1.40, 0.90),
            "Christmas": Lift(1.20, 0.80, 0.85),
        },
    ),
    "Snacks": Department(
        elasticity=-2.3,
        promo_uplift=1.35,
        promo_dip=0.88,
        margin=(0.28, 0.45),
        lead_time=(4, 9),
        return_rate=0.003,
        weekend=1.08,
        season=Season(345, 0.22, 1.2),
        lifts={
            "6.18": Lift(0.97, 1.25, 0.95),
            "11.11": Lift(0.95, 1.40, 0.92),
            "Black Friday": Lift(0.97, 1.30, 1.10),
            "Cyber Monday": Lift(1.0, 1.20, 0.95),
            "Lunar New Year": Lift(1.35, 1.60, 0.85),
            "Christmas": Lift(1.40, 1.10, 0.75),
        },
    ),
    "Care": Department(
        elasticity=-1.2,
        promo_uplift=1.20,
        promo_dip=0.92,
        margin=(0.38, 0.58),
        lead_time=(7, 14),
        return_rate=0.015,
        weekend=1.0,
        season=Season(150, 0.10, 1.0),
        lifts={
            "6.18": Lift(0.92, 1.90, 0.88),
            "11.11": Lift(0.90, 2.40, 0.82),
            "Black Friday": Lift(0.92, 1.90, 1.25),
            "Cyber Monday": Lift(1.0, 1.60, 0.90),
            "Lunar New Year": Lift(1.05, 0.85, 1.0),
            "Christmas": Lift(1.35, 0.70, 0.85),
        },
    ),
    "Home": Department(
        elasticity=-1.6,
        promo_uplift=1.30,
        promo_dip=0.93,
        margin=(0.38, 0.60),
        lead_time=(10, 21),
        return_rate=0.05,
        weekend=1.12,
        season=Season(330, 0.18, 1.2),
        lifts={
            "6.18": Lift(0.93, 1.70, 0.90),
            "11.11": Lift(0.88, 2.20, 0.85),
            "Black Friday": Lift(0.90, 2.60, 1.40),
            "Cyber Monday": Lift(1.0, 1.90, 0.90),
            "Lunar New Year": Lift(1.08, 1.15, 0.95),
            "Christmas": Lift(1.35, 0.55, 0.80),
        },
    ),
    "Seasonal": Department(
        elasticity=-2.0,
        promo_uplift=1.40,
        promo_dip=0.95,
        margin=(0.40, 0.60),
        lead_time=(14, 28),
        return_rate=0.03,
        weekend=1.10,
        season=Season(180, 0.10, 1.0),
        lifts={
            "6.18": Lift(0.97, 1.40, 0.95),
            "11.11": Lift(0.95, 1.60, 0.92),
            "Black Friday": Lift(0.95, 1.70, 1.20),
            "Cyber Monday": Lift(1.0, 1.40, 0.95),
            "Lunar New Year": Lift(1.15, 1.30, 0.90),
            "Christmas": Lift(1.30, 0.60, 0.60),
        },
    ),
    "Toys": Department(
        elasticity=-1.5,
        promo_uplift=1.30,
        promo_dip=0.94,
        margin=(0.35, 0.55),
        lead_time=(12, 24),
        return_rate=0.035,
        weekend=1.15,
        season=Season(345, 0.28, 2.0),
        lifts={
            "6.18": Lift(0.95, 1.50, 0.92),
            "11.11": Lift(0.90, 2.00, 0.88),
            "Black Friday": Lift(0.90, 2.50, 1.35),
            "Cyber Monday": Lift(1.0, 1.85, 0.92),
            "Lunar New Year": Lift(1.05, 1.20, 1.0),
            "Christmas": Lift(1.80, 0.50, 0.65),
        },
    ),
}

EVENTS = tuple(DEPARTMENTS["Home"].lifts)

# Categories and ranges whose year differs from that of their department; the longest path wins.
SEASONS = {
    ("Beverages", "Coffee", "Cold brew"): Season(200, 0.45, 2.0),
    ("Beverages", "Coffee", "Beans"): Season(350, 0.12, 1.0),
    ("Beverages", "Coffee", "Capsules"): Season(350, 0.12, 1.0),
    ("Beverages", "Tea"): Season(355, 0.40, 1.5),
    ("Beverages", "Soft drinks"): Season(195, 0.50, 2.0),
    ("Snacks", "Bars"): Season(160, 0.15, 1.0),
    ("Care", "Skin", "Sun care"): Season(190, 0.80, 3.0),
    ("Care", "Skin", "Hand and body"): Season(10, 0.25, 1.2),
    ("Care", "Bath", "Gift sets"): Season(350, 0.40, 4.0),
    ("Home", "Light"): Season(340, 0.45, 2.5),
    ("Home", "Textiles", "Throws"): Season(335, 0.50, 2.0),
    ("Seasonal", "Christmas", "Advent calendars"): Season(325, 0.94, 18.0),
    ("Seasonal", "Christmas", "Ornaments"): Season(340, 0.90, 14.0),
    ("Seasonal", "Summer"): Season(170, 0.75, 3.0),
    ("Seasonal", "Easter"): Season(88, 0.88, 14.0),
    ("Seasonal", "Halloween"): Season(290, 0.90, 16.0),
}


def season_of(path: tuple[str, ...]) -> Season:
    """The season of a range of the tree.

    >>> season_of(("Beverages", "Tea")).peak_day, season_of(("Beverages", "Juice")).peak_day
    (355, 190)
    """
    for depth in range(len(path), 0, -1):
        if path[:depth] in SEASONS:
            return SEASONS[path[:depth]]
    return DEPARTMENTS[path[0]].season
