"""A corpus of odd and broken files, each with one trait and with what must come of it; made when they are needed."""

from tests.files.archives import ARCHIVES
from tests.files.case import Case, Found
from tests.files.maps import MAPS
from tests.files.old_workbooks import OLD_WORKBOOKS
from tests.files.texts import TEXTS
from tests.files.workbooks import WORKBOOKS

CASES: tuple[Case, ...] = (*WORKBOOKS, *OLD_WORKBOOKS, *TEXTS, *MAPS, *ARCHIVES)

__all__ = ["CASES", "Case", "Found"]
