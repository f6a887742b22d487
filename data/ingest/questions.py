"""What the files leave open, put as a question; and the plan once it is answered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from data.errors import MappingError
from data.ingest import dates, numbers
from data.ingest.layouts import Headers, header_days
from data.ingest.plan import Column, FilePlan, Plan, Question, Reading, Source, date_words
from data.ingest.profiles import Profile

HEADERS = "the headers"  # stands where a question's id has a column otherwise


def questions_of(
    plan: Plan,
    profiles: Sequence[Profile],
    headers: Headers | None,
    days: dict[str, str],
    *,
    today: date,
) -> tuple[Question, ...]:
    """A question per column in use that reads in two ways; files with one header share it."""
    by_key = {(p.file, p.name): p for p in profiles}
    asked: list[Question] = []
    first_main = plan.main_files[0].source
    if headers and (headers.others or not days):
        asked.append(_about_headers(first_main, headers, today))
    for file in plan.files:
        for column in file.columns:
            profile = by_key.get((file.source.name, column.name))
            if profile and (question := question_about(file.source, profile, column, today=today)):
                asked.append(question)
    return tuple(asked)


def question_about(
    source: Source, profile: Profile, column: Column, *, today: date
) -> Question | None:
    """What must be asked about a column as it is used, None where its reading is beyond doubt."""
    if column.role == "ignore":
        return None
    if column.reading.kind == "date" and profile.date and profile.date.others:
        return _about_date(source, profile, today)
    if column.reading.kind == "number" and profile.number and profile.number.other:
        return _about_number(source, profile)
    return None


def _about_date(source: Source, profile: Profile, today: date) -> Question:
    fit = profile.date
    assert fit is not None
    formats = (fit.reading.date_format, *fit.others)
    example = _telling(profile.filled, formats) or fit.example
    return Question(
        id=f"date:{source.name}:{profile.name}",
        text=_which_day(example, formats, profile.name),
        detail=f"{_fits(len(formats))} fit every row.{_future(profile, formats, today)}",
        options=tuple((f, dates.spoken(example, f)) for f in formats),
    )


def _telling(cells: Sequence[str], formats: Sequence[str]) -> str:
    """The first cell that every pattern reads as another day, "" where there is none."""
    texts = list(dict.fromkeys(cells))
    read = [dates.days_of(texts, f) for f in formats]
    for text in texts:
        days = [days[text] for days in read if text in days]
        if len(set(days)) == len(formats):
            return text
    return ""


def _which_day(example: str, formats: Sequence[str], place: str) -> str:
    """The question in words: "Is 01/02/2025 in Day the 1st of February or the 2nd of January?"."""
    read = [dates.days_of([example], f).get(example) for f in formats]
    days = [date.fromisoformat(day) for day in read if day]
    with_year = len({day.year for day in days}) > 1
    spoken = [f"the {_ordinal(d.day)} of {d:%B}{f' {d.year}' if with_year else ''}" for d in days]
    return f"Is {example} in {place} {' or '.join(spoken)}?"


def _ordinal(number: int) -> str:
    """A day of the month as it is said.

    >>> [_ordinal(n) for n in (1, 2, 3, 4, 11, 12, 22, 31)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '22nd', '31st']
    """
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number < 14 else ending}"


def _fits(readings: int) -> str:
    return "Both readings" if readings == 2 else f"All {readings} readings"


def _future(profile: Profile, formats: Sequence[str], today: date) -> str:
    """A hint, never a verdict: one of the readings has days that are still to come."""
    late = []
    for pattern in formats:
        days = dates.days_of(list(set(profile.filled)), pattern).values()
        if days and max(days) > today.isoformat():
            late.append(pattern)
    if len(late) != 1:
        return ""
    shown = date_words(late[0])
    return f" Read as {shown}, some days are still to come."


def _about_number(source: Source, profile: Profile) -> Question:
    fit = profile.number
    assert fit is not None
    assert fit.other is not None
    options = []
    for reading in (fit.reading, fit.other):
        value = numbers.parse(fit.example, reading)
        options.append((_style(reading), f"{value:,.10g}" if value is not None else fit.example))
    return Question(
        id=f"number:{source.name}:{profile.name}",
        text=f"Is {fit.example} in {profile.name} {options[0][1]} or {options[1][1]}?",
        detail="The mark may part thousands or be the decimal sign; both readings fit every row.",
        options=tuple(options),
    )


def _style(reading: Reading) -> str:
    """The value of an option: decimal sign, then the thousands mark."""
    return f"{reading.decimal}{reading.thousands}"


def _about_headers(source: Source, headers: Headers, today: date) -> Question:
    id_ = f"date:{source.name}:{HEADERS}"
    first = headers.columns[0]
    if not headers.date_format:
        return Question(
            id=id_,
            text=f"Which day is {first}?",
            detail=f"The columns {first} to {headers.columns[-1]} are numbered days.",
            options=(),
        )
    formats = (headers.date_format, *headers.others)
    return Question(
        id=id_,
        text=_which_day(headers.example, formats, HEADERS),
        detail=f"{_fits(len(formats))} fit all {len(headers.columns):,} headers.",
        options=tuple((f, dates.spoken(headers.example, f)) for f in formats),
    )


def answer(plan: Plan, question_id: str, value: str) -> Plan:
    """The plan with one question answered; `MappingError` where the answer is not possible."""
    question = next((q for q in plan.questions if q.id == question_id), None)
    if question is None:
        raise MappingError(f"There is no question {question_id} in this upload. Open it again.")
    _check(question, value)
    kind = question_id.split(":", 1)[0]
    asked = _file_of(plan, question)
    column = question_id.split(":", 1)[1][len(asked.source.name) + 1 :]
    files = tuple(
        _answered(file, kind, column, value) if _concerned(file, asked) else file
        for file in plan.files
    )
    questions = tuple(
        replace(q, answer=value) if q.id == question_id else q for q in plan.questions
    )
    return replace(plan, files=files, questions=questions)


def _check(question: Question, value: str) -> None:
    if question.options:
        if value not in {option for option, _ in question.options}:
            labels = " or ".join(label for _, label in question.options)
            raise MappingError(f"“{value}” does not answer “{question.text}” Choose {labels}.")
        return
    try:
        date.fromisoformat(value)
    except ValueError as error:
        raise MappingError(
            f"“{value}” is not a day. Answer “{question.text}” with a day such as 2011-01-29."
        ) from error


def _file_of(plan: Plan, question: Question) -> FilePlan:
    names = question.id.split(":", 1)[1]
    return next(
        file
        for file in plan.files
        if names.startswith(file.source.name + ":")
        and names[len(file.source.name) + 1 :] in (*file.source.columns, HEADERS)
    )


def _concerned(file: FilePlan, asked: FilePlan) -> bool:
    """Main files share their header, and so the answer."""
    return file is asked or (file.layout != "lookup" and asked.layout != "lookup")


def _answered(file: FilePlan, kind: str, column: str, value: str) -> FilePlan:
    if column == HEADERS:
        return _with_days(file, value)
    return replace(
        file,
        columns=tuple(_reread(c, kind, value) if c.name == column else c for c in file.columns),
    )


def _reread(column: Column, kind: str, value: str) -> Column:
    if kind == "date":
        reading = replace(column.reading, date_format=value)
    else:
        decimal = "," if value[0] == "," else "."
        reading = Reading(
            kind="number",
            decimal="," if decimal == "," else ".",
            thousands=value[1:],
            percent=column.reading.percent,
        )
    return replace(column, reading=reading, confidence="sure", reason="Your answer")


def _with_days(file: FilePlan, value: str) -> FilePlan:
    """Fill the days of a wide file, by a pattern or from the day of its first column."""
    names = tuple(c.name for c in file.columns if c.role == "date_column")
    numbered = bool(names) and dates.NUMBERED_DAY.fullmatch(names[0]) is not None
    headers = Headers(columns=names, date_format="" if numbered else value)
    days = header_days(headers, first_day=value if numbered else "")
    return replace(
        file,
        columns=tuple(
            replace(c, meaning=days.get(c.name, ""), confidence="sure", reason="Your answer")
            if c.role == "date_column"
            else c
            for c in file.columns
        ),
    )


def subject(question: Question) -> str:
    """What a question is about, as "file:column"."""
    return question.id.split(":", 1)[1]


def matters(plan: Plan, question: Question) -> bool:
    """Whether the column that a question is about is still used as a date or a number."""
    kind, rest = question.id.split(":", 1)[0], subject(question)
    for file in plan.files:
        if rest == f"{file.source.name}:{HEADERS}":
            return bool(file.having("date_column"))
        for column in file.columns:
            if rest == f"{file.source.name}:{column.name}":
                return column.role != "ignore" and column.reading.kind == kind
    return False
