"""From a click log to padded sessions with continuous item ids (notebook 01_preprocess).

Out of core: polars reads and checks the log into Parquet, cleans the sessions or users of one part
after the other, and puts the sessions in time order; NVTabular gives the ids, makes the lists and
pads them, some sessions after the others. What comes out does not depend on the number of parts.
"""

from recmia.preprocess.oddities import oddities
from recmia.preprocess.pipeline import PreprocessReport, preprocess, preprocess_log
from recmia.preprocess.statistics import gini

__all__ = ["PreprocessReport", "gini", "oddities", "preprocess", "preprocess_log"]
