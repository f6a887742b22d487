"""What may be wrong with a single line, as SQL conditions, and what can be done about it.

Conditions are written over `l` (a staged line) and `p` (its product). The first option of a rule
is what happens unless the user says otherwise.
"""

from dataclasses import dataclass

from data.ingest.report import Severity
from data.ingest.staging import Staged

SET_ASIDE = ("set_aside", "Set aside")
KEEP = ("keep", "Keep")
CANCEL_WORDS = (
    "canceled", "cancelled", "cancel", "void", "voided", "unavailable", "refunded", "failed",
    "storniert", "annulé", "annulée", "annule", "cancelado", "cancelada", "anulado",
    "已取消", "取消", "已关闭", "交易关闭", "退款",
)  # fmt: skip
# Codes and names that shops use for things that are not products.
SERVICES = (
    r"^(post|postage|dotcom postage|carriage|manual|discount|bank charges|amazon ?fee|fee|"
    r"samples?|shipping|freight|delivery|adjust(ment)?\b.*|gift ?vouchers?|test( product)?|"
    r"versand(kosten)?|porto|frete|运费|邮费|手续费)$"
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    code: str
    severity: Severity
    title: str
    condition: str  # SQL over l and p; true for the lines it is about
    needs: tuple[str, ...]  # roles without which it cannot be asked
    options: tuple[tuple[str, str], ...]
    example: str  # SQL text expression
    why: str


_CODE = "coalesce(l.product, '') || ' on ' || strftime(l.date, '%-d %b %Y')"
_CANCELLED = "(l.quantity < 0 AND regexp_matches(l.\"order\", '^[Cc][0-9]'))"

RULES: tuple[Rule, ...] = (
    Rule(
        code="future",
        severity="fix",
        title="Dates in the future",
        condition="l.date > $today",
        needs=(),
        options=(SET_ASIDE, KEEP),
        example=_CODE,
        why="Sales cannot have happened yet; a forecast would learn from typing errors.",
    ),
    Rule(
        code="ancient",
        severity="fix",
        title="Dates before 1980",
        condition="l.date < DATE '1980-01-01'",
        needs=(),
        options=(SET_ASIDE, KEEP),
        example=_CODE,
        why="Dates like 1 Jan 1900 usually stand for an empty cell.",
    ),
    Rule(
        code="status",
        severity="fix",
        title="Orders marked as cancelled",
        condition="lower(trim(l.status)) IN (" + ", ".join(f"'{w}'" for w in CANCEL_WORDS) + ")",
        needs=("status",),
        options=(SET_ASIDE, KEEP),
        example="l.product || ' ' || l.status",
        why="The order never became a sale, but its line still has a positive quantity.",
    ),
    Rule(
        code="cancelled",
        severity="fix",
        title="Cancelled orders",
        condition=_CANCELLED,
        needs=("order",),
        options=(("subtract", "Subtract from the day of cancelling"), SET_ASIDE),
        example='l."order"',
        why="Order numbers that start with C and take units back.",
    ),
    Rule(
        code="returns",
        severity="fix",
        title="Returns and negative quantities",
        condition="l.quantity < 0",
        needs=("quantity",),
        options=(("subtract", "Subtract from the day they came back"), SET_ASIDE),
        example=_CODE + " || ': ' || format('{:g}', l.quantity)",
        why="Units that came back, or corrections of an earlier line.",
    ),
    Rule(
        code="not_product",
        severity="look",
        title="Not products: postage, fees, samples",
        condition="NOT p.is_product",
        needs=(),
        options=(SET_ASIDE, KEEP),
        example="l.product",
        why="Codes without any digit in a file of numbered products, or names such as POSTAGE.",
    ),
    Rule(
        code="negative_price",
        severity="fix",
        title="Price is negative",
        condition="l.price < 0",
        needs=("price",),
        options=(SET_ASIDE, ("no_price", "Keep units, leave out of price")),
        example=_CODE,
        why="Bookkeeping entries such as bad debt; nobody bought at a negative price.",
    ),
    Rule(
        code="zero_price",
        severity="look",
        title="Price is zero",
        condition="l.price = 0",
        needs=("price",),
        options=(("no_price", "Keep units, leave out of price"), SET_ASIDE),
        example=_CODE,
        why="Gifts, samples or stock corrections. As a price, zero would spoil every average.",
    ),
    Rule(
        code="outlier",
        severity="look",
        title="Unusually large quantity",
        condition="abs(l.quantity) > p.high",
        needs=("quantity",),
        options=(("keep", "Keep, mark as outlier"), SET_ASIDE),
        example=_CODE + " || ': ' || format('{:,}', l.quantity::BIGINT)",
        why="More than five standard deviations above this product's usual line (in logarithms).",
    ),
)


def applicable(staged: Staged) -> list[Rule]:
    """The rules that this upload has the columns for.

    Where cancellations are told apart, they no longer count as plain returns.
    """
    given = {c.role for file in staged.plan.files for c in file.columns}
    given |= {"quantity"} if given & {"date_column", "product_column"} else set()
    return [rule for rule in RULES if set(rule.needs) <= given]


def condition(rule: Rule, staged: Staged) -> str:
    """The rule's condition; NULL counts as no."""
    sql = rule.condition
    if rule.code == "returns" and staged.has("order"):
        sql = f"({sql} AND NOT coalesce({_CANCELLED}, false))"
    return f"coalesce({sql}, false)"


def set_aside_condition(staged: Staged, choices: dict[str, str]) -> str:
    """True for readable lines that the choices leave out of sales."""
    parts = [
        condition(rule, staged)
        for rule in applicable(staged)
        if choices.get(rule.code, rule.options[0][0]) == "set_aside"
    ]
    return "(" + " OR ".join(parts or ["false"]) + ")"
