// The sentences that stand where content would be, the same in every element.
import { html, nothing, type TemplateResult } from 'lit';
import { DASH, type Words } from './clock.ts';
import type { ApiFailure } from './stats-api.ts';
import { common } from './strings.ts';

/** One sentence saying why there is nothing, or nothing new. */
export function failureText(failure: ApiFailure, format: Words): TemplateResult {
  const t = common[format.language];
  switch (failure.kind) {
    case 'token-missing':
      return html`${t.tokenMissing} <code>punktfunk-host token</code>.`;
    case 'token-wrong':
      return html`${t.tokenWrong} <code>punktfunk-host token</code>.`;
    case 'offline': {
      const since = failure.lastAnswerUnixMs;
      return since === undefined ? html`${t.offlineNever}` : html`${t.offline(format.time(since))}`;
    }
    case 'not-found':
      return html`${t.gone}`;
    case 'unreadable':
      return html`${t.unreadable(failure.message)}`;
    case 'refused':
      return html`${t.refused(failure.message)}`;
  }
}

export function failureNote(failure: ApiFailure | undefined, format: Words): unknown {
  if (failure === undefined) return nothing;
  const tone = failure.kind === 'offline' ? 'warn' : 'bad';
  return html`<p class="note ${tone}" role="status" part="problem">${failureText(failure, format)}</p>`;
}

/** A figure; where there is none, a dash that is read aloud as words. */
export function figure(text: string, format: Words): unknown {
  if (text !== DASH) return text;
  return html`<span aria-hidden="true">${DASH}</span
    ><span class="vh">${common[format.language].notMeasured}</span>`;
}

/** The same for a spoken sentence. */
export const aloud = (text: string, format: Words): string =>
  text === DASH ? common[format.language].notMeasured : text;
