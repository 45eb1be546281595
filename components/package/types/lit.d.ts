// What the declarations of these elements need to know of Lit: the package carries Lit itself and depends on nothing.

export interface ReactiveController {
  hostConnected?(): void;
  hostDisconnected?(): void;
  hostUpdate?(): void;
  hostUpdated?(): void;
}

export interface ReactiveControllerHost {
  addController(controller: ReactiveController): void;
  removeController(controller: ReactiveController): void;
  requestUpdate(): void;
  readonly updateComplete: Promise<boolean>;
}

export type PropertyDeclarations = Readonly<Record<string, object>>;
export type PropertyValues = Map<PropertyKey, unknown>;

export interface CSSResult {
  readonly cssText: string;
}

export interface TemplateResult {
  readonly strings: TemplateStringsArray;
  readonly values: readonly unknown[];
}

/** An element that renders after its properties changed. */
export declare class LitElement extends HTMLElement implements ReactiveControllerHost {
  static properties: PropertyDeclarations;
  static get observedAttributes(): string[];
  addController(controller: ReactiveController): void;
  removeController(controller: ReactiveController): void;
  requestUpdate(): void;
  /** Settles when what was set is drawn. */
  readonly updateComplete: Promise<boolean>;
  attributeChangedCallback(name: string, old: string | null, now: string | null): void;
  connectedCallback(): void;
  disconnectedCallback(): void;
  protected willUpdate(changed: PropertyValues): void;
  protected firstUpdated(changed: PropertyValues): void;
  protected updated(changed: PropertyValues): void;
  protected render(): unknown;
}
