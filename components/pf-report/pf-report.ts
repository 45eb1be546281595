// <pf-report>: makes a report of one recording. What would tell who somebody is is shown first, and left out unless
// somebody wants it in.
import { Task, TaskStatus } from '@lit-labs/task';
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { Capture, CaptureMeta } from '../../contract/stats.ts';
import { type Redaction, redactCapture } from '../../recording/src/redact-capture.ts';
import { saveFile } from '../base/download.ts';
import { define } from '../base/element.ts';
import { failureNote } from '../base/states.ts';
import { asFailure } from '../base/stats-api.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import { reportOf } from '../report/report-file.ts';
import { words } from './strings.ts';

/**
 * @summary Saves a recording and its review as one file.
 * @csspart dialog - The window that asks what to leave out.
 */
export class PfReport extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    recording: { attribute: false },
    entry: { attribute: false },
    leave: { state: true },
  };
  static override styles = [
    tokens,
    controls,
    css`
      dialog {
        width: min(520px, calc(100vw - 32px));
        padding: 16px;
        border: 1px solid var(--_hairline);
        border-radius: 8px;
        background: var(--_surface);
        color: var(--_text);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 50%);
      }
      h2 {
        margin: 0 0 4px;
        font-size: 17px;
        line-height: 24px;
        font-weight: 600;
      }
      p, legend {
        margin-block: 4px 8px;
        color: var(--_text2);
      }
      legend {
        padding: 0;
      }
      fieldset {
        display: grid;
        gap: 8px;
        margin: 0;
        padding: 0;
        border: 0;
      }
      label {
        display: grid;
        grid-template-columns: 20px minmax(0, 1fr);
        gap: 0 6px;
        align-items: start;
      }
      label span {
        grid-column: 2;
        color: var(--_text3);
        font-size: var(--_size-s);
        overflow-wrap: anywhere;
      }
      .acts {
        display: flex;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: 8px;
        margin-top: 16px;
      }
    `,
  ];

  /** What the report is of. */
  declare recording: Capture | undefined;
  /** What a list says of it: name, note, tags. */
  declare entry: CaptureMeta | undefined;
  declare protected leave: Redaction;

  readonly #save = new Task<readonly [Capture, Redaction], void>(this, {
    task: async ([capture, leave], { signal }) => {
      const api = this.client;
      const template = await api.viewerPage?.(signal);
      if (template === undefined) throw new Error(words[this.language].noTemplate);
      const hasFrames = (capture.meta.frame_count ?? 0) > 0;
      const frames = hasFrames ? await api.recordingFrames?.(capture.meta.id, signal) : undefined;
      const file = await reportOf(template, { capture: redactCapture(capture, leave), frames });
      saveFile(file, `${capture.meta.id}.report.html`);
      this.close();
    },
    autoRun: false,
  });

  constructor() {
    super();
    this.leave = { clients: true, names: true, host: true };
  }

  /** Shows the window. */
  open(): void {
    this.renderRoot.querySelector('dialog')?.showModal();
  }

  close(): void {
    this.renderRoot.querySelector('dialog')?.close();
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const capture = this.#whole;
    const isBusy = this.#save.status === TaskStatus.PENDING;
    return html`<dialog part="dialog" aria-labelledby="title">
      <h2 id="title">${t.title}</h2><p>${t.about}</p>
      <fieldset><legend>${t.take}</legend>
        ${this.#renderChoice('clients', t.clients, clientsIn(capture))}
        ${this.#renderChoice('names', t.names, namesIn(capture))}
        ${this.#renderChoice('host', t.host, hostIn(capture))}
      </fieldset>
      ${this.#renderFailure()}
      <div class="acts"><button class="btn" @click=${this.#onClose}>${t.close}</button>
        <button class="btn primary" ?disabled=${isBusy || capture === undefined} @click=${this.#onSave}>${isBusy ? t.saving : t.save}</button></div>
    </dialog>`;
  }

  #renderChoice(name: keyof Redaction, title: string, values: readonly string[]): TemplateResult {
    const said = values.length === 0 ? words[this.language].nothing : values.join(' · ');
    return html`<label><input type="checkbox" .checked=${this.leave[name]} @change=${(event: Event) => this.#onChoice(name, event)} />
      <b>${title}</b><span>${said}</span></label>`;
  }

  #renderFailure(): unknown {
    if (this.#save.status !== TaskStatus.ERROR) return nothing;
    return failureNote(asFailure(this.#save.error), this.format);
  }

  /** With what people added: it lies beside the recording. */
  get #whole(): Capture | undefined {
    const { recording, entry } = this;
    if (recording === undefined || entry === undefined) return recording;
    const { name, note, tags } = entry;
    const meta = {
      ...recording.meta,
      ...(name === undefined ? {} : { name }),
      ...(note === undefined ? {} : { note }),
      ...(tags === undefined ? {} : { tags }),
    };
    return { ...recording, meta };
  }

  #onChoice(name: keyof Redaction, event: Event): void {
    if (event.target instanceof HTMLInputElement) {
      this.leave = { ...this.leave, [name]: event.target.checked };
    }
  }

  readonly #onClose = (): void => this.close();

  readonly #onSave = (): void => {
    const capture = this.#whole;
    if (capture !== undefined) void this.#save.run([capture, this.leave]);
  };
}

function clientsIn(capture: Capture | undefined): string[] {
  const all = [capture?.meta.client, ...(capture?.sessions ?? []).map(({ client }) => client)];
  return distinct(all);
}

function namesIn(capture: Capture | undefined): string[] {
  const { name, note, tags = [] } = capture?.meta ?? {};
  const apps = (capture?.sessions ?? []).map(({ app }) => app);
  const markers = (capture?.events ?? []).flatMap(({ kind, detail }) =>
    kind === 'marker' ? String(detail?.['text'] ?? '') : [],
  );
  return distinct([name, note, ...tags, ...apps, ...markers]);
}

function hostIn(capture: Capture | undefined): string[] {
  const { cpu, kernel, os } = capture?.host ?? {};
  return distinct([cpu, kernel, os]);
}

function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values)].flatMap((value) =>
    value === undefined || value === '' ? [] : value,
  );
}

define('pf-report', PfReport);

declare global {
  interface HTMLElementTagNameMap {
    'pf-report': PfReport;
  }
}
