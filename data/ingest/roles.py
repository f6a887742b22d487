"""What each column is used as: by its name, its type and its content, with the reason.

Every column may have several roles; the best claims win, one column per role and one role per
column. Columns of files joined to the main one compete on equal terms.
"""

from collections.abc import Sequence
from dataclasses import replace

from data.ingest import names
from data.ingest.plan import Column, Confidence, Role
from data.ingest.profiles import Profile, determined_share, product_share
from data.ingest.reasons import (
    NUMBERS,
    Claim,
    column_of,
    holder_of,
    ignored,
    is_calendar,
    is_row_number,
    why_ignored,
)

WEAK_PLACES = 245  # a place named more vaguely than a shop or a warehouse: region, city, country
MIN_CODES = 10  # fewer different texts under a header are rather a kind of something
BY_CONTENT = 20  # a claim without any support by the name


def assign(profiles: Sequence[Profile]) -> dict[tuple[str, str], Column]:
    """A role for every column, (source, column) -> what it is used as."""
    claims = [claim for profile in profiles for claim in _claims(profile, profiles)]
    won = _award(claims, profiles)
    while odd := _odd_name(won):
        claims.remove(odd)
        won = _award(claims, profiles)
    for profile in profiles:  # no product code: the name, or the finest category, is the key
        _ensure_product(won, profile)
    _ensure_by_content(won, profiles)
    _drop_odd_categories(won)
    _find_revenue(won, profiles)
    result = {}
    for profile in profiles:
        claim = won.get((profile.file, profile.name))
        result[profile.file, profile.name] = (
            column_of(claim, won) if claim else ignored(profile, why_ignored(profile, claims, won))
        )
    return result


def _claims(profile: Profile, profiles: Sequence[Profile]) -> list[Claim]:
    """All roles that the name allows and the content does not contradict."""
    if not profile.filled or is_row_number(profile):
        return []
    found = []
    for match in _matches(profile, profiles):
        fitting = _fits(match.role, profile)
        if not fitting and not (match.exact and match.role in ("date", "quantity")):
            continue
        confidence: Confidence = "sure" if match.exact else "likely"
        if not fitting:
            confidence = "ask"
        elif (match.role == "place" and match.score < WEAK_PLACES) or profile.empty_share > 0.2:
            confidence = "likely"
        reason = "Name" if match.exact else "Part of the name"
        if match.role == "quantity" and names.plain(profile.name) in names.SALES_WORDS:
            confidence = "likely" if profile.is_whole else "ask"
            reason = "Name, and no other units; make it revenue if this is money"
        found.append(
            Claim(
                profile=profile,
                role=match.role,
                score=match.score + _content_score(match.role, profile) - (0 if fitting else 150),
                confidence=confidence,
                reason=reason,
            )
        )
    return found


def _matches(profile: Profile, profiles: Sequence[Profile]) -> Sequence[names.Match]:
    """The roles of the name; "sales" is units or money, as the rest of the file tells."""
    if names.plain(profile.name) not in names.SALES_WORDS:
        return names.matches(profile.name)
    others = [m for p in profiles if p.name != profile.name for m in names.matches(p.name)]
    has_units = any(m.role == "quantity" and m.exact for m in others)
    has_orders = any(m.role == "order" and m.exact for m in others)
    money = has_units or (has_orders and not profile.is_whole)
    return [names.Match("revenue" if money else "quantity", 220)]


def _fits(role: Role, profile: Profile) -> bool:
    """Whether the content may be what the name says."""
    if role == "date":
        return profile.is_date
    if role in NUMBERS:
        return profile.is_number and not (role == "discount" and _is_money(profile))
    fractional = profile.is_number and not profile.is_whole
    if role == "category":
        return (
            not fractional
            and not profile.is_date
            and profile.distinct <= 0.5 * len(profile.filled) + 5
        )
    if role == "status":
        return profile.distinct <= 30 and not profile.is_number
    if role == "promo":
        return not profile.is_date and (not profile.is_number or profile.is_whole)
    return not fractional and not profile.is_date


def _is_money(profile: Profile) -> bool:
    """A discount above 100 is an amount, not a share."""
    return any(abs(value) > 100 for value in (profile.number.values if profile.number else ()))


def _content_score(role: Role, profile: Profile) -> int:
    """What the content adds to the name: a single value tells no two places apart, and so on."""
    if role in ("place", "channel") and profile.distinct == 1:
        return -60
    if role == "customer" and profile.distinct == len(profile.filled) > 50:
        return -5  # a new number for every row tells no customers apart
    return 0


def _award(claims: list[Claim], profiles: Sequence[Profile]) -> dict[tuple[str, str], Claim]:
    """The best claims, one column per role (any number of categories), one role per column."""
    order = {(p.file, p.name): index for index, p in enumerate(profiles)}
    won: dict[tuple[str, str], Claim] = {}
    taken: set[Role] = set()
    for claim in sorted(claims, key=lambda c: (-c.score, order[c.key])):
        single = claim.role != "category"
        if claim.key in won or (single and claim.role in taken):
            continue
        if single and is_calendar(claim.profile) and claim.role != "date":
            continue
        won[claim.key] = claim
        taken.add(claim.role)
    return won


def _ensure_product(won: dict[tuple[str, str], Claim], profile: Profile) -> None:
    if holder_of(won, "product"):
        return
    claim = holder_of(won, "product_name")
    reason = "No product code, so the name is the key"
    if claim is None:
        categories = [c for c in won.values() if c.role == "category"]
        if not categories:
            return
        claim = max(categories, key=lambda c: c.profile.distinct)
        reason = "No product column; the finest group is used"
    sure = claim.role == "product_name"
    won[claim.key] = Claim(
        profile=claim.profile,
        role="product",
        score=claim.score,
        confidence="likely" if sure else "ask",
        reason=reason,
    )


def _ensure_by_content(won: dict[tuple[str, str], Claim], profiles: Sequence[Profile]) -> None:
    """Fill the roles that an import needs from columns whose names say nothing."""
    free = [
        p
        for p in profiles
        if (p.file, p.name) not in won
        and p.filled
        and not is_calendar(p)
        and not is_row_number(p)
        and not names.matches(p.name)
    ]
    wanted: tuple[tuple[Role, list[Profile], str], ...] = (
        ("date", [p for p in free if p.is_date], "The only dates"),
        ("product", _like_codes(free), "Looks like a code"),
        ("quantity", _like_units(free, won), "Whole numbers"),
        (
            "price",
            [p for p in free if p.is_number and not p.is_whole and not p.is_date],
            "Numbers with decimals",
        ),
    )
    for role, candidates, reason in wanted:
        open_ = [p for p in candidates if (p.file, p.name) not in won]
        if holder_of(won, role) or not open_ or (role == "price" and holder_of(won, "revenue")):
            continue
        if role == "price" and any(p.name for p in profiles if names.matches(p.name)):
            continue  # a named file says which column is the price
        won[open_[0].file, open_[0].name] = Claim(
            profile=open_[0],
            role=role,
            score=BY_CONTENT,
            confidence="likely" if role == "date" else "ask",
            reason=f"{reason}; the name says nothing",
        )


def _like_units(free: list[Profile], won: dict[tuple[str, str], Claim]) -> list[Profile]:
    """Whole numbers that may be units sold; an order line without any is one unit."""
    if holder_of(won, "order"):
        return []
    numbered = ("id", "no", "nr", "number", "code", "key")
    return [
        p
        for p in free
        if p.is_whole and p.distinct > 1 and names.plain(p.name).split()[-1:][0] not in numbered
    ]


def _like_codes(free: list[Profile]) -> list[Profile]:
    """Columns of text that may be product codes, those with most values first."""
    fitting = [
        p
        for p in free
        if not p.is_date
        and not p.is_number
        and p.distinct >= (2 if p.name.startswith("Column ") else MIN_CODES)
    ]
    return sorted(fitting, key=lambda p: -p.distinct)


def _odd_name(won: dict[tuple[str, str], Claim]) -> Claim | None:
    """A column called a product's name whose value changes from row to row of one product."""
    product, name = holder_of(won, "product"), holder_of(won, "product_name")
    if product is None or name is None or product.key[0] != name.key[0]:
        return None
    return name if determined_share(product.profile, name.profile) < 0.5 else None


def _drop_odd_categories(won: dict[tuple[str, str], Claim]) -> None:
    """A group that is not the same for one product is no level of the product tree.

    One that also has a single product each is not a group but the product's name.
    """
    product = holder_of(won, "product")
    for key, claim in list(won.items()):
        if claim.role != "category" or product is None or claim.key[0] != product.key[0]:
            continue
        if determined_share(product.profile, claim.profile) < 0.8:
            del won[key]
        elif (
            not holder_of(won, "product_name")
            and not claim.profile.is_number
            and claim.profile.distinct > 2
            and determined_share(claim.profile, product.profile) >= 0.95
        ):
            won[key] = replace(claim, role="product_name", confidence="likely")


def _find_revenue(won: dict[tuple[str, str], Claim], profiles: Sequence[Profile]) -> None:
    """A column that is quantity times price in nearly all rows is the revenue, named or not."""
    quantity, price = holder_of(won, "quantity"), holder_of(won, "price")
    if not quantity or not price or holder_of(won, "revenue") or quantity.key[0] != price.key[0]:
        return
    for profile in profiles:
        key = profile.file, profile.name
        if key in won or not profile.is_number or profile.file != quantity.key[0]:
            continue
        share = product_share(quantity.profile, price.profile, profile)
        if share >= 0.95:
            reason = f"{quantity.profile.name} × {price.profile.name} in {share:.0%} of rows"
            won[key] = Claim(
                profile=profile, role="revenue", score=0, confidence="likely", reason=reason
            )
            return
