// Frames as CSV, one line a frame: RFC 4180, comma and dot, absent = empty, and never a cell that needs quotes, because
// readers exist that split at every comma. docs/exports.md holds the table of columns and why each is called as it is.
import type { Capture, StreamKind } from '../../../contract/stats.ts';
import {
  ABSENT,
  boundaryColumns,
  type FrameBatch,
  frameFlags,
  outcomeOf,
  type SmallColumn,
} from '../frames.ts';
import { type FrameSpans, stageProjection } from '../stages.ts';
import { SessionTable } from './spans.ts';

export interface CsvColumn {
  readonly name: string;
  readonly doc: string;
}

interface Cell extends CsvColumn {
  readonly text: (row: Row) => string;
}

interface Row {
  readonly batch: FrameBatch;
  readonly index: number;
  readonly spans: FrameSpans;
  /** µs since the session's frame before this one was taken; undefined for its first. */
  readonly sinceLastUs: number | undefined;
}

/**
 * The file in pieces, its header first, lines ended by CRLF. Frames come as they are given: in order of time within a
 * session.
 */
export function* csvText(
  frames: Iterable<FrameBatch>,
  capture: Pick<Capture, 'sessions' | 'meta'>,
): Generator<string> {
  const sessions = new SessionTable(capture);
  const cells = { gamestream: cellsOf('gamestream'), native: cellsOf('native') };
  const lastUs = new Map<number, number>();
  yield `${csvColumns.map(({ name }) => name).join(',')}\r\n`;
  let piece = '';
  let lines = 0;
  for (const batch of frames) {
    for (let index = 0; index < batch.length; index += 1) {
      const session = batch.columns.session[index] ?? 0;
      const grabbedUs = batch.grabbed_us[index] ?? 0;
      const before = lastUs.get(session);
      lastUs.set(session, grabbedUs);
      piece += line(cells[sessions.kind(session)], {
        batch,
        index,
        spans: sessions.spans(batch, index),
        sinceLastUs: before === undefined ? undefined : grabbedUs - before,
      });
      lines += 1;
      if (lines % LINES_A_PIECE === 0) {
        yield piece;
        piece = '';
      }
    }
  }
  if (piece !== '') yield piece;
}

function line(cells: readonly Cell[], row: Row): string {
  let text = '';
  let separator = '';
  for (const cell of cells) {
    text += separator + cell.text(row);
    separator = ',';
  }
  return `${text}\r\n`;
}

/** The columns, and how they are written for frames of one path. */
function cellsOf(kind: StreamKind): readonly Cell[] {
  return [
    {
      name: 'Application',
      doc: 'PresentMon’s: the process that made the frame. Always `punktfunk-host`: a line is a frame of the stream, and the host makes those',
      text: () => 'punktfunk-host',
    },
    {
      name: 'TimeInSeconds',
      doc: 'PresentMon 1’s: when the frame was presented, s since recording began. The host presents to the stream by taking the picture: `grabbed`',
      text: ({ batch, index }) => decimal(batch.grabbed_us[index] ?? 0, 6),
    },
    {
      name: 'MsBetweenPresents',
      doc: 'PresentMon’s: ms since the same presenter’s frame before, here of the same session; empty for the first. Repeats count as frames, as everywhere',
      text: ({ sinceLastUs }) => (sinceLastUs === undefined ? '' : decimal(sinceLastUs, 3)),
    },
    {
      name: 'session',
      doc: 'Session that the frame is of',
      text: column('session'),
    },
    {
      name: 'frame_index',
      doc: 'The number that the client sees; empty when the frame got none',
      text: column('frame_index'),
    },
    {
      name: 'outcome',
      doc: 'sent, or where it ended: queue_full, send_deadline, send_error, encoder_skipped, oversize, session_ended',
      text: ({ batch, index }) => outcomeOf(batch, index),
    },
    {
      name: 'repeated',
      doc: '1: the source had nothing new and its last picture was encoded again',
      text: flag(frameFlags.repeat),
    },
    { name: 'key_frame', doc: '1: decodable by itself', text: flag(frameFlags.key) },
    {
      name: 'after_invalidation',
      doc: '1: made after frames that the client had lost were given up',
      text: flag(frameFlags.afterInvalidation),
    },
    ...(['capture', 'submit', 'encode', 'packetize', 'send'] as const).map((name) => ({
      name: `${name}_us`,
      doc: `Stage “${name}”, µs; empty when it was not finished or the path has none`,
      text: span(kind, name),
    })),
    {
      name: 'total_us',
      doc: 'Grabbed → last datagram in the kernel, µs; empty when it was not sent whole',
      text: span(kind, 'total'),
    },
    ...boundaryColumns.map((name) => ({
      name: `at_${name}`,
      doc: `Boundary “${name.slice(0, -'_us'.length)}”, µs after grabbed`,
      text: column(name),
    })),
    {
      name: 'source_sequence',
      doc: 'The source’s own count of its pictures, modulo 2³²; empty where it does not count',
      text: ({ batch, index }) => {
        const signed = batch.columns.source_sequence[index] ?? ABSENT;
        return signed === ABSENT ? '' : String(signed >>> 0);
      },
    },
    {
      name: 'source_age_us',
      doc: 'How old the picture was when it was taken, by the source’s own stamp, µs; empty where it stamps none',
      text: column('source_age_us'),
    },
    { name: 'bytes', doc: 'Of the encoded picture', text: column('bytes') },
    { name: 'data_packets', doc: 'Packets with data', text: column('data_packets') },
    { name: 'parity_packets', doc: 'Packets with parity', text: column('parity_packets') },
    {
      name: 'queue_depth',
      doc: 'Frames that waited for the send thread when this one was put there',
      text: column('queue_depth'),
    },
    {
      name: 'send_refused',
      doc: 'Datagrams that the socket refused; 255 stands for more',
      text: column('send_refused'),
    },
    {
      name: 'refused_because',
      doc: 'Why the socket refused some: no_room (its deadline passed), no_buffer (the kernel had none), by_peer (nobody listens there); empty when none was or nobody knows',
      text: ({ batch, index }) => {
        const flags = batch.columns.flags[index] ?? 0;
        return refusals.flatMap(([bit, name]) => (flags & bit ? [name] : [])).join(' ');
      },
    },
    { name: 'qp', doc: 'Quantiser that the encoder told', text: column('qp') },
  ];
}

/** Names and meanings, in the order of the file; docs/exports.md is made of them. */
export const csvColumns: readonly CsvColumn[] = cellsOf('gamestream').map(({ name, doc }) => ({
  name,
  doc,
}));

const refusals = [
  [frameFlags.refusedNoRoom, 'no_room'],
  [frameFlags.refusedNoBuffer, 'no_buffer'],
  [frameFlags.refusedByPeer, 'by_peer'],
] as const;

function column(name: SmallColumn): (row: Row) => string {
  return ({ batch, index }) => {
    const value = batch.columns[name][index] ?? ABSENT;
    return value < 0 ? '' : String(value);
  };
}

function flag(bit: number): (row: Row) => string {
  return ({ batch, index }) => ((batch.columns.flags[index] ?? 0) & bit ? '1' : '0');
}

/** A stage, or the total: where it stands among the spans of a path is looked up once. */
function span(kind: StreamKind, name: string): (row: Row) => string {
  const stages = stageProjection[kind];
  const place = name === 'total' ? stages.length : stages.findIndex((stage) => stage.name === name);
  return ({ spans }) => {
    const us = spans.values[place] ?? ABSENT;
    return us === ABSENT ? '' : String(us);
  };
}

/** Whole µs with the point `digits` places from the right; exact, unlike a division. */
function decimal(us: number, digits: 3 | 6): string {
  const text = String(Math.abs(us)).padStart(digits + 1, '0');
  return `${us < 0 ? '-' : ''}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** About 150 kB of text: large enough to write at once, small enough to hold. */
const LINES_A_PIECE = 1024;
