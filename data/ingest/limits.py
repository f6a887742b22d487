"""How much an upload may unpack to, and how wide a table may be, before it is refused."""

from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Defaults fit a laptop; a server with a large disk may raise them."""

    max_unpacked_bytes: int = 20 * 1024 * MEGABYTE  # of one upload, all members together
    max_ratio: int = 200  # unpacked to packed; sales files reach about 50
    ratio_from_bytes: int = 64 * MEGABYTE  # below this even a bomb does no harm
    spare_disk_bytes: int = 256 * MEGABYTE  # left free on the disk that holds the workspace
    max_members: int = 500  # files in one zip
    max_columns: int = 1_000
    max_date_columns: int = 6_000  # wide layout: one column per day, 16 years
    max_sheet_bytes: int = 1024 * MEGABYTE  # XML of one workbook; read as a whole by its reader
    max_sheet_cells: int = 40_000_000  # rows x columns of one sheet, about 1 GB in memory
