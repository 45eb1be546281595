# Reads an HdrHistogram log with the PyPI package and prints one JSON object a interval: tag, start, length, count, and
# values at quantiles. The judge of recording/src/export/hdr-log.ts; shares no code with it.
import json
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

reader = HistogramLogReader(sys.argv[1], HdrHistogram(1, 3_600_000_000, 3))
while True:
    interval = reader.get_next_interval_histogram()
    if interval is None:
        break
    print(json.dumps({
        'tag': interval.get_tag(),
        'start_ms': interval.get_start_time_stamp(),
        'end_ms': interval.get_end_time_stamp(),
        'count': interval.get_total_count(),
        'min': interval.get_min_value(),
        'max': interval.get_max_value(),
        'p': {str(p): interval.get_value_at_percentile(p) for p in (50, 90, 99, 100)},
        'counts': {
            str(item.value_iterated_to): item.count_added_in_this_iter_step
            for item in interval.get_recorded_iterator()
        },
    }))
