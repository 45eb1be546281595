// Figures as OpenMetrics text: which series there are, with units and words for people, and how they are written.
// docs/metrics.md shows the same table. What has no value is left out, never written as zero.

export interface MetricFamily {
  /** Without the suffix of its samples. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** A base unit that the name ends with. */
  readonly unit?: 'seconds' | 'bytes';
  readonly labels: readonly string[];
  readonly help: string;
}

/** In the order in which they are written. Names and labels are never changed; new ones may come. */
export const metricFamilies = [
  {
    name: 'punktfunk_build_info',
    type: 'gauge',
    labels: ['version'],
    help: 'Always 1; the version of the host.',
  },
  {
    name: 'punktfunk_sessions',
    type: 'gauge',
    labels: ['kind'],
    help: 'Sessions that live now.',
  },
  {
    name: 'punktfunk_started_sessions',
    type: 'counter',
    labels: ['kind'],
    help: 'Sessions that were announced.',
  },
  {
    name: 'punktfunk_frames',
    type: 'counter',
    labels: ['kind', 'outcome'],
    help: 'Frames by how they ended; sent is the one good end.',
  },
  {
    name: 'punktfunk_source_frames',
    type: 'counter',
    labels: ['kind', 'picture'],
    help: 'Frames with a new picture of the source, and frames that repeat one because there was none.',
  },
  {
    name: 'punktfunk_source_skipped_pictures',
    type: 'counter',
    labels: ['kind'],
    help: 'Pictures of the source that no frame carried; absent where the source does not count.',
  },
  {
    name: 'punktfunk_source_late_frames',
    type: 'counter',
    labels: ['kind'],
    help: 'New pictures older than a frame interval when they were taken; absent where the source does not stamp.',
  },
  {
    name: 'punktfunk_key_frames',
    type: 'counter',
    labels: ['kind'],
    help: 'Frames that need no other.',
  },
  {
    name: 'punktfunk_frame_stage_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: ['kind', 'stage'],
    help: 'Time of a frame in each stage of its path; a stage that it did not finish is not counted.',
  },
  {
    name: 'punktfunk_frame_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: ['kind'],
    help: 'Picture taken from the source until its last packet was in the kernel.',
  },
  {
    name: 'punktfunk_sent_bytes',
    type: 'counter',
    unit: 'bytes',
    labels: ['kind'],
    help: 'Encoded pictures that were sent whole.',
  },
  {
    name: 'punktfunk_packets',
    type: 'counter',
    labels: ['kind', 'type'],
    help: 'Packets of frames that were sent whole, refused ones included.',
  },
  {
    name: 'punktfunk_send_refused_packets',
    type: 'counter',
    labels: ['kind', 'reason'],
    help: 'Packets that this machine did not take: no_room until the deadline, no_buffer in the kernel, by_peer when nobody listens there; at most 255 a frame are counted.',
  },
  {
    name: 'punktfunk_receiver_lost_packets',
    type: 'counter',
    labels: ['kind'],
    help: 'Packets lost on the way, as receivers report; absent while none does.',
  },
  {
    name: 'punktfunk_receiver_recovered_packets',
    type: 'counter',
    labels: ['kind'],
    help: 'Packets that receivers rebuilt from parity; absent while none reports.',
  },
  {
    name: 'punktfunk_receiver_frames_not_shown',
    type: 'counter',
    labels: ['kind'],
    help: 'Frames that receivers gave up; absent while none reports.',
  },
  {
    name: 'punktfunk_rtt_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: ['kind'],
    help: 'Round trip to the receiver: of the living sessions the longest, as reported last.',
  },
  {
    name: 'punktfunk_lost_records',
    type: 'counter',
    labels: [],
    help: 'Frames that were sent and are in none of these figures, because they were not read in time.',
  },
  {
    name: 'punktfunk_suspended_seconds',
    type: 'counter',
    unit: 'seconds',
    labels: [],
    help: 'Time that the machine slept while something was measured.',
  },
  {
    name: 'punktfunk_capture_armed',
    type: 'gauge',
    labels: [],
    help: '1 while an operator’s capture runs.',
  },
  {
    name: 'punktfunk_recorder_frames',
    type: 'counter',
    labels: [],
    help: 'Frames in the running capture; begins anew with each.',
  },
  {
    name: 'punktfunk_recorder_shed_frames',
    type: 'counter',
    labels: [],
    help: 'Frames of the running capture that could not be kept because nothing could be written.',
  },
  {
    name: 'punktfunk_recorder_written_bytes',
    type: 'counter',
    unit: 'bytes',
    labels: [],
    help: 'Written for the running capture, journal included.',
  },
  {
    name: 'punktfunk_recorder_write_seconds',
    type: 'counter',
    unit: 'seconds',
    labels: [],
    help: 'Time in writes for the running capture.',
  },
  {
    name: 'punktfunk_black_box_held_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'How far back the black box reaches; absent when it is off.',
  },
  {
    name: 'punktfunk_black_box_frames',
    type: 'gauge',
    labels: [],
    help: 'Frames that it holds.',
  },
  {
    name: 'punktfunk_black_box_held_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [],
    help: 'Memory of what it holds.',
  },
  {
    name: 'punktfunk_black_box_saved',
    type: 'counter',
    labels: [],
    help: 'Recordings made of it.',
  },
  {
    name: 'punktfunk_black_box_held_back',
    type: 'counter',
    labels: [],
    help: 'Triggers that made none, because another one had or there was no room.',
  },
] as const satisfies readonly MetricFamily[];
export type MetricName = (typeof metricFamilies)[number]['name'];
type NameOf<T extends MetricFamily['type']> = Extract<
  (typeof metricFamilies)[number],
  { type: T }
>['name'];

/** Upper bounds of the histograms' buckets, s; `+Inf` follows. A frame at 240, 120, 60, 30 fps lasts 4.2, 8.3, 16.7, 33 ms. */
export const bucketSeconds = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.004, 0.006, 0.008, 0.012, 0.016, 0.025,
  0.033, 0.05, 0.1, 0.25,
] as const;

/** Durations in the buckets; exact, because both are whole µs. */
export class DurationHistogram {
  /** One a bucket, then everything above. Not cumulative. */
  readonly counts = new Float64Array(bucketSeconds.length + 1);
  sumUs = 0;
  count = 0;

  add(us: number): void {
    let i = 0;
    while (i < BUCKETS_US.length && us > (BUCKETS_US[i] ?? 0)) i += 1;
    this.counts[i] = (this.counts[i] ?? 0) + 1;
    this.sumUs += us;
    this.count += 1;
  }
}

export type Labels = Readonly<Record<string, string>>;

/** Collects samples and writes them family by family. */
export class OpenMetricsText {
  readonly #lines = new Map<MetricName, string[]>();

  /** Undefined: nobody knows it, and it is left out. */
  gauge(name: NameOf<'gauge'>, labels: Labels, value: number | undefined): void {
    if (value !== undefined) this.#add(name, `${name}${labelText(labels)} ${value}`);
  }

  counter(name: NameOf<'counter'>, labels: Labels, value: number | undefined): void {
    if (value !== undefined) this.#add(name, `${name}_total${labelText(labels)} ${value}`);
  }

  /** Left out while it is empty. */
  histogram(name: NameOf<'histogram'>, labels: Labels, histogram: DurationHistogram): void {
    if (histogram.count === 0) return;
    let below = 0;
    histogram.counts.forEach((count, i) => {
      below += count;
      const le = String(bucketSeconds[i] ?? '+Inf');
      this.#add(name, `${name}_bucket${labelText({ ...labels, le })} ${below}`);
    });
    this.#add(name, `${name}_count${labelText(labels)} ${histogram.count}`);
    this.#add(name, `${name}_sum${labelText(labels)} ${histogram.sumUs / 1e6}`);
  }

  /** The whole exposition. */
  text(): string {
    const families = metricFamilies.flatMap((family: MetricFamily & { name: MetricName }) => {
      const lines = this.#lines.get(family.name);
      if (lines === undefined) return [];
      const { name, type, unit, help } = family;
      return [
        `# TYPE ${name} ${type}`,
        ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
        `# HELP ${name} ${escaped(help)}`,
        ...lines,
      ];
    });
    return `${[...families, '# EOF'].join('\n')}\n`;
  }

  #add(name: MetricName, line: string): void {
    const lines = this.#lines.get(name);
    if (lines === undefined) this.#lines.set(name, [line]);
    else lines.push(line);
  }
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

const BUCKETS_US = bucketSeconds.map((seconds) => Math.round(seconds * 1e6));
