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

test('has the seven statistics operations, under their names and the tag stats', async () => {
  const operations = [
    ...JSON.stringify(await openApiDocument()).matchAll(/"operationId":"(stats_\w+)"[^{]*/g),
  ];
  expect(operations.map((match) => match[1]).sort()).toEqual([
    'stats_capture_live',
    'stats_capture_start',
    'stats_capture_status',
    'stats_capture_stop',
    'stats_recording_delete',
    'stats_recording_get',
    'stats_recordings_list',
  ]);
  const text = await openApiText();
  expect(text.match(/"stats"\n {8}\]/g)).toHaveLength(7);
  expect(text).not.toContain('~standard');
});
