"""What a column is used as, how it is read, and why, in the words of the Upload page."""

from dataclasses import dataclass, replace

from data.ingest import names
from data.ingest.plan import Column, Confidence, Reading, Role, date_words
from data.ingest.profiles import Profile, determined_share

NUMBERS: frozenset[Role] = frozenset(
    ("quantity", "price", "revenue", "discount", "stock", "unit_cost", "lead_time")
)
LABELS: dict[Role, str] = {
    "date": "date", "product": "product", "product_name": "product name", "place": "place",
    "channel": "channel", "quantity": "quantity", "price": "price", "revenue": "revenue",
    "discount": "discount", "promo": "promotion", "stock": "stock", "unit_cost": "unit cost",
    "lead_time": "lead time", "order": "order number", "customer": "customer", "status": "status",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A column that may have a role; the higher score wins."""

    profile: Profile
    role: Role
    score: int
    confidence: Confidence
    reason: str

    @property
    def key(self) -> tuple[str, str]:
        return self.profile.file, self.profile.name


def is_row_number(profile: Profile) -> bool:
    text = names.plain(profile.name)
    counted = text in names.ROW_NUMBER_WORDS or not text
    return counted and (profile.counts_rows or (profile.is_whole and text in ("x", "index", "idx")))


def is_calendar(profile: Profile) -> bool:
    return names.plain(profile.name) in names.CALENDAR_WORDS


def holder_of(won: dict[tuple[str, str], Claim], role: Role) -> Claim | None:
    return next((claim for claim in won.values() if claim.role == role), None)


def column_of(claim: Claim, won: dict[tuple[str, str], Claim]) -> Column:
    """The column of a plan, its reading and the reason in full."""
    profile, role = claim.profile, claim.role
    detail = _detail(claim, won)
    confidence = claim.confidence
    reading = reading_of(profile, role)
    if (profile.date and role == "date" and profile.date.others) or (
        profile.number and role in NUMBERS and profile.number.other
    ):
        confidence = "ask"
    return Column(
        name=profile.name,
        role=role,
        reading=reading,
        confidence=confidence,
        reason=f"{claim.reason}; {detail}" if detail else claim.reason,
        examples=profile.examples,
    )


def reading_of(profile: Profile, role: Role) -> Reading:
    """How the cells become values of `role`."""
    if role == "date":
        return profile.date.reading if profile.date else Reading(kind="date")
    if role in NUMBERS or role in ("date_column", "product_column"):
        reading = profile.number.reading if profile.number else Reading(kind="number")
        if role == "discount" and any(abs(v) > 1 for v in _values(profile)):
            return replace(reading, percent=True)
        return reading
    if role == "promo":
        return Reading(kind="flag")
    return profile.text_reading


def _values(profile: Profile) -> tuple[float, ...]:
    return profile.number.values if profile.number else ()


def _detail(claim: Claim, won: dict[tuple[str, str], Claim]) -> str:
    """What the content says in favour: "1.9% start with C"."""
    profile, role = claim.profile, claim.role
    if role == "date":
        return _date_detail(profile)
    if role == "order":
        share = sum(c[:1] in "Cc" and c[1:].isdigit() for c in profile.filled) / len(profile.filled)
        if 0 < share < 0.5:
            return f"{share:.1%} start with C"
        return f"{profile.distinct:,} different in the sample"
    if role == "quantity":
        if not profile.is_number:
            return "few cells are numbers"
        kind = "whole numbers" if profile.is_whole else "with decimals"
        negative = profile.number.negative_share if profile.number else 0.0
        return f"{kind}, {negative:.1%} negative" if negative else kind
    if role in ("price", "revenue", "unit_cost"):
        return f"median {profile.median:,.2f}"
    if role == "discount":
        return "read as percent" if reading_of(profile, role).percent else "a share"
    if role == "product_name":
        product = holder_of(won, "product")
        if product and product.key[0] == profile.file:
            share = determined_share(product.profile, profile)
            return f"one name per {product.profile.name} in {share:.0%}"
        return ""
    if profile.empty_share > 0.05:
        return f"{profile.empty_share:.0%} empty"
    plural = "value" if profile.distinct == 1 else "values"
    return f"{profile.distinct:,} {plural} in the sample"


def _date_detail(profile: Profile) -> str:
    fit = profile.date
    if fit is None or fit.share < 0.5:
        shown = profile.examples[0] if profile.examples else ""
        return f"no date could be read, such as “{shown}”"
    if fit.others:
        return "both orders possible, please confirm"
    if fit.proof:
        first = {"%d": "day", "%m": "month", "%y": "year"}.get(fit.reading.date_format[:2], "year")
        return f"{fit.proof} shows the {first} first"
    return date_words(fit.reading.date_format)


def ignored(profile: Profile, reason: str) -> Column:
    return Column(
        name=profile.name,
        role="ignore",
        reading=profile.text_reading,
        confidence="sure",
        reason=reason,
        examples=profile.examples,
    )


def why_ignored(profile: Profile, claims: list[Claim], won: dict[tuple[str, str], Claim]) -> str:
    if not profile.filled:
        return "Empty"
    if is_row_number(profile):
        return "Counts the rows"
    if is_calendar(profile) and holder_of(won, "date"):
        return "Part of the date"
    own = [claim for claim in claims if claim.key == (profile.file, profile.name)]
    for claim in own:
        if claim.role == "category":
            return "Not the same for one product"
        if holder := holder_of(won, claim.role):
            return f"A second {LABELS[claim.role]}; {holder.profile.name} is used"
    return "Not needed"
