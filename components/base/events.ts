// What elements tell the page: only what a user did, never what a host answered by itself. All bubble and cross shadow
// roots.
import type { CaptureMeta, StatsStatus } from '../../contract/stats.ts';

const OUTWARD = { bubbles: true, composed: true } as const;

/** A capture was started, or stopped and saved. */
export class PfCaptureChange extends Event {
  static readonly type = 'pf-capture-change';
  readonly status: StatsStatus | undefined;
  /** The saved recording; undefined after a start. */
  readonly recording: CaptureMeta | undefined;

  constructor(change: { status?: StatsStatus; recording?: CaptureMeta | undefined }) {
    super(PfCaptureChange.type, OUTWARD);
    this.status = change.status;
    this.recording = change.recording;
  }
}

/** A recording was chosen for viewing; without an id: the live capture. */
export class PfRecordingSelect extends Event {
  static readonly type = 'pf-recording-select';
  readonly recordingId: string | undefined;

  constructor(recordingId: string | undefined) {
    super(PfRecordingSelect.type, OUTWARD);
    this.recordingId = recordingId;
  }
}

export class PfRecordingDeleted extends Event {
  static readonly type = 'pf-recording-deleted';
  readonly recordingId: string;

  constructor(recordingId: string) {
    super(PfRecordingDeleted.type, OUTWARD);
    this.recordingId = recordingId;
  }
}

/** A deleted recording was taken back. */
export class PfRecordingRestored extends Event {
  static readonly type = 'pf-recording-restored';
  readonly recording: CaptureMeta;

  constructor(recording: CaptureMeta) {
    super(PfRecordingRestored.type, OUTWARD);
    this.recording = recording;
  }
}

/** Name, note, tags or star of a recording were changed. */
export class PfRecordingChanged extends Event {
  static readonly type = 'pf-recording-changed';
  readonly recording: CaptureMeta;

  constructor(recording: CaptureMeta) {
    super(PfRecordingChanged.type, OUTWARD);
    this.recording = recording;
  }
}

/** Two or more recordings are to be laid over each other, the first one chosen first; none: they no longer are. */
export class PfRecordingsCompare extends Event {
  static readonly type = 'pf-recordings-compare';
  readonly ids: readonly string[];

  constructor(ids: readonly string[]) {
    super(PfRecordingsCompare.type, OUTWARD);
    this.ids = ids;
  }
}

/** A format of the page's own was chosen for a recording: what it makes is the page's business. */
export class PfRecordingExport extends Event {
  static readonly type = 'pf-recording-export';
  readonly recordingId: string;
  readonly format: string;

  constructor(recordingId: string, format: string) {
    super(PfRecordingExport.type, OUTWARD);
    this.recordingId = recordingId;
    this.format = format;
  }
}

/** The cursor was moved to a time of the recording's own clock; undefined: back to where the element puts it. */
export class PfCursor extends Event {
  static readonly type = 'pf-cursor';
  readonly ms: number | undefined;

  constructor(ms: number | undefined) {
    super(PfCursor.type, OUTWARD);
    this.ms = ms;
  }
}

/** A range was chosen; undefined: none any more. */
export class PfBrush extends Event {
  static readonly type = 'pf-brush';
  readonly range: { readonly fromMs: number; readonly toMs: number } | undefined;
  /** The hand has let go. */
  readonly done: boolean;

  constructor(range: PfBrush['range'], done: boolean) {
    super(PfBrush.type, OUTWARD);
    this.range = range;
    this.done = done;
  }
}

/** Another part of the recording is shown; undefined: all of it. */
export class PfZoom extends Event {
  static readonly type = 'pf-zoom';
  readonly range: { readonly fromMs: number; readonly toMs: number } | undefined;

  constructor(range: PfZoom['range']) {
    super(PfZoom.type, OUTWARD);
    this.range = range;
  }
}

/** Figures are to be told of all frames or of the new ones alone. */
export class PfFrames extends Event {
  static readonly type = 'pf-frames';
  readonly frames: 'all' | 'new';

  constructor(frames: 'all' | 'new') {
    super(PfFrames.type, OUTWARD);
    this.frames = frames;
  }
}

/** A single frame was selected: the session's frame `row`, counted from 0 in order of time. */
export class PfFrame extends Event {
  static readonly type = 'pf-frame';
  readonly row: number;
  /** When it was grabbed, on the recording's own clock. */
  readonly atMs: number;

  constructor(row: number, atMs: number) {
    super(PfFrame.type, OUTWARD);
    this.row = row;
    this.atMs = atMs;
  }
}

/** A finding was chosen: its place in the list that is shown, from 0. */
export class PfFinding extends Event {
  static readonly type = 'pf-finding';
  readonly index: number;

  constructor(index: number) {
    super(PfFinding.type, OUTWARD);
    this.index = index;
  }
}

/** A test stream was started or stopped. */
export class PfTestStream extends Event {
  static readonly type = 'pf-test-stream-change';
  readonly action: 'start' | 'stop';

  constructor(action: 'start' | 'stop') {
    super(PfTestStream.type, OUTWARD);
    this.action = action;
  }
}

/** A token was typed in. The page decides whether and where it is kept. */
export class PfToken extends Event {
  static readonly type = 'pf-token';
  readonly token: string;

  constructor(token: string) {
    super(PfToken.type, OUTWARD);
    this.token = token;
  }
}

/** Language, theme or single keys were switched; what was not switched is absent. The page decides whether it remembers. */
export class PfPreference extends Event {
  static readonly type = 'pf-preference';
  readonly language: string | undefined;
  readonly theme: string | undefined;
  /** `off`: keys of one character do nothing. */
  readonly keys: 'on' | 'off' | undefined;

  constructor(preference: { language?: string; theme?: string; keys?: 'on' | 'off' }) {
    super(PfPreference.type, OUTWARD);
    this.language = preference.language;
    this.theme = preference.theme;
    this.keys = preference.keys;
  }
}

/** All keys were asked for. An element around that shows them itself prevents the default. */
export class PfKeysAsk extends Event {
  static readonly type = 'pf-keys-ask';

  constructor() {
    super(PfKeysAsk.type, { ...OUTWARD, cancelable: true });
  }
}

/** A session of the recording was chosen. */
export class PfSessionSelect extends Event {
  static readonly type = 'pf-session-select';
  readonly sessionId: number;

  constructor(sessionId: number) {
    super(PfSessionSelect.type, OUTWARD);
    this.sessionId = sessionId;
  }
}

declare global {
  interface GlobalEventHandlersEventMap {
    'pf-capture-change': PfCaptureChange;
    'pf-recording-select': PfRecordingSelect;
    'pf-recording-deleted': PfRecordingDeleted;
    'pf-recording-restored': PfRecordingRestored;
    'pf-recording-changed': PfRecordingChanged;
    'pf-recordings-compare': PfRecordingsCompare;
    'pf-recording-export': PfRecordingExport;
    'pf-cursor': PfCursor;
    'pf-brush': PfBrush;
    'pf-zoom': PfZoom;
    'pf-frames': PfFrames;
    'pf-frame': PfFrame;
    'pf-finding': PfFinding;
    'pf-test-stream-change': PfTestStream;
    'pf-token': PfToken;
    'pf-preference': PfPreference;
    'pf-keys-ask': PfKeysAsk;
    'pf-session-select': PfSessionSelect;
  }
}
