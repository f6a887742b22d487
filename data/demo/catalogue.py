"""The demo shop's products by name: a tree of departments, categories and ranges.

A range lists names, variants and sizes; its products are all combinations, such as
"Cold Brew Black 250 ml". Sizes carry the price, so that a litre costs more than a glass.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.errors import DataError

LEVELS = ("Department", "Category", "Range")


@dataclass(frozen=True)
class Range:
    path: tuple[str, ...]  # department, category and, where the tree is deep, range
    names: tuple[str, ...]
    variants: tuple[str, ...]
    sizes: tuple[tuple[str, float], ...]  # (label, list price)


def _range(path: str, names: str, variants: str, sizes: str) -> Range:
    """A range from its short spelling: `|` between words, `=` before a price."""
    priced = (size.rsplit("=", 1) for size in sizes.split("|"))
    return Range(
        tuple(path.split(" > ")),
        tuple(names.split("|")),
        tuple(variants.split("|")),
        tuple((label.strip(), float(price)) for label, price in priced),
    )


RANGES = (
    _range(
        "Beverages > Coffee > Cold brew",
        "Cold Brew",
        "Black|Oat|Vanilla|Salted Caramel",
        "250 ml=2.79|1 l=7.49",
    ),
    _range(
        "Beverages > Coffee > Beans",
        "Espresso Beans|Filter Beans",
        "House Blend|Ethiopia|Decaf",
        "500 g=11.99|1 kg=21.99",
    ),
    _range(
        "Beverages > Coffee > Capsules",
        "Coffee Capsules",
        "Lungo|Ristretto|Decaf",
        "10 pack=3.99|50 pack=17.99",
    ),
    _range(
        "Beverages > Tea",
        "Loose Tea",
        "Earl Grey|Sencha|Rooibos|Winter Spice|Peppermint",
        "100 g=6.49|250 g=13.99",
    ),
    _range(
        "Beverages > Soft drinks > Iced tea",
        "Iced Tea",
        "Peach|Lemon|Hibiscus",
        "500 ml=1.99|6 x 500 ml=9.99",
    ),
    _range(
        "Beverages > Soft drinks > Lemonade",
        "Lemonade",
        "Rhubarb|Ginger|Elderflower",
        "330 ml=1.89|12 x 330 ml=18.99",
    ),
    _range(
        "Beverages > Juice",
        "Pressed Juice",
        "Apple|Orange|Carrot Ginger|Blood Orange",
        "750 ml=3.99|3 l box=11.99",
    ),
    _range(
        "Snacks > Chocolate > Bars",
        "Chocolate Bar",
        "Dark 70|Milk|Hazelnut|Sea Salt|White Raspberry",
        "100 g=2.99",
    ),
    _range(
        "Snacks > Chocolate > Boxes",
        "Praline Box|Truffle Box",
        "Classic|Dark|Nougat",
        "16 pieces=12.99|32 pieces=22.99",
    ),
    _range(
        "Snacks > Salty > Crisps",
        "Potato Crisps|Lentil Crisps",
        "Sea Salt|Paprika|Rosemary",
        "150 g=2.79",
    ),
    _range(
        "Snacks > Salty > Nuts",
        "Roasted Almonds|Cashews|Trail Mix",
        "Plain|Smoked|Honey",
        "200 g=4.99|750 g=14.99",
    ),
    _range(
        "Snacks > Biscuits",
        "Butter Biscuits|Oat Cookies",
        "Classic|Cocoa|Lemon",
        "250 g=3.49|Tin 600 g=9.99",
    ),
    _range(
        "Snacks > Bars",
        "Protein Bar|Fruit Bar",
        "Date Cocoa|Peanut|Berry",
        "50 g=2.19|12 x 50 g=21.99",
    ),
    _range(
        "Care > Skin > Sun care",
        "Sun Lotion|Sun Spray",
        "SPF 30|SPF 50|Kids SPF 50",
        "100 ml=9.99|200 ml=15.99",
    ),
    _range(
        "Care > Skin > Hand and body",
        "Hand Cream|Body Lotion",
        "Almond|Shea|Unscented",
        "75 ml=5.99|250 ml=11.49",
    ),
    _range(
        "Care > Hair",
        "Shampoo|Conditioner",
        "Nettle|Argan|Sensitive",
        "250 ml=7.99|500 ml=12.99",
    ),
    _range(
        "Care > Bath > Soap",
        "Bar Soap|Liquid Soap",
        "Lavender|Olive|Citrus",
        "single=4.49|3 pack=11.99",
    ),
    _range(
        "Care > Bath > Gift sets",
        "Bath Gift Set",
        "Rose|Cedar|Winter|Spa",
        "small=16.99|large=34.99",
    ),
    _range(
        "Care > Oral",
        "Toothpaste|Bamboo Toothbrush",
        "Mint|Charcoal|Kids",
        "single=3.99|4 pack=12.99",
    ),
    _range(
        "Home > Kitchen > Coffee gear",
        "French Press|Pour Over Kettle|Coffee Grinder",
        "Steel|Matt Black",
        "0.5 l=29.99|1 l=42.99",
    ),
    _range(
        "Home > Kitchen > Storage",
        "Glass Jar Set|Bread Box",
        "Clear|Oak Lid|Grey",
        "small=14.99|large=27.99",
    ),
    _range(
        "Home > Textiles > Throws",
        "Wool Throw|Cotton Throw",
        "Sand|Moss|Rust",
        "130 x 170=39.99|150 x 200=59.99",
    ),
    _range(
        "Home > Textiles > Towels",
        "Bath Towel|Hand Towel",
        "White|Slate|Terracotta",
        "single=12.99|set of 4=39.99",
    ),
    _range(
        "Home > Light > String lights",
        "LED String Lights|Solar String Lights",
        "Warm White|Coloured",
        "5 m=14.99|10 m=22.99",
    ),
    _range(
        "Home > Light > Candles",
        "Scented Candle|Pillar Candle",
        "Fig|Pine|Vanilla",
        "180 g=13.99|400 g=24.99",
    ),
    _range("Home > Decor", "Vase|Picture Frame|Wall Clock", "Ash|Walnut|Black", "M=24.99|L=38.99"),
    _range(
        "Seasonal > Christmas > Advent calendars",
        "Advent Calendar",
        "Dark|Milk|Tea|Beauty",
        "24=19.99|24 XL=39.99",
    ),
    _range(
        "Seasonal > Christmas > Ornaments",
        "Glass Baubles|Straw Stars",
        "Red|Gold|Natural",
        "set of 6=11.99|set of 12=19.99",
    ),
    _range(
        "Seasonal > Summer > Picnic",
        "Picnic Blanket|Cool Bag",
        "Striped|Plain Blue",
        "200 x 150=29.99|200 x 200=36.99",
    ),
    _range(
        "Seasonal > Summer > Garden",
        "Garden Torch|Hanging Planter|Watering Can",
        "Copper|Anthracite",
        "single=17.99|set of 2=29.99",
    ),
    _range(
        "Seasonal > Easter",
        "Chocolate Bunny|Egg Dye Kit|Easter Wreath",
        "Classic|Deluxe",
        "small=7.99|large=14.99",
    ),
    _range(
        "Seasonal > Halloween",
        "Pumpkin Lantern|Costume Cape",
        "Orange|Black",
        "S=12.99|L=21.99",
    ),
    _range(
        "Toys > Wooden > Building",
        "Building Blocks|Marble Run",
        "Nature|Rainbow",
        "50 pieces=24.99|100 pieces=39.99",
    ),
    _range(
        "Toys > Wooden > Vehicles",
        "Wooden Train|Fire Engine|Tractor",
        "Red|Blue",
        "small=16.99|large=29.99",
    ),
    _range(
        "Toys > Puzzles",
        "Puzzle",
        "Old Town|Forest|World Map|Lighthouse|Space",
        "500 pieces=12.99|1000 pieces=18.99",
    ),
    _range(
        "Toys > Games > Card games",
        "Card Game",
        "Harbour|Fox and Hen|Market Day|Orbit",
        "pocket=9.99|family=16.99",
    ),
    _range(
        "Toys > Games > Board games",
        "Board Game",
        "Hanse|Vineyard|Night Train|Islands",
        "basic=34.99|deluxe=49.99",
    ),
    _range(
        "Toys > Plush",
        "Plush Bear|Plush Whale|Plush Rabbit",
        "Soft Grey|Cream",
        "25 cm=17.99|45 cm=32.99",
    ),
)


def choose(count: int, rng: np.random.Generator) -> pd.DataFrame:
    """`count` products, spread evenly over the ranges: code, name, categories (lists), list_price,
    department and leaf (an integer per range). Raises `DataError` beyond what the tree holds.
    """
    shelves = [_combinations(leaf, each) for leaf, each in enumerate(RANGES)]
    total = sum(len(shelf) for shelf in shelves)
    if not 1 <= count <= total:
        raise DataError(
            f"The demo shop cannot have {count} products: its catalogue holds 1 to {total}."
        )
    for shelf in shelves:
        rng.shuffle(shelf)
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*shelves))
    chosen = sorted(itertools.islice((row for row in rounds if row), count))
    frame = pd.DataFrame(chosen, columns=["leaf", "name", "list_price"])
    paths = [RANGES[leaf].path for leaf in frame["leaf"]]
    frame["department"] = [path[0] for path in paths]
    frame["categories"] = [list(path) for path in paths]
    number = frame.groupby("department").cumcount() + 1
    frame["code"] = frame["department"].str[:3].str.upper() + "-" + number.astype(str).str.zfill(3)
    return frame


def _combinations(leaf: int, each: Range) -> list[tuple[int, str, float]]:
    return [
        (leaf, f"{name} {variant} {label}", price)
        for name, variant, (label, price) in itertools.product(
            each.names, each.variants, each.sizes
        )
    ]
