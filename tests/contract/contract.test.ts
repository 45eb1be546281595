// Every example message parses by the schema of the host, and the host knows no message without an example.
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import {
  commands,
  EngineEvent,
  EngineFault,
  events,
  OpenConfig,
  OpenReply,
  ProbeReport,
  TrialResult,
} from '../../host/src/engine/messages.ts';
import { boundaryNames, decodeRecords, encodeRecord } from '../../recording/src/record.ts';

const examples = read('messages.json');

describe('example messages', () => {
  test('of open parse', () => {
    check(OpenConfig, at(examples, 'open', 'config'));
    check(OpenReply, at(examples, 'open', 'reply'));
  });

  test('of every command parse, request and reply', () => {
    const calls = entries(at(examples, 'calls'));
    expect(calls.map(([name]) => name)).toEqual(Object.keys(commands));
    for (const [name, schemas] of Object.entries(commands)) {
      const { cmd, ...fields } = Object.fromEntries(
        entries(at(examples, 'calls', name, 'request')),
      );
      expect(cmd).toBe(name);
      expect(Object.keys(fields).sort()).toEqual(Object.keys(schemas.fields.properties).sort());
      check(schemas.fields, fields);
      check(schemas.reply, at(examples, 'calls', name, 'reply'));
    }
  });

  test('of every event parse', () => {
    const seen = new Set<string>();
    for (const [name, event] of entries(at(examples, 'events'))) {
      const ev = String(at(event, 'ev'));
      expect(name.startsWith(ev)).toBe(true);
      seen.add(ev);
      check(EngineEvent, event);
    }
    expect([...seen].sort()).toEqual(Object.keys(events).sort());
  });

  test('of results and errors parse', () => {
    check(ProbeReport, at(examples, 'results', 'probe'));
    check(TrialResult, at(examples, 'results', 'trial'));
    check(EngineFault, at(examples, 'last_error'));
  });

  test('with a field missing do not parse', () => {
    for (const [name, event] of entries(at(examples, 'events'))) {
      const without = Object.fromEntries(entries(event).filter(([key]) => key !== 't'));
      expect([name, Value.Check(EngineEvent, without)]).toEqual([name, false]);
    }
  });
});

test('the frame record’s bytes mean what the example says', () => {
  const example = read('frame-record.json');
  const bytes = Buffer.from(String(at(example, 'hex')).replaceAll(' ', ''), 'hex');
  const [record] = decodeRecords(bytes);
  if (record === undefined) throw new Error('64 bytes are one record');
  const field = (name: string): unknown => at(example, 'fields', name);
  expect(record.grabbedNs.toString()).toBe(String(field('grabbed_ns')));
  for (const name of boundaryNames)
    expect<unknown>([name, record.offsetsNs[name]]).toEqual([name, field(name)]);
  expect<unknown>({
    session: record.session,
    frame_index: record.frameIndex,
    source_sequence: record.sourceSequence,
    source_age_ns: record.sourceAgeNs,
    bytes: record.bytes,
    data_packets: record.dataPackets,
    parity_packets: record.parityPackets,
    queue_depth: record.queueDepth,
    outcome: record.outcome,
    send_refused: record.sendRefused,
    qp: record.qp,
  }).toEqual({
    session: field('session'),
    frame_index: field('frame_index'),
    source_sequence: field('source_sequence'),
    source_age_ns: undefined,
    bytes: field('bytes'),
    data_packets: field('data_packets'),
    parity_packets: field('parity_packets'),
    queue_depth: field('queue_depth'),
    outcome: field('outcome'),
    send_refused: field('send_refused'),
    qp: field('qp'),
  });
  expect([record.flags.key, record.flags.repeat, record.flags.afterInvalidation]).toEqual([
    true,
    false,
    true,
  ]);
  expect(Buffer.from(encodeRecord(record))).toEqual(bytes);
});

function check(schema: TSchema, value: unknown): void {
  const faults = Value.Errors(schema, value).map((e) => `${e.instancePath} ${e.message}`);
  expect(faults).toEqual([]);
  expect(value).toBeDefined();
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dir, name), 'utf8'));
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) => entries(inner).find(([name]) => name === key)?.[1],
    value,
  );
}
