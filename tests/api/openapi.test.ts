import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { openApiDocument, openApiText } from '../../host/src/api/openapi.ts';

const FILE = join(import.meta.dir, '../../api/openapi.json');

test('the specification is valid OpenAPI', async () => {
  const result = await new Validator().validate(Object(await openApiDocument()));
  expect(result).toEqual({ valid: true });
});

test('api/openapi.json is the specification as it is (UPDATE_EXPECT=1 rewrites it)', async () => {
  const { UPDATE_EXPECT } = process.env;
  const text = await openApiText();
  if (UPDATE_EXPECT === '1') writeFileSync(FILE, text);
  expect(readFileSync(FILE, 'utf8')).toBe(text);
});

test('has the seven statistics operations under their names, and the newer ones', async () => {
  const operations = [
    ...JSON.stringify(await openApiDocument()).matchAll(/"operationId":"(stats_\w+)"[^{]*/g),
  ];
  const seven = [
    'stats_capture_live',
    'stats_capture_start',
    'stats_capture_status',
    'stats_capture_stop',
    'stats_recording_delete',
    'stats_recording_get',
    'stats_recordings_list',
  ];
  const newer = [
    'stats_black_box_save',
    'stats_capture_mark',
    'stats_capture_stream',
    'stats_last_run_dismiss',
    'stats_last_run_save',
    'stats_metrics',
    'stats_recording_change',
    'stats_recording_events',
    'stats_recording_frames',
    'stats_recording_import',
    'stats_recording_quantiles',
    'stats_recording_restore',
    'stats_trash_list',
  ];
  expect(operations.map((match) => match[1]).sort()).toEqual([...seven, ...newer].sort());
  const text = await openApiText();
  expect(text.match(/"stats"\n {8}\]/g)).toHaveLength(seven.length + newer.length);
  expect(text).not.toContain('~standard');
  expect(text).not.toContain('x-media-type');
});

test('names both types of what comes in two, and keeps a body that a route describes itself', async () => {
  const text = JSON.stringify(await openApiDocument());
  for (const type of [
    'application/vnd.apache.parquet',
    'application/x-ndjson',
    'application/gzip',
    'application/openmetrics-text',
    'text/event-stream',
  ]) {
    expect([type, text.includes(`"${type}":{"schema"`)]).toEqual([type, true]);
  }
  expect(text).toContain('"X-Next-After":{"description"');
});
