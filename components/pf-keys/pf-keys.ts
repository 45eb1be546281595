// <pf-keys>: a window with every key of what is on the screen, and the switch that turns those of one character off. It
// only lists and asks: whoever shows it has the keys.
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { define } from '../base/element.ts';
import { PfPreference } from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import { KEY_GROUPS, type KeyGroup, type KeyRow, keySections } from './key-list.ts';
import { words } from './strings.ts';

/**
 * @summary A window that lists every key, and a switch for those of one character.
 * @event {PfPreference} pf-preference - Keys of one character were switched on or off.
 * @csspart dialog - The window.
 */
export class PfKeys extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    shows: { attribute: false },
    keys: { type: String },
    isOpen: { state: true },
  };
  static override styles = [
    tokens,
    controls,
    fieldStyles,
    css`
      dialog {
        width: min(880px, calc(100vw - 32px));
        max-height: calc(100vh - 32px);
        padding: 16px;
        overflow: auto;
        border: 1px solid var(--_hairline);
        border-radius: 8px;
        background: var(--_surface);
        color: var(--_text);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 50%);
      }
      .top {
        display: flex;
        align-items: center;
        gap: 16px;
      }
      .top h2 {
        flex: 1;
        font-size: 17px;
        line-height: 24px;
      }
      .groups {
        columns: 2 320px;
        column-gap: 32px;
        margin-block: 12px 16px;
      }
      .group {
        break-inside: avoid;
        padding-bottom: 12px;
      }
      h3 {
        font-size: var(--_size-s);
        line-height: 18px;
        font-weight: 600;
        color: var(--_text2);
      }
      dl > div {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 0 12px;
        align-items: center;
        min-height: 27px;
        border-top: 1px solid var(--_hairline);
      }
      dt {
        order: 2;
        text-align: end;
      }
      .or {
        padding-inline: 4px;
        color: var(--_text3);
      }
      kbd {
        display: inline-block;
        min-width: 18px;
        padding: 0 4px;
        border: 1px solid var(--_control);
        border-radius: 4px;
        color: var(--_text2);
        font: inherit;
        font-size: var(--_size-xs);
        line-height: 18px;
        text-align: center;
      }
      label {
        display: grid;
        grid-template-columns: 20px minmax(0, 1fr);
        gap: 0 6px;
        align-items: center;
        padding-top: 12px;
        border-top: 1px solid var(--_hairline);
      }
      label .t3 {
        grid-column: 2;
      }
      @media print {
        dialog {
          display: none;
        }
      }
    `,
  ];

  /** Which parts of a page are there: `page`, `recording`, `live`, `timeline`, `events`, `sessions`, `frames`, `list`. */
  declare shows: readonly KeyGroup[];
  /** `off`: keys of one character do nothing. */
  declare keys: string | undefined;
  declare protected isOpen: boolean;

  constructor() {
    super();
    this.shows = KEY_GROUPS;
    this.isOpen = false;
  }

  /** Shows the window; closed, it gives the focus back. */
  async open(): Promise<void> {
    // Filled first: what gets the focus must be there.
    this.isOpen = true;
    await this.updateComplete;
    const dialog = this.renderRoot.querySelector('dialog');
    if (dialog?.open === false) dialog.showModal();
  }

  close(): void {
    this.renderRoot.querySelector('dialog')?.close();
  }

  protected override render(): TemplateResult {
    return html`<dialog part="dialog" aria-labelledby="title" @keydown=${this.#onKey} @close=${this.#onClosed}>${this.isOpen ? this.#renderContent() : nothing}</dialog>`;
  }

  #renderContent(): TemplateResult {
    const t = words[this.language];
    return html`<div class="top"><h2 id="title">${t.title}</h2><button class="btn" @click=${this.#onClose}>${t.close}</button></div>
      <div class="groups">${keySections(this.shows, this.language).map(
        ({ title, rows }) =>
          html`<div class="group"><h3>${title}</h3><dl>${rows.map(
            (row) =>
              html`<div><dt>${this.#renderChords(row)}</dt><dd class="s">${row.does}</dd></div>`,
          )}</dl></div>`,
      )}</div>
      <label><input type="checkbox" .checked=${this.keys !== 'off'} @change=${this.#onSwitch} /><b>${t.single}</b>
        <span class="t3 s">${t.singleAbout}</span></label>`;
  }

  #renderChords({ chords }: KeyRow): TemplateResult[] {
    return chords.map(
      (chord, i) =>
        html`${i === 0 ? '' : html`<span class="or">·</span>`}${chord.map((key, at) => html`${at === 0 ? '' : ' '}<kbd>${key}</kbd>`)}`,
    );
  }

  /** What lies under the window hears nothing of it. */
  readonly #onKey = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key !== '?') return;
    event.preventDefault();
    this.close();
  };

  readonly #onClosed = (): void => {
    this.isOpen = false;
  };

  readonly #onClose = (): void => this.close();

  readonly #onSwitch = ({ currentTarget }: Event): void => {
    if (!(currentTarget instanceof HTMLInputElement)) return;
    this.keys = currentTarget.checked ? 'on' : 'off';
    this.dispatchEvent(new PfPreference({ keys: currentTarget.checked ? 'on' : 'off' }));
  };
}

define('pf-keys', PfKeys);

declare global {
  interface HTMLElementTagNameMap {
    'pf-keys': PfKeys;
  }
}
