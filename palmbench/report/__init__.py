"""Results as tables and pictures: tidy rows, the paper's arrangement of them, and the paper's numbers beside ours."""

from palmbench.report.rows import Row, rows_of
from palmbench.report.tables import RecognizerColumns, Setting, Table, TableSpec, arrange

__all__ = ["RecognizerColumns", "Row", "Setting", "Table", "TableSpec", "arrange", "rows_of"]
