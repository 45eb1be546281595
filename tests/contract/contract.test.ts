// Every example message parses by the schema of the host, and the host knows no message without an example.
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { boundaryNames, encodeRecord } from '../../host/src/engine/fake-records.ts';
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
import {
  ABSENT,
  decodeRecords,
  frameFlags,
  grabbedNsAt,
  outcomeOf,
  sessionAt,
} from '../../recording/src/frames.ts';

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

describe('the frame record’s bytes', () => {
  const example = read('frame-record.json');

  test('say of a repeat which picture it repeats, and why datagrams were refused', () => {
    const refused = at(example, 'refused');
    const bytes = Buffer.from(String(at(refused, 'hex')).replaceAll(' ', ''), 'hex');
    const fields = Object.fromEntries(entries(at(refused, 'fields')));
    const { columns } = decodeRecords(bytes, 0n);
    const { repeat, refusedNoRoom, refusedNoBuffer, refusedByPeer } = frameFlags;
    expect(columns.flags[0]).toBe(repeat | refusedNoRoom | refusedNoBuffer | refusedByPeer);
    expect<unknown>([columns.source_sequence[0], columns.send_refused[0]]).toEqual([
      fields['source_sequence'],
      fields['send_refused'],
    ]);
    expect([columns.source_age_us[0], columns.qp[0]]).toEqual([ABSENT, ABSENT]);
  });

  const bytes = Buffer.from(String(at(example, 'hex')).replaceAll(' ', ''), 'hex');
  const field = (name: string): unknown => at(example, 'fields', name);
  const number = (name: string): number => Number(field(name));
  const optional = (name: string) => (field(name) === undefined ? undefined : number(name));
  const grabbedNs = BigInt(String(field('grabbed_ns')));

  test('mean what the example says', () => {
    expect(grabbedNsAt(bytes, 0)).toBe(grabbedNs);
    expect(sessionAt(bytes, 0)).toBe(number('session'));
    const batch = decodeRecords(bytes, grabbedNs - 5_000n);
    expect([batch.length, batch.grabbed_us[0]]).toEqual([1, 5]);
    const us = (name: string) => (field(name) === undefined ? ABSENT : number(name) / 1000);
    for (const name of boundaryNames) {
      expect([name, batch.columns[`${name}_us`][0]]).toEqual([name, Math.round(us(name))]);
    }
    const row = Object.fromEntries(
      Object.entries(batch.columns).map(([name, values]) => [name, values[0]]),
    );
    expect(row).toMatchObject({
      session: number('session'),
      frame_index: number('frame_index'),
      source_sequence: number('source_sequence') | 0,
      source_age_us: ABSENT,
      bytes: number('bytes'),
      data_packets: number('data_packets'),
      parity_packets: number('parity_packets'),
      queue_depth: number('queue_depth'),
      send_refused: number('send_refused'),
      qp: number('qp'),
      flags: frameFlags.key | frameFlags.afterInvalidation,
    });
    expect<unknown>(outcomeOf(batch, 0)).toBe(field('outcome'));
    expect<unknown>(field('flags')).toEqual(['key', 'after_invalidation']);
    expect(field('source_age_ns')).toBeUndefined();
  });

  test('are what the fake engine writes', () => {
    const record = encodeRecord({
      session: number('session'),
      grabbedNs,
      offsetsNs: {
        converted: optional('converted'),
        submitted: optional('submitted'),
        encoded: optional('encoded'),
        packetized: optional('packetized'),
        dequeued: optional('dequeued'),
        first_sent: optional('first_sent'),
        last_sent: optional('last_sent'),
      },
      frameIndex: optional('frame_index'),
      sourceSequence: optional('source_sequence'),
      sourceAgeNs: optional('source_age_ns'),
      bytes: number('bytes'),
      flags: {
        key: true,
        repeat: false,
        afterInvalidation: true,
        longTermReference: false,
        unprotected: false,
        clockRestarted: false,
      },
      dataPackets: number('data_packets'),
      parityPackets: number('parity_packets'),
      queueDepth: number('queue_depth'),
      outcome: 'send_deadline',
      sendRefused: number('send_refused'),
      qp: optional('qp'),
    });
    expect(Buffer.from(record)).toEqual(bytes);
  });
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
