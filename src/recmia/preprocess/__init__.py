"""From a click log to padded sessions with continuous item ids (notebook 01_preprocess).

Out of core: the log is streamed into shards by session or user, each shard is cleaned and then
encoded by one NVTabular workflow, and sessions are put in time order at the end. What comes out
does not depend on the number of shards or processes.
"""

from recmia.preprocess.pipeline import PreprocessReport, preprocess
from recmia.preprocess.statistics import gini

__all__ = ["PreprocessReport", "gini", "preprocess"]
