// What a token may not do, and what an API does not have: told apart from trouble, because neither passes by itself.
import { html, type TemplateResult } from 'lit';
import type { Scope } from '../../contract/tokens.ts';
import type { Format } from './format.ts';
import { dictionary } from './i18n.ts';
import { failureText } from './states.ts';
import { ApiFailure } from './stats-api.ts';

/** The token's scope does not allow it. A page that may not call at all is another matter. */
export const isForbidden = (failure: ApiFailure | undefined): boolean =>
  failure?.status === 403 && !['host_refused', 'origin_refused'].includes(failure.code);

/** Nobody answers this question here: an older host, or a plugin's own back end. */
export const isLacking = (failure: ApiFailure | undefined): boolean =>
  failure?.kind === 'not-found';

export const lacking = (): ApiFailure =>
  new ApiFailure('not-found', 'This API does not have it.', { code: 'unavailable' });

/**
 * The sentence for a failure of an element that shows things of the host: what the token lacks is no fault of anybody.
 * `need`: the scope that would do.
 */
export function rightsNote(failure: ApiFailure, need: Scope, format: Format): TemplateResult {
  const t = words[format.language];
  if (isForbidden(failure)) {
    return html`<p class="note" role="status" part="problem">${t.forbidden} <code>${need}</code>.</p>`;
  }
  if (isLacking(failure)) {
    return html`<p class="note" role="status" part="problem">${t.lacking}</p>`;
  }
  const tone = failure.kind === 'offline' ? 'warn' : 'bad';
  return html`<p class="note ${tone}" role="status" part="problem">${failureText(failure, format)}</p>`;
}

const words = /* @__PURE__ */ dictionary(
  {
    forbidden: 'This takes a token with the scope',
    lacking: 'Not available here.',
  },
  {
    forbidden: 'Dafür braucht es ein Token mit dem Bereich',
    lacking: 'Hier nicht verfügbar.',
  },
);
