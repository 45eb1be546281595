// A report of a recording out of the list, whatever is looked at: the recording is read, then the window that asks what to
// leave out is shown. That window comes with the first view of a recording.
import { Task } from '@lit-labs/task';
import { html, nothing, type ReactiveControllerHost } from 'lit';
import type { Capture, CaptureMeta } from '../../contract/stats.ts';
import type { Format } from '../base/format.ts';
import { type ApiFailure, asFailure, type StatsApi } from '../base/stats-api.ts';
import { fetchDetail } from './lazy.ts';
import { words } from './strings.ts';

type Host = ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };

/** What the list offers beside its own formats. */
export const REPORT = 'report';

export class ListedReport {
  /** Why the last one could not be shown. */
  failure: ApiFailure | undefined;
  #shown: Capture | undefined;
  readonly #task: Task<readonly [StatsApi, string], void>;

  constructor(host: Host) {
    this.#task = new Task(host, {
      task: async ([api, id], { signal }) => {
        fetchDetail();
        const [capture] = await Promise.all([
          api.recording(id, signal),
          customElements.whenDefined('pf-report'),
        ]);
        this.failure = undefined;
        this.#shown = capture;
        host.requestUpdate();
        await host.updateComplete;
        host.renderRoot.querySelector('pf-report')?.open();
      },
      autoRun: false,
      onError: (thrown) => {
        this.failure = asFailure(thrown);
      },
    });
  }

  /** For `formats` of the list. */
  formats(api: StatsApi, { language }: Format): readonly { id: string; label: string }[] {
    return api.viewerPage === undefined ? [] : [{ id: REPORT, label: words[language].report }];
  }

  show(api: StatsApi, id: string): void {
    void this.#task.run([api, id]);
  }

  render(
    api: StatsApi,
    f: Format,
    entryOf: (id: string) => CaptureMeta | undefined,
    theme: string | undefined,
  ): unknown {
    const capture = this.#shown;
    if (capture === undefined) return nothing;
    return html`<pf-report lang=${f.language} theme=${theme ?? nothing} .api=${api} .recording=${capture} .entry=${entryOf(capture.meta.id)}></pf-report>`;
  }
}
