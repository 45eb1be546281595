// GET /metrics, where Prometheus looks for it: at the root, in OpenMetrics. What it says is recordings/metrics.ts’.
import { Elysia } from 'elysia';
import Type from 'typebox';
import { AppError } from '../errors.ts';
import { preferred } from './accept.ts';
import type { ApiHost } from './api.ts';
import { errors, std } from './schema.ts';

export const metricsRoutes = (host: () => ApiHost) =>
  new Elysia({ tags: ['stats'] }).get(
    '/metrics',
    async ({ request }) => {
      const text = await host().recordings.metrics();
      if (text === undefined) {
        throw new AppError(
          404,
          'metrics_off',
          'Metrics are off; start the host with --metrics on, or set PUNKTFUNK_METRICS=on.',
        );
      }
      const wanted = preferred(request.headers.get('accept'), [OPEN_METRICS, PLAIN]) ?? PLAIN;
      const headers = { 'content-type': `${wanted}; ${PARAMETERS[wanted]}`, vary: 'Accept' };
      return new Response(wanted === PLAIN ? asPlain(text) : text, { headers });
    },
    {
      response: {
        200: std(Type.String(), { mediaType: [OPEN_METRICS, PLAIN] }),
        ...errors(404, 503),
      },
      detail: {
        operationId: 'stats_metrics',
        summary: 'Counters and histograms for Prometheus; off unless the setting `metrics` is on',
        description: 'docs/metrics.md lists the series and their buckets.',
      },
    },
  );

/** For scrapers that do not know OpenMetrics: there counters are named with their suffix, and there are no units. */
function asPlain(text: string): string {
  const lines = text.split('\n');
  const counters = new Set(lines.flatMap((line) => /^# TYPE (\S+) counter$/.exec(line)?.[1] ?? []));
  return lines
    .filter((line) => line !== '# EOF' && !line.startsWith('# UNIT '))
    .map((line) =>
      line.replace(/^(# (?:TYPE|HELP)) (\S+)/, (all, what: string, name: string) =>
        counters.has(name) ? `${what} ${name}_total` : all,
      ),
    )
    .join('\n');
}

const OPEN_METRICS = 'application/openmetrics-text';
const PLAIN = 'text/plain';
const PARAMETERS = {
  [OPEN_METRICS]: 'version=1.0.0; charset=utf-8',
  [PLAIN]: 'version=0.0.4; charset=utf-8',
} as const;
