// What every element shares: where its data come from (`host` + `token`, or an `api` handed in), which language it
// speaks, and that a change of theme or language around it repaints it.
import { LitElement, type PropertyDeclarations } from 'lit';
import type { HttpOptions } from './http.ts';
import { type Language, languageOf } from './i18n.ts';

export type Theme = 'light' | 'dark' | undefined;

/** `Api` is what the element asks: an interface that a page may implement itself. */
export abstract class PfElement<Api> extends LitElement {
  static override properties: PropertyDeclarations = {
    host: { type: String },
    token: { type: String },
    api: { attribute: false },
    theme: { type: String, reflect: true },
  };

  /** `http://127.0.0.1:47990`; without it the page's own origin. */
  declare host: string | undefined;
  /** Bearer token. A page that must not hold one hands in `api` instead. */
  declare token: string | undefined;
  /** Answers instead of `host` and `token`. */
  declare api: Api | undefined;
  /** `light` or `dark`; without it the page's own colour scheme. */
  declare theme: Theme;

  #made: { readonly key: string; readonly api: Api } | undefined;
  #language: Language | undefined;
  #surroundings: MutationObserver | undefined;

  static override get observedAttributes(): string[] {
    // biome-ignore lint/complexity/noThisInStatic: Lit's getter must see the subclass, whose properties it finalizes.
    return [...super.observedAttributes, 'lang'];
  }

  override attributeChangedCallback(name: string, old: string | null, now: string | null): void {
    super.attributeChangedCallback(name, old, now);
    if (name === 'lang' && old !== now) this.surroundingsChanged();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#surroundings = new MutationObserver(() => this.surroundingsChanged());
    // Styles follow a theme by themselves; what is painted has to be told, hence the class names.
    const attributes = { attributeFilter: ['lang', 'class', 'style', 'data-theme'] };
    this.#surroundings.observe(document.documentElement, attributes);
    this.surroundingsChanged();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#surroundings?.disconnect();
  }

  /** The language spoken: own `lang`, closest around, browser, English. */
  get language(): Language {
    this.#language ??= languageOf(this, navigator.languages);
    return this.#language;
  }

  /** The API to ask: the one handed in, else one made from `host` and `token`. */
  protected get client(): Api {
    if (this.api !== undefined) return this.api;
    const host = this.host ?? '';
    const token = this.token ?? '';
    const key = `${host}\n${token}`;
    if (this.#made?.key !== key) this.#made = { key, api: this.makeApi({ host, token }) };
    return this.#made.api;
  }

  protected abstract makeApi(options: HttpOptions): Api;

  /** Language or theme may be another one now. */
  protected surroundingsChanged(): void {
    this.#language = undefined;
    this.requestUpdate();
  }
}

/** Two bundles on one page, or one loaded twice, must not throw: the first definition stays. */
export function define(tag: string, element: CustomElementConstructor): void {
  if (customElements.get(tag) === undefined) customElements.define(tag, element);
}
