// <pf-viewer>: review of a recording out of files, without any host: dropped on the page or chosen. A report is the same
// with its recording inside.
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { define } from '../base/element.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import '../pf-recording-detail/pf-recording-detail.ts';
import { DropError, type Dropped, readDropped } from './dropped.ts';
import { faults, words } from './strings.ts';

/**
 * @summary A place to drop a recording on, and its review.
 * @csspart drop - The place to drop files on.
 */
export class PfViewer extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    shown: { attribute: false },
    report: { type: Boolean },
    over: { state: true },
    busy: { state: true },
    fault: { state: true },
  };
  static override styles = [
    tokens,
    controls,
    css`
      .drop {
        display: grid;
        justify-items: center;
        gap: 12px;
        padding: 48px 16px;
        border: 1px dashed var(--_control);
        border-radius: 8px;
        background: var(--_surface);
        text-align: center;
        text-wrap: balance;
      }
      .drop.over {
        border-color: var(--_accent);
      }
      .drop h1 {
        font-size: 20px;
        line-height: 25px;
        font-weight: 600;
      }
      .drop p {
        max-width: 60ch;
        color: var(--_text2);
      }
      .again {
        display: flex;
        justify-content: flex-end;
        padding-bottom: 12px;
      }
      .lack {
        padding-bottom: 12px;
      }
      @media print {
        .again, .lack {
          display: none;
        }
      }
    `,
  ];

  /** What is reviewed; the page may hand it in. */
  declare shown: Dropped | undefined;
  /** What is shown came in the page itself: another recording is no business of that page. */
  declare report: boolean;
  declare protected over: boolean;
  declare protected busy: boolean;
  declare protected fault: DropError | undefined;

  constructor() {
    super();
    this.report = false;
    this.over = false;
    this.busy = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener('dragover', this.#onDragOver);
    this.addEventListener('dragleave', this.#onDragLeave);
    this.addEventListener('drop', this.#onDrop);
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const { shown, fault } = this;
    const said =
      fault === undefined
        ? undefined
        : faults[this.language][fault.fault](fault.file, fault.message);
    const note = said === undefined ? nothing : html`<p class="note bad" role="alert">${said}</p>`;
    if (shown !== undefined) {
      return html`<div class="frame">${this.#renderAgain()}${note}${this.#renderLack(shown)}
        ${this.#renderDetail(shown)}</div>`;
    }
    return html`<div class="frame"><section class="drop ${this.over ? 'over' : ''}" part="drop" aria-busy=${this.busy}>
      <h1>${t.title}</h1><p>${this.busy ? t.reading : t.drop}</p>
      <button class="btn" ?disabled=${this.busy} @click=${this.#onChoose}>${t.choose}</button>
      <input type="file" multiple hidden accept=".json,.gz,.parquet,.html" aria-label=${t.choose} @change=${this.#onChosen} />
      <p>${t.stays}</p>${note}
    </section></div>`;
  }

  #renderAgain(): unknown {
    if (this.report) return nothing;
    return html`<div class="again"><button class="btn" @click=${this.#onAgain}>${words[this.language].another}</button></div>`;
  }

  /** The recording had every frame, and its file of them was not among what was dropped. */
  #renderLack({ capture, frames }: Dropped): unknown {
    const count = capture.meta.frame_count ?? 0;
    if (this.report || frames !== undefined || count === 0) return nothing;
    const t = words[this.language];
    return html`<p class="note lack" role="status">${t.noFrames(this.format.count(count), count === 1)}</p>`;
  }

  #renderDetail({ capture, frames }: Dropped): TemplateResult {
    return html`<pf-recording-detail lang=${this.language} theme=${this.theme ?? nothing} .recording=${capture} .frames=${frames}></pf-recording-detail>`;
  }

  async #show(files: readonly File[]): Promise<void> {
    this.busy = true;
    this.fault = undefined;
    try {
      this.shown = await readDropped(files);
    } catch (thrown) {
      this.fault = thrown instanceof DropError ? thrown : new DropError('not-a-recording', '');
    }
    this.busy = false;
  }

  readonly #onDragOver = (event: DragEvent): void => {
    if (this.report) return;
    event.preventDefault();
    this.over = true;
  };

  readonly #onDragLeave = (): void => {
    this.over = false;
  };

  readonly #onDrop = (event: DragEvent): void => {
    if (this.report) return;
    event.preventDefault();
    this.over = false;
    void this.#show([...(event.dataTransfer?.files ?? [])]);
  };

  readonly #onChoose = (): void => {
    this.renderRoot.querySelector<HTMLInputElement>('input')?.click();
  };

  readonly #onChosen = (event: Event): void => {
    if (event.target instanceof HTMLInputElement) void this.#show([...(event.target.files ?? [])]);
  };

  /** A key pressed where nothing has the focus. */
  pressed(event: KeyboardEvent): void {
    this.renderRoot.querySelector('pf-recording-detail')?.pressed(event);
  }

  readonly #onAgain = (): void => {
    this.shown = undefined;
    this.fault = undefined;
  };
}

define('pf-viewer', PfViewer);

declare global {
  interface HTMLElementTagNameMap {
    'pf-viewer': PfViewer;
  }
}
