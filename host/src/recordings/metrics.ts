// The counters behind /metrics, with what the host itself knows at the moment of a scrape.
import type { CaptureInput } from '../../../recording/src/inputs.ts';
import { type HostFigures, MetricsCounter } from '../../../recording/src/metrics.ts';
import type { Metrics } from './parts.ts';

export class HostMetrics implements Metrics {
  readonly #counter = new MetricsCounter();
  readonly #figures: () => HostFigures;

  /** `figures`: asked at every scrape. */
  constructor(figures: () => HostFigures) {
    this.#figures = figures;
  }

  take(input: CaptureInput): void {
    this.#counter.take(input);
  }

  text(): string {
    return this.#counter.text(this.#figures());
  }
}
