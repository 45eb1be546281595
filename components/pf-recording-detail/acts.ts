// What a host lets be done with a recording of its own: its file saved, a report made of it. A viewer has no host, and is
// built without this.
import { Task } from '@lit-labs/task';
import { html, nothing, type ReactiveControllerHost, type TemplateResult } from 'lit';
import type { Capture, CaptureMeta } from '../../contract/stats.ts';
import { saveFile } from '../base/download.ts';
import type { Theme } from '../base/element.ts';
import type { Format } from '../base/format.ts';
import { type ApiFailure, asFailure, type StatsApi } from '../base/stats-api.ts';
import '../pf-report/pf-report.ts';
import { words } from './strings.ts';

export interface ActsView {
  readonly api: StatsApi;
  readonly capture: Capture;
  /** What a list says of it. */
  readonly entry: CaptureMeta | undefined;
  readonly theme: Theme;
}

export class Acts {
  readonly #host: ReactiveControllerHost & { readonly renderRoot: ParentNode };
  readonly #download: Task<readonly [StatsApi, string], void>;
  #failure: ApiFailure | undefined;

  constructor(host: ReactiveControllerHost & { readonly renderRoot: ParentNode }) {
    this.#host = host;
    this.#download = new Task(host, {
      task: async ([api, id], { signal }) => {
        this.#failure = undefined;
        saveFile(await api.recordingFile(id, signal), `${id}.json`);
      },
      autoRun: false,
      onError: (thrown) => {
        this.#failure = asFailure(thrown);
      },
    });
  }

  /** Why there is no file. */
  get failure(): ApiFailure | undefined {
    return this.#failure;
  }

  /** Another recording is looked at. */
  forget(): void {
    this.#failure = undefined;
  }

  render({ api, capture, entry, theme }: ActsView, f: Format): TemplateResult {
    const t = words[f.language];
    return html`<div class="acts"><button class="btn" @click=${this.#onReport}>${t.report}</button>
      <button class="btn" @click=${() => void this.#download.run([api, capture.meta.id])}>${t.download}</button></div
    ><pf-report lang=${f.language} theme=${theme ?? nothing} .api=${api} .recording=${capture} .entry=${entry}></pf-report>`;
  }

  readonly #onReport = (): void => {
    this.#host.renderRoot.querySelector('pf-report')?.open();
  };
}
