// The columns of a frame, as API, files and exports name them. Apart from the schemas, so that a page can read frames
// without a validator.

/** The columns of a frames file, in its order; docs/recording-format.md says what each means. */
export const frameColumns = [
  'session',
  'grabbed_us',
  'converted_us',
  'submitted_us',
  'encoded_us',
  'packetized_us',
  'dequeued_us',
  'first_sent_us',
  'last_sent_us',
  'frame_index',
  'source_sequence',
  'source_age_us',
  'bytes',
  'data_packets',
  'parity_packets',
  'queue_depth',
  'outcome',
  'flags',
  'send_refused',
  'qp',
] as const;
export type FrameColumn = (typeof frameColumns)[number];
